"""The control interface below /_sim/ for tests and experiments: clock, faults, incidents, assets and the oracle.

It needs no token and is not part of Cloudflare's API.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import fields
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from exporter.simulator.arrival import Curve
from exporter.simulator.clock import Clock, SystemClock
from exporter.simulator.faults import Fault, Faults
from exporter.simulator.http import HttpRequest, HttpResponse, json_response
from exporter.simulator.state import State
from exporter.simulator.usage import UsageRows
from exporter.simulator.world import (
    Asset,
    Bucket,
    BucketLists,
    Database,
    KvNamespace,
    ObjectNamespace,
    Queue,
    QueueConsumer,
    Worker,
    Zone,
)

_FAULTS = TypeAdapter(list[Fault])
_ASSETS: Mapping[str, TypeAdapter[Asset]] = MappingProxyType(
    {
        kind.kind: TypeAdapter(kind)
        for kind in (Worker, Bucket, BucketLists, Database, ObjectNamespace, KvNamespace, Queue, QueueConsumer, Zone)
    }
)
_LATER = frozenset({"deleted", "renames", "incidents"})
"""Fields of assets that have requests of their own to change them."""


class Controlled(Protocol):
    """The simulated Cloudflare, as far as the control interface changes and reads it."""

    clock: Clock
    faults: Faults

    @property
    def requests(self) -> Mapping[str, int]:
        """Return the number of requests by API."""

    @property
    def state(self) -> State:
        """Return the current state of the simulated world."""

    def used(
        self, account_id: str, dataset: str, since: datetime, until: datetime, *, by: Sequence[str] = ()
    ) -> UsageRows:
        """Return all usage, visible or not."""

    def visible(
        self, account_id: str, dataset: str, since: datetime, until: datetime, at: datetime, *, by: Sequence[str] = ()
    ) -> UsageRows:
        """Return the usage that is visible at a time."""

    def rename(self, account_id: str, kind: str, asset_id: str, name: str) -> None:
        """Rename an asset."""

    def delete(self, account_id: str, kind: str, asset_id: str) -> None:
        """Delete an asset."""

    def add(self, account_id: str, asset: Asset) -> None:
        """Add an asset to an account."""

    def move_zone(self, account_id: str, zone_id: str, to_account_id: str) -> None:
        """Move a zone to another account."""

    def set_quiet_from(self, when: datetime | None) -> None:
        """Let all usage end."""

    def set_lateness(self, lateness: timedelta) -> None:
        """Change the longest delay with which usage becomes visible."""

    def set_arrival(self, arrival: Curve | None) -> None:
        """Change the curve along which usage becomes visible."""

    def start_incident(self, account_id: str, script_tag: str, since: datetime, until: datetime) -> None:
        """Make invocations of a Worker throw."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Clock(_Body):
    now: datetime | None = None
    speed: float | None = None
    frozen: bool | None = None


class _Traffic(_Body):
    quiet_from: datetime | None = None
    lateness_seconds: int | None = None
    arrival: tuple[tuple[int, int], ...] | None = None


class _Incident(_Body):
    account: str
    script_tag: str
    since: datetime | None = None
    until: datetime | None = None
    minutes: int = 10


class _Chosen(_Body):
    account: str
    kind: str
    id: str


class _Rename(_Chosen):
    name: str


class _Move(_Body):
    account: str
    id: str
    to: str


