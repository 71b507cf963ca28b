"""The escalation of unresolved critical alerts."""

from alerting.rule import Alert, Group
from exporter.alerts.names import ESCALATION, PREFIX
from exporter.alerts.table.kv import DAILY_LIMIT
from exporter.alerts.table.money import BUDGET_USED

TITLE = "Escalation: critical alerts that have been firing for too long."

LASTING = f"{ESCALATION}|{BUDGET_USED.name}|{DAILY_LIMIT.name}"
"""Alerts that are not escalated: this one, and those that last until the cycle or the day ends."""


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
