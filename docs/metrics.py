"""Tables of all metrics: those of the catalog, and the others as the program declares them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from docs.tables import code, table
from exporter.catalog import KINDS, PRODUCTS, kinds_of
from exporter.catalog.asset_kind import AssetKind
from exporter.catalog.entry import Metric
from exporter.catalog.product import Product
from exporter.exposition.renderer import RENDER_DURATION
from exporter.metrics.own import OwnMetric
from exporter.metrics.snapshot import own_metrics
from exporter.metrics.traits import trait_metrics
from exporter.sources.rate_card import RATE_CARD_METRICS

OWN: tuple[OwnMetric[Any], ...] = (*own_metrics(KINDS.values()), *RATE_CARD_METRICS, RENDER_DURATION)
"""The metrics outside the catalog, in the order of an exposition."""


@dataclass(frozen=True, slots=True)
class Row:
    """One metric: its name, type, labels, description, and HELP with the source."""

    name: str
    kind: str
    labels: tuple[str, ...]
    sentence: str
    help: str


def product_rows(product: Product) -> list[Row]:
    """Return a product's metrics, each family once."""
    rows: dict[str, Row] = {}
    kinds = kinds_of((product,))
    for dataset in product.datasets:
        for metric in dataset.metrics:
            name = metric.family or metric.name
            kind = "summary" if metric.family else metric.kind
            row = Row(name, kind, _labels(kinds[dataset.kind], metric), metric.help, dataset.describe(metric))
            known = rows.get(name)
            rows[name] = row if known is None or len(known.labels) < len(row.labels) else known
    return [*rows.values(), *map(_own_row, trait_metrics(product.kinds))]


def _labels(kind: AssetKind, metric: Metric) -> tuple[str, ...]:
    asset = () if metric.is_of_account else ("project", kind.label)
    return ("account", *asset, *metric.labels, *((metric.split,) if metric.split else ()))


def other_rows() -> list[Row]:
    """Return the metrics that belong to no product."""
    return [_own_row(each) for each in OWN]


def _own_row(metric: OwnMetric[Any]) -> Row:
    return Row(metric.name, metric.kind, metric.labels, metric.help, metric.help)


def short_table() -> str:
    """Return the README's table, one line for each metric of a product."""
    rows = [
        (code(row.name), row.kind, ", ".join(map(code, _further(row))), row.sentence)
        for product in PRODUCTS
        for row in product_rows(product)
    ]
    return table(("metric", "type", "labels besides `account` and `project`", "description"), rows)


MONEY = tuple(f"cloudflare_{word}_" for word in ("cost", "list_cost", "quota", "budget", "billed"))
"""The prefixes of metrics about costs."""

EXPORTER = "cloudflare_exporter_"
"""The prefix of metrics of the exporter itself."""

ALERTS = "cloudflare_alert_"
"""The prefix of metrics for alerts."""


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
        "Generated from the catalog by `make docs`. Parentheses name the GraphQL dataset and fields, and mark values\n"
        "that Cloudflare estimates. The exporter also has the metrics `process_*` and `python_gc_*` of the Prometheus\n"
        "client library. If Cloudflare returns a sum, a summary also has `_sum` and `_count`, without the label\n"
        "`quantile`.\n"
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
