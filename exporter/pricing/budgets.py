"""Budgets: how much of each is used and forecast, and on which day it will be exceeded. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from exporter.model import DAY
from exporter.pricing.attribution import SUBSCRIPTION, CostAmount, CostItem, sum_amounts
from exporter.pricing.costs import AccountCosts
from exporter.pricing.money import ZERO, add
from exporter.pricing.rules import Budget


@dataclass(frozen=True, slots=True)
class BudgetCost:
    """The state of a budget in the current cycles.

    ``exceeded_on`` is the day on which it will be exceeded; None if it already is, or will not be.
    """

    budget: Budget
    amount: CostAmount
    exceeded_on: date | None

    @property
    def used_ratio(self) -> Decimal:
        """Return the cost to date divided by the budget."""
        return self.amount.to_date / self.budget.amount

    @property
    def forecast_ratio(self) -> Decimal:
        """Return the forecast divided by the budget."""
        return self.amount.forecast / self.budget.amount


def budget_costs(budgets: Iterable[Budget], costs: Sequence[AccountCosts]) -> tuple[BudgetCost, ...]:
    """Return the states of budgets, each over the accounts that it applies to."""
    return tuple(_cost_of(budget, [each for each in costs if _is_for(budget, each)]) for budget in budgets)


def _is_for(budget: Budget, costs: AccountCosts) -> bool:
    return not budget.account or budget.account in {costs.account_id, costs.account}


def _matches(budget: Budget, item: CostItem) -> bool:
    return (not budget.project or item.project == budget.project) and (
        not budget.product or item.product == budget.product
    )


def _cost_of(budget: Budget, accounts: Sequence[AccountCosts]) -> BudgetCost:
    matching = [[item for item in costs.items if _matches(budget, item)] for costs in accounts]
    amount = sum_amounts(item.amount for items in matching for item in items)
    exceeded_on = None
    if amount.to_date <= budget.amount < amount.forecast:
        paths = [_Path(costs, items) for costs, items in zip(accounts, matching, strict=True)]
        first = min(costs.until.date() for costs in accounts)
        last = max(costs.cycle.end for costs in accounts) - DAY
        exceeded_on = _first_day(budget.amount, paths, first, last)
    return BudgetCost(budget, amount, exceeded_on)


class _Path:
    """The growth of the cost of some items of an account: each line's by day, times their share of its forecast."""

    def __init__(self, costs: AccountCosts, items: Sequence[CostItem]) -> None:
        self._costs = costs
        self._fixed = add([item.amount.forecast for item in items if item.kind == SUBSCRIPTION])
        self._shares: dict[str, Decimal] = {}
        forecasts = {cost.meter: cost.amount.forecast for cost in costs.meters}
        for item in items:
            whole = forecasts.get(item.meter, ZERO)
            if item.kind != SUBSCRIPTION and whole:
                self._shares[item.meter] = self._shares.get(item.meter, ZERO) + item.amount.forecast / whole

    def usd_until(self, day: date) -> Decimal:
        """Return the cost of the items through a day."""
        grown = [self._costs.usd_until(meter, day, is_forecast=True) * share for meter, share in self._shares.items()]
        return add([self._fixed, *grown])


def _first_day(amount: Decimal, paths: Sequence[_Path], first: date, last: date) -> date:
    """Return the first day by whose end the amount is exceeded, found by bisection, since cost never falls."""
    while first < last:
        middle = first + timedelta(days=(last - first).days // 2)
        if add([path.usd_until(middle) for path in paths]) > amount:
            last = middle
        else:
            first = middle + DAY
    return first
