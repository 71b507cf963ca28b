"""``metrics``: the metrics in the ledger, as ``/metrics`` shows them; an exporter may be running."""

import argparse
import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from rich.table import Table
from rich.text import Text

from exporter.cli.commands.options import add_output_option
from exporter.cli.commands.tables import make_table, printed
from exporter.costs.history import QueryError
from exporter.metrics.family import Family, Sample, format_value

NAME = "metrics"
HELP = "list metrics, or print the values of some"
DESCRIPTION = (
    "List the metrics, or with NAME print the matching series with their values: the usage, assets, costs and "
    "thresholds of /metrics as of the last commit. An exporter may be running. Its own metrics and the quantiles of "
    "the last minutes are only on /metrics."
)


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument(
        "names", nargs="*", metavar="NAME", help="metric name, or a glob such as 'cloudflare_worker_*'; '*' matches all"
    )
    add_output_option(command)


def run(options: argparse.Namespace, families: Iterable[Family]) -> str:
    """Return the output for some families. Raises QueryError if a name matches none of them."""
    there = [family for family in families if family.samples]
    for glob in options.names:
        if not any(fnmatchcase(family.name, glob) for family in there):
            raise QueryError(f"No metric matches {glob}.", "Run cloudflare-exporter metrics for a list of all.")
    if not options.names:
        return _listed(there, options.output)
    chosen = [family for family in there if any(fnmatchcase(family.name, glob) for glob in options.names)]
    match options.output:
        case "json":
            return _json([{**_head(family), "samples": list(_samples(family))} for family in chosen])
        case "csv":
            rows = ((family.name + each.suffix, each.labels.text, format_value(each)) for family, each in _all(chosen))
            return _csv(("metric", "labels", "value"), rows)
        case _:
            return printed(part for family in chosen for part in _tables(family))


def _listed(families: Sequence[Family], output: str) -> str:
    rows = [(family.name, family.kind, str(len(family.samples)), family.help) for family in families]
    match output:
        case "json":
            return _json([{**_head(family), "series": len(family.samples)} for family in families])
        case "csv":
            return _csv(("metric", "type", "series", "help"), rows)
        case _:
            if not rows:
                return "Nothing is counted yet: the exporter has received no usage so far.\n"
            cells = [(name, kind, series) for name, kind, series, _ in rows]
            return printed([make_table("", ("metric", "type", "series"), cells, words=2)])


def _head(family: Family) -> dict[str, Any]:
    return {"name": family.name, "type": family.kind, "help": family.help}


def _samples(family: Family) -> Iterator[dict[str, Any]]:
    for sample in family.samples:
        yield {
            "name": family.name + sample.suffix,
            "labels": sample.labels.as_dict(),
            "value": format_value(sample),
        }


def _all(families: Iterable[Family]) -> Iterator[tuple[Family, Sample]]:
    for family in families:
        for sample in family.samples:
            yield family, sample


def _tables(family: Family) -> Iterator[Table | Text | str]:
    """Yield one table per set of label names: the sum and count of a summary have no quantile."""
    yield Text(f"{family.name} ({family.kind})", "bold")
    yield family.help
    groups: dict[tuple[str, tuple[str, ...]], list[Sample]] = {}
    for sample in family.samples:
        groups.setdefault((sample.suffix, sample.labels.names), []).append(sample)
    for (suffix, names), samples in groups.items():
        rows = [(*sample.labels.values, format_value(sample)) for sample in samples]
        yield make_table("", (*names, suffix.removeprefix("_") or "value"), rows, words=len(names))
    yield ""


def _json(metrics: Sequence[dict[str, Any]]) -> str:
    return json.dumps({"metrics": metrics}, indent=2) + "\n"


def _csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()
