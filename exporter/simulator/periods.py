"""Anchored billing periods: months and years that begin on the day of an anchor, at midnight UTC."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, order=True)
class Period:
    """The days from ``start`` until ``end``, exclusive."""

    start: datetime
    end: datetime

    @property
    def days(self) -> int:
        """Return the number of days."""
        return (self.end - self.start).days


def period_at(anchor: datetime, when: datetime, *, months: int = 1) -> Period:
    """Return the period of ``months`` months that contains ``when``, which may be before the anchor.

    Each begins on the anchor's own day, so that a period cut by a short month does not shift later ones.
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
