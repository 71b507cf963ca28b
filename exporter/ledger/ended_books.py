"""The books of zones that left their account: when they ended, and the time whose usage is lost.

A zone that comes back, there or in another account, is counted anew from its first answer on. Its usage before that
belongs to where it was, so the days before are not filled in.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from exporter.ledger.audit_schedule import FILLED_DAYS, DayMark, DayPart, Portion
from exporter.ledger.counters import Counters, meter_open_hours
from exporter.ledger.daily_sums import NOTHING_METERED
from exporter.ledger.store.change import Ended, LedgerChange, Retirement
from exporter.model import DAY, ZONE, BookKey, Scope, floor_minute


class EndedBooks:
    """The books of zones that ended and are not counted there again. Only ``take`` changes them."""

    def __init__(self, stored: Mapping[BookKey, Ended]) -> None:
        self._ended = dict(stored)

    def gaps(self) -> dict[BookKey, timedelta]:
        """Return the time whose usage is lost, by the keys of the books that ended."""
        return {key: ended.gap for key, ended in self._ended.items()}

    def begin(self, change: LedgerChange, keys: Iterable[BookKey]) -> None:
        """Let the books of a change that begin go on from those that ended before: of the same zone, in any account."""
        for key in keys:
            before = {
                other: ended.at
                for other, ended in self._ended.items()
                if _is_same_zone(key, other) and ended.at is not None
            }
            if not before:
                continue
            made = change.books[key]
            known = self._ended[key].gap if key in self._ended else timedelta(0)
            gap = known + max(made.state.start - max(before.values()), timedelta(0))
            change.books[key] = replace(made, state=made.state._replace(gap=gap))
            change.begun[key] = _unfilled(made.state.start, made.state.last_success)
            change.resumed |= before.keys() - {key}

    def take(self, change: LedgerChange) -> None:
        """Apply a committed change."""
        for key in change.begun:
            self._ended.pop(key, None)
        self._ended |= {key: self._ended[key]._replace(at=None) for key in change.resumed}
        if change.pruned is not None:
            gone = {Scope(change.pruned.account_id, asset) for kind, asset in change.pruned.assets if kind == ZONE}
            self._ended = {key: ended for key, ended in self._ended.items() if key.scope not in gone}
        self._ended |= {key: retired.ended for key, retired in change.retired.items() if retired.ended is not None}


def end_book(book: Counters, date: datetime) -> Retirement:
    """Return the remains of a book whose zone was found to have left at ``date``; its open hours end as they are."""
    if book.state is None:
        return Retirement(date, NOTHING_METERED, {}, keeps_left=True)
    # Questions are on whole minutes, so what follows elsewhere is counted from one on.
    known = max(book.state.until, book.state.start)
    ended = max(floor_minute(date), known)
    gap = book.state.gap + ended - known
    metered = meter_open_hours(book.dataset, book.open, book.state.joined)
    return Retirement(book.state.start, metered, {}, Ended(ended, gap), keeps_left=True)


def _is_same_zone(key: BookKey, other: BookKey) -> bool:
    return (key.scope.zone_id, key.dataset) == (other.scope.zone_id, other.dataset)


def _unfilled(start: datetime, date: datetime) -> dict[DayPart, DayMark]:
    """Return the marks by which no day before ``start`` is filled in."""
    days = ((start - back * DAY).date() for back in range(FILLED_DAYS + 1))
    return {DayPart(day, Portion.BEFORE): DayMark(date, is_final=True) for day in days}
