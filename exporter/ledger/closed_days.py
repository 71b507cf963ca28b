"""The marks of the closed days of all datasets, and what an answer about one comes to."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from exporter.catalog.entry import Dataset
from exporter.ledger.audit import DayChange, audit, fill
from exporter.ledger.audit_schedule import DayPart, DayTask, Horizon, Portion, after_retiring, find_progress, find_tasks
from exporter.ledger.counters import Counters, CounterState
from exporter.ledger.store.store import Store
from exporter.ledger.store.writer import Retirement
from exporter.model import Answer, BookKey, DailyKey, DayProgress


class ClosedDays:
    """Knows what was heard of which day; a change counts once it has been committed and is taken over."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._marks = store.load_marks()

    def find_tasks(
        self, key: BookKey, dataset: Dataset, state: CounterState | None, reach: Horizon
    ) -> tuple[list[DayTask], DayProgress]:
        """Return what is to be asked of a dataset's closed days, and how far they have come."""
        marks = self._marks.get(key, {})
        tasks = find_tasks(dataset, state, marks, reach)
        return tasks, find_progress(dataset, state, marks, tasks, reach)

    def judge(self, key: BookKey, dataset: Dataset, part: DayPart, answer: Answer, book: Counters | None) -> DayChange:
        """Return what an answer about a part of a day changes."""
        mark = self._marks.get(key, {}).get(part)
        if part.part is Portion.COUNTED:
            return audit(dataset, part, mark, answer, self._store.load_kept(key, part.day))
        return fill(dataset, part, mark, answer, self._store.load_uncounted(key, book, part.day))

    def take(self, days: Mapping[BookKey, Sequence[DayChange]]) -> None:
        """Take over what was committed."""
        for key, changes in days.items():
            self._marks.setdefault(key, {}).update((change.part, change.mark) for change in changes)

    def retire(self, key: BookKey, start: datetime, daily: dict[DailyKey, int]) -> Retirement:
        """Return what stays of a book that began at ``start`` and ends."""
        return Retirement(start, daily, after_retiring(self._marks.get(key, {}), start))

    def take_retired(self, retired: Mapping[BookKey, Retirement]) -> None:
        """Take over what was committed of books that ended."""
        self._marks |= {key: retirement.marks for key, retirement in retired.items()}