class Control:
    """Answers requests below /_sim/."""

    def __init__(self, simulator: Controlled) -> None:
        self._simulator = simulator
        self._routes: Mapping[tuple[str, str], Callable[[HttpRequest], Any]] = {
            ("GET", ""): self._about,
            ("GET", "/clock"): self._clock,
            ("POST", "/clock"): self._set_clock,
            ("GET", "/faults"): self._faults,
            ("POST", "/faults"): self._add_faults,
            ("DELETE", "/faults"): self._clear_faults,
            ("POST", "/incident"): self._incident,
            ("POST", "/traffic"): self._traffic,
            ("POST", "/create"): self._create,
            ("POST", "/rename"): self._rename,
            ("POST", "/delete"): self._delete,
            ("POST", "/move-zone"): self._move_zone,
            ("GET", "/used"): self._used,
            ("GET", "/visible"): self._visible,
            ("GET", "/requests"): lambda _request: dict(simulator.requests),
        }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Execute the request; an invalid one gets 400 with the reason."""
        path = request.path.removeprefix("/_sim").rstrip("/")
        route = self._routes.get((request.method, path))
        if route is None:
            return json_response(404, {"error": f"unknown route: {request.method} {request.path}"})
        try:
            return json_response(200, route(request))
        except (ValidationError, ValueError, KeyError, TypeError) as error:
            return json_response(400, {"error": str(error)})

    def _about(self, _request: HttpRequest) -> dict[str, Any]:
        accounts = self._simulator.state.accounts.values()
        return {
            "what": "a simulated Cloudflare; its API is below /client/v4",
            "now": self._simulator.clock.now().isoformat(),
            "accounts": [{"id": account.id, "name": account.name} for account in accounts],
            "routes": [f"{method} /_sim{path}" for method, path in self._routes],
        }

    def _clock(self, _request: HttpRequest) -> dict[str, Any]:
        clock = self._simulator.clock
        state: dict[str, Any] = {"now": clock.now().isoformat()}
        return {**state, "speed": clock.speed, "frozen": clock.frozen} if isinstance(clock, SystemClock) else state

    def _set_clock(self, request: HttpRequest) -> dict[str, Any]:
        wanted = _Clock.model_validate_json(request.body)
        clock = self._simulator.clock
        if isinstance(clock, SystemClock):
            if wanted.speed is not None:
                clock.set_speed(wanted.speed)
            if wanted.frozen is not None:
                clock.freeze(wanted.frozen)
        elif wanted.speed is not None or wanted.frozen is not None:
            raise ValueError("this clock moves only when it is set")
        if wanted.now is not None:
            clock.set(_aware(wanted.now))
        return self._clock(request)

    def _faults(self, _request: HttpRequest) -> dict[str, Any]:
        return {"faults": _FAULTS.dump_python(list(self._simulator.faults.declared()), mode="json")}

    def _add_faults(self, request: HttpRequest) -> dict[str, Any]:
        body = request.json()
        declared = body if isinstance(body, list) else [body]
        names = {name for fault in declared for name in fault}
        _refuse_unknown(names, {field.name for field in fields(Fault)}, "a fault")
        self._simulator.faults.add(*_FAULTS.validate_python(declared))
        return self._faults(request)

    def _clear_faults(self, request: HttpRequest) -> dict[str, Any]:
        self._simulator.faults.clear()
        return self._faults(request)

    def _incident(self, request: HttpRequest) -> dict[str, Any]:
        wanted = _Incident.model_validate_json(request.body)
        since = self._simulator.clock.now() if wanted.since is None else _aware(wanted.since)
        until = since + timedelta(minutes=wanted.minutes) if wanted.until is None else _aware(wanted.until)
        self._simulator.start_incident(wanted.account, wanted.script_tag, since, until)
        return {"since": since.isoformat(), "until": until.isoformat()}

    def _traffic(self, request: HttpRequest) -> dict[str, Any]:
        wanted = _Traffic.model_validate_json(request.body)
        if "quiet_from" in wanted.model_fields_set:
            self._simulator.set_quiet_from(None if wanted.quiet_from is None else _aware(wanted.quiet_from))
        if wanted.lateness_seconds is not None:
            self._simulator.set_lateness(timedelta(seconds=wanted.lateness_seconds))
        if "arrival" in wanted.model_fields_set:
            self._simulator.set_arrival(None if wanted.arrival is None else Curve(wanted.arrival))
        world = self._simulator.state.world
        return {
            "quiet_from": None if world.quiet_from is None else world.quiet_from.isoformat(),
            "lateness_seconds": int(world.lateness.total_seconds()),
            "arrival": None if world.arrival is None else world.arrival.steps,
        }

    def _create(self, request: HttpRequest) -> dict[str, Any]:
        body = dict(request.json())
        account, kind = body.pop("account"), body.pop("kind")
        adapter = _ASSETS[kind]
        asset = adapter.validate_python({"created": self._simulator.clock.now(), **body})
        _refuse_unknown(body, {field.name for field in fields(asset)} - _LATER, f"a {kind} to create")
        _aware(asset.created)
        self._simulator.add(account, asset)
        return {"id": asset.id}

    def _rename(self, request: HttpRequest) -> dict[str, Any]:
        wanted = _Rename.model_validate_json(request.body)
        self._simulator.rename(wanted.account, wanted.kind, wanted.id, wanted.name)
        return {"name": wanted.name}

    def _delete(self, request: HttpRequest) -> dict[str, Any]:
        wanted = _Chosen.model_validate_json(request.body)
        self._simulator.delete(wanted.account, wanted.kind, wanted.id)
        return {"id": wanted.id}

    def _move_zone(self, request: HttpRequest) -> dict[str, Any]:
        wanted = _Move.model_validate_json(request.body)
        self._simulator.move_zone(wanted.account, wanted.id, wanted.to)
        return {"account": wanted.to}

    def _used(self, request: HttpRequest) -> dict[str, Any]:
        query = request.query
        by = _by(query)
        since, until = _moment(query, "from"), _moment(query, "until")
        return _rows(by, self._simulator.used(query["account"], query["dataset"], since, until, by=by))

    def _visible(self, request: HttpRequest) -> dict[str, Any]:
        query = request.query
        by, at = _by(query), self._simulator.clock.now()
        if "at" in query:
            at = _moment(query, "at")
        since, until = _moment(query, "from"), _moment(query, "until")
        return _rows(by, self._simulator.visible(query["account"], query["dataset"], since, until, at, by=by))


def _refuse_unknown(given: Iterable[str], known: Set[str], what: str) -> None:
    unknown = set(given) - known
    if unknown:
        raise ValueError(f"{what} has no {', '.join(sorted(unknown))}")


def _by(query: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in query.get("by", "").split(",") if name)


def _moment(query: Mapping[str, str], name: str) -> datetime:
    return _aware(datetime.fromisoformat(query[name]))


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} lacks an offset from UTC")
    return moment


def _rows(by: tuple[str, ...], rows: UsageRows) -> dict[str, Any]:
    return {"rows": [{"dimensions": dict(zip(by, key, strict=True)), "sum": row} for key, row in rows.items()]}
