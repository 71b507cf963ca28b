"""Anchored billing periods: months and years that begin on the day of an anchor, at midnight UTC."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, order=True)
class Period:
    """From `start` up to `end`, exclusive."""

    start: datetime
    end: datetime

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days


def period_at(anchor: datetime, when: datetime, *, months: int = 1) -> Period:
    """The period of so many months that contains `when`; there are such before the anchor too.

    Each begins on the anchor's own day, so that one that a short month cuts does not shift those that follow.
    """
    anchor, when = anchor.astimezone(UTC), when.astimezone(UTC)
    passed = (when.year - anchor.year) * 12 + when.month - anchor.month
    number = passed // months
    if when < _start(anchor, number * months):
        number -= 1
    return Period(_start(anchor, number * months), _start(anchor, (number + 1) * months))


def _start(anchor: datetime, months: int) -> datetime:
    years, month = divmod(anchor.month - 1 + months, 12)
    year = anchor.year + years
    day = min(anchor.day, monthrange(year, month + 1)[1])
    return datetime(year, month + 1, day, tzinfo=UTC)
