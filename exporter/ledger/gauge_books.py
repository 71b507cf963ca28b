"""The gauges of all accounts. Changes are computed beside them, and applied once they are committed."""

from collections.abc import Mapping
from datetime import datetime

from exporter.ledger.gauges import GaugeChange, Gauges, presence, read
from exporter.ledger.roster import Entry, RosterKey
from exporter.ledger.series import SeriesPlan
from exporter.ledger.store.change import LedgerChange
from exporter.model import Answer, BookKey


class GaugeBooks:
    """The readings of the states and windows of all accounts. Only ``take`` changes them."""

    def __init__(self, plans: Mapping[str, SeriesPlan], books: dict[BookKey, Gauges]) -> None:
        self._plans = plans
        self._books = books

    def all(self) -> Mapping[BookKey, Gauges]:
        """Return the books of all scopes."""
        return self._books

    def find(self, key: BookKey) -> Gauges | None:
        """Return the book of a dataset of an account; None if it was never read."""
        return self._books.get(key)

    def newest(self, key: BookKey) -> datetime | None:
        """Return the newest hour known of a dataset of an account; None if there is none."""
        book = self._books.get(key)
        return book.state.newest if book and book.state else None

    def read(self, key: BookKey, answer: Answer, roster: Mapping[RosterKey, Entry]) -> GaugeChange:
        """Return the changes that an answer makes to the readings of a dataset, given the account's roster."""
        plan = self._plans[key.dataset]
        book = self._books.get(key) or Gauges(plan)
        return read(book, answer, lambda asset: presence(plan.dataset.kind, asset, roster))

    def take(self, change: LedgerChange) -> None:
        """Apply a committed change."""
        for key in change.retired:
            self._books.pop(key, None)
        for key, made in change.readings.items():
            self._books.setdefault(key, Gauges(self._plans[key.dataset])).merge(made)
