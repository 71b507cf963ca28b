"""Alerts about KV namespaces: their numbers."""

from exporter.alerts.table.entry import ACCOUNT, AlertEntry, Section, Setting, Threshold
from exporter.catalog.kv import NAMESPACE, PRODUCT

OPERATIONS = AlertEntry(
    "CloudflareKvOperationSpike",
    thresholds=(
        Threshold(
            "warning", 3, "Multiple of the peak at the same time of day over the last seven days, by kind of operation."
        ),
    ),
    settings=(Setting("least_operations_per_second", 5, "13 million a month, or 65 USD."),),
    subject=NAMESPACE.kind,
    unit="multiple of the peak at the same time of day over the last seven days",
)

DAILY_LIMIT = AlertEntry(
    "CloudflareKvDailyLimitHigh",
    thresholds=(
        Threshold("warning", 0.8, "Share of the free plan's daily limit."),
        Threshold("critical", 1, "Share of the free plan's daily limit."),
    ),
    subject=ACCOUNT,
    unit="share of the free plan's daily limit",
)

SECTION = Section(
    PRODUCT.title,
    (
        OPERATIONS,
        DAILY_LIMIT,
    ),
)
