"""Dollars, quantities and ratios formatted for people. Pure."""

from decimal import Decimal
from fractions import Fraction

from exporter.pricing import BudgetCost, MeterCost, to_cents

BUDGET_COLUMNS = ("budget", "amount", "used", "forecast", "exceeded on")


def dollars(amount: Decimal) -> str:
    """Return an amount in dollars and cents."""
    return f"${to_cents(amount):,.2f}"


def signed(amount: Decimal) -> str:
    """Return a difference with its sign."""
    cents = to_cents(amount)
    return f"{'-' if cents < 0 else '+'}${abs(cents):,.2f}"


def quantity(amount: Fraction) -> str:
    """Return a quantity: as a whole number if it is large, else with three decimal places."""
    if amount >= 1_000 or amount.denominator == 1:
        return f"{round(amount):,}"
    return f"{Decimal(round(amount * 1_000)).scaleb(-3):f}"


def percent(ratio: Decimal | Fraction) -> str:
    """Return a ratio in percent."""
    return f"{round(ratio * 100):,} %"


def quota_cells(cost: MeterCost) -> tuple[str, str]:
    """Return the name of a quota and the used share of it."""
    return cost.meter, percent(cost.quota_ratio or Decimal(0))


def budget_cells(cost: BudgetCost) -> tuple[str, ...]:
    """Return the state of a budget, for ``BUDGET_COLUMNS``."""
    return (
        cost.budget.name,
        dollars(cost.budget.amount),
        percent(cost.used_ratio),
        percent(cost.forecast_ratio),
        str(cost.exceeded_on or ("exceeded" if cost.used_ratio > 1 else "-")),
    )
