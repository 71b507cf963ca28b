"""The alerts that fire, as a table; or why they are not known."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exporter.alerts import SEVERITIES, WATCHDOG, Alert, AlertsClient, AlertsUnavailable, State
from exporter.alerts.links import RUNBOOK_FILE, RUNBOOK_PAGE, AlertLinks
from exporter.alerts.names import PREFIX
from exporter.exposition.page.status import Column, Table
from exporter.exposition.page.words import minute

PATIENCE_SECONDS = 2.0
"""How long the page waits for Alertmanager and Prometheus."""

ALERTS_ON_PAGE = 50
URGENT = SEVERITIES[:2]


@dataclass(frozen=True, slots=True)
class AlertsView:
    """The first alerts and the number of all; ``fault`` says why they are not known.

    ``is_configured`` says whether anybody can be asked, and ``is_evaluated`` whether the rules are seen to be at work.
    """

    table: Table[Alert] | None = None
    total: int = 0
    fault: str = ""
    is_configured: bool = True
    is_evaluated: bool = True

    @property
    def is_bad(self) -> bool:
        """Return whether anything calls for a person."""
        return bool(self.fault) or not self.is_evaluated or (self.table is not None and self.table.bad > 0)


async def fetch_alerts(client: AlertsClient, links: AlertLinks, root: str) -> AlertsView:
    """Return the alerts that fire."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            fetched = await client.fired()
    except TimeoutError:
        return AlertsView(fault=f"Alertmanager and Prometheus did not answer within {PATIENCE_SECONDS:g} s.")
    except AlertsUnavailable as error:
        return AlertsView(fault=str(error), is_configured=error.code != "not_configured")
    alerts = sorted((alert for alert in fetched.alerts if alert.name != WATCHDOG), key=_place)
    return AlertsView(
        Table("Alerts", _columns(links, root), alerts[:ALERTS_ON_PAGE], _is_urgent),
        len(alerts),
        is_evaluated=len(alerts) < len(fetched.alerts),
    )


def _columns(links: AlertLinks, root: str) -> Sequence[Column[Alert]]:
    return (
        Column("Alert", lambda alert: alert.name.removeprefix(PREFIX), link=_entry(links, root)),
        Column("Severity", _severity),
        Column("Project", lambda alert: alert.project or alert.account),
        Column("Asset", lambda alert: alert.asset[1] if alert.asset else ""),
        Column("Since (UTC)", lambda alert: minute(alert.since)),
        Column(
            "What is wrong", lambda alert: alert.annotations.get("description") or alert.annotations.get("summary", "")
        ),
        Column("First steps", lambda alert: alert.annotations.get("action", "")),
    )


def _entry(links: AlertLinks, root: str) -> Callable[[Alert], str]:
    """Return what finds the runbook entry of an alert: on the exporter's own page, if no other place is known."""
    known = links if links.runbook_base else AlertLinks(root, RUNBOOK_PAGE)
    return lambda alert: known.runbook(alert.annotations.get("runbook_url", "")) if _has_entry(alert) else ""


def _has_entry(alert: Alert) -> bool:
    link = alert.annotations.get("runbook_url", "")
    return link.startswith((RUNBOOK_FILE, "https://", "http://"))


def _severity(alert: Alert) -> str:
    return alert.severity if alert.state is State.FIRING else f"{alert.severity} ({alert.state})"


def _is_urgent(alert: Alert) -> bool:
    return alert.state is State.FIRING and alert.severity in URGENT


def _place(alert: Alert) -> tuple[bool, int, str, str, str]:
    """Return the sort key of an alert: those that are notified first, and of these the worst."""
    severity = SEVERITIES.index(alert.severity) if alert.severity in SEVERITIES else len(SEVERITIES)
    return alert.state is not State.FIRING, severity, alert.name, alert.account, alert.project
