"""The list cost of all accounts: counters in dollars, fed by the same answers as usage counters and gauges."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from exporter.catalog.entry import Dataset
from exporter.ledger.counter_books import ApplyContext, CounterBooks
from exporter.ledger.counters import CounterChange, Counters, LateUsage
from exporter.ledger.list_cost import ListCosts, Tariffs, key_of
from exporter.ledger.publication import PublishedBook, publish_list_costs
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

    def publish(self) -> tuple[PublishedBook, ...]:
        """Return the published books of list cost."""
        return publish_list_costs(self.counters.all(), with_assets=self._list_costs.shows_assets)

    def advance(
        self, dataset: Dataset, answer: Answer, levels: Mapping[datetime, Rows], context: ApplyContext
    ) -> dict[BookKey, CounterChange]:
        """Return the changes that an answer makes to its dataset's list cost; empty if the dataset costs nothing.

        ``levels`` are the stored amounts in each hour of an answer about storage.
        """
        key = (context.account_id, key_of(dataset.key))
        in_money = self._list_costs.answer(context.account_id, dataset, answer, levels, self.counters.find(key))
        if in_money is None:
            return {}
        # List cost has no audit of its own: late usage found by the usage audit is priced instead.
        return {key: replace(self.counters.advance(key, in_money, context), kept={})}

    def add_late(self, dataset: Dataset, late: LateUsage, context: ApplyContext) -> dict[BookKey, CounterChange]:
        """Return the changes that late usage makes to its dataset's list cost; empty if the dataset costs nothing."""
        key = (context.account_id, key_of(dataset.key))
        in_money = self._list_costs.price(context.account_id, dataset, late.rows)
        made = self.counters.add_late(key, LateUsage(in_money, 0, late.date), context) if in_money else None
        return {key: made} if made else {}
