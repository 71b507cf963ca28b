"""Budgets: how much is used, how much will be, and on which day there is no more."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest

from exporter.pricing import AccountCosts, BilledAccount, Budget, BudgetCost, CostAmount, Spread, budget_costs
from exporter.pricing.attribution import NOTHING
from tests.pricing.cost_scene import ACCOUNT, WORKERS_PAID, Entries, compute, every_day, terms
from tests.pricing.factories import DAY, noon, november

METER = "r2_ia_class_a"
"""9 dollars for each million, from the first one on."""

OTHER = BilledAccount("b" * 32, "other")


def writes(asset: str, daily: int, first: int = 1) -> Entries:
    """Writes of an asset, the same on each day of November, until noon on the fifteenth."""
    return every_day(METER, asset, {november(day): daily for day in range(first, 15)} | {november(15): daily // 2})


def steady(account: BilledAccount = ACCOUNT) -> AccountCosts:
    """400,000 writes a day, 300,000 of them the shop's: 5.8 million to date are 54 dollars, 12 million will be 108."""
    entries = [*writes("shop-files", 300_000), *writes("blog-files", 100_000)]
    return compute(entries, noon(15), account=account)


def stands(budget: Budget, *costs: AccountCosts) -> BudgetCost:
    """How one budget stands."""
    (found,) = budget_costs([budget], costs)
    assert found.budget is budget
    return found


def test_how_a_budget_stands() -> None:
    """54 of 60 dollars are used and 108 will be; the seventh block, which begins on the sixteenth, is too much."""
    found = stands(Budget("all", Decimal(60)), steady())
    assert (found.amount.to_date, found.amount.forecast) == (Decimal(54), Decimal(108))
    assert (found.used_ratio, found.forecast_ratio) == (Decimal("0.9"), Decimal("1.8"))
    assert found.exceeded_on == november(16)


