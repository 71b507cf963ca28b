"""The words that limited labels keep, by book."""

from collections.abc import Iterable, Mapping
from datetime import date

from exporter.ledger.choices import NOTHING_CHOSEN, ChosenWords, ranking_of
from exporter.ledger.counter_books import CounterBooks
from exporter.ledger.plans import Plans
from exporter.ledger.store.change import LedgerChange
from exporter.model import Answer, BookKey, ceil_day, floor_day


class ChosenBooks:
    """The chosen words of all books that have a limited label. Only ``take`` changes them."""

    def __init__(self, plans: Plans, stored: Mapping[BookKey, ChosenWords]) -> None:
        self._plans = plans
        self._chosen = dict(stored)

    def of(self, key: BookKey) -> ChosenWords:
        """Return the chosen words of a book."""
        return self._chosen.get(key, NOTHING_CHOSEN)

    def lacks(self, key: BookKey, day: date, usage: CounterBooks) -> bool:
        """Return whether the words of a closed day are to be ranked: it had usage, or counting has not begun."""
        book = usage.find(key)
        newest = book.state.newest if book and book.state else None
        is_of_use = book is None or (newest is not None and newest.date() >= day)
        return is_of_use and day not in self.of(key).rankings

    def rank(self, change: LedgerChange, answers: Iterable[Answer], usage: CounterBooks) -> None:
        """Add to a change the words that the rankings among its answers choose; one before counting began is left.

        Those of a book that begins with this change hold at once, for no row of it has been asked yet.
        """
        for answer in answers:
            key = answer.question.book
            label, book = self._plans.datasets[key.dataset].dataset.limited, usage.find(key)
            known = book.state if book else None
            state = change.books[key].state if key in change.books else known
            if label is not None and state is not None and answer.question.is_ranking:
                since = floor_day(state.start) if known is None else ceil_day(state.until)
                day = answer.question.since.date()
                change.chosen[key] = self.of(key).ranked(day, ranking_of(answer), since, label.top)

    def take(self, change: LedgerChange) -> None:
        """Apply a committed change."""
        for key in change.retired:
            self._chosen.pop(key, None)
        self._chosen |= change.chosen
