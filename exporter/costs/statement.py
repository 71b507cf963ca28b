"""Costs of some accounts in one period, grouped as requested, or two projects or periods side by side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from exporter.costs.history import CURRENT, CostHistory, QueryError, is_period, unknown
from exporter.pricing import AccountCosts, Budget, BudgetCost, CostAmount, CostItem, MeterCost, budget_costs
from exporter.pricing.attribution import SUBSCRIPTION, sum_amounts
from exporter.pricing.excess import describe_excess, find_excess
from exporter.pricing.money import ZERO, add

GROUPS: Mapping[str, tuple[str, ...]] = {
    "account": (),
    "project": ("project",),
    "product": ("product",),
    "meter": ("product", "meter"),
    "asset": ("project", "kind", "asset"),
    "item": ("project", "product", "meter", "kind", "asset"),
    "day": ("day",),
}
"""The groupings of costs, each with the columns that a row has besides the account."""


@dataclass(frozen=True, slots=True)
class StatementQuery:
    """The query of a statement. ``compare`` are two projects or two periods; empty: no comparison."""

    by: str = "project"
    accounts: tuple[str, ...] = ()
    period: str = CURRENT
    compare: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise QueryError if the query is invalid."""
        if self.by not in GROUPS:
            raise QueryError(f"Costs cannot be grouped by '{self.by}': use {', '.join(GROUPS)}.")
        if self.compare and len(self.compare) != 2:
            raise QueryError("A comparison takes two projects or two periods, separated by a comma.")


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One line: its column values and its dollars. ``quantity`` and ``unit`` are set for a single meter."""

    account: str
    labels: Mapping[str, str]
    amount: CostAmount
    quantity: Fraction | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of a comparison, in the requested order."""

    labels: Mapping[str, str]
    first: CostAmount
    second: CostAmount


@dataclass(frozen=True, slots=True)
class Statement:
    """The costs of some accounts in one period, in rows or compared; ``notes`` say what is not fully known."""

    query: StatementQuery
    accounts: tuple[AccountCosts, ...]
    rows: tuple[StatementRow, ...]
    budgets: tuple[BudgetCost, ...]
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()


def make_statement(query: StatementQuery, history: CostHistory) -> Statement:
    """Return the statement for a query. Raises QueryError."""
    query.check()
    accounts = history.accounts(query.accounts)
    costs = tuple(history.costs(account, query.period) for account in accounts)
    if not query.compare or not is_period(query.compare[0]):
        return state_costs(query, costs, history.rules.budgets)
    first, second = ([history.costs(account, period) for account in accounts] for period in query.compare)
    differences = _differences(query.by, _items(first), _items(second))
    budgets = budget_costs(history.rules.budgets, costs)
    return Statement(query, costs, (), budgets, differences, _notes([*first, *second]))


def state_costs(query: StatementQuery, costs: Sequence[AccountCosts], budgets: Iterable[Budget]) -> Statement:
    """Return the statement of costs that are already computed. Raises QueryError."""
    query.check()
    stood = budget_costs(budgets, costs)
    if query.compare:
        names = {item.project for each in costs for item in each.items}
        for project in query.compare:
            if project not in names:
                raise unknown("project", project, sorted(names))
        first, second = ([each for each in _items(costs) if each[1].project == project] for project in query.compare)
        by = "meter" if query.by == "project" else query.by
        return Statement(query, tuple(costs), (), stood, _differences(by, first, second))
    rows = [row for each in costs for row in _rows(query.by, each)]
    return Statement(query, tuple(costs), tuple(rows), stood, notes=_notes(costs))


def _notes(costs: Sequence[AccountCosts]) -> tuple[str, ...]:
    """Return notes: plans that the usage contradicts, cycles not fully known, and lines that are estimated in part."""
    found = ((each, find_excess(each)) for each in costs)
    contradicted = (describe_excess(each, excess) for each, excess in found if excess is not None)
    unknown_before = (
        f"{each.account}, cycle from {each.cycle.start}: no usage is known before {each.known_from or each.cycle.end}, "
        "so the cost shown is too low."
        for each in costs
        if each.known_from is None or each.known_from > each.cycle.start
    )
    estimated = (
        f"{each.account}, cycle from {each.cycle.start}: {cost.product} {each.card.meters[cost.meter].name} is "
        f"{estimate_note(cost)}."
        for each in costs
        for cost in each.meters
        if cost.estimated_days
    )
    return (*contradicted, *unknown_before, *estimated)


