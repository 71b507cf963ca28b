"""Billing cycles: anchored months of 28 to 31 days, in UTC.

https://developers.cloudflare.com/billing/understand/how-billing-works/: the first paid purchase sets the day.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time

from exporter.model import DAY

CALENDAR_MONTH = 1
"""The anchor day of cycles that are calendar months."""


@dataclass(frozen=True, slots=True, order=True)
class Cycle:
    """The days from ``start`` until ``end``, which is the first day of the next cycle."""

    start: date
    end: date

    def __str__(self) -> str:
        """Return it as people read it everywhere: both ends are midnights, so the cycle after it begins at its end."""
        return f"{self.start} to {self.end}"

    @property
    def length(self) -> int:
        """Return the number of days."""
        return (self.end - self.start).days

    @property
    def starts_at(self) -> datetime:
        """Return the start of the first day."""
        return datetime.combine(self.start, time(), UTC)

    @property
    def ends_at(self) -> datetime:
        """Return the start of the next cycle."""
        return datetime.combine(self.end, time(), UTC)

    def days(self) -> Iterator[date]:
        """Return the days in order."""
        return (self.start + number * DAY for number in range(self.length))


def cycle_of(day: date, anchor_day: int = CALENDAR_MONTH) -> Cycle:
    """Return the cycle that contains a day. An anchor beyond a month's end means its last day.

    The cycles at the two ends of the calendar are cut there.
    """
    start = _anchored(day.year, day.month, anchor_day)
    if day < start:
        return Cycle(_anchored(*_month_before(day.year, day.month), anchor_day), start)
    return Cycle(start, _anchored(*_month_after(day.year, day.month), anchor_day))


def anchor_of(period: Cycle) -> int:
    """Return the anchor day of a cycle; one that a short month cut is told by its other end.

    One that is no anchored month begins on its own day.
    """
    days = (period.start.day, period.end.day)
    return next((day for day in days if cycle_of(period.start, day) == period), period.start.day)


@dataclass(frozen=True, slots=True)
class Cycles:
    """The cycles of an account, one after the other.

    ``period`` is one of them as Cloudflare states it; those before and after continue from its ends.
    """

    anchor_day: int = CALENDAR_MONTH
    period: Cycle | None = None

    def of(self, day: date) -> Cycle:
        """Return the cycle that contains a day."""
        if self.period is None:
            return cycle_of(day, self.anchor_day)
        if self.period.start <= day < self.period.end:
            return self.period
        return cycle_of(day, self._anchor_at(self.period.start if day < self.period.start else self.period.end))

    def _anchor_at(self, day: date) -> int:
        """Return the anchor day of cycles of which one begins on a day."""
        return self.anchor_day if day == _anchored(day.year, day.month, self.anchor_day) else day.day


def _anchored(year: int, month: int, anchor_day: int) -> date:
    if year < MINYEAR:
        return date.min
    if year > MAXYEAR:
        return date.max
    return date(year, month, min(anchor_day, monthrange(year, month)[1]))


def _month_before(year: int, month: int) -> tuple[int, int]:
    return (year, month - 1) if month > 1 else (year - 1, 12)


def _month_after(year: int, month: int) -> tuple[int, int]:
    return (year, month + 1) if month < 12 else (year + 1, 1)
