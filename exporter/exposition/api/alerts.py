"""``GET /api/alerts``: what fires now, with what each alert is about, the worst first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from exporter.alerts import SEVERITIES, WATCHDOG, Alert, AlertsClient, AlertsUnavailable, FetchedAlerts, State
from exporter.exposition.api.errors import error_response
from exporter.model import format_time

ALL = "all"
STATES = (*State, ALL)
FILTERS = ("account", "product", "project", "severity")
PARAMETERS = frozenset({*FILTERS, "state", "watchdog"})

Json = dict[str, Any]


class BadRequest(ValueError):
    """The parameters make no sense; the message says why."""


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are asked for: of each label that is named one of its values, and of the states one.

    The watchdog always fires, which is no news to whoever looks here.
    """

    labels: Mapping[str, frozenset[str]]
    states: frozenset[State]
    has_watchdog: bool

    def admits(self, alert: Alert) -> bool:
        """Return whether an alert is asked for."""
        return (
            alert.state in self.states
            and (self.has_watchdog or alert.name != WATCHDOG)
            and all(getattr(alert, name) in values for name, values in self.labels.items())
        )


class AlertsEndpoint:
    """Answers what fires, or what is pending."""

    def __init__(self, alerts_client: AlertsClient) -> None:
        self._alerts_client = alerts_client

    async def answer(self, request: Request) -> Response:
        """Answer a request; what makes no sense is told as 400, and that nobody could be asked as 503."""
        try:
            wanted = _wanted(request.query_params)
            fetched = await self._fetch_alerts(wanted.states)
        except BadRequest as error:
            return error_response(400, "bad_request", str(error))
        except AlertsUnavailable as error:
            return error_response(503, error.code, str(error))
        return JSONResponse(_document(fetched, [alert for alert in fetched.alerts if wanted.admits(alert)]))

    async def _fetch_alerts(self, states: frozenset[State]) -> FetchedAlerts:
        if states == {State.PENDING}:
            return await self._alerts_client.pending()
        fired = await self._alerts_client.fired()
        if State.PENDING not in states:
            return fired
        pending = await self._alerts_client.pending()
        return FetchedAlerts(fired.source, fired.asked_at, fired.alerts + pending.alerts, fired.notes)


def _wanted(params: QueryParams) -> AlertFilter:
    """Read the parameters. Raises WrongQuestion."""
    unknown = sorted(set(params) - PARAMETERS)
    if unknown:
        raise BadRequest(f"There is no parameter {', '.join(unknown)}; there is {', '.join(sorted(PARAMETERS))}.")
    _check(params, "severity", SEVERITIES)
    _check(params, "state", STATES)
    _check(params, "watchdog", ("true", "false"))
    states = set(params.getlist("state")) or set(State) - {State.PENDING}
    return AlertFilter(
        {name: frozenset(params.getlist(name)) for name in FILTERS if name in params},
        frozenset(State) if ALL in states else frozenset(map(State, states)),
        params.get("watchdog") == "true",
    )


def _check(params: QueryParams, name: str, known: Sequence[str]) -> None:
    if not set(params.getlist(name)) <= set(known):
        raise BadRequest(f"{name} is one of {', '.join(known)}.")


def _document(fetched: FetchedAlerts, alerts: Sequence[Alert]) -> Json:
    return {
        "source": fetched.source,
        "asked_at": format_time(fetched.asked_at),
        "notes": list(fetched.notes),
        "alerts": [_alert(alert) for alert in sorted(alerts, key=_place)],
    }


def _alert(alert: Alert) -> Json:
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
        **{key: alert.annotations.get(key, "") for key in ("summary", "description", "runbook_url", "dashboard_url")},
        "labels": dict(sorted(alert.labels.items())),
    }


def _place(alert: Alert) -> tuple[Any, ...]:
    """Return where an alert stands: the worst first, and always in the same order."""
    severity = SEVERITIES.index(alert.severity) if alert.severity in SEVERITIES else len(SEVERITIES)
    about = (alert.account, alert.project, alert.asset or ("", ""))
    return severity, alert.name, *about, sorted(alert.labels.items()), alert.state
