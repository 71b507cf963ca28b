"""The escalation of unresolved critical alerts."""

from alerting.rule import Alert, Group
from exporter.alerts.names import ESCALATION, PREFIX
from exporter.alerts.table import ALERTS, Scale
from exporter.alerts.table.kv import DAILY_LIMIT

TITLE = "Escalation: critical alerts that have been firing for too long."

LASTING = "|".join(
    [
        ESCALATION,
        *(alert.name for alert in ALERTS.values() if alert.scale is Scale.MONEY and "critical" in alert.severities),
        DAILY_LIMIT.name,
    ]
)
"""Alerts that are not escalated: this one, those about money, and what lasts until the day ends."""


def groups() -> tuple[Group]:
    """Return the alert about alerts."""
    return (Group("cloudflare.escalation", [_unresolved()]),)


def _unresolved() -> Alert:
    firing = f'ALERTS{{alertname=~"{PREFIX}.+",alertname!~"{LASTING}",severity="critical",alertstate="firing"}}'
    return Alert(
        ESCALATION,
        "critical",
        "",
        "max by (job, alert, product, account, project) (\n"
        f'  label_replace({firing}, "alert", "$1", "alertname", "(.+)")\n'
        ")",
        "A critical alert has not been resolved for half an hour.",
        "{{ $labels.alert }}{{ with $labels.account }} of account {{ . }}{{ end }}{{ with $labels.project }}, project "
        "{{ . }}{{ end }} has been firing for more than 30 minutes. Nobody who was notified has resolved it: see its "
        "entry in the runbook.",
        wait="30m",
        optional=("account", "project"),
    )
