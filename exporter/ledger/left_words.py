"""The series of words that a limited label keeps no more: when they end, so that a scrape has seen all their growth.

Usage that still comes, as by an audit, brings such a series back at what it had, and then it ends again.
"""

from collections.abc import Iterator, Mapping

from exporter.catalog.entry import Label
from exporter.ledger.chosen_books import ChosenBooks
from exporter.ledger.counters import Counters
from exporter.ledger.series import Birth, BirthHold, SeriesKey
from exporter.ledger.store.change import LedgerChange
from exporter.ledger.unseen_growth import BEFORE
from exporter.model import OTHER, BookKey, Placement

SeriesPlace = tuple[Placement, SeriesKey]


class LeftWords:
    """The newest growth of each value of the limited labels of all books."""

    def __init__(self) -> None:
        self._growth: dict[tuple[BookKey, str], Birth] = {}

    def find(
        self, books: Mapping[BookKey, Counters], chosen: ChosenBooks, hold: BirthHold
    ) -> dict[BookKey, frozenset[SeriesPlace]]:
        """Return the series of an account's books that end, by the account's ``hold``.

        Their words are kept in no open hour, nor later, and have no usage that waits for a series.
        """
        found: dict[BookKey, frozenset[SeriesPlace]] = {}
        for key, book in books.items():
            label, state = book.dataset.limited, book.state
            if label is None or state is None:
                continue
            kept = chosen.of(key).kept_from(min(state.open_from, state.until))
            if state.joined.get(label.dimension, state.start) > state.open_from:
                # Until the label began, its rows have no word.
                kept |= {""}
            staying = {*map(label.value, kept), OTHER, *(_value(label, book, words) for _, words in book.waiting)}
            ended = frozenset(
                place
                for value, place in _series_of(label, book)
                if value not in staying and hold.is_over(self._growth.get((key, value), BEFORE))
            )
            found |= {key: ended} if ended else {}
        return found

    def take(self, change: LedgerChange, books: Mapping[BookKey, Counters], commit_number: int) -> None:
        """Record what a committed change let grow; ``books`` are all counters of usage."""
        for key, made in change.books.items():
            label = books[key].dataset.limited
            if label is not None:
                birth = Birth(made.state.last_success, commit_number)
                self._growth |= {(key, _value(label, books[key], words)): birth for _, words in made.rows}
        if change.retired:
            self._growth = {which: birth for which, birth in self._growth.items() if which[0] not in change.retired}


def _value(label: Label, book: Counters, words: tuple[str, ...]) -> str:
    """Return the value of a label in a row with these words."""
    return label.value(words[book.dataset.words.index(label.dimension)])


def _series_of(label: Label, book: Counters) -> Iterator[tuple[str, SeriesPlace]]:
    """Yield the series that have a label, each with its value, but for those that any asset always has."""
    metrics = enumerate(book.dataset.metrics)
    places = {number: metric.labels.index(label.name) for number, metric in metrics if label.name in metric.labels}
    always = set(book.plan.zeros)
    for placement, there in book.series.items():
        for key in there:
            if key.metric in places and key not in always:
                yield key.values[places[key.metric]], (placement, key)
