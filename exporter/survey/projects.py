"""Projects of accounts: how many assets each has, what their counters say, and what they cost. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporter.holdings import Holdings, Place
from exporter.pricing import AccountCosts, Amount, BudgetCost
from exporter.pricing.attribution import NOTHING, sum_by_key
from exporter.statement import budget_document, dollars_document
from exporter.survey.assets import Choice, amounts_by_place
from exporter.survey.paging import Page, Paging, page_of

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """What a project of an account has: numbers of assets by kind, and sums over everything that is shown as its."""

    account_id: str
    account: str
    project: str
    assets: Mapping[str, int]
    requests: int | None
    errors: int | None
    amount: Amount | None

    @property
    def identity(self) -> tuple[str, ...]:
        """Give what projects are sorted by."""
        return self.account, self.project, self.account_id


@dataclass(frozen=True, slots=True)
class ProductRow:
    """What a product costs in a project of an account."""

    account: str
    product: str
    amount: Amount


def project_rows(
    holdings: Holdings, costs: Mapping[str, AccountCosts], labels: Mapping[str, str], choice: Choice
) -> list[ProjectRow]:
    """Give the projects of which anything is wanted, with the sums of what is wanted; ``labels`` are by account id.

    Usage and cost of what is on no list belong to the project under which they are published.
    """
    assets: dict[tuple[str, str], Counter[str]] = {}
    for holding in holdings.assets:
        if choice.admits(holding.place):
            assets.setdefault(holding.place[:2], Counter())[holding.place.kind] += 1
    requests: dict[tuple[str, str], int] = {}
    errors: dict[tuple[str, str], int] = {}
    for place, use in holdings.uses.items():
        if choice.admits(place):
            for sums, amount in ((requests, use.requests), (errors, use.errors)):
                if amount is not None:
                    sums[place[:2]] = sums.get(place[:2], 0) + amount
    wanted = ((place, amount) for place, amount in amounts_by_place(costs).items() if choice.admits(place))
    amounts = sum_by_key((place[:2], amount) for place, amount in wanted)
    return [
        ProjectRow(
            key[0],
            labels[key[0]],
            key[1],
            assets.get(key, {}),
            requests.get(key),
            errors.get(key),
            amounts.get(key, NOTHING) if key[0] in costs else None,
        )
        for key in assets.keys() | requests.keys() | errors.keys() | amounts.keys()
        if key[0] in labels
    ]


def page_of_projects(rows: Iterable[ProjectRow], paging: Paging) -> Page[ProjectRow]:
    """Give a page of projects, by account and name. Raises QueryError."""
    return page_of(rows, lambda row: row.identity, "projects", paging)


def product_rows(costs: Mapping[str, AccountCosts], project: str, choice: Choice) -> list[ProductRow]:
    """Give what each product costs in a project, account by account, the most expensive first."""
    sums = sum_by_key(
        ((each.account, item.product), item.amount)
        for account_id, each in costs.items()
        for item in each.items
        if item.project == project and choice.admits(Place(account_id, project, item.kind, item.asset))
    )
    rows = [ProductRow(account, product, amount) for (account, product), amount in sums.items()]
    return sorted(rows, key=lambda row: (row.account, -row.amount.to_date, -row.amount.forecast, row.product))


def budgets_of(budgets: Iterable[BudgetCost], project: str, accounts: Sequence[tuple[str, str]]) -> list[BudgetCost]:
    """Give the budgets of a project that count any of some accounts, each of which is an id and a label."""
    names = {name for account in accounts for name in account}
    return [
        each
        for each in budgets
        if each.budget.project == project and (not each.budget.account or each.budget.account in names)
    ]


def project_document(row: ProjectRow) -> Json:
    """Give a project as JSON; dollars are exact, as text, and what nobody knows is null."""
    return {
        "account": row.account,
        "account_id": row.account_id,
        "project": row.project,
        "assets": sum(row.assets.values()),
        "assets_by_kind": dict(sorted(row.assets.items())),
        "requests": row.requests,
        "errors": row.errors,
        **(dict.fromkeys(dollars_document(NOTHING)) if row.amount is None else dollars_document(row.amount)),
    }


def product_document(row: ProductRow) -> Json:
    """Give a product's cost as JSON."""
    return {"account": row.account, "product": row.product, **dollars_document(row.amount)}


def budgets_document(budgets: Iterable[BudgetCost]) -> list[Json]:
    """Give budgets as JSON, as ``/api/costs`` has them."""
    return [budget_document(each) for each in budgets]
