"""Parsers for the alerts of Prometheus and Alertmanager. Pure, and strict: malformed documents are rejected.

https://prometheus.io/docs/prometheus/latest/querying/api/#alerts and
https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from exporter.alerts.alert import Alert, State
from exporter.alerts.names import PREFIX
from exporter.model import parse_time


class MalformedResponse(ValueError):
    """An answer has the wrong format; the message says why."""


def read_prometheus(body: bytes) -> tuple[Alert, ...]:
    """Return our alerts from an answer to ``GET /api/v1/alerts``. Raises MalformedResponse."""
    document = _mapping(_json(body), "the answer")
    if document.get("status") != "success":
        raise _malformed("status is not success")
    alerts = _list(_mapping(document.get("data"), "data").get("alerts"), "data.alerts")
    return _ours(_of_prometheus(_mapping(each, "an alert")) for each in alerts)


def read_alertmanager(body: bytes) -> tuple[Alert, ...]:
    """Return our alerts from an answer to ``GET /api/v2/alerts``. Raises MalformedResponse."""
    return _ours(_of_alertmanager(_mapping(each, "an alert")) for each in _list(_json(body), "the answer"))


def _of_prometheus(alert: Mapping[str, Any]) -> Alert:
    states = {"firing": State.FIRING, "pending": State.PENDING}
    state = states.get(_text(alert.get("state"), "state"))
    if state is None:
        raise _malformed("state is neither firing nor pending")
    since = _time(alert.get("activeAt"), "activeAt")
    return Alert(_texts(alert, "labels"), _texts(alert, "annotations"), state, since, _value(alert.get("value")))


def _of_alertmanager(alert: Mapping[str, Any]) -> Alert:
    status = _mapping(alert.get("status"), "status")
    # A silenced alert may also be inhibited: a person's action takes precedence over rules.
    held_back = (("silencedBy", State.SILENCED), ("inhibitedBy", State.INHIBITED), ("mutedBy", State.MUTED))
    # Alertmanager has mutedBy only since 0.28.
    state = next((state for key, state in held_back if _list(status.get(key) or [], f"status.{key}")), State.FIRING)
    since = _time(alert.get("startsAt"), "startsAt")
    return Alert(_texts(alert, "labels"), _texts(alert, "annotations"), state, since)


def _ours(alerts: Any) -> tuple[Alert, ...]:
    # All are parsed before ours are selected, so that any malformed alert is reported.
    return tuple(alert for alert in tuple(alerts) if alert.name.startswith(PREFIX))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedResponse("it did not answer with JSON") from None


def _malformed(text: str) -> MalformedResponse:
    return MalformedResponse(f"its answer is not a list of alerts: {text}")


def _mapping(found: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise _malformed(f"{what} is not an object")
    return found


def _list(found: Any, what: str) -> list[Any]:
    if not isinstance(found, list):
        raise _malformed(f"{what} is not a list")
    return found


def _texts(alert: Mapping[str, Any], key: str) -> dict[str, str]:
    """Return labels or annotations; null stands for none."""
    found = _mapping(alert.get(key) or {}, key)
    return {_text(name, key): _text(value, f"{key}.{name}") for name, value in found.items()}


def _text(found: Any, what: str) -> str:
    # JSON can hold lone surrogates, which could not be encoded again.
    if not isinstance(found, str) or any("\ud800" <= character <= "\udfff" for character in found):
        raise _malformed(f"{what} is not a string")
    return found


def _time(found: Any, what: str) -> datetime:
    try:
        return parse_time(_text(found, what))
    except (ValueError, OverflowError):
        raise _malformed(f"{what} is not a time") from None


def _value(found: Any) -> float | None:
    if found is None:
        return None
    try:
        value = float(_text(found, "value"))
    except ValueError:
        raise _malformed("value is not a number") from None
    return value if math.isfinite(value) else None
