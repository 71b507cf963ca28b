"""Which accounts a refresh asks: as many as the request budget allows, longest-waiting first. No I/O."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that could be asked: when it last was, since when its lists are due, and what asking and listing cost.

    Times are monotonic seconds; ``due`` is None if its lists need not be read yet. ``requests`` is in GraphQL requests
    of its ``pool``, ``list_requests`` in REST requests.
    """

    account_id: str
    asked_at: float
    due: float | None
    requests: int
    list_requests: int
    pool: str = ""


class Reserve:
    """A twentieth of a budget, saved up over refreshes, which would otherwise starve background questions."""

    SHARE = 0.05

    def __init__(self) -> None:
        self._saved = 0.0

    def save(self, requests: float) -> None:
        """Save a share of a refresh's ``requests``; the savings never exceed that share, or one request if larger."""
        share = self.SHARE * requests
        self._saved = min(self._saved + share, max(share, 1.0))

    @property
    def saved(self) -> int:
        """The number of whole requests saved."""
        return int(self._saved)

    def use(self, requests: int) -> None:
        """Spend savings on ``requests``, the number that exceeds what the refresh left over."""
        self._saved = max(self._saved - requests, 0.0)


class Grant(NamedTuple):
    """What one refresh lets an account do: ask for usage, and read its lists first."""

    may_ask: bool
    may_list: bool


def allocate(candidates: Sequence[Candidate], graphql: Mapping[str, int], rest: int) -> dict[str, Grant]:
    """Return each account's grant within what is left of each pool of GraphQL requests, and of REST requests.

    The longest-waiting account comes first and nobody overtakes it, so none starves. The first is always asked, even
    if its cost exceeds what is left: the client holds back requests that exceed the budget.
    """
    asked: set[str] = set()
    for pool in {one.pool for one in candidates}:
        queue = sorted((one.asked_at, one.account_id, one.requests) for one in candidates if one.pool == pool)
        asked |= _first(queue, graphql[pool])
    listed = _first(
        sorted((one.due, one.account_id, one.list_requests) for one in candidates if one.due is not None), rest
    )
    return {one.account_id: Grant(one.account_id in asked, one.account_id in listed) for one in candidates}


def effective_refresh_interval(wanted: timedelta, costs: Sequence[int], per_refresh: int) -> timedelta:
    """Return the time it takes to ask every account, if each refresh may send ``per_refresh`` GraphQL requests.

    ``wanted`` is the time between two refreshes, ``costs`` the requests that each account takes.
    """
    return max(-(-sum(costs) // per_refresh), 1) * wanted


def effective_discovery_interval(wanted: timedelta, costs: Sequence[int], allowance: int, seconds: float) -> timedelta:
    """Return the time it takes to read the lists of every account, with ``allowance`` requests in ``seconds``."""
    return max(wanted, timedelta(seconds=seconds * sum(costs) / allowance))


class Allotment:
    """What is left of one budget for the refresh under way; accounts draw on it as tokens list them.

    ``graphql`` returns what a pool has at the beginning.
    """

    def __init__(self, graphql: Callable[[str], int], rest: int) -> None:
        self._at_first = graphql
        self._graphql: dict[str, int] = {}
        self._rest = rest
        self._given: set[str] = set()
        self._used: set[str] = set()

    def allocate(self, candidates: Sequence[Candidate]) -> dict[str, Grant]:
        """Return grants for the accounts that have none yet; the first of a pool is asked whatever it costs."""
        for pool in {one.pool for one in candidates} - self._graphql.keys():
            self._graphql[pool] = self._at_first(pool)
        waiting = {
            one.account_id: one
            for one in candidates
            if one.account_id not in self._given and (one.pool not in self._used or self._graphql[one.pool] > 0)
        }
        shared = allocate([*waiting.values()], self._graphql, self._rest)
        grants = {account_id: grant for account_id, grant in shared.items() if any(grant)}
        self._given |= grants.keys()
        self._used |= {waiting[key].pool for key in grants}
        for key, grant in grants.items():
            self._graphql[waiting[key].pool] -= waiting[key].requests if grant.may_ask else 0
        self._rest -= sum(waiting[key].list_requests for key, grant in grants.items() if grant.may_list)
        return grants


def _first(queue: Sequence[tuple[float, str, int]], left: int) -> set[str]:
    chosen: set[str] = set()
    for _, account_id, requests in queue:
        left -= requests
        if chosen and left < 0:
            break
        chosen.add(account_id)
    return chosen
