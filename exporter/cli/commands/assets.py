"""``assets``: the assets with their counters and costs, read from the ledger; an exporter may be running."""

import argparse
import csv
import io
import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from exporter.catalog import KINDS
from exporter.cli.commands.options import add_account_option, add_output_option
from exporter.cli.commands.tables import make_table, printed
from exporter.costs.formatting import dollars
from exporter.model import format_time
from exporter.views import ASCENDING, DESCENDING, NO_ASSET, SORTS, AssetFilter, AssetRow, Views, asset_document
from exporter.views import NAME as BY_NAME

NAME = "assets"
HELP = "list assets with their usage and costs"
DESCRIPTION = (
    "Print the assets that Cloudflare lists or usage names, each with its counters and its share of the cycle's cost, "
    "from the exporter's ledger. An exporter may be running. GET /api/assets returns the same: see docs/api.md."
)

COLUMNS = ("account", "project", "kind", "name", "requests", "errors", "to date", "forecast", "last used (UTC)")
WORDS = 4
NAMED_BY_USAGE = "named by usage"
"""What is said of an asset of a kind that no list has."""


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_account_option(command)
    command.add_argument(
        "--project", action="append", default=[], metavar="NAME", help="only this project (repeatable)"
    )
    command.add_argument(
        "--kind",
        action="append",
        default=[],
        choices=list(KINDS),
        help="only this kind of asset (repeatable)",
    )
    command.add_argument("--sort", choices=(BY_NAME, *SORTS), default=BY_NAME, help=f"sort key (default {BY_NAME})")
    command.add_argument(
        "--order",
        choices=(ASCENDING, DESCENDING),
        default="",
        help="sort order; by default ascending for names, descending for figures and times",
    )
    add_output_option(command)


def run(options: argparse.Namespace, views: Views, accounts: Collection[str], until: datetime | None) -> str:
    """Return the output for some account ids, whose usage is known up to ``until``.

    Raises QueryError.
    """
    asset_filter = AssetFilter(frozenset(accounts), frozenset(options.project), frozenset(options.kind))
    rows = [row for _, row in views.assets(options.sort, options.order).keyed if asset_filter.admits(row.listed.place)]
    match options.output:
        case "json":
            told = {
                "as_of": until and format_time(until),
                "total": len(rows),
                "next_cursor": None,
                "assets": [asset_document(row) for row in rows],
            }
            return json.dumps(told, indent=2) + "\n"
        case "csv":
            return _csv(rows)
        case _:
            return printed(_table(rows))


def _csv(rows: Sequence[AssetRow]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(asset_document(NO_ASSET))
    writer.writerows(asset_document(row).values() for row in rows)
    return out.getvalue()


def _table(rows: Sequence[AssetRow]) -> Iterator[Table | Text | str]:
    if not rows:
        yield "No matching assets."
        return
    yield make_table("", COLUMNS, map(_cells, rows), words=WORDS)


def _cells(row: AssetRow) -> tuple[str, ...]:
    listed, amount = row.listed, row.amount
    return (
        listed.account,
        listed.place.project,
        f"{listed.place.kind} ({NAMED_BY_USAGE})" if listed.named_by_usage else listed.place.kind,
        listed.place.asset,
        _figure(row.use.requests),
        _figure(row.use.errors),
        "-" if amount is None else dollars(amount.to_date),
        "-" if amount is None else dollars(amount.forecast),
        f"{listed.last_used:%Y-%m-%d %H:%M}" if listed.last_used else "-",
    )


def _figure(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
