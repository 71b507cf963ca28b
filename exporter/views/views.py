"""Views of the assets, projects and texts at one moment; expensive results are computed once for all readers."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from exporter.metrics.asset_usage import AssetPlace, AssetUsage
from exporter.metrics.label_texts import LabelTexts
from exporter.pricing import AccountCosts, BudgetCost, CostAmount, CostItem
from exporter.pricing.attribution import sum_by_key
from exporter.views.assets import AssetFilter, AssetRow, asset_rows, assets_in_order
from exporter.views.groups import Group, group_by_project, groups_in_order, sums_of_assets, wants
from exporter.views.paging import Order
from exporter.views.projects import (
    ProductRow,
    ProjectRow,
    TotalsByProject,
    budgets_of,
    product_rows,
    project_rows,
    totals_of,
)
from exporter.views.texts import TextRow, text_rows

ORDERS_KEPT = 4
"""The number of orders that are cached; with thousands of assets each takes a megabyte or two."""


class Views:
    """Assets and their costs, by asset and by project. Immutable; ``labels`` are by account id."""

    def __init__(
        self,
        asset_usage: AssetUsage,
        costs: Mapping[str, AccountCosts],
        budgets: Sequence[BudgetCost],
        labels: Mapping[str, str],
        texts: Sequence[LabelTexts] = (),
    ) -> None:
        self._holdings = asset_usage
        self._costs = costs
        self._budgets = budgets
        self._labels = labels
        self._texts = texts
        self._orders: dict[tuple[str, str], Order[AssetRow]] = {}

    def assets(self, sort: str, direction: str) -> Order[AssetRow]:
        """Return all assets in an order. Raises QueryError."""
        order = self._orders.get((sort, direction))
        if order is None:
            order = assets_in_order(self._rows, sort, direction)
            if len(self._orders) >= ORDERS_KEPT:
                self._orders.clear()
            self._orders[sort, direction] = order
        return order

    def projects(self, asset_filter: AssetFilter) -> Order[ProjectRow]:
        """Return the projects with anything selected, with the sums of the selection."""
        return project_rows(self._shares, asset_filter, self._costs, self._labels)

    def groups(self, asset_filter: AssetFilter, text: str, sort: str, direction: str) -> Order[Group]:
        """Return the projects with their assets that pass the filter and have the text in their name or id.

        With a text the sums are those of the matching assets; otherwise unlisted usage is included, as in ``projects``.
        Raises QueryError.
        """
        wanted = [row for _, row in self.assets(sort, direction).keyed if wants(row, asset_filter, text)]
        projects = sums_of_assets(wanted) if text else [row for _, row in self.projects(asset_filter).keyed]
        return groups_in_order(group_by_project(wanted, projects), sort, direction)

    def products(self, project: str, asset_filter: AssetFilter) -> list[ProductRow]:
        """Return the cost of each product in a project."""
        return product_rows(self._items.get(project, ()), asset_filter)

    def budgets(self, project: str, accounts: Sequence[tuple[str, str]]) -> list[BudgetCost]:
        """Return the budgets of a project that count any of some accounts, given as pairs of id and label."""
        return budgets_of(self._budgets, project, accounts)

    @cached_property
    def totals(self) -> dict[str, CostAmount]:
        """The cost of each account with known costs, by id."""
        return {account_id: costs.amount for account_id, costs in self._costs.items()}

    @cached_property
    def texts(self) -> Order[TextRow]:
        """The texts whose hashes are values of labels."""
        return text_rows(self._texts, self._labels)

    @cached_property
    def _rows(self) -> tuple[AssetRow, ...]:
        return asset_rows(self._holdings, self._costs, self._amounts)

    @cached_property
    def _amounts(self) -> dict[AssetPlace, CostAmount]:
        """Return the cost published under each place; subscriptions have no asset."""
        return sum_by_key(
            (AssetPlace(account_id, item.project, item.kind, item.asset), item.amount)
            for account_id, each in self._costs.items()
            for item in each.items
        )

    @cached_property
    def _shares(self) -> TotalsByProject:
        return totals_of(self._holdings, self._amounts)

    @cached_property
    def _items(self) -> dict[str, list[tuple[str, str, CostItem]]]:
        items: dict[str, list[tuple[str, str, CostItem]]] = {}
        for account_id, each in self._costs.items():
            for item in each.items:
                items.setdefault(item.project, []).append((account_id, each.account, item))
        return items
