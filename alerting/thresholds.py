"""The thresholds and settings of all alerts as records, one for each number in the table of alerts."""

from collections.abc import Iterable, Iterator

from alerting.promql import SETTING, THRESHOLD
from exporter.alerts.table import SECTIONS, AlertEntry, Section

TITLE = """\
# The thresholds and settings of all alerts, in one place. Written by `make rules` from exporter/alerts/table. If these
# files are all you use, change a number here and reload Prometheus; for a single account, project or asset set
# alerting.thresholds in the exporter's configuration instead (docs/alerting.md).
# A threshold is the value that an alert compares with, by alert and severity; a setting is any other number that it
# depends on, usually the traffic below which it stays silent.
groups:
  - name: cloudflare.thresholds
    rules:
"""

POWERS = (9, 6)
"""The powers of ten in which a long round number is written."""


def as_yaml(sections: Iterable[Section] = SECTIONS) -> str:
    """Return the text of the file: each number below its comment."""
    return TITLE + "\n".join("\n".join(_section(section)) for section in sections)


def number(value: float) -> str:
    """Return a number in a readable form: 10e9, 20000, 0.05."""
    for power in POWERS:
        if value and value % 10**power == 0:
            return f"{value / 10**power:.15g}e{power}"
    return f"{value:.15g}"


def _section(section: Section) -> Iterator[str]:
    yield from (f"      # {section.title}", "")
    for alert in section.alerts:
        yield from _alert(alert)
    yield ""


def _alert(alert: AlertEntry) -> Iterator[str]:
    for threshold in alert.thresholds:
        yield from _knob(alert, THRESHOLD, f"severity: {threshold.severity}", threshold.default, threshold.reason)
    for setting in alert.settings:
        yield from _knob(alert, SETTING, f"setting: {setting.name}", setting.value, setting.reason)


def _knob(alert: AlertEntry, record: str, label: str, value: float, reason: str) -> Iterator[str]:
    yield f"      # {reason}"
    yield f"      - record: {record}"
    yield f"        expr: vector({number(value)})"
    yield f"        labels: {{alert: {alert.name}, {label}}}"
