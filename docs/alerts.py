"""The list of all alerts: at what each fires, why it is there, and what it costs to be wrong."""

from collections.abc import Mapping, Sequence

from alerting.build import MODULES
from alerting.rule import Alert
from alerting.runbook import entry_url
from alerting.thresholds import number
from docs.tables import code, table
from exporter.alerts.names import SEVERITIES
from exporter.alerts.table import SECTIONS, AlertEntry

HEADS = ("alert", "fires at", "depends on", "scale", "why", "if it is wrong")


def alerts_list() -> str:
    """Return a table of each section."""
    rules = rules_by_name()
    return "\n".join(
        f"### {section.title}\n\n{table(HEADS, (_row(entry, rules[entry.name]) for entry in section.alerts))}"
        for section in SECTIONS
    )


def rules_by_name() -> Mapping[str, Sequence[Alert]]:
    """Return the rules of each alert, the worst first."""
    alerts = (rule for room in MODULES for group in room.groups() for rule in group.rules if isinstance(rule, Alert))
    found: dict[str, list[Alert]] = {}
    for rule in sorted(alerts, key=lambda rule: SEVERITIES.index(rule.severity)):
        found.setdefault(rule.name, []).append(rule)
    return found


def _row(entry: AlertEntry, rules: Sequence[Alert]) -> tuple[str, ...]:
    return (
        f"[{entry.name.removeprefix('Cloudflare')}](../{entry_url(entry.name)})",
        "<br>".join(_level(entry, rule) for rule in rules),
        "<br>".join(f"{code(each.name)} {number(each.value)}: {each.reason}" for each in entry.settings),
        entry.scale.value if entry.scale else "",
        entry.why,
        entry.if_wrong,
    )


def _level(entry: AlertEntry, rule: Alert) -> str:
    """Return at which severity a rule fires: its threshold, after how long, and what the threshold means."""
    lasting = f"after {rule.wait}" if rule.wait else "at once"
    kept = f", kept for {rule.keep}" if rule.keep else ""
    threshold = next((each for each in entry.thresholds if each.severity == rule.severity), None)
    if threshold is None:
        return f"{code(rule.severity)} {lasting}{kept}"
    return f"{code(rule.severity)} {number(threshold.default)} {lasting}{kept}: {threshold.reason}"
