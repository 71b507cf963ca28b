"""Who has a turn: as many accounts as the request budget allows, those that waited longest first. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
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


def _first(queue: Sequence[tuple[float, str, int]], left: int) -> set[str]:
    chosen: set[str] = set()
    for _, account_id, cost in queue:
        left -= cost
        if chosen and left < 0:
            break
        chosen.add(account_id)
    return chosen
