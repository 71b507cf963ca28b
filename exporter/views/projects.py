"""Projects of accounts with their number of assets, usage and costs. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from exporter.costs import budget_document, dollars_document
from exporter.metrics.asset_usage import AssetPlace, AssetUsage
from exporter.pricing import AccountCosts, BudgetCost, CostAmount, CostItem
from exporter.pricing.attribution import NOTHING, sum_by_key
from exporter.views.assets import AssetFilter
from exporter.views.paging import Order, in_order

Json = dict[str, Any]


class ProjectTotals(NamedTuple):
    """The totals of one kind of asset in a project of an account: the number of assets, and sums over them."""

    assets: int = 0
    requests: int | None = None
    errors: int | None = None
    amount: CostAmount = NOTHING


TotalsByProject = Mapping[AssetPlace, ProjectTotals]
"""Totals by account, project and kind: by places whose asset is empty."""


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project of an account: numbers of assets by kind, and sums over everything shown in the project."""

    account_id: str
    account: str
    project: str
    assets: Mapping[str, int]
    requests: int | None
    errors: int | None
    amount: CostAmount | None

    @property
    def identity(self) -> tuple[str, ...]:
        """Return the sort key of projects."""
        return self.account, self.project, self.account_id


@dataclass(frozen=True, slots=True)
class ProductRow:
    """The cost of a product in a project of an account."""

    account: str
    product: str
    amount: CostAmount


def totals_of(asset_usage: AssetUsage, amounts: Mapping[AssetPlace, CostAmount]) -> TotalsByProject:
    """Return the totals of each kind in each project.

    Usage and costs of unlisted assets belong to the project under which they are published.
    """
    assets = Counter(_whole(listed.place) for listed in asset_usage.assets)
    requests: dict[AssetPlace, int] = {}
    errors: dict[AssetPlace, int] = {}
    for place, use in asset_usage.uses.items():
        whole = _whole(place)
        for sums, amount in ((requests, use.requests), (errors, use.errors)):
            if amount is not None:
                sums[whole] = sums.get(whole, 0) + amount
    dollars = sum_by_key((_whole(place), amount) for place, amount in amounts.items())
    return {
        place: ProjectTotals(assets[place], requests.get(place), errors.get(place), dollars.get(place, NOTHING))
        for place in assets.keys() | requests.keys() | errors.keys() | dollars.keys()
    }


def _whole(place: AssetPlace) -> AssetPlace:
    return place._replace(asset="")


def project_rows(
    shares: TotalsByProject, asset_filter: AssetFilter, costs: Mapping[str, AccountCosts], labels: Mapping[str, str]
) -> Order[ProjectRow]:
    """Return the projects with anything selected, by account and name, with the sums of the selection.

    ``costs`` and ``labels`` are by account id.
    """
    found: dict[tuple[str, str], list[tuple[str, ProjectTotals]]] = {}
    for place, share in shares.items():
        if asset_filter.admits(place) and place.account_id in labels:
            found.setdefault((place.account_id, place.project), []).append((place.kind, share))
    amounts = sum_by_key((key, share.amount) for key, those in found.items() for _, share in those)
    rows = [
        ProjectRow(
            account_id,
            labels[account_id],
            project,
            {kind: share.assets for kind, share in sorted(those) if share.assets},
            sum_known(share.requests for _, share in those),
            sum_known(share.errors for _, share in those),
            amounts[account_id, project] if account_id in costs else None,
        )
        for (account_id, project), those in found.items()
    ]
    return in_order(rows, lambda row: row.identity, "projects")


def sum_known(amounts: Iterable[int | None]) -> int | None:
    """Return the sum of the known amounts; None if there are none."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def product_rows(items: Iterable[tuple[str, str, CostItem]], asset_filter: AssetFilter) -> list[ProductRow]:
    """Return the cost of each product by account, the most expensive first.

    Each item comes with its account's id and label.
    """
    sums = sum_by_key(
        ((account, item.product), item.amount)
        for account_id, account, item in items
        if asset_filter.admits(AssetPlace(account_id, item.project, item.kind, item.asset))
    )
    rows = [ProductRow(account, product, amount) for (account, product), amount in sums.items()]
    return sorted(rows, key=lambda row: (row.account, -row.amount.to_date, -row.amount.forecast, row.product))


def budgets_of(budgets: Iterable[BudgetCost], project: str, accounts: Sequence[tuple[str, str]]) -> list[BudgetCost]:
    """Return the budgets of a project that apply to any of these accounts, given as pairs of id and label."""
    names = {name for account in accounts for name in account}
    return [
        each
        for each in budgets
        if each.budget.project == project and (not each.budget.account or each.budget.account in names)
    ]


def project_document(row: ProjectRow) -> Json:
    """Return a project as JSON; dollars are exact, as text, and unknown values are null."""
    return {
        "account": row.account,
        "account_id": row.account_id,
        "project": row.project,
        "assets": sum(row.assets.values()),
        "assets_by_kind": dict(row.assets),
        "requests": row.requests,
        "errors": row.errors,
        **(dict.fromkeys(dollars_document(NOTHING)) if row.amount is None else dollars_document(row.amount)),
    }


def product_document(row: ProductRow) -> Json:
    """Return a product's cost as JSON."""
    return {"account": row.account, "product": row.product, **dollars_document(row.amount)}


def budgets_document(budgets: Iterable[BudgetCost]) -> list[Json]:
    """Return budgets as JSON, as in ``/api/costs``."""
    return [budget_document(each) for each in budgets]
