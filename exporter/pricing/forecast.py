"""How much will be used by the end of a cycle: usage is projected, never cost, for that goes up in steps. Pure.

What is likely is the mean of the last seven full days, after the highest and the lowest of the last fourteen have been
brought down and up to the next: a day that was like no other says nothing of those to come, one that comes every week
does. What is stored goes on from its newest level by the median of its daily changes.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import NamedTuple

from exporter.model import DAY
from exporter.pricing.cycle import Cycle

HISTORY_DAYS = 14
WEEK = 7
DAY_SECONDS = 86_400


class Outlook(NamedTuple):
    """What a day will bring at least, likely and at most: usage, or by how much what is stored changes."""

    low: int
    likely: int
    high: int


NOTHING = Outlook(0, 0, 0)


class Outlooks(NamedTuple):
    """Outlooks by meter: of the account, and of its assets by id, with the newest level of what is stored."""

    of_account: Mapping[str, Outlook]
    of_assets: Mapping[str, Mapping[str, Outlook]]
    levels: Mapping[str, Mapping[str, int]]


def outlook(history: Sequence[int], *, is_stored: bool) -> Outlook:
    """Return the outlook from the amounts of full days, newest last; days before the first use do not count."""
    days = _since_first_use(history)
    if is_stored:
        return _of_changes([after - before for before, after in pairwise(days)])
    return _of_usage(days)


def _since_first_use(history: Sequence[int]) -> Sequence[int]:
    first = next((index for index, amount in enumerate(history) if amount), len(history))
    return history[first:]


def _of_usage(days: Sequence[int]) -> Outlook:
    if not days:
        return NOTHING
    tamed = _tame(days)
    week, before = tamed[-WEEK:], tamed[:-WEEK]
    likely = _mean(week)
    trend = likely - _mean(before) if len(before) == WEEK else 0
    ordered = sorted(tamed)
    half = (len(ordered) + 1) // 2
    low, high = _mean(ordered[:half]), _mean(ordered[-half:])
    return Outlook(min(low, likely), likely, max(high, likely + trend, likely))


def _of_changes(changes: Sequence[int]) -> Outlook:
    if not changes:
        return NOTHING
    ordered = sorted(changes)
    likely = ordered[len(ordered) // 2] if len(ordered) % 2 else _mean(ordered[len(ordered) // 2 - 1 :][:2])
    half = (len(ordered) + 1) // 2
    return Outlook(min(0, likely), likely, max(_mean(ordered[-half:]), likely))


def _tame(days: Sequence[int]) -> list[int]:
    """Bring the highest day down to the next highest, and the lowest up, if there are enough to tell."""
    if len(days) <= 3:
        return list(days)
    ordered = sorted(days)
    return [min(max(amount, ordered[1]), ordered[-2]) for amount in days]


def _mean(amounts: Sequence[int]) -> int:
    return sum(amounts) // len(amounts) if amounts else 0


class Now(NamedTuple):
    """How far a cycle is: up to ``until`` its usage is known."""

    cycle: Cycle
    until: datetime

    @property
    def today(self) -> date:
        """Return the day that is under way; the last one if the cycle is over."""
        return min(self.until.date(), self.cycle.end - DAY)

    @property
    def is_over(self) -> bool:
        """Return whether all of the cycle is known."""
        return self.until >= self.cycle.ends_at

    def days_ahead(self) -> int:
        """Return how many whole days are still to come."""
        return 0 if self.is_over else (self.cycle.end - self.today).days - 1

    def seconds_ahead(self) -> int:
        """Return how much of today is still to come."""
        if self.is_over:
            return 0
        return DAY_SECONDS - int((self.until - self.until.replace(hour=0, minute=0, second=0, microsecond=0)).seconds)


def usage_ahead(daily: int, now: Now) -> dict[date, int]:
    """Return what the rest of the cycle will use, by day, at so much a day."""
    if now.is_over or not daily:
        return {}
    today = now.today
    rest = {today: daily * now.seconds_ahead() // DAY_SECONDS}
    return rest | {today + number * DAY: daily for number in range(1, now.days_ahead() + 1)}


def levels_ahead(level: int, change: int, now: Now, *, is_told_today: bool) -> dict[date, int]:
    """Return the peaks of the days to come from the newest level, changing by so much a day; never below nothing."""
    first = 1 if is_told_today else 0
    if now.is_over or not (level or change):
        return {}
    today = now.today
    return {today + number * DAY: max(level + number * change, 0) for number in range(first, now.days_ahead() + 1)}


def usage_of_first_day(today: int, now: Now) -> int:
    """Return what a day will bring, from nothing but what its beginning has brought."""
    passed = DAY_SECONDS - now.seconds_ahead()
    return today * DAY_SECONDS // passed if passed >= MINUTES_TO_JUDGE * 60 else 0


MINUTES_TO_JUDGE = 30
"""A shorter beginning of a day says nothing about the rest of it."""


class History:
    """The amounts of the last full days, by meter and asset."""

    def __init__(self, last: date) -> None:
        self._last = last
        self._days: dict[str, dict[str, list[int]]] = {}

    def window(self) -> list[date]:
        """Return its days, the oldest first."""
        return [self._last - number * DAY for number in reversed(range(HISTORY_DAYS))]

    def add(self, day: date, meter: str, asset: str, amount: int) -> None:
        """Add a daily sum; of other days it takes no notice."""
        place = HISTORY_DAYS - 1 - (self._last - day).days
        if 0 <= place < HISTORY_DAYS:
            self._days.setdefault(meter, {}).setdefault(asset, [0] * HISTORY_DAYS)[place] += amount

    def amounts(self) -> dict[str, dict[str, list[int]]]:
        """Return the amounts of each meter and asset, the oldest day first."""
        return self._days
