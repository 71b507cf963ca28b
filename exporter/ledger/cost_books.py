"""The list cost of all accounts: counters in dollars that follow usage counters and gauges."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from exporter.catalog.dataset import Dataset
from exporter.ledger.counter_books import ApplyContext, CounterBooks, SettleHours
from exporter.ledger.counters import CounterChange, Counters, CounterState, LateUsage, settle_answer
from exporter.ledger.daily_sums import ALL_ALONG
from exporter.ledger.hours import Settlement
from exporter.ledger.keeping import NOTHING_KEPT
from exporter.ledger.list_cost import ListCosts, Tariffs, key_of
from exporter.ledger.publication import PublishedBook, publish_list_costs
from exporter.ledger.roster import Entry, RosterKey
from exporter.ledger.series import SeriesPlan
from exporter.model import Answer, BookKey, Rows


class CostBooks:
    """The counters of list cost. They have keys of their own, derived from those of the datasets with a cost."""

    def __init__(
        self, plans: Mapping[str, SeriesPlan], books: dict[BookKey, Counters], tariffs: Tariffs | None
    ) -> None:
        self._list_costs = ListCosts(tariffs)
        self.counters = CounterBooks(plans, books, self._list_costs.place)

    def show_assets(self, is_wanted: bool) -> None:
        """Publish further cost by asset, or by project only."""
        self._list_costs.shows_assets = is_wanted

    def publish(self, rosters: Mapping[str, Mapping[RosterKey, Entry]]) -> tuple[PublishedBook, ...]:
        """Return the published books of list cost."""
        return publish_list_costs(self.counters.all(), rosters, with_assets=self._list_costs.shows_assets)

    def follow_usage(
        self,
        dataset: Dataset,
        answer: Answer,
        usage: CounterChange,
        counted_until: datetime,
        context: ApplyContext,
    ) -> dict[BookKey, CounterChange]:
        """Return the changes that ``usage``, the effect of an answer, makes to its list cost; empty without a cost.

        If there was no cost before, it begins where usage was counted until (``counted_until``), with its first meter.
        """

        def settle_hours(book: Counters, state: CounterState, _: Answer) -> Settlement:
            return self._list_costs.settle_usage(context.account_id, dataset, usage, book, state)

        if self.counters.find(BookKey(answer.question.scope, key_of(dataset.key))) is None:
            answer = replace(answer, question=replace(answer.question, until=counted_until))
        return self._advance(dataset, answer, context, settle_hours, usage.state.joined)

    def follow_stored(
        self, dataset: Dataset, answer: Answer, levels: Mapping[datetime, Rows], context: ApplyContext
    ) -> dict[BookKey, CounterChange]:
        """Return the changes that an answer about storage makes to its list cost; empty without a cost.

        ``levels`` are the stored amounts in each hour of the answer.
        """
        book = self.counters.find(BookKey(answer.question.scope, key_of(dataset.key)))
        in_money = self._list_costs.answer_about_stored(context.account_id, dataset, answer, levels, book)
        return self._advance(dataset, in_money, context, settle_answer)

    def _advance(
        self,
        dataset: Dataset,
        answer: Answer,
        context: ApplyContext,
        settle_hours: SettleHours,
        joined: Mapping[str, datetime] = ALL_ALONG,
    ) -> dict[BookKey, CounterChange]:
        if not self._list_costs.knows(dataset):
            return {}
        key = BookKey(answer.question.scope, key_of(dataset.key))

        def settle_all(book: Counters, state: CounterState, answer: Answer) -> Settlement:
            settlement = settle_hours(book, state, answer)
            if book.reported_since is not None:
                return settlement
            return self._list_costs.settle_left(context.account_id, dataset, book, settlement, joined)

        # List cost has no audit of its own: late usage found by the usage audit is priced instead.
        return {key: replace(self.counters.advance(key, answer, context, settle_all), kept=NOTHING_KEPT)}

    def add_late(
        self,
        usage: BookKey,
        dataset: Dataset,
        late: LateUsage,
        joined: Mapping[str, datetime],
        context: ApplyContext,
    ) -> dict[BookKey, CounterChange]:
        """Return the changes that late ``usage`` makes to its list cost; empty if the dataset costs nothing.

        ``joined`` are the words and fields that were not counted from the beginning.
        """
        key = BookKey(usage.scope, key_of(usage.dataset))
        in_money = self._list_costs.price(context.account_id, dataset, late.rows, joined)
        made = self.counters.add_late(key, LateUsage(in_money, 0, late.date), context) if in_money else None
        return {key: made} if made else {}
