"""What alerts about the cost of a meter of an asset have in common: their numbers."""

from exporter.alerts.table.entry import AlertEntry, Scale, Setting, Threshold
from exporter.catalog.asset_kind import AssetKind

LEAST = "least_usd_per_hour"


def spike(name: str, kind: AssetKind, why: str) -> AlertEntry:
    """Return the alert that something of a kind costs several times as much as usual at this time of day."""
    return AlertEntry(
        name,
        thresholds=(Threshold("warning", 3, "Multiple of the usual cost at this time of day."),),
        settings=(Setting(LEAST, 0.1, "Dollars an hour at list price: 73 USD a month if it continues."),),
        subject=kind.kind,
        unit="multiple of the usual cost at this time of day",
        scale=Scale.MONEY,
        why=why,
        if_wrong="A job that was planned is looked at for nothing. What begins slowly is told by "
        "CloudflareListCostRising; what costs dollars an hour is critical by CloudflareListCostPerHourHigh.",
    )
