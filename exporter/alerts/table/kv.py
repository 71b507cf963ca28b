"""Alerts about KV namespaces: their numbers."""

from exporter.alerts.table.entry import ACCOUNT, AlertEntry, Section, Setting, Threshold
from exporter.catalog.kv import PRODUCT

OPERATIONS = AlertEntry(
    "CloudflareKvOperationSpike",
    thresholds=(Threshold("warning", 3, "Times the busiest same hour of the last seven days, by kind of operation."),),
    settings=(Setting("least_operations_per_second", 5, "13 million a month, or 65 USD."),),
    subject=PRODUCT.kind,
    unit="times the most of the same hour of the last seven days",
)

DAILY_LIMIT = AlertEntry(
    "CloudflareKvDailyLimitHigh",
    thresholds=(
        Threshold("warning", 0.8, "Share of what the free plan allows in a day."),
        Threshold("critical", 1, "Share of what the free plan allows in a day."),
    ),
    subject=ACCOUNT,
    unit="share of the free plan's limit",
)

SECTION = Section(
    PRODUCT.title,
    (
        OPERATIONS,
        DAILY_LIMIT,
    ),
)
