"""The escalation of unresolved critical alerts."""

from collections.abc import Mapping

from alerting.failing import RATIOS
from alerting.promql import WORKER
from alerting.rule import Alert, Group
from alerting.workers import BURNS_FAST
from exporter.alerts.names import PREFIX
from exporter.alerts.table import ALERTS, Scale
from exporter.alerts.table.exporter import UNRESOLVED
from exporter.alerts.table.kv import DAILY_LIMIT
from exporter.alerts.table.workers import BURNS

TITLE = "Escalation: critical alerts that have been firing for too long."

LASTING = (
    UNRESOLVED.name,
    *(alert.name for alert in ALERTS.values() if alert.scale is Scale.MONEY and "critical" in alert.severities),
    DAILY_LIMIT.name,
)
"""Alerts that are not escalated: this one, those about money, and what lasts until the day ends."""

KEPT: Mapping[str, tuple[str, str]] = {
    **{ratio.of.outage.name: (ratio.critical, ratio.subject.on) for ratio in RATIOS},
    BURNS.name: (BURNS_FAST, WORKER.on),
}
"""Alerts that are kept for long after their condition has ended: the record of the condition, and its labels.

They are escalated only while it holds, so that nobody is told of an incident that is over.
"""


def groups() -> tuple[Group]:
    """Return the alert about alerts."""
    return (Group("cloudflare.escalation", [_unresolved()]),)


def _unresolved() -> Alert:
    left_out = "|".join((*LASTING, *KEPT))
    wanted = [_firing(f'alertname=~"{PREFIX}.+",alertname!~"{left_out}"')]
    for name, (record, on) in KEPT.items():
        named = f'alertname="{name}"'
        wanted.append(f"{_firing(named)}\n    and on ({on})\n  {record}")
    return Alert(
        UNRESOLVED.name,
        UNRESOLVED.severity,
        "",
        "max by (job, alert, product, account, project) (label_replace(\n  "
        + "\n    or\n  ".join(wanted)
        + ',\n  "alert", "$1", "alertname", "(.+)"\n))',
        "A critical alert has not been resolved for half an hour.",
        "{{ $labels.alert }}{{ with $labels.account }} of account {{ . }}{{ end }}{{ with $labels.project }}, project "
        "{{ . }}{{ end }} has been firing for more than 30 minutes. Nobody who was notified has resolved it: see its "
        "entry in the runbook.",
        wait="30m",
        optional=("account", "project"),
        why="It would be told of each alert that an incident has; Alertmanager suppresses all but that of the worst.",
    )


def _firing(matchers: str) -> str:
    return f'ALERTS{{{matchers},severity="critical",alertstate="firing"}}'
