"""The books of all accounts: an answer is applied to its dataset's counters or gauges, and to its list cost."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from exporter.ledger.audit_schedule import DayMark, DayPart
from exporter.ledger.cost_books import CostBooks
from exporter.ledger.counter_books import ApplyContext, CounterBooks
from exporter.ledger.counters import Counters, CounterState, LateUsage
from exporter.ledger.daily_sums import NOTHING_METERED
from exporter.ledger.ended_books import end_book
from exporter.ledger.false_time import begins_in_future, bring_back, bring_gauges_back, end_false_start, is_ahead
from exporter.ledger.fit import check_counters, check_gauges
from exporter.ledger.gauge_books import GaugeBooks
from exporter.ledger.gauges import Gauges, GaugeState, Presence, presence
from exporter.ledger.list_cost import Tariffs
from exporter.ledger.loading import StoredBooks
from exporter.ledger.plans import Plans
from exporter.ledger.publication import PublishedBook, publish_books
from exporter.ledger.roster import Entry, RosterKey
from exporter.ledger.store.change import LedgerChange, Retirement
from exporter.model import Answer, BookKey, Placement, Scope


class Books:
    """Counters, gauges and list cost of all accounts. Only ``take`` changes them."""

    def __init__(self, plans: Plans, stored: StoredBooks, tariffs: Tariffs | None) -> None:
        self._plans = plans
        self.usage = CounterBooks(plans.datasets, stored.usage)
        self.gauges = GaugeBooks(plans.datasets, stored.gauges)
        self.costs = CostBooks(plans.list_costs, stored.list_costs, tariffs)

    def counters(self) -> dict[BookKey, Counters]:
        """Return all counters, of usage and of list cost."""
        return {**self.usage.all(), **self.costs.counters.all()}

    def _all(self) -> dict[BookKey, Counters | Gauges]:
        return {**self.counters(), **self.gauges.all()}

    def open_from(self, key: BookKey) -> datetime | None:
        """Return the oldest open hour of counters, or the newest hour of gauges; None if the book has not begun."""
        book = self.usage.find(key)
        return book.state.open_from if book and book.state else self.gauges.newest(key)

    def state(self, key: BookKey) -> CounterState | GaugeState | None:
        """Return the progress of a book; None if it has not begun."""
        book = self.usage.find(key) or self.gauges.find(key)
        return book.state if book else None

    def count_rows(self, key: BookKey) -> int:
        """Return an upper estimate of the rows in one day of a dataset: states have a row per hour."""
        book, gauges = self.usage.find(key), self.gauges.find(key)
        return len(book.rows) if book else 24 * len(gauges.rows) if gauges else 0

    def apply(self, change: LedgerChange, answer: Answer, context: ApplyContext) -> None:
        """Add the effects of an answer to a change."""
        key = answer.question.book
        dataset = self._plans.datasets[key.dataset].dataset
        if dataset.is_counted:
            answer, known = self.usage.fold(key, self.usage.cut(key, answer)), self.usage.find(key)
            change.books[key] = self.usage.advance(key, answer, context)
            counted_until = known.state.until if known and known.state else answer.question.until
            change.costs |= self.costs.follow_usage(dataset, answer, change.books[key], counted_until, context)
        else:
            change.readings[key] = self.gauges.read(key, answer, context.roster)
            change.costs |= self.costs.follow_stored(dataset, answer, change.readings[key].levels, context)

    def add_late(self, change: LedgerChange, key: BookKey, late: LateUsage, context: ApplyContext) -> None:
        """Add the effects of late usage of a book, found by audits, to a change."""
        made = self.usage.add_late(key, late, context)
        if made is not None:
            change.books[key] = made
            dataset = self._plans.datasets[key.dataset].dataset
            change.costs |= self.costs.add_late(key, dataset, late, made.state.joined, context)

    def end_zones(self, gone: Collection[Scope], date: datetime) -> dict[BookKey, Retirement]:
        """Return the remains of the books of zones that were found at ``date`` to have left their account."""
        ended = {key: end_book(book, date) for key, book in self.usage.all().items() if key.scope in gone}
        others = (*self.costs.counters.all(), *self.gauges.all())
        return ended | {
            key: Retirement(date, NOTHING_METERED, {}, keeps_left=True) for key in others if key.scope in gone
        }

    def busy_assets(self, account_id: str) -> set[RosterKey]:
        """Return the assets of an account with usage in an open hour, or with some that no series has received yet."""
        return self.usage.busy_assets(account_id)

    def newest_readings(self, account_id: str) -> dict[RosterKey, datetime]:
        """Return the newest time that a reading of a gauge has, of each asset of an account."""
        newest: dict[RosterKey, datetime] = {}
        for key, book in self.gauges.all().items():
            for (asset, _), reading in book.rows.items() if key.scope.account_id == account_id else ():
                which = (book.dataset.kind, asset)
                newest[which] = max(reading.at, newest.get(which, reading.at))
        return newest

    def held_assets(self, account_id: str, roster: Mapping[RosterKey, Entry]) -> set[RosterKey]:
        """Return the assets of an account that open hours, waiting rows or exposed readings name."""
        held = {
            (book.dataset.kind, asset)
            for key, book in self.counters().items()
            if key.scope.account_id == account_id
            for asset in book.held_assets()
        }
        shown = (
            (book.dataset.kind, asset)
            for key, book in self.gauges.all().items()
            if key.scope.account_id == account_id
            for asset, _ in book.rows
        )
        return held | {which for which in shown if presence(*which, roster) is not Presence.GONE}

    def find_rows(self, account_id: str, assets: Collection[RosterKey]) -> dict[BookKey, frozenset[str]]:
        """Return the ids of those of some assets that have rows or readings in the books of their kind."""
        books = {key: book for key, book in self._all().items() if key.scope.account_id == account_id}
        found = {
            key: frozenset(asset for asset, _ in book.rows if (book.dataset.kind, asset) in assets)
            for key, book in books.items()
        }
        return {key: ids for key, ids in found.items() if ids}

    def find_left(
        self, account_id: str, vacated: Mapping[str, frozenset[Placement]]
    ) -> dict[BookKey, frozenset[Placement]]:
        """Return, for each book of an account, the placements that it loses because no asset of a kind has them now."""
        return self.usage.find_left(account_id, vacated) | self.costs.counters.find_left(account_id, vacated)

    def find_placements(self, account_ids: Iterable[str]) -> dict[BookKey, frozenset[Placement]]:
        """Return all placements with series in the books of some accounts."""
        wanted = set(account_ids)
        return {key: frozenset(book.series) for key, book in self.counters().items() if key.scope.account_id in wanted}

    def find_signatures(self, change: LedgerChange) -> dict[BookKey, str]:
        """Return the signatures of the books that a change touches."""
        touched = {
            key: self._plans.datasets[key.dataset] for key in (*change.books, *change.readings, *change.carried_gauges)
        }
        touched |= {key: self._plans.list_costs[key.dataset] for key in change.costs}
        signatures = {key: plan.signature for key, plan in touched.items()}
        return signatures | {key: carried.book.plan.signature for key, carried in change.carried.items()}

    def find_touched(self, change: LedgerChange) -> dict[BookKey, Counters]:
        """Return the begun counters that a change advances, whose closed days it sets or whose series leave."""
        found = {key: self.usage.find(key) for key in (*change.books, *change.days)}
        found |= {key: self.costs.counters.find(key) for key in change.costs}
        found |= {key: self.usage.find(key) or self.costs.counters.find(key) for key in change.left}
        return {key: book for key, book in found.items() if book is not None}

    def publish(
        self, rosters: Mapping[str, Mapping[RosterKey, Entry]], now: datetime | None, latest: datetime | None
    ) -> tuple[PublishedBook, ...]:
        """Return the published books of counters and gauges; windows that are too old at ``now`` are left out.

        No time after ``latest`` is shown.
        """
        return publish_books(self.usage.all(), self.gauges.all(), rosters, now, latest)

    def find_ahead(self, account_id: str, now: datetime) -> dict[BookKey, Counters | Gauges]:
        """Return the books of an account whose progress a false time put into the future."""
        books = self._all().items()
        return {key: book for key, book in books if key.scope.account_id == account_id and is_ahead(book, now)}

    def bring_back(
        self, ahead: Mapping[BookKey, Counters | Gauges], marks: Mapping[BookKey, dict[DayPart, DayMark]], now: datetime
    ) -> LedgerChange:
        """Return the change that makes the progress of books end ``now``."""
        change = LedgerChange()
        for key, book in ahead.items():
            if isinstance(book, Gauges):
                if book.state is not None:
                    change.readings[key] = bring_gauges_back(book, book.state, now)
            elif book.state is not None and begins_in_future(book, now):
                change.retired[key] = end_false_start(book.state.start, marks.get(key, {}), now)
            elif book.state is not None:
                books = change.costs if key.dataset in self._plans.list_costs else change.books
                books[key] = bring_back(book, book.state, now)
        return change

    def check(self, rosters: Mapping[str, Mapping[RosterKey, Entry]]) -> None:
        """Raise LookupError or ValueError if a row or a reading does not fit its dataset, or a series its metric."""
        for counters in self.counters().values():
            check_counters(counters)
        for gauges in self.gauges.all().values():
            check_gauges(gauges)
        publish_books({}, self.gauges.all(), rosters, None)

    def take(self, change: LedgerChange) -> None:
        """Apply a committed change."""
        self.usage.take(change, change.books)
        self.costs.counters.take(change, change.costs)
        self.gauges.take(change)
        if change.pruned is not None:
            books = self._all()
            for key, assets in change.pruned.books.items():
                books[key].drop_assets(assets)
