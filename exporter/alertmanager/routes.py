"""Alertmanager's routes: the receivers of each alert, repeat intervals and mute times. Pure.

Receivers have the names of the secret files, so routes are readable.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from exporter.alertmanager.receivers import NOBODY
from exporter.alertmanager.secrets import Secret
from exporter.alerts.names import ESCALATION, SEVERITIES, WATCHDOG
from exporter.config.routing import LAST_MINUTE, WEEKDAYS, MuteTime, Routing, Team

GROUP_BY = ["alertname", "account", "project"]

PACE: Mapping[str, Mapping[str, str]] = {
    "critical": {"group_wait": "10s", "group_interval": "5m", "repeat_interval": "4h"},
    "warning": {"group_wait": "30s", "group_interval": "5m", "repeat_interval": "1d"},
    "info": {"group_wait": "10m", "group_interval": "1h", "repeat_interval": "7d"},
}
"""Critical alerts repeat within a shift, warnings daily, and infos, which are not urgent, weekly."""

Route = dict[str, Any]


def root(routing: Routing, secrets: Iterable[Secret], also: Sequence[str]) -> Route:
    """Return the tree of routes; every alert but the watchdog also goes to the receivers in ``also``."""
    known = tuple(secrets)
    everyone = {severity: receivers_of(severity, known) for severity in SEVERITIES}
    routes: list[Route] = [
        _watchdog(known),
        {
            # The first receivers have not resolved it, so everyone is notified.
            "matchers": [f'alertname="{ESCALATION}"'],
            "group_by": GROUP_BY,
            "group_wait": "0s",
            "group_interval": "5m",
            "repeat_interval": "2h",
            **_to([*everyone["critical"], *also]),
        },
    ]
    for team in routing.teams:
        own = {severity: receivers_of(severity, known, team.name) or everyone[severity] for severity in SEVERITIES}
        routes.append({"matchers": _matchers(team), "routes": _by_severity(own, also, routing, team.name)})
    routes += _by_severity(everyone, also, routing, "")
    return {"receiver": NOBODY, "group_by": GROUP_BY, **PACE["warning"], "routes": routes}


def receivers_of(severity: str, secrets: Iterable[Secret], team: str = "") -> list[str]:
    """Return the receivers of a severity: a team's, or those for everyone."""
    return [secret.name for secret in secrets if secret.team == team and severity in secret.service.severities]


def time_intervals(mutes: Iterable[MuteTime]) -> list[dict[str, Any]]:
    """Return the mute times of routes."""
    return [{"name": mute.name, "time_intervals": list(_intervals(mute))} for mute in mutes]


def regex(globs: Sequence[str]) -> str:
    """Return a regular expression (RE2, which Alertmanager anchors) that matches any of the globs."""
    return "|".join("".join(_translated(glob)) for glob in globs)


def _watchdog(secrets: Iterable[Secret]) -> Route:
    names = [secret.name for secret in secrets if secret.service.name == "watchdog"]
    return {
        "matchers": [f'alertname="{WATCHDOG}"'],
        "receiver": names[0] if names else NOBODY,
        "group_by": ["alertname"],
        "group_wait": "0s",
        "group_interval": "30s",
        "repeat_interval": "1m",
    }


def _by_severity(
    receivers: Mapping[str, Sequence[str]], also: Sequence[str], routing: Routing, team: str
) -> list[Route]:
    """Return a route for each severity; alerts without one go where warnings go."""
    muted = [mute.name for mute in routing.mute_times if not mute.teams or team in mute.teams]
    mutes = {"mute_time_intervals": muted} if muted else {}
    return [
        {"matchers": ['severity="critical"'], **PACE["critical"], **_to([*receivers["critical"], *also])},
        {"matchers": ['severity="info"'], **PACE["info"], **_to([*receivers["info"], *also], mutes)},
        {**PACE["warning"], **_to([*receivers["warning"], *also], mutes)},
    ]


def _to(receivers: Sequence[str], mutes: Mapping[str, Any] | None = None) -> Route:
    """Return the part of a route that sends to all receivers; muted routes are leaves, as mutes are not inherited."""
    if len(receivers) < 2:
        return {"receiver": receivers[0] if receivers else NOBODY, **(mutes or {})}
    return {"routes": [{"receiver": name, **(mutes or {}), "continue": True} for name in receivers]}


def _matchers(team: Team) -> list[str]:
    found = (("project", team.projects), ("product", team.products), ("account", team.accounts))
    return [f"{label}=~{json.dumps(regex(globs), ensure_ascii=False)}" for label, globs in found if globs]


def _translated(glob: str) -> Iterable[str]:
    place = 0
    while place < len(glob):
        sign = glob[place]
        place += 1
        if sign == "*":
            yield ".*"
        elif sign == "?":
            yield "."
        elif sign == "[" and (end := glob.find("]", place + 1 + (glob[place : place + 1] == "!"))) > 0:
            inside = glob[place:end]
            negated = inside.startswith("!")
            inside = re.sub(r"([\[\]\\^&~|])", r"\\\1", inside[1:] if negated else inside)
            yield f"[{'^' if negated else ''}{inside}]"
            place = end + 1
        else:
            yield re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", sign)


def _intervals(mute: MuteTime) -> Iterable[dict[str, Any]]:
    """Return a mute time split at midnight: the rest of a span is on the next day."""
    days = mute.days()
    if not mute.times:
        yield _interval(mute, days)
    for start, end in mute.spans():
        if start < end:
            yield _interval(mute, days, start, end)
            continue
        yield _interval(mute, days, start, LAST_MINUTE)
        if end:
            yield _interval(mute, frozenset((day + 1) % 7 for day in days), 0, end)


def _interval(mute: MuteTime, days: frozenset[int], start: int = 0, end: int = LAST_MINUTE) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if len(days) < 7:
        found["weekdays"] = [WEEKDAYS[day] for day in sorted(days)]
    if (start, end) != (0, LAST_MINUTE):
        found["times"] = [{"start_time": _clock(start), "end_time": _clock(end)}]
    if mute.time_zone != "UTC":
        found["location"] = mute.time_zone
    return found


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
