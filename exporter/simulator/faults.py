"""The faults of the simulated Cloudflare: of the declared ones, the first that match a request are applied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from hashlib import sha256
from types import MappingProxyType

from exporter.simulator.dataset import Dataset

BUDGET_DEPLETED = "rate limiter budget depleted, try again after 5 minutes"
"""GraphQL's message for an exceeded limit: https://developers.cloudflare.com/analytics/graphql-api/errors/."""


class Kind(StrEnum):
    """What goes wrong."""

    HTTP_STATUS = "http_status"
    THROTTLE = "throttle"
    DISCONNECT = "disconnect"
    SLOW = "slow"
    TRUNCATED_BODY = "truncated_body"
    REVOKED = "revoked"
    ACCOUNT_GONE = "account_gone"
    ZONE_ABSENT = "zone_absent"
    SHORT_LIST = "short_list"
    ODD_RESULT = "odd_result"
    ALIAS_ERROR = "alias_error"
    PARTIAL = "partial"
    DOCUMENT_ERROR = "document_error"
    BUDGET_ERROR = "budget_error"
    TOO_MANY_NODES = "too_many_nodes"
    ACCOUNTS_EMPTY = "accounts_empty"
    EMPTY = "empty"
    LOWER = "lower"
    STALE = "stale"
    UNAVAILABLE = "unavailable"
    MISSING_FIELD = "missing_field"
    SHORT_DURATION = "short_duration"
    SHORT_RETENTION = "short_retention"
    SMALL_PAGES = "small_pages"


_ENDING = frozenset({Kind.HTTP_STATUS, Kind.THROTTLE, Kind.DISCONNECT, Kind.DOCUMENT_ERROR, Kind.BUDGET_ERROR})
"""Kinds that are the complete answer, so that only transport faults can be combined with them."""

_OF_TRANSPORT = frozenset({Kind.SLOW, Kind.TRUNCATED_BODY})

_OF_PLAN = frozenset(
    {Kind.UNAVAILABLE, Kind.MISSING_FIELD, Kind.SHORT_DURATION, Kind.SHORT_RETENTION, Kind.SMALL_PAGES}
)
"""Kinds that change the limits of a dataset, so that they also affect questions about its settings."""

_REST_ONLY = frozenset({Kind.SHORT_LIST, Kind.ODD_RESULT})
_GRAPHQL_ONLY = _OF_PLAN | {
    Kind.ALIAS_ERROR,
    Kind.PARTIAL,
    Kind.DOCUMENT_ERROR,
    Kind.BUDGET_ERROR,
    Kind.TOO_MANY_NODES,
    Kind.ACCOUNTS_EMPTY,
    Kind.ZONE_ABSENT,
    Kind.EMPTY,
    Kind.LOWER,
    Kind.STALE,
}

_NEEDED: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.ACCOUNT_GONE: "account",
        Kind.ZONE_ABSENT: "zone",
        Kind.MISSING_FIELD: "field",
        Kind.STALE: "seconds",
        Kind.SHORT_DURATION: "seconds",
        Kind.SHORT_RETENTION: "seconds",
        Kind.TOO_MANY_NODES: "limit",
        Kind.SMALL_PAGES: "limit",
    }
)


