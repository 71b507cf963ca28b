"""The metrics as tables: the catalog's as it declares them, the others as a run on the demo account shows them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from docs.tables import code, table
from exporter.app import build_exporter
from exporter.catalog import PRODUCTS
from exporter.catalog.entry import Dataset, Metric, Product
from exporter.config import Cloudflare, Config, Storage, Token
from exporter.config.alerting import Alerting
from exporter.config.costs import BudgetRule, CostSettings
from exporter.config.thresholds import ThresholdRule
from exporter.exposition.process import ProcessMetrics
from exporter.exposition.renderer import Renderer
from exporter.exposition.text import Format
from exporter.metrics.family import EXPORTER, Family
from exporter.simulator import DEMO_TOKEN, Fault, Kind, ManualClock, Simulator, demo_world

REFRESHES = 12
"""Minutes of the demo account after which every metric has a sample; in the last one analytics fail, a problem."""


BUDGET_USD = 300
"""What the demo account will exceed later in its billing cycle."""


@dataclass(frozen=True, slots=True)
class Row:
    """One metric: its name, type, labels, a sentence, and HELP with the source."""

    name: str
    kind: str
    labels: tuple[str, ...]
    sentence: str
    help: str


class _Clock:
    """The exporter's clock in the run: it stands with the simulated Cloudflare's."""

    def __init__(self, cloudflare: ManualClock) -> None:
        self._cloudflare = cloudflare
        self._begun = cloudflare.now()

    def now(self) -> datetime:
        return self._cloudflare.now()

    def monotonic(self) -> float:
        return (self._cloudflare.now() - self._begun).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self._cloudflare.advance(timedelta(seconds=seconds))


def product_rows(product: Product) -> list[Row]:
    """Return a product's metrics, each family once."""
    rows: dict[str, Row] = {}
    for dataset in product.datasets:
        for metric in dataset.metrics:
            name = metric.family or metric.name
            kind = "summary" if metric.family else metric.kind
            row = Row(name, kind, _labels(product, dataset, metric), metric.help, dataset.describe(metric))
            known = rows.get(name)
            rows[name] = row if known is None or len(known.labels) < len(row.labels) else known
    return list(rows.values())


def _labels(product: Product, dataset: Dataset, metric: Metric) -> tuple[str, ...]:
    asset = () if metric.is_of_account else ("project", product.label)
    return ("account", *asset, *metric.labels, *((metric.split,) if metric.split else ()))


def other_rows() -> list[Row]:
    """Return the metrics that are not a product's. Raises ValueError if the demo account has no sample of one."""
    declared = {row.name for product in PRODUCTS for row in product_rows(product)}
    return [row for row in asyncio.run(_demo_rows()) if row.name not in declared]


def _row(family: Family) -> Row:
    if not family.samples:
        raise ValueError(f"{family.name} has no sample after {REFRESHES} minutes of the demo account")
    return Row(family.name, family.kind, family.samples[0].labels.names, family.help, family.help)


async def _demo_rows() -> list[Row]:
    cloudflare = ManualClock(datetime(2025, 10, 20, 9, 41, tzinfo=UTC))
    clock = _Clock(cloudflare)
    simulator = Simulator(demo_world(), cloudflare)
    token = Token.model_validate({"token": DEMO_TOKEN})
    budget = BudgetRule.model_validate({"name": "all", "amount": BUDGET_USD})
    threshold = ThresholdRule.model_validate({"alert": "CloudflareWorkerErrorRatioHigh", "value": 0.2})
    config = Config(
        cloudflare=Cloudflare(api_url="http://cloudflare.test/client/v4", tokens=(token,)),
        storage=Storage(path=""),
        costs=CostSettings(budgets=(budget,)),
        alerting=Alerting(thresholds=(threshold,)),
    )
    exporter = build_exporter(config, clock, transport=httpx.ASGITransport(app=simulator.app))
    for refresh in range(REFRESHES):
        if refresh == REFRESHES - 1:
            simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, api="graphql"))
        await exporter.poller.refresh()
        cloudflare.advance(timedelta(minutes=1))
    snapshot = exporter.published.snapshot
    assert snapshot is not None
    text = Renderer(clock, ProcessMetrics()).get(snapshot, (Format.OPENMETRICS, False)).body.decode()
    await exporter.close()
    known = {family.name for family in snapshot.families}
    return [*map(_row, snapshot.families), *_added_by_renderer(text, known)]


def _added_by_renderer(text: str, known: set[str]) -> list[Row]:
    """Return the metrics of our own that only the exposition has."""
    return [
        Row(metric.name, metric.type, tuple(metric.samples[0].labels), metric.documentation, metric.documentation)
        for metric in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        if metric.name.startswith(EXPORTER) and not {metric.name, f"{metric.name}_info", f"{metric.name}_total"} & known
    ]


def short_table() -> str:
    """Return the README's table: one line a metric of a product."""
    rows = [
        (code(row.name), row.kind, ", ".join(map(code, _further(row))), row.sentence)
        for product in PRODUCTS
        for row in product_rows(product)
    ]
    return table(("metric", "type", "labels besides `account` and `project`", "what it says"), rows)


MONEY = tuple(f"cloudflare_{word}_" for word in ("cost", "list_cost", "quota", "budget", "billed"))
"""How the metrics about costs begin."""

ALERTS = "cloudflare_alert_"
"""How the metrics for alerts begin."""


def full_page() -> str:
    """Return the page of all metrics."""
    others = other_rows()
    sections = [(product.title, product_rows(product)) for product in PRODUCTS]
    sections.append(("Assets", [row for row in others if not row.name.startswith((EXPORTER, ALERTS, *MONEY))]))
    sections.append(("Costs", [row for row in others if row.name.startswith(MONEY)]))
    sections.append(("Alerts", [row for row in others if row.name.startswith(ALERTS)]))
    sections.append(("The exporter itself", [row for row in others if row.name.startswith(EXPORTER)]))
    parts = [
        "# Metrics\n\n"
        "Generated from the catalog by `make docs`. The words in brackets name the GraphQL dataset and fields, and\n"
        "say where Cloudflare estimates. Besides these there are `process_*` and `python_gc_*`, as the Prometheus\n"
        "client library has them. Where Cloudflare gives a sum, a summary also has `_sum` and `_count`, which lack\n"
        "the label `quantile`.\n"
    ]
    parts += [f"## {title}\n\n{_full_table(rows)}" for title, rows in sections]
    return "\n".join(parts)


def _full_table(rows: Sequence[Row]) -> str:
    return table(
        ("metric", "type", "labels", "help"),
        [(code(row.name), row.kind, ", ".join(map(code, row.labels)), row.help) for row in rows],
    )


def _further(row: Row) -> tuple[str, ...]:
    return tuple(label for label in row.labels if label not in {"account", "project"})
