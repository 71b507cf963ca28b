"""The golden catalogue: every metric of ours with its type and label names, as a released version has them.

A change of a name shows in the diff of ``golden_catalogue.txt``. It is rewritten with
``python -m tests.metrics.test_golden_catalogue``; what users have goes through a deprecation in ``CHANGELOG.md`` first.
"""

import asyncio
import difflib
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.catalog import KINDS, PRODUCTS
from exporter.exposition.process import ProcessMetrics
from exporter.exposition.renderer import Renderer
from exporter.exposition.text import Format
from exporter.metrics.traits import trait_metrics
from exporter.simulator import DEMO_TOKEN, Fault, Kind, demo_world
from tests.configured import Site

GOLDEN = Path(__file__).with_name("golden_catalogue.txt")

REFRESHES = 12
"""Minutes of the demo account after which every metric has a sample; in the last one analytics fail, a problem."""

Shape = tuple[str, str, tuple[str, ...]]
"""The name that a sample has, the type of its family, and its label names."""


def declared() -> Iterator[Shape]:
    """What the catalog says that products have."""
    for product in PRODUCTS:
        for dataset in product.datasets:
            for metric in dataset.metrics:
                asset = () if metric.is_of_account else ("project", KINDS[dataset.kind].label)
                labels = ("account", *asset, *metric.labels, *((metric.split,) if metric.split else ()))
                yield metric.name, "summary" if metric.family else metric.kind, labels
    for trait in trait_metrics(KINDS.values()):
        yield trait.name, trait.kind, trait.labels


async def exposed(folder: Path) -> set[Shape]:
    """What a scrape of an exporter on the demo account shows."""
    site = Site(
        demo_world(),
        folder,
        cloudflare={"tokens": [{"token": DEMO_TOKEN}]},
        costs={"budgets": [{"name": "all", "amount": 300}]},
        limits={"assets": [{"largest": 1, "kind": "kv_namespace"}]},
        alerting={"thresholds": [{"alert": "CloudflareWorkerErrorRatioHigh", "value": 0.2}]},
    )
    await site.exporter.sources.poll()
    await site.refresh(REFRESHES - 1)
    site.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, api="graphql"))
    await site.refresh()
    snapshot = site.exporter.published.snapshot
    assert snapshot is not None
    body = Renderer(site.clock, ProcessMetrics()).get(snapshot, (Format.TEXT, False)).body.decode()
    await site.exporter.close()
    return {
        (sample.name, family.type, tuple(sample.labels))
        for family in text_string_to_metric_families(body)
        for sample in family.samples
        if sample.name.startswith("cloudflare_")
    }


def found(folder: Path) -> list[str]:
    """Every metric as a line, in order."""
    shapes = {*declared(), *asyncio.run(exposed(folder))}
    return [f"{name} {kind} {' '.join(labels)}".rstrip() for name, kind, labels in sorted(shapes)]


@pytest.mark.timeout(240)
def test_the_metrics_are_those_of_the_golden_catalogue(tmp_path: Path) -> None:
    """No metric's name, type or label names change unseen."""
    golden, now = GOLDEN.read_text(encoding="utf-8").splitlines(), found(tmp_path)
    assert "\n".join(difflib.unified_diff(golden, now, "golden", "now", lineterm="", n=0)) == ""


def test_a_metric_stands_in_the_golden_catalogue_once() -> None:
    """What the catalog declares and what a scrape shows agree, and each sample has one type and one set of labels."""
    names = [line.split()[0] for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
    assert sorted(set(names)) == names


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        GOLDEN.write_text("".join(f"{line}\n" for line in found(Path(folder))), encoding="utf-8")
        sys.stdout.write(f"{GOLDEN} is written.\n")
