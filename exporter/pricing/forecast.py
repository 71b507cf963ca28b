"""Forecasts of usage for the rest of a cycle; cost is not projected itself, as it rises in steps. Pure.

The likely usage of a day is the mean of the last seven full days, after the highest and lowest of the last fourteen
have been replaced by the second highest and second lowest: a unique day does not predict others, a weekly one does.
Stored quantities continue from their newest level with the median of their daily changes.
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
    """The low, likely and high usage of a day; for stored quantities, the change of the level."""

    low: int
    likely: int
    high: int


NOTHING = Outlook(0, 0, 0)


class Outlooks(NamedTuple):
    """Outlooks by meter: of the account, and of its assets by id, with the newest levels of stored quantities."""

    of_account: Mapping[str, Outlook]
    of_assets: Mapping[str, Mapping[str, Outlook]]
    levels: Mapping[str, Mapping[str, int]]


def outlook(history: Sequence[int], *, is_stored: bool) -> Outlook:
    """Return the outlook for the amounts of full days, newest last; days before the first use do not count."""
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
    """Replace the highest and the lowest day by the next ones, if there are enough days."""
    if len(days) <= 3:
        return list(days)
    ordered = sorted(days)
    return [min(max(amount, ordered[1]), ordered[-2]) for amount in days]


def _mean(amounts: Sequence[int]) -> int:
    return sum(amounts) // len(amounts) if amounts else 0


class Now(NamedTuple):
    """The progress of a cycle: its usage is known up to ``until``."""

    cycle: Cycle
    until: datetime

    @property
    def today(self) -> date:
        """Return the current day, or the last one if the cycle is over."""
        return min(self.until.date(), self.cycle.end - DAY)

    @property
    def is_over(self) -> bool:
        """Return whether the usage of the whole cycle is known."""
        return self.until >= self.cycle.ends_at

    def days_ahead(self) -> int:
        """Return the number of whole days still to come."""
        return 0 if self.is_over else (self.cycle.end - self.today).days - 1

    def seconds_ahead(self) -> int:
        """Return the number of seconds left of today."""
        if self.is_over:
            return 0
        return DAY_SECONDS - int((self.until - self.until.replace(hour=0, minute=0, second=0, microsecond=0)).seconds)


def usage_ahead(daily: int, now: Now) -> dict[date, int]:
    """Return the usage of the rest of the cycle by day, at ``daily`` per day."""
    if now.is_over or not daily:
        return {}
    today = now.today
    rest = {today: daily * now.seconds_ahead() // DAY_SECONDS}
    return rest | {today + number * DAY: daily for number in range(1, now.days_ahead() + 1)}


def levels_ahead(level: int, change: int, now: Now, *, is_told_today: bool) -> dict[date, int]:
    """Return the peaks of the days to come, from the newest level with a daily change; never negative."""
    first = 1 if is_told_today else 0
    if now.is_over or not (level or change):
        return {}
    today = now.today
    return {today + number * DAY: max(level + number * change, 0) for number in range(first, now.days_ahead() + 1)}


def usage_of_first_day(today: int, now: Now) -> int:
    """Return the projected usage of a whole day from its beginning alone."""
    passed = DAY_SECONDS - now.seconds_ahead()
    return today * DAY_SECONDS // passed if passed >= MINUTES_TO_JUDGE * 60 else 0


MINUTES_TO_JUDGE = 30
"""The least time of a day from which its usage is projected."""


class History:
    """The amounts of the last full days by meter and asset."""

    def __init__(self, last: date) -> None:
        self._last = last
        self._days: dict[str, dict[str, list[int]]] = {}

    def window(self) -> list[date]:
        """Return the days of the history, oldest first."""
        return [self._last - number * DAY for number in reversed(range(HISTORY_DAYS))]

    def place_of(self, day: date) -> int | None:
        """Return the place of a day in the window; None if it is not in it."""
        place = HISTORY_DAYS - 1 - (self._last - day).days
        return place if 0 <= place < HISTORY_DAYS else None

    def add(self, place: int, meter: str, asset: str, amount: int) -> None:
        """Add the daily sum of a day, by its place in the window."""
        assets = self._days.setdefault(meter, {})
        known = assets.get(asset)
        if known is None:
            known = assets[asset] = [0] * HISTORY_DAYS
        known[place] += amount

    def amounts(self) -> dict[str, dict[str, list[int]]]:
        """Return the amounts of each meter and asset, oldest day first."""
        return self._days