@pytest.mark.parametrize("dollars", range(50, 115))
def test_the_day_on_which_a_budget_is_exceeded(dollars: int) -> None:
    """It is the first day by whose end there are more blocks than it pays for; none if that was so, or will not be."""
    first = next((day for day in range(15, 31) if -(-400_000 * day // 1_000_000) * 9 > dollars), None)
    expected = november(first) if first and dollars >= 54 else None
    assert stands(Budget("all", Decimal(dollars)), steady()).exceeded_on == expected


EXCEEDED: dict[str, tuple[Decimal, date | None]] = {
    "a cent less than what is spent": (Decimal("53.99"), None),
    "just what is spent": (Decimal(54), november(16)),
    "a cent less than what will be spent": (Decimal("107.99"), november(28)),
    "just what will be spent": (Decimal(108), None),
}


@pytest.mark.parametrize("case", EXCEEDED)
def test_to_spend_all_is_not_to_exceed(case: str) -> None:
    """A budget is exceeded by more than its amount, and no day is given for one that is already."""
    amount, exceeded_on = EXCEEDED[case]
    assert stands(Budget("all", amount), steady()).exceeded_on == exceeded_on


def test_a_budget_of_a_project() -> None:
    """Three quarters of the line are the shop's, so that it has spent 60 dollars with the ninth block."""
    found = stands(Budget("shop", Decimal(60), project="shop"), steady())
    assert (found.amount.to_date, found.amount.forecast) == (Decimal("40.5"), Decimal(81))
    # The ninth million begins on the twenty-first: 0.75 x 81 are 60.75 dollars.
    assert found.exceeded_on == november(21)
    assert stands(Budget("blog", Decimal(20), project="blog"), steady()).amount.forecast == Decimal(27)


def test_a_budget_of_a_product() -> None:
    """What is not of the product does not count, and a subscription is of the product that it is for."""
    entries = [*writes("shop-files", 400_000), *every_day("workers_requests", "shop-api", {november(9): 11_000_000})]
    costs = compute(entries, noon(15), terms(subscriptions=(WORKERS_PAID,)))
    dollars = {
        product: stands(Budget(product, Decimal(500), product=product), costs).amount.to_date
        for product in ("r2", "workers", "d1")
    }
    assert dollars == {"r2": Decimal(54), "workers": Decimal("5.30"), "d1": Decimal(0)}


def test_a_subscription_is_spent_from_the_first_day_on() -> None:
    """Its dollars are there before any usage, so that the usage reaches the budget earlier."""
    costs = compute(writes("shop-files", 400_000), noon(15), terms(subscriptions=(WORKERS_PAID,)))
    found = stands(Budget("all", Decimal(76)), costs)
    assert (found.amount.to_date, found.amount.forecast) == (Decimal(59), Decimal(113))
    # 5 and 8 blocks are 77 dollars; without the 5 it would be the ninth block, on the twenty-first.
    assert found.exceeded_on == november(18)
    assert stands(Budget("all", Decimal(76)), steady()).exceeded_on == november(21)


def test_a_subscription_that_is_spread_counts_in_its_projects() -> None:
    """A project's part of a subscription is spent from its budget."""
    entries = [*writes("shop-files", 300_000), *writes("blog-files", 100_000)]
    costs = compute(entries, noon(15), terms(subscriptions=(WORKERS_PAID,)), spread=Spread.USAGE)
    assert stands(Budget("shop", Decimal(60), project="shop"), costs).amount.to_date == Decimal("44.25")


def test_a_budget_of_an_account() -> None:
    """An account goes by its label or its id; a budget of none is for all accounts together."""
    costs: Sequence[AccountCosts] = [steady(), steady(OTHER)]
    spent = {
        account: stands(Budget("one", Decimal(500), account=account), *costs).amount.to_date
        for account in ("acme", "a" * 32, "other", "", "nobody")
    }
    assert spent == {
        "acme": Decimal(54),
        "a" * 32: Decimal(54),
        "other": Decimal(54),
        "": Decimal(108),
        "nobody": Decimal(0),
    }


def test_all_conditions_of_a_budget_hold_together() -> None:
    """Account, project and product narrow it down, each further."""
    costs = [steady(), steady(OTHER)]
    found = stands(Budget("one", Decimal(20), account="acme", project="blog", product="r2"), *costs)
    assert found.amount.to_date == Decimal("13.5")
    assert stands(Budget("one", Decimal(20), account="acme", project="blog", product="d1"), *costs).amount == NOTHING


def test_two_accounts_exceed_a_budget_together() -> None:
    """Both spend 9 dollars with each million, on the same days: 54 each to date, and 63 each on the sixteenth."""
    found = stands(Budget("both", Decimal(120)), steady(), steady(OTHER))
    assert found.amount.to_date == Decimal(108)
    assert found.exceeded_on == november(16)


def test_a_cycle_may_end_after_another() -> None:
    """Of an account whose cycle began on the fourteenth, a budget may be exceeded in the next month."""
    late = compute(writes("shop-files", 400_000, first=14), noon(15), terms(anchor_day=14), account=OTHER)
    found = stands(Budget("other", Decimal("107.99"), account="other"), steady(), late)
    assert (found.amount.to_date, found.amount.forecast) == (Decimal(9), Decimal(108))
    # The twelfth million begins on the cycle's 28th day.
    assert found.exceeded_on == november(14) + 27 * DAY


def test_a_budget_of_two_cycles_may_be_exceeded_when_one_is_over() -> None:
    """One account has spent its 108 dollars by the end of November; the other's eighth block is one too many."""
    late = compute(writes("shop-files", 400_000, first=14), noon(15), terms(anchor_day=14), account=OTHER)
    assert stands(Budget("both", Decimal(178)), steady(), late).exceeded_on == date(2026, 12, 1)


def test_a_budget_of_nothing_that_is_used() -> None:
    """Nothing is used of it, nothing will be, and it is not exceeded."""
    found = stands(Budget("none", Decimal(60), project="none"), steady())
    assert found == BudgetCost(found.budget, CostAmount(), None)
    assert stands(Budget("none", Decimal(60))).exceeded_on is None


def test_a_free_plan_spends_nothing_of_a_budget() -> None:
    """Usage that a plan limits is not money."""
    entries = every_day("kv_writes", "shop-kv", {november(day): 90_000_000 for day in range(1, 15)})
    costs = compute(entries, noon(15), terms("workers_free"))
    found = stands(Budget("all", Decimal("0.01")), costs)
    assert (found.amount.to_date, found.amount.forecast, found.exceeded_on) == (0, 0, None)


def test_budgets_stand_in_the_order_in_which_they_are_given() -> None:
    """There is one answer to each budget."""
    budgets = [Budget(name, Decimal(60)) for name in ("c", "a", "b")]
    assert [each.budget.name for each in budget_costs(budgets, [steady()])] == ["c", "a", "b"]
