"""Alerts about KV namespaces: their numbers."""

from exporter.alerts.table.entry import ACCOUNT, AlertEntry, Scale, Section, Threshold
from exporter.alerts.table.spike import spike
from exporter.catalog.kv import NAMESPACE, PRODUCT

OPERATIONS = spike(
    "CloudflareKvOperationSpike",
    NAMESPACE,
    "Writes, lists and deletes cost ten times as much as reads, and loops of them go unnoticed.",
)

DAILY_LIMIT = AlertEntry(
    "CloudflareKvDailyLimitHigh",
    thresholds=(
        Threshold("warning", 0.8, "Share of the free plan's daily limit."),
        Threshold("critical", 1, "Share of the free plan's daily limit."),
    ),
    subject=ACCOUNT,
    unit="share of the free plan's daily limit",
    scale=Scale.AVAILABILITY,
    why="At the free plan's limit operations fail until midnight UTC.",
    if_wrong="A day that ends just in time is looked at for nothing; missed, the application fails for hours.",
)

SECTION = Section(
    PRODUCT.title,
    (
        OPERATIONS,
        DAILY_LIMIT,
    ),
)
