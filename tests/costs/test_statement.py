"""Costs grouped as somebody asks for them, and two of them side by side."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from exporter.costs import GROUPS, Statement, StatementQuery, StatementRow, daily, make_statement
from exporter.costs.history import QueryError
from exporter.pricing import Budget, CostAmount, CostRules, Override
from exporter.pricing.attribution import sum_amounts
from exporter.pricing.rules import Spread
from tests.cli.commands.scene import ODD, PIPED, open_books

PRODUCTION = ("production",)

TO_DATE = Decimal("10.845")
"""5 of subscription, 15 and 29 million requests and milliseconds at 0.30 and 0.02, a GB-month of R2 and one of D1."""


def state(rules: CostRules | None = None, **query: object) -> Statement:
    """The statement that a query gives."""
    with open_books(rules=rules) as history:
        return make_statement(StatementQuery(**query), history)  # type: ignore[arg-type]


def to_date(rows: Sequence[StatementRow]) -> dict[tuple[str, ...], Decimal]:
    """What each row of a statement comes to, by its labels."""
    return {tuple(row.labels.values()): row.amount.to_date for row in rows}


def cents(amounts: dict[tuple[str, ...], Decimal]) -> dict[tuple[str, ...], str]:
    """The same in dollars and cents."""
    return {labels: f"{amount:.2f}" for labels, amount in amounts.items()}


def refusal(**query: object) -> str:
    """The message with which a query is refused."""
    with pytest.raises(QueryError) as caught:
        state(**query)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.mark.parametrize("by", GROUPS)
@pytest.mark.parametrize("period", ["current", "previous"])
def test_rows_add_up_to_the_account(by: str, period: str) -> None:
    """Whatever a row is, those of an account are its whole cost, to the last digit."""
    statement = state(by=by, period=period)
    assert [each.account for each in statement.accounts] == ["production", "Other"]
    for costs in statement.accounts:
        amounts = [row.amount for row in statement.rows if row.account == costs.account]
        assert sum_amounts(amounts).to_date == costs.amount.to_date
        if by != "day":
            assert sum_amounts(amounts) == costs.amount
    assert statement.accounts[0].amount.to_date == (TO_DATE if period == "current" else Decimal("46.425"))


def test_by_account() -> None:
    """There is a row an account, and it says nothing else of itself."""
    rows = state(by="account").rows
    assert [(row.account, dict(row.labels), row.amount.to_date) for row in rows] == [
        ("production", {}, TO_DATE),
        ("Other", {}, Decimal(0)),
    ]


def test_by_product() -> None:
    """Lines are those of the invoice, the dearest first; the subscription belongs to Workers."""
    rows = state(by="product", accounts=PRODUCTION).rows
    assert to_date(rows) == {
        ("workers",): 5 + 15 * Decimal("0.30") + 29 * Decimal("0.02"),
        ("d1",): Decimal("0.75"),
        ("r2",): Decimal("0.015"),
        ("workers_for_platforms",): Decimal(0),
    }
    assert [row.labels["product"] for row in rows] == ["workers", "d1", "r2", "workers_for_platforms"]


def test_by_meter() -> None:
    """A row has the line's quantity and unit; a subscription has none."""
    rows = state(by="meter", accounts=PRODUCTION).rows
    found = {row.labels["meter"]: (row.labels["product"], row.quantity, row.unit) for row in rows}
    assert found["workers_paid_subscription"] == ("workers", None, "")
    # Seven days of 45 GB and 108 MB of metadata, and of 23 GB, by thirty.
    assert found["r2_storage_gb_month"] == ("r2", Fraction("10.5252"), "GB-months")
    assert found["d1_storage_gb_month"] == ("d1", Fraction(7 * 23, 30), "GB-months")
    assert [row.labels["meter"] for row in rows][:5] == [
        "workers_paid_subscription",
        "workers_requests",
        "d1_storage_gb_month",
        "workers_cpu_ms",
        "r2_storage_gb_month",
    ]


def test_by_project() -> None:
    """What has no project is unassigned, as are subscriptions."""
    amounts = to_date(state(by="project", accounts=PRODUCTION).rows)
    assert cents(amounts) == {("unassigned",): "5.76", ("shop",): "3.50", ("odd",): "1.58"}
    assert amounts[("unassigned",)] == 5 + Decimal("0.015") + Decimal("0.75")