def estimate_note(cost: MeterCost) -> str:
    """Return the words that say that a line is estimated in part; empty if it is not."""
    if not cost.estimated_days:
        return ""
    days = f"{cost.estimated_days} day{'' if cost.estimated_days == 1 else 's'}"
    return f"estimated in part: on {days} something was not read, and counts as the last reading before"


def _items(costs: Iterable[AccountCosts]) -> list[tuple[str, CostItem]]:
    """Return all items, each with its account."""
    return [(each.account, item) for each in costs for item in each.items]


def _rows(by: str, costs: AccountCosts) -> list[StatementRow]:
    if by == "day":
        return [StatementRow(costs.account, {"day": str(day)}, amount) for day, amount in daily(costs)]
    groups = _grouped(by, costs.items)
    rows = [StatementRow(costs.account, labels, sum_amounts(item.amount for item in items)) for labels, items in groups]
    if "meter" in GROUPS[by]:
        rows = [_with_quantity(row, items, costs) for row, (_, items) in zip(rows, groups, strict=True)]
    return sorted(rows, key=lambda row: (-row.amount.to_date, -row.amount.forecast, *row.labels.values()))


def _with_quantity(row: StatementRow, items: Sequence[CostItem], costs: AccountCosts) -> StatementRow:
    """Return a row of one meter with its usage; a subscription has no quantity."""
    if any(item.kind == SUBSCRIPTION for item in items):
        return row
    unit = costs.card.meters[row.labels["meter"]].unit
    return StatementRow(row.account, row.labels, row.amount, sum((item.quantity for item in items), Fraction(0)), unit)


def _grouped(by: str, items: Iterable[CostItem]) -> list[tuple[dict[str, str], list[CostItem]]]:
    names = GROUPS[by]
    groups: dict[tuple[str, ...], list[CostItem]] = {}
    for item in items:
        groups.setdefault(tuple(getattr(item, name) for name in names), []).append(item)
    return [(dict(zip(names, key, strict=True)), those) for key, those in groups.items()]


def _differences(
    by: str, first: Iterable[tuple[str, CostItem]], second: Iterable[tuple[str, CostItem]]
) -> tuple[Difference, ...]:
    if by == "day":
        raise QueryError("Days cannot be compared: group by project, product, meter, asset or account.")
    before, after = _compared(by, first), _compared(by, second)
    found = [
        Difference(dict(key), sum_amounts(before.get(key, ())), sum_amounts(after.get(key, ())))
        for key in dict.fromkeys((*before, *after))
    ]
    return tuple(
        sorted(found, key=lambda each: (-abs(each.second.to_date - each.first.to_date), *each.labels.values()))
    )


def _compared(by: str, items: Iterable[tuple[str, CostItem]]) -> dict[tuple[tuple[str, str], ...], list[CostAmount]]:
    """Return the amounts to compare, by labels; summed over all accounts unless grouped by account."""
    groups: dict[tuple[tuple[str, str], ...], list[CostAmount]] = {}
    for account, item in items:
        labels = [("account", account)] if by == "account" else [(name, getattr(item, name)) for name in GROUPS[by]]
        groups.setdefault(tuple(labels), []).append(item.amount)
    return groups


def daily(costs: AccountCosts) -> list[tuple[date, CostAmount]]:
    """Return the amount that each day of the cycle so far added to its cost; subscriptions are on the first day.

    The whole price of a block falls on the day on which the block begins, as on Cloudflare's bill.
    """
    fixed = add([each.usd for each in costs.terms.subscriptions])
    before, fixed_at_list, days = ZERO, fixed, []
    for day in costs.cycle.days():
        if day > costs.until.date():
            break
        reached = add([fixed, *(costs.usd_until(cost.meter, day) for cost in costs.meters)])
        at_list = add([fixed_at_list, costs.list_price_on(day)])
        days.append((day, CostAmount(to_date=reached - before, list_price=at_list)))
        before, fixed_at_list = reached, ZERO
    return days
