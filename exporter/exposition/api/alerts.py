"""``GET /api/alerts``: the current alerts with the asset that each concerns, the worst first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from exporter.alerts import SEVERITIES, WATCHDOG, Alert, AlertsClient, FetchedAlerts, State
from exporter.alerts.links import AlertLinks
from exporter.exposition.api import parameters as asked_for
from exporter.exposition.api.parameters import RequestParameters, read
from exporter.model import format_time

FILTERS = (asked_for.ACCOUNT, asked_for.PRODUCT, asked_for.PROJECT, asked_for.SEVERITY)
ALERTS = (*FILTERS, asked_for.STATE, asked_for.WATCHDOG)
"""The parameters of the endpoint."""

ANNOTATIONS = ("summary", "description", "action", "runbook_url", "dashboard_url", "logs_url")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """The requested alerts: one of the values of each named label, and one of the states.

    The watchdog always fires, so it is left out unless requested.
    """

    labels: Mapping[str, frozenset[str]]
    states: frozenset[State]
    has_watchdog: bool

    def admits(self, alert: Alert) -> bool:
        """Return whether an alert is requested."""
        return (
            alert.state in self.states
            and (self.has_watchdog or alert.name != WATCHDOG)
            and all(getattr(alert, name) in values for name, values in self.labels.items())
        )


class AlertsEndpoint:
    """Answers with firing or pending alerts."""

    def __init__(self, alerts_client: AlertsClient, links: Callable[[], AlertLinks]) -> None:
        self._alerts_client = alerts_client
        self._links = links

    async def answer(self, request: Request) -> Response:
        """Answer a request. Raises QueryError, or AlertsUnavailable if no source answered."""
        wanted = _wanted(read(request.query_params, ALERTS))
        fetched = await self._fetch_alerts(wanted.states)
        return JSONResponse(
            _document(self._links(), fetched, [alert for alert in fetched.alerts if wanted.admits(alert)])
        )

    async def _fetch_alerts(self, states: frozenset[State]) -> FetchedAlerts:
        if states == {State.PENDING}:
            return await self._alerts_client.pending()
        fired = await self._alerts_client.fired()
        if State.PENDING not in states:
            return fired
        pending = await self._alerts_client.pending()
        return FetchedAlerts(fired.source, fired.asked_at, fired.alerts + pending.alerts, fired.notes)


def _wanted(asked: RequestParameters) -> AlertFilter:
    states = set(asked.all(asked_for.STATE)) or set(State) - {State.PENDING}
    return AlertFilter(
        {each.name: frozenset(values) for each in FILTERS if (values := asked.all(each))},
        frozenset(State) if asked_for.ALL_STATES in states else frozenset(map(State, states)),
        asked.text(asked_for.WATCHDOG) == "true",
    )


def _document(links: AlertLinks, fetched: FetchedAlerts, alerts: Sequence[Alert]) -> Json:
    return {
        "source": fetched.source,
        "asked_at": format_time(fetched.asked_at),
        "notes": list(fetched.notes),
        "alerts": [_alert(links, alert) for alert in sorted(alerts, key=_place)],
    }


def _alert(links: AlertLinks, alert: Alert) -> Json:
    said = {key: alert.annotations.get(key, "") for key in ANNOTATIONS}
    return {
        "alert": alert.name,
        "severity": alert.severity,
        "state": alert.state.value,
        "since": format_time(alert.since),
        "product": alert.product,
        "account": alert.account,
        "project": alert.project,
        "asset": {"kind": alert.asset[0], "name": alert.asset[1]} if alert.asset else None,
        "value": alert.value,
        **said,
        "runbook_url": links.runbook(said["runbook_url"]),
        "dashboard_url": links.dashboard(said["dashboard_url"]),
        "labels": dict(sorted(alert.labels.items())),
    }


def _place(alert: Alert) -> tuple[Any, ...]:
    """Return the sort key of an alert: the worst first, in a stable order."""
    severity = SEVERITIES.index(alert.severity) if alert.severity in SEVERITIES else len(SEVERITIES)
    about = (alert.account, alert.project, alert.asset or ("", ""))
    return severity, alert.name, *about, sorted(alert.labels.items()), alert.state
