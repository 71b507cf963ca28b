"""The counters of all accounts. Changes are computed beside them, and applied once they are committed."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from exporter.ledger.counters import (
    CounterChange,
    Counters,
    CounterState,
    LateUsage,
    PublishContext,
    add_late,
    advance,
    meter_open_hours,
    settle_answer,
    start_counters,
)
from exporter.ledger.daily_sums import ALL_ALONG, Metered, add_daily, meter_settled
from exporter.ledger.folding import cut_answer, fold_answer
from exporter.ledger.hours import Settlement
from exporter.ledger.left_series import Recall
from exporter.ledger.roster import Entry, RosterKey, listed_placements, place_row
from exporter.ledger.series import SeriesPlan
from exporter.ledger.store.change import LedgerChange
from exporter.model import Answer, BookKey, DailyKey, Placement, Scope

SettleHours = Callable[[Counters, CounterState, Answer], Settlement]
"""Returns what an answer does to the open hours of a book."""


class ApplyContext(NamedTuple):
    """The context in which answers are applied to an account.

    ``roster`` is the account's, ``scraped`` the newest commit that a scrape was answered with, and ``commit_number``
    the number that the change will have. ``label`` is the account's, ``recall`` returns what left.
    """

    account_id: str
    roster: Mapping[RosterKey, Entry]
    scraped: int
    commit_number: int
    label: str
    recall: Recall


class CounterBooks:
    """The counters of all accounts, either of usage or of list cost.

    Only ``take`` changes them. ``place`` maps the placements of usage to those of these amounts.
    """

    def __init__(
        self,
        plans: Mapping[str, SeriesPlan],
        books: dict[BookKey, Counters],
        place: Callable[[Mapping[str, Placement]], Mapping[str, Placement]] = dict,
    ) -> None:
        self._plans = plans
        self._books = books
        self._place = place

    def all(self) -> Mapping[BookKey, Counters]:
        """Return the books of all accounts."""
        return self._books

    def find(self, key: BookKey) -> Counters | None:
        """Return the book of a dataset of an account; None if counting has not begun."""
        return self._books.get(key)

    def of_account(self, account_id: str) -> dict[BookKey, Counters]:
        """Return the books of an account and its zones."""
        return {key: book for key, book in self._books.items() if key.scope.account_id == account_id}

    def until(self, account_id: str) -> datetime | None:
        """Return the newest time until which any dataset of the account was asked."""
        states = (book.state for book in self.of_account(account_id).values())
        return max((state.until for state in states if state), default=None)

    def busy_assets(self, account_id: str) -> set[RosterKey]:
        """Return the assets of an account with usage in an open hour, or with some that no series has received yet.

        A zone's hours end with it.
        """
        books = [book for key, book in self.of_account(account_id).items() if not key.scope.zone_id]
        used = {
            (book.dataset.kind, asset)
            for book in books
            for hour in book.open.values()
            for (asset, _), amounts in hour.rows.items()
            if any(amounts)
        }
        return used | {(book.dataset.kind, asset) for book in books for asset, _ in book.waiting}

    def open_sums(self, account_id: str) -> dict[DailyKey, int]:
        """Return the amounts that an account's open hours add to its daily sums."""
        sums: dict[DailyKey, int] = {}
        for book in self.of_account(account_id).values():
            add_daily(sums, meter_open_hours(book.dataset, book.open, _joined(book)).sums())
        return sums

    def open_hours(self, account_id: str, asset: str) -> list[Metered]:
        """Return the amounts of an asset in the open hours of each book of an account, by meter."""
        return [
            meter_settled(
                book.dataset,
                {
                    hour: {row: amounts for row, amounts in known.rows.items() if row[0] == asset}
                    for hour, known in book.open.items()
                },
                _joined(book),
            )
            for book in self.of_account(account_id).values()
        ]

    def find_left(
        self, account_id: str, vacated: Mapping[str, frozenset[Placement]]
    ) -> dict[BookKey, frozenset[Placement]]:
        """Return, by book of an account, the placements it loses because no asset of a kind has them any more."""
        return {
            key: vacated[book.dataset.kind]
            for key, book in self.of_account(account_id).items()
            if book.dataset.kind in vacated and not book.series.keys().isdisjoint(vacated[book.dataset.kind])
        }

    def fold(self, key: BookKey, answer: Answer) -> Answer:
        """Return an answer with only what was counted in each of its hours."""
        book = self._books.get(key)
        return fold_answer(answer, book.dataset, book.state.joined) if book and book.state else answer

    def cut(self, key: BookKey, answer: Answer) -> Answer:
        """Return an answer with only what it says of open hours. Raises ValueError if it mixes in older usage.

        One about several zones may reach further back; what is settled is final.
        """
        book = self._books.get(key)
        return cut_answer(answer, book.state.open_from) if book and book.state else answer

    def advance(
        self,
        key: BookKey,
        answer: Answer,
        context: ApplyContext,
        settle_hours: SettleHours = settle_answer,
    ) -> CounterChange:
        """Return the changes that an answer makes; the first answer begins the book."""
        book = self._books.get(key)
        if book is None or book.state is None:
            plan = self._plans[key.dataset]
            return start_counters(plan, answer, self._publish_context(key.scope, plan.dataset.kind, set(), context))
        settlement = settle_hours(book, book.state, answer)
        assets = {asset for rows in settlement.settled.values() for asset, _ in rows}
        assets |= {asset for hour in settlement.open.values() for asset, _ in hour.rows}
        return advance(book, book.state, answer, settlement, self._publish_context_of(key.scope, book, assets, context))

    def add_late(self, key: BookKey, late: LateUsage, context: ApplyContext) -> CounterChange | None:
        """Return the changes that late usage makes; None if counting has not begun."""
        book = self._books.get(key)
        if book is None or book.state is None:
            return None
        assets = {asset for rows in late.rows.values() for asset, _ in rows}
        return add_late(book, book.state, late, self._publish_context_of(key.scope, book, assets, context))

    def take(self, change: LedgerChange, books: Mapping[BookKey, CounterChange]) -> None:
        """Apply a committed change; ``books`` are its changes to these counters."""
        for key, departure in change.left.items():
            if key in self._books:
                self._books[key].drop_series(departure)
        for key in change.retired:
            self._books.pop(key, None)
        for key, inherited in change.inherited.items():
            if key in self._books:
                self._books[key].take_over(inherited)
        for key, made in books.items():
            self._books.setdefault(key, Counters(self._plans[key.dataset])).merge(made)

    def _publish_context_of(
        self, scope: Scope, book: Counters, assets: set[str], context: ApplyContext
    ) -> PublishContext:
        """Return the context for publishing the rows of some assets, and the waiting rows."""
        return self._publish_context(scope, book.dataset.kind, assets | {asset for asset, _ in book.waiting}, context)

    def _publish_context(self, scope: Scope, kind: str, assets: set[str], context: ApplyContext) -> PublishContext:
        placed = {asset: place_row(kind, asset, context.roster) for asset in assets}
        placements = {asset: placement for asset, placement in placed.items() if placement is not None}
        return PublishContext(
            self._place(placements),
            _listed_in(scope, kind, context.roster),
            context.scraped,
            context.commit_number,
            context.label,
            context.recall,
        )


def _listed_in(scope: Scope, kind: str, roster: Mapping[RosterKey, Entry]) -> list[Placement]:
    """Return the placements of all known assets of a kind that a scope's books are about: a zone's only of itself."""
    if not scope.zone_id:
        return listed_placements(roster, kind)
    key = (kind, scope.zone_id)
    return listed_placements({key: roster[key]} if key in roster else {}, kind)


def _joined(book: Counters) -> Mapping[str, datetime]:
    return ALL_ALONG if book.state is None else book.state.joined
