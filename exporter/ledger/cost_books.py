"""The list cost of all accounts: counters in money, which hear the same answers as those of usage and the gauges."""

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
    """Counters of list cost. They stand under keys of their own; it is asked by the key of what costs."""

    def __init__(
        self, plans: Mapping[str, SeriesPlan], books: dict[BookKey, Counters], tariffs: Tariffs | None
    ) -> None:
        self._list_costs = ListCosts(tariffs)
        self.counters = CounterBooks(plans, books, self._list_costs.place)

    def show_assets(self, is_wanted: bool) -> None:
        """Let further cost be published for each asset, or only for the projects."""
        self._list_costs.shows_assets = is_wanted

    def publish(self) -> tuple[PublishedBook, ...]:
        """Return the cost as it is published."""
        return publish_list_costs(self.counters.all(), with_assets=self._list_costs.shows_assets)

    def advance(
        self, dataset: Dataset, answer: Answer, levels: Mapping[datetime, Rows], context: ApplyContext
    ) -> dict[BookKey, CounterChange]:
        """Return what an answer about a dataset changes in its cost; nothing if it costs nothing.

        ``levels`` are what was stored in the hours that an answer about storage tells.
        """
        key = (context.account_id, key_of(dataset.key))
        in_money = self._list_costs.answer(context.account_id, dataset, answer, levels, self.counters.find(key))
        if in_money is None:
            return {}
        # No audit compares money: it prices what the audit of the usage finds.
        return {key: replace(self.counters.advance(key, in_money, context), kept={})}

    def add_late(self, dataset: Dataset, late: LateUsage, context: ApplyContext) -> dict[BookKey, CounterChange]:
        """Return what usage of a dataset that audits found changes in its cost; nothing if it costs nothing."""
        key = (context.account_id, key_of(dataset.key))
        in_money = self._list_costs.price(context.account_id, dataset, late.rows)
        made = self.counters.add_late(key, LateUsage(in_money, 0, late.date), context) if in_money else None
        return {key: made} if made else {}