def test_by_asset() -> None:
    """Each asset has its share of each line, by what it used; what nobody lists goes by its namespace."""
    amounts = to_date(state(by="asset", accounts=PRODUCTION).rows)
    assert cents(amounts) == {
        ("unassigned", "subscription", ""): "5.00",
        ("shop", "worker", "shop-web"): "3.50",
        ("odd", "worker", ODD): "1.58",
        ("unassigned", "d1_database", PIPED): "0.65",
        ("unassigned", "d1_database", "attic"): "0.10",
        ("unassigned", "r2_bucket", "media"): "0.02",
        ("unassigned", "worker", "(dispatch tenants)"): "0.00",
    }
    assert round(amounts["unassigned", "d1_database", "attic"], 12) == round(Decimal("0.75") * 3 / 23, 12)


def test_by_day() -> None:
    """Days tell what each added: the subscription on the first, and a block's price on the day that begins it."""
    statement = state(by="day", accounts=PRODUCTION)
    assert to_date(statement.rows) == {
        ("2025-10-14",): Decimal("5.00"),
        ("2025-10-15",): Decimal(0),
        ("2025-10-16",): Decimal("1.24"),
        ("2025-10-17",): Decimal("1.40"),
        ("2025-10-18",): Decimal("1.04"),
        ("2025-10-19",): Decimal("1.04"),
        ("2025-10-20",): Decimal("1.125"),
    }
    listed = sum((row.amount.list_price for row in statement.rows), Decimal(0))
    assert listed == statement.accounts[0].amount.list_price


def test_days_add_up_to_the_total_where_a_price_changes_within_the_cycle() -> None:
    """By day and by project, the list price of a cycle is one figure, whatever the prices of its days are."""
    rules = CostRules(overrides=(Override("workers_requests", price=Decimal(3), valid_from=date(2025, 10, 18)),))
    by_day, by_project = (state(rules, by=by, accounts=PRODUCTION) for by in ("day", "project"))
    listed = [sum((row.amount.list_price for row in each.rows), Decimal(0)) for each in (by_day, by_project)]
    assert listed[0] == listed[1] == by_day.accounts[0].amount.list_price


def test_days_of_a_cycle_that_is_over_are_all_of_its_days() -> None:
    """There is a row a day from the first to the last, and nothing falls on a day after it."""
    statement = state(by="day", accounts=PRODUCTION, period="previous")
    days = [day for day, _ in daily(statement.accounts[0])]
    assert (days[0], days[-1], len(days)) == (date(2025, 9, 14), date(2025, 10, 13), 30)
    assert [row.labels["day"] for row in statement.rows] == [str(day) for day in days]


def test_one_account_or_all() -> None:
    """An account is chosen by any of its names; without a choice there are all, each with its own cycle."""
    assert [each.account for each in state(accounts=("Example",)).accounts] == ["production"]
    assert {row.account for row in state(accounts=("Other",)).rows} == {"Other"}
    assert {each.account: each.cycle.start for each in state().accounts} == {
        "production": date(2025, 10, 14),
        "Other": date(2025, 10, 1),
    }


def test_subscriptions_may_be_spread_over_projects() -> None:
    """Spread equally each project has a third of the five dollars, and the total stays."""
    before = to_date(state(accounts=PRODUCTION).rows)
    spread = to_date(state(CostRules(spread=Spread.EQUAL), accounts=PRODUCTION).rows)
    assert sum(spread.values()) == sum(before.values())
    assert round(spread[("shop",)] - before[("shop",)], 12) == round(Decimal(5) / 3, 12)


def test_without_assets_there_are_projects_only() -> None:
    """A row by asset then has no name, and costs what the project's assets of the kind cost together."""
    amounts = to_date(state(CostRules(shows_assets=False), by="asset", accounts=PRODUCTION).rows)
    assert {labels[2] for labels in amounts} == {""}
    assert amounts["unassigned", "d1_database", ""] == Decimal("0.75")


def test_two_projects_side_by_side() -> None:
    """Of each meter what one and the other cost, the greatest difference first."""
    statement = state(accounts=PRODUCTION, compare=("shop", "odd"))
    assert statement.rows == ()
    found = [
        (each.labels["meter"], f"{each.first.to_date:.2f}", f"{each.second.to_date:.2f}")
        for each in statement.differences
    ]
    assert found == [("workers_requests", "3.10", "1.40"), ("workers_cpu_ms", "0.40", "0.18")]
    whole = to_date(state(accounts=PRODUCTION).rows)
    assert sum(each.first.to_date for each in statement.differences) == whole[("shop",)]
    assert sum(each.second.to_date for each in statement.differences) == whole[("odd",)]


