"""The escalation of critical alerts that nobody ends."""

from alerting.rule import Alert, Group
from exporter.alerts.names import ESCALATION, PREFIX
from exporter.alerts.table.kv import DAILY_LIMIT
from exporter.alerts.table.money import BUDGET_USED

TITLE = "Escalation: critical alerts that have been firing for too long."

LASTING = f"{ESCALATION}|{BUDGET_USED.name}|{DAILY_LIMIT.name}"
"""What is not escalated: itself, and what nobody can end before the cycle or the day does."""


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
        "{{ . }}{{ end }} has been firing for more than 30 minutes. Whoever was told has not ended it: see its entry "
        "in "
        "the runbook.",
        wait="30m",
        optional=("account", "project"),
    )
