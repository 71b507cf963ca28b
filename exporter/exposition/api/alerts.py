"""``GET /api/alerts``: what fires now, with what each alert is about, the worst first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from exporter.alerts import WATCHDOG, Alert, Heard, Monitoring, MonitoringError, State
from exporter.exposition.api.errors import error_response
from exporter.model import format_time

SEVERITIES = ("critical", "warning", "info")
ALL = "all"
STATES = (*State, ALL)
FILTERS = ("account", "product", "project", "severity")
PARAMETERS = frozenset({*FILTERS, "state", "watchdog"})

Json = dict[str, Any]


class WrongQuestion(ValueError):
    """The parameters make no sense; the message says why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts are asked for: of each label that is named one of its values, and of the states one.

    The watchdog always fires, which is no news to whoever looks here.
    """

    labels: Mapping[str, frozenset[str]]
    states: frozenset[State]
    has_watchdog: bool

    def admits(self, alert: Alert) -> bool:
        """Tell whether an alert is asked for."""
        return (
            alert.state in self.states
            and (self.has_watchdog or alert.name != WATCHDOG)
            and all(getattr(alert, name) in values for name, values in self.labels.items())
        )


class AlertsEndpoint:
    """Answers what fires, or what is pending."""

    def __init__(self, monitoring: Monitoring) -> None:
        self._monitoring = monitoring

    async def answer(self, request: Request) -> Response:
        """Answer a request; what makes no sense is told as 400, and that nobody could be asked as 503."""
        try:
            wanted = _wanted(request.query_params)
            heard = await self._hear(wanted.states)
        except WrongQuestion as error:
            return error_response(400, "bad_request", str(error))
        except MonitoringError as error:
            return error_response(503, error.code, str(error))
        return JSONResponse(_document(heard, [alert for alert in heard.alerts if wanted.admits(alert)]))

    async def _hear(self, states: frozenset[State]) -> Heard:
        if states == {State.PENDING}:
            return await self._monitoring.pending()
        fired = await self._monitoring.fired()
        if State.PENDING not in states:
            return fired
        pending = await self._monitoring.pending()
        return Heard(fired.source, fired.asked_at, fired.alerts + pending.alerts, fired.notes)


def _wanted(params: QueryParams) -> Wanted:
    """Read the parameters. Raises WrongQuestion."""
    unknown = sorted(set(params) - PARAMETERS)
    if unknown:
        raise WrongQuestion(f"There is no parameter {', '.join(unknown)}; there is {', '.join(sorted(PARAMETERS))}.")
    _check(params, "severity", SEVERITIES)
    _check(params, "state", STATES)
    _check(params, "watchdog", ("true", "false"))
    states = set(params.getlist("state")) or set(State) - {State.PENDING}
    return Wanted(
        {name: frozenset(params.getlist(name)) for name in FILTERS if name in params},
        frozenset(State) if ALL in states else frozenset(map(State, states)),
        params.get("watchdog") == "true",
    )


def _check(params: QueryParams, name: str, known: Sequence[str]) -> None:
    if not set(params.getlist(name)) <= set(known):
        raise WrongQuestion(f"{name} is one of {', '.join(known)}.")


def _document(heard: Heard, alerts: Sequence[Alert]) -> Json:
    return {
        "source": heard.source,
        "asked_at": format_time(heard.asked_at),
        "notes": list(heard.notes),
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
    """Give where an alert stands: the worst first, and always in the same order."""
    severity = SEVERITIES.index(alert.severity) if alert.severity in SEVERITIES else len(SEVERITIES)
    about = (alert.account, alert.project, alert.asset or ("", ""))
    return severity, alert.name, *about, sorted(alert.labels.items()), alert.state