def test_what_only_one_project_has_costs_the_other_nothing() -> None:
    """Assets of one project stand beside nothing."""
    differences = state(by="asset", accounts=PRODUCTION, compare=("shop", "odd")).differences
    assert [each.labels["asset"] for each in differences] == ["shop-web", ODD]
    assert differences[0].second == differences[1].first == CostAmount()


def test_two_periods_side_by_side() -> None:
    """Of each product what one cycle and the other cost; the second may be the one under way."""
    statement = state(by="product", accounts=PRODUCTION, compare=("previous", "2025-10-14"))
    assert [
        (each.labels["product"], each.first.to_date, each.second.to_date) for each in statement.differences[:3]
    ] == [
        ("workers", 5 + 88 * Decimal("0.30") + 206 * Decimal("0.02"), Decimal("10.08")),
        ("d1", Decimal("10.50"), Decimal("0.75")),
        ("r2", Decimal("0.405"), Decimal("0.015")),
    ]


def test_two_periods_by_account() -> None:
    """Accounts are compared one by one, and their cycles need not be the same."""
    statement = state(by="account", compare=("previous", "current"))
    assert [(dict(each.labels), each.first.to_date, each.second.to_date) for each in statement.differences] == [
        ({"account": "production"}, Decimal("46.425"), TO_DATE),
        ({"account": "Other"}, Decimal(0), Decimal(0)),
    ]


def test_what_cannot_be_compared_is_told() -> None:
    """One word alone, a project that is not there, a period that is none, or days."""
    assert refusal(compare=("shop",)) == ("A comparison takes two projects or two periods, separated by a comma.")
    assert refusal(compare=("shop", "nope")) == "Unknown project nope. Known projects: odd, shop, unassigned."
    assert refusal(compare=("current", "shop")).startswith("'shop' is not a valid period: ")
    days = "Days cannot be compared: group by project, product, meter, asset or account."
    assert refusal(by="day", compare=("shop", "odd")) == days
    assert refusal(by="day", compare=("previous", "current")) == days


def test_what_makes_no_sense_is_told() -> None:
    """An unknown group, period or account is named with what there is."""
    assert refusal(by="zone") == (
        "Costs cannot be grouped by 'zone': use account, project, product, meter, asset, item, day."
    )
    assert refusal(period="last").startswith("'last' is not a valid period: ")
    assert refusal(accounts=("nobody",)) == "Unknown account nobody. Known accounts: production, Other."


def test_a_cycle_that_is_known_from_its_start_has_no_note() -> None:
    """Nothing is said where all is known."""
    assert state().notes == ()
    assert state(compare=("shop", "odd")).notes == ()


@pytest.mark.parametrize("query", [{"period": "previous"}, {"compare": ("previous", "current")}])
def test_a_cycle_whose_beginning_is_not_known_is_noted(query: dict[str, object]) -> None:
    """Each account whose usage is not known from the cycle's start has a line that says so."""
    assert state(**query).notes == (  # type: ignore[arg-type]
        "production, cycle from 2025-09-14: no usage is known before 2025-09-19, so the cost shown is too low.",
        "Other, cycle from 2025-09-01: no usage is known before 2025-09-19, so the cost shown is too low.",
    )


def test_budgets_are_those_of_the_accounts() -> None:
    """A budget is for what it names: an account, a project, a product."""
    budgets = (
        Budget("all", Decimal(20)),
        Budget("shop", Decimal(7), project="shop"),
        Budget("r2", Decimal("0.03"), account="production", product="r2"),
        Budget("other", Decimal(1), account="Other"),
    )
    found = {each.budget.name: each for each in state(CostRules(budgets=budgets)).budgets}
    assert found["all"].used_ratio == TO_DATE / 20
    assert found["r2"].used_ratio == Decimal("0.5")
    assert found["shop"].amount.to_date == to_date(state().rows)[("shop",)]
    assert found["other"].used_ratio == found["other"].forecast_ratio == 0
    assert found["all"].exceeded_on is not None
    assert date(2025, 10, 20) < found["all"].exceeded_on < date(2025, 11, 14)
