"""How the simulated Cloudflare misbehaves: declared faults, the first that match a request are applied."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from hashlib import sha256


class Kind(StrEnum):
    """What goes wrong."""

    HTTP_STATUS = "http_status"
    THROTTLE = "throttle"
    DISCONNECT = "disconnect"
    SLOW = "slow"
    TRUNCATED_BODY = "truncated_body"
    SHORT_LIST = "short_list"
    ALIAS_ERROR = "alias_error"
    DOCUMENT_ERROR = "document_error"
    BUDGET_ERROR = "budget_error"
    ACCOUNTS_EMPTY = "accounts_empty"
    EMPTY = "empty"
    LOWER = "lower"


_ENDING = frozenset({Kind.HTTP_STATUS, Kind.THROTTLE, Kind.DISCONNECT, Kind.DOCUMENT_ERROR, Kind.BUDGET_ERROR})
"""Kinds that are the whole answer, so that nothing after them can apply."""

_REST_ONLY = frozenset({Kind.SHORT_LIST})
_GRAPHQL_ONLY = frozenset(
    {Kind.ALIAS_ERROR, Kind.DOCUMENT_ERROR, Kind.BUDGET_ERROR, Kind.ACCOUNTS_EMPTY, Kind.EMPTY, Kind.LOWER}
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault, and the requests that it hits: those that match everything that is given.

    `api` is rest or graphql, `path` a glob over the path below /client/v4, `since` and `until` are simulated times,
    `times` how many requests are hit at most and `probability` how many of those that match, decided by the seed.
    `status` and `html` belong to http_status, `seconds` to slow and to throttle's retry-after, `message` and `code`
    to the GraphQL errors, `fraction` (what is left, in thousandths) to lower.
    """

    kind: Kind
    api: str | None = None
    path: str | None = None
    dataset: str | None = None
    account: str | None = None
    product: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    times: int | None = None
    probability: float = 1.0
    status: int = 500
    html: bool = False
    seconds: float = 0
    message: str = "Internal server error"
    code: str | None = None
    fraction: int = 500

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", Kind(self.kind))


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a request is about, for faults to match."""

    api: str
    path: str
    accounts: frozenset[str]
    datasets: frozenset[str]
    products: frozenset[str]


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
        """Declare faults, after those that there are."""
        self._declared.extend(_Declared(fault, fault.times) for fault in faults)

    def clear(self) -> None:
        """Behave again."""
        self._declared.clear()

    def declared(self) -> Sequence[Fault]:
        """The faults that can still hit."""
        return [entry.fault for entry in self._declared if entry.left != 0]

    def hitting(self, target: Target, now: datetime, request_number: int) -> tuple[Fault, ...]:
        """The faults that hit this request. Each call uses up one of a fault's `times`."""
        if not self._declared:
            return ()
        hit = []
        for number, entry in enumerate(self._declared):
            if entry.left == 0 or not _matches(entry.fault, target, now):
                continue
            if not self._is_drawn(entry.fault.probability, number, request_number):
                continue
            if entry.left is not None:
                entry.left -= 1
            hit.append(entry.fault)
            if entry.fault.kind in _ENDING:
                break
        return tuple(hit)

    def _is_drawn(self, probability: float, number: int, request_number: int) -> bool:
        draw = sha256(f"{self._seed}/{number}/{request_number}".encode()).digest()
        return int.from_bytes(draw[:6]) < probability * 2**48


def _matches(fault: Fault, target: Target, now: datetime) -> bool:
    return (
        fault.api in (None, target.api)
        and fault.kind not in (_GRAPHQL_ONLY if target.api == "rest" else _REST_ONLY)
        and (fault.path is None or fnmatchcase(target.path, fault.path))
        and (fault.dataset is None or fault.dataset in target.datasets)
        and (fault.account is None or fault.account in target.accounts)
        and (fault.product is None or fault.product in target.products)
        and (fault.since is None or fault.since <= now)
        and (fault.until is None or now < fault.until)
    )


def first(faults: Sequence[Fault], *kinds: Kind) -> Fault | None:
    """The first of the faults that is of one of the kinds."""
    return next((fault for fault in faults if fault.kind in kinds), None)
