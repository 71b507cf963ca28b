"""The marks of the closed days of all datasets, and the judgement of answers about them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from exporter.catalog.dataset import Dataset
from exporter.ledger.audit import DayChange, audit, fill
from exporter.ledger.audit_schedule import (
    DayMark,
    DayPart,
    DayTask,
    Horizon,
    Portion,
    after_retiring,
    find_progress,
    find_tasks,
    start_of,
)
from exporter.ledger.counters import Counters, CounterState, LateUsage, meter_open_hours
from exporter.ledger.daily_sums import Metered
from exporter.ledger.false_time import believable
from exporter.ledger.lacking import fill_alone, find_audited
from exporter.ledger.store.change import LedgerChange, Retirement, mark_cuts
from exporter.ledger.store.store import Store
from exporter.model import Amounts, Answer, BookKey, DayProgress, RowKey, merge_rows


class ClosedDays:
    """The marks of closed days by dataset. Only ``take`` changes them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._marks = store.load_marks()

    def find_tasks(
        self, key: BookKey, dataset: Dataset, state: CounterState | None, horizon: Horizon
    ) -> tuple[list[DayTask], DayProgress]:
        """Return the tasks of a dataset's closed days, and their progress."""
        known = self._marks.get(key, {})
        marks = {part: mark for part, mark in known.items() if believable(mark, horizon.now) is not None}
        tasks = find_tasks(key.scope, dataset, state, marks, horizon)
        return tasks, find_progress(dataset, state, marks, tasks, horizon)

    def marks(self) -> Mapping[BookKey, dict[DayPart, DayMark]]:
        """Return the marks of all datasets."""
        return self._marks

    def lacks(self, key: BookKey, dataset: Dataset, part: DayPart) -> bool:
        """Return whether a part of a day is final but for some meters and tallies, which are asked about alone."""
        mark = self._marks.get(key, {}).get(part)
        return mark is not None and bool(mark.lacks(dataset))

    def judge(self, key: BookKey, dataset: Dataset, part: DayPart, answer: Answer, book: Counters | None) -> DayChange:
        """Return the changes that an answer makes to a part of a day."""
        mark = believable(self._marks.get(key, {}).get(part), answer.date)
        if mark is not None and mark.lacks(dataset):
            return fill_alone(dataset, part, mark, answer, self._store.load_part(key, book, part))
        if part.part is Portion.COUNTED:
            joined = book.state.joined if book is not None and book.state is not None else {}
            meters = find_audited(dataset, part.day, joined)
            return audit(dataset, part, mark, answer, self._store.load_kept(key, part.start), meters=meters)
        return fill(dataset, part, mark, answer, self._store.load_part(key, book, part))

    def retire(self, key: BookKey, start: datetime, metered: Metered) -> Retirement:
        """Return the remains of a book that began at ``start`` and now ends; ``metered`` are its open hours."""
        return Retirement(start, metered, after_retiring(self._marks.get(key, {}), start))

    def retire_all(self, books: Mapping[BookKey, Counters]) -> dict[BookKey, Retirement]:
        """Return the remains of counters that all end now."""
        return {
            key: self.retire(key, book.state.start, meter_open_hours(book.dataset, book.open, book.state.joined))
            for key, book in books.items()
            if book.state is not None
        }

    def take(self, change: LedgerChange) -> None:
        """Apply a committed change."""
        self._marks |= {key: retirement.marks for key, retirement in change.retired.items()} | change.begun
        for key, made in change.books.items():
            if made.kept.cuts:
                self._marks.setdefault(key, {}).update(mark_cuts(made))
        for key, days in change.days.items():
            self._marks.setdefault(key, {}).update((day.part, day.mark) for day in days)


def gather_late(days: Sequence[DayChange]) -> LateUsage:
    """Return the late usage that the audits of some days of a dataset found."""
    late: dict[datetime, dict[RowKey, Amounts]] = {}
    for day in days:
        if day.late:
            merge_rows(late.setdefault(start_of(day.part.day), {}), day.late)
    return LateUsage(
        late,
        sum(day.revisions for day in days),
        max(day.mark.answered for day in days),
    )
