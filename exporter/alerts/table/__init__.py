"""Every alert: a file for what fails, for each product, for money and for the exporter itself.

The rules, the configurable thresholds and the lines in dashboards are built from this table.
"""

from collections.abc import Mapping
from types import MappingProxyType

from exporter.alerts.table import d1, durable_objects, exporter, failing, kv, money, r2, workers
from exporter.alerts.table.entry import ACCOUNT, PROJECT, AlertEntry, Scale, Section, Setting, Threshold

SECTIONS: tuple[Section, ...] = (
    failing.SECTION,
    workers.SECTION,
    r2.SECTION,
    d1.SECTION,
    durable_objects.SECTION,
    kv.SECTION,
    money.SECTION,
    exporter.SECTION,
)

ALERTS: Mapping[str, AlertEntry] = MappingProxyType(
    {alert.name: alert for section in SECTIONS for alert in section.alerts}
)
"""By name."""

ADJUSTABLE: Mapping[str, AlertEntry] = MappingProxyType(
    {name: alert for name, alert in ALERTS.items() if alert.is_adjustable}
)
"""The alerts whose threshold can be set for one account, project or asset, by name."""

__all__ = [
    "ACCOUNT",
    "ADJUSTABLE",
    "ALERTS",
    "PROJECT",
    "SECTIONS",
    "AlertEntry",
    "Scale",
    "Section",
    "Setting",
    "Threshold",
]