_USUAL_MESSAGES: Mapping[Kind, str] = MappingProxyType({Kind.BUDGET_ERROR: BUDGET_DEPLETED, Kind.ODD_RESULT: "null"})


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault, and the requests that it affects: those that match all given conditions.

    ``api`` is rest or graphql, ``path`` a glob over the path below /client/v4, ``since`` and ``until`` are simulated
    times, ``times`` the maximum number of affected requests and ``probability`` the share of the matching ones,
    decided by the seed. ``zone`` is of GraphQL.

    - http_status: ``status``, as JSON or with ``html`` as a page, even for 200. disconnect: no answer at all.
    - throttle: status 429, with ``seconds`` as Retry-After, or without that header if ``retry_after`` is false.
    - slow: the answer comes after ``seconds`` of real time. truncated_body: it ends halfway.
    - revoked: the token is. account_gone: ``account`` does not exist, in lists and wherever it is named.
    - odd_result: the ``result`` of a successful REST answer is the JSON text ``message``, or null.
    - short_list: REST lists lack their second half. accounts_empty: GraphQL returns no account.
    - zone_absent: GraphQL leaves ``zone`` out, without an error.
    - document_error, budget_error (in an answer 200): ``message`` and ``code`` in place of data. too_many_nodes: the
      same for documents with more than ``limit`` datasets.
    - alias_error: ``message`` and ``code`` in place of one dataset. partial: the rest of the account is lost too.
    - empty: no rows. lower: ``fraction`` thousandths of each number. stale: rows as visible ``seconds`` before.
    - unavailable: the dataset is not part of the plan. missing_field: ``field``, as ``sum_requests``, is unknown.
    - short_duration, short_retention: the plan's maxDuration and notOlderThan are ``seconds``. small_pages: its
      maxPageSize is ``limit``. The smallest of several values and the usual one applies.

    ``message`` defaults to Cloudflare's own for the kind. Raises ValueError if the kind lacks a required value.
    """

    kind: Kind
    api: str | None = None
    path: str | None = None
    dataset: str | None = None
    account: str | None = None
    zone: str | None = None
    product: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    times: int | None = None
    probability: float = 1.0
    status: int = 500
    html: bool = False
    seconds: float = 0
    retry_after: bool = True
    message: str = ""
    code: str | None = None
    fraction: int = 500
    field: str | None = None
    limit: int = 0

    def __post_init__(self) -> None:
        kind = Kind(self.kind)
        object.__setattr__(self, "kind", kind)
        needed = _NEEDED.get(kind)
        if needed is not None and not getattr(self, needed):
            raise ValueError(f"a fault {kind} needs {needed}")
        for name, moment in (("since", self.since), ("until", self.until)):
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"{name} of a fault {kind} lacks an offset from UTC")
        if not self.message:
            object.__setattr__(self, "message", _USUAL_MESSAGES.get(kind, "Internal server error"))


@dataclass(frozen=True, kw_only=True)
class Target:
    """The subject of a request, for matching faults; datasets are by name, with their products.

    ``settings`` are the datasets whose settings it queries, ``product`` is that of a REST list.
    """

    api: str
    path: str
    accounts: frozenset[str]
    zones: frozenset[str] = frozenset()
    datasets: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    product: str | None = None


@dataclass(eq=False)
class _Declared:
    fault: Fault
    left: int | None


class Faults:
    """The declared faults, in order."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._declared: list[_Declared] = []

    def add(self, *faults: Fault) -> None:
        """Append faults to the declared ones."""
        self._declared.extend(_Declared(fault, fault.times) for fault in faults)

    def clear(self) -> None:
        """Behave again."""
        self._declared.clear()

    def declared(self) -> Sequence[Fault]:
        """Return the faults that can still apply."""
        return [entry.fault for entry in self._declared if entry.left != 0]

    def hitting(self, target: Target, now: datetime, request_number: int) -> tuple[Fault, ...]:
        """Return the faults that affect this request. Each call uses up one of a fault's ``times``."""
        if not self._declared:
            return ()
        hit: list[Fault] = []
        is_ended = False
        for number, entry in enumerate(self._declared):
            fault = entry.fault
            if entry.left == 0 or not _matches(fault, target, now):
                continue
            if is_ended and fault.kind not in _OF_TRANSPORT:
                continue
            if not self._is_drawn(fault.probability, number, request_number):
                continue
            if entry.left is not None:
                entry.left -= 1
            hit.append(fault)
            is_ended = is_ended or fault.kind in _ENDING
        return tuple(hit)

    def _is_drawn(self, probability: float, number: int, request_number: int) -> bool:
        draw = sha256(f"{self._seed}/{number}/{request_number}".encode()).digest()
        return int.from_bytes(draw[:6]) < probability * 2**48


def _matches(fault: Fault, target: Target, now: datetime) -> bool:
    return (
        fault.api in (None, target.api)
        and fault.kind not in (_GRAPHQL_ONLY if target.api == "rest" else _REST_ONLY)
        and (fault.path is None or fnmatchcase(target.path, fault.path))
        and _names_subject(fault, target)
        and _names_account(fault, target)
        and (fault.zone is None or fault.zone in target.zones)
        and (fault.since is None or fault.since <= now)
        and (fault.until is None or now < fault.until)
    )


def _names_subject(fault: Fault, target: Target) -> bool:
    asked = {**target.datasets, **target.settings} if fault.kind in _OF_PLAN else target.datasets
    if fault.dataset is not None and fault.dataset not in asked:
        return False
    return fault.product is None or fault.product == target.product or fault.product in asked.values()


def _names_account(fault: Fault, target: Target) -> bool:
    if fault.account is None or fault.account in target.accounts:
        return True
    return fault.kind is Kind.ACCOUNT_GONE and target.path == "/accounts"


def first(faults: Sequence[Fault], *kinds: Kind) -> Fault | None:
    """Return the first fault of one of the kinds, or None."""
    return next((fault for fault in faults if fault.kind in kinds), None)


def about(faults: Sequence[Fault], dataset: Dataset, account_id: str, zone_id: str = "") -> list[Fault]:
    """Return the faults of a request that concern one dataset of one account, or of one of its zones."""
    return [
        fault
        for fault in faults
        if fault.dataset in (None, dataset.name)
        and fault.product in (None, dataset.product)
        and fault.account in (None, account_id)
        and fault.zone in (None, zone_id)
    ]
