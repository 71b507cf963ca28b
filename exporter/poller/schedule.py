"""Who has a turn: as many accounts as the request budget allows, those that waited longest first. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that could be asked: when it last was, since when its lists are due, and what both take.

    Times are monotonic seconds; ``due`` is None if its lists need not be read yet. ``cost`` is in GraphQL requests,
    ``list_cost`` in REST requests.
    """

    account_id: str
    asked_at: float
    due: float | None
    cost: int
    list_cost: int


class Reserve:
    """A twentieth of a budget, saved up turn by turn for what is asked in the background: a budget that the accounts'
    turns use up must not starve it.
    """

    SHARE = 0.05

    def __init__(self) -> None:
        self._saved = 0.0

    def save(self, requests: float) -> None:
        """Put by a share of the requests that a turn is allowed; more is saved up only until it makes a whole one."""
        share = self.SHARE * requests
        self._saved = min(self._saved + share, max(share, 1.0))

    @property
    def saved(self) -> int:
        """Give how many whole requests are put by."""
        return int(self._saved)

    def use(self, requests: int) -> None:
        """Take what was asked beyond what the turn left over."""
        self._saved = max(self._saved - requests, 0.0)


class Turn(NamedTuple):
    """Whether an account is asked now, and whether its lists are read before."""

    is_asked: bool
    is_listed: bool


def share_out(candidates: Sequence[Candidate], graphql: int, rest: int) -> dict[str, Turn]:
    """Give each account's turn within what is left of both budgets.

    Whoever waited longest comes first and nobody is overtaken, so that none starves; the first one always has its
    turn, though its cost may exceed what is left: the client withholds what would be too much.
    """
    asked = _first(sorted((one.asked_at, one.account_id, one.cost) for one in candidates), graphql)
    listed = _first(sorted((one.due, one.account_id, one.list_cost) for one in candidates if one.due is not None), rest)
    return {one.account_id: Turn(one.account_id in asked, one.account_id in listed) for one in candidates}


def stretch_refresh(wanted: timedelta, costs: Sequence[int], per_turn: int) -> timedelta:
    """Give how long it takes until every account has had its turn, if a turn may take so many GraphQL requests.

    ``wanted`` is the time between two turns, ``costs`` what each account takes.
    """
    return max(-(-sum(costs) // per_turn), 1) * wanted


def stretch_discovery(wanted: timedelta, costs: Sequence[int], allowance: int, seconds: float) -> timedelta:
    """Give how long it takes until the lists of every account have been read, with so many requests in ``seconds``."""
    return max(wanted, timedelta(seconds=seconds * sum(costs) / allowance))


class Allotment:
    """What is left of one budget for the turn under way: accounts come to it one after another as tokens list them."""

    def __init__(self, graphql: int, rest: int) -> None:
        self._graphql = graphql
        self._rest = rest
        self._given: set[str] = set()

    def share_out(self, candidates: Sequence[Candidate]) -> dict[str, Turn]:
        """Give the turns of the accounts that have had none yet; the very first is asked whatever it costs."""
        waiting = {one.account_id: one for one in candidates if one.account_id not in self._given}
        if self._given and self._graphql <= 0:
            return {}
        shared = share_out([*waiting.values()], self._graphql, self._rest)
        turns = {account_id: turn for account_id, turn in shared.items() if any(turn)}
        self._given |= turns.keys()
        self._graphql -= sum(waiting[key].cost for key, turn in turns.items() if turn.is_asked)
        self._rest -= sum(waiting[key].list_cost for key, turn in turns.items() if turn.is_listed)
        return turns


def _first(queue: Sequence[tuple[float, str, int]], left: int) -> set[str]:
    chosen: set[str] = set()
    for _, account_id, cost in queue:
        left -= cost
        if chosen and left < 0:
            break
        chosen.add(account_id)
    return chosen
