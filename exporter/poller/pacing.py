"""How often each asset is read where each takes a request: as its dataset wants, or as the budget allows. No I/O."""

import math
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from exporter.poller.schedule import Reserve

LEAST_REQUESTS = 10
"""A refresh sends so many before it spreads them: a few assets are all read at once."""


FREE_SHARE = 0.15
"""The share of a budget that readings leave free beside what lists take, so that steady reading is no tight budget."""


class Round(NamedTuple):
    """The reading of all assets of a dataset: so many ``requests`` each ``interval``."""

    requests: int
    interval: timedelta


class ReadingPace(NamedTuple):
    """The requests that a refresh may send for readings, and by how much the budget stretches their intervals."""

    requests: int
    stretch: float = 1.0


def requests_kept(lists: Sequence[int], allowance: int) -> int:
    """Return the requests of five minutes that readings leave to lists, which take so many each, and to others.

    A twentieth of the ``allowance`` is for readings whatever lists take, as nobody may starve.
    """
    kept = sum(lists) + round(allowance * FREE_SHARE)
    return min(kept, allowance - max(round(allowance * Reserve.SHARE), 1))


def stretch(rounds: Iterable[Round], kept: int, listed: float, allowance: int, seconds: float) -> float:
    """Return by how much intervals grow so that readings fit into a budget; 1 if they fit.

    Of the ``allowance`` for so many ``seconds``, some are ``kept`` for lists, which on average take ``listed`` more.
    """
    wanted = sum(each.requests * seconds / each.interval.total_seconds() for each in rounds)
    room = max(allowance - kept - listed, allowance * Reserve.SHARE, 1.0)
    return max(wanted / room, 1.0)


def requests_per_refresh(rounds: Sequence[Round], refresh: timedelta, stretched: float) -> int:
    """Return the requests that each refresh sends so that the rounds are spread evenly over their intervals."""
    spread = sum(each.requests * (refresh / each.interval) for each in rounds) / stretched
    return min(max(math.ceil(spread), LEAST_REQUESTS), sum(each.requests for each in rounds))
