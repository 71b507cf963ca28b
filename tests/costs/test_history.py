"""Costs of any cycle and account, and what usage comes to at list price."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from exporter.catalog import DATASETS
from exporter.costs.history import AssetMeter, ListPrice, QueryError, day_of, is_period
from exporter.ledger import Ledger
from exporter.pricing import BilledAccount, CostRules
from exporter.pricing.cycle import Cycle
from exporter.pricing.overrides import Override
from exporter.pricing.rules import AccountRule
from exporter.simulator import ManualClock, Simulator
from tests.cli.commands.scene import ODD, OTHER_ID, PIPED, UNTIL, open_books, priced_world
from tests.exactness.worlds import ACCOUNT_ID
from tests.poller.scene import WORKERS

PRODUCTION = BilledAccount(ACCOUNT_ID, "production")
OTHER = BilledAccount(OTHER_ID, "Other")
TODAY = date(2025, 10, 20)


@pytest.mark.parametrize(
    ("period", "day"),
    [
        ("current", TODAY),
        ("previous", date(2025, 10, 13)),
        ("2025-10-20", TODAY),
        ("2025-10-14", date(2025, 10, 14)),
        ("2024-02-29", date(2024, 2, 29)),
    ],
)
def test_a_period_means_a_day_in_it(period: str, day: date) -> None:
    """The previous cycle is that of the day before the one under way began; any other is named by one of its days."""
    assert day_of(period, date(2025, 10, 14), TODAY) == day


@pytest.mark.parametrize("period", ["", "last", "2025-02-30", "2025-13", "yesterday", "Current"])
def test_nonsense_is_no_period(period: str) -> None:
    """What is neither a word that is known nor a day is refused with what can be said."""
    with pytest.raises(QueryError) as caught:
        day_of(period, date(2025, 10, 14), TODAY)
    assert (
        str(caught.value)
        == f"'{period}' is not a valid period: use current, previous, or a day in the period (2026-11-30)."
    )
    assert not is_period(period)


def test_a_day_to_come_is_no_period_yet() -> None:
    """Of tomorrow nothing is known."""
    with pytest.raises(QueryError) as caught:
        day_of("2025-10-21", date(2025, 10, 14), TODAY)
    assert str(caught.value) == "2025-10-21 is in the future."


@pytest.mark.parametrize("text", ["current", "previous", "2025-10-21"])
def test_words_and_days_are_told_from_projects(text: str) -> None:
    """What can be meant as a period is not taken for a project."""
    assert is_period(text)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ([], [PRODUCTION, OTHER]),
        ([ACCOUNT_ID], [PRODUCTION]),
        (["production"], [PRODUCTION]),
        (["Example"], [PRODUCTION]),
        (["Other", "Example"], [PRODUCTION, OTHER]),
        (["production", "Example", ACCOUNT_ID], [PRODUCTION]),
    ],
)
def test_accounts_go_by_id_label_and_name(wanted: list[str], found: list[BilledAccount]) -> None:
    """An account is given once, whichever of its names is said, and all if none is."""
    with open_books() as history:
        assert history.accounts(wanted) == found


@pytest.mark.parametrize("wanted", [["nobody"], ["production", "nobody"]])
def test_an_unknown_account_is_told_with_those_that_there_are(wanted: list[str]) -> None:
    """The message names the labels that could have been meant."""
    with open_books() as history, pytest.raises(QueryError) as caught:
        history.accounts(wanted)
    assert str(caught.value) == "Unknown account nobody. Known accounts: production, Other."


def test_of_an_account_that_was_never_answered_nothing_is_known(tmp_path: Path) -> None:
    """A new ledger has no accounts to choose from, and none whose costs could be told."""
    Ledger.open(tmp_path, DATASETS.values()).close()
    with open_books(tmp_path) as history:
        assert history.accounts() == []
        with pytest.raises(QueryError, match=r"^Unknown account production\. Known accounts: none\.$"):
            history.accounts(["production"])
        with pytest.raises(QueryError, match=r"^No usage of account production is known yet\.$"):
            history.costs(PRODUCTION)


@pytest.mark.parametrize(
    ("period", "cycle"),
    [
        ("current", Cycle(date(2025, 10, 14), date(2025, 11, 14))),
        ("2025-10-14", Cycle(date(2025, 10, 14), date(2025, 11, 14))),
        ("previous", Cycle(date(2025, 9, 14), date(2025, 10, 14))),
        ("2025-10-13", Cycle(date(2025, 9, 14), date(2025, 10, 14))),
        ("2025-08-20", Cycle(date(2025, 8, 14), date(2025, 9, 14))),
    ],
)
def test_a_period_is_the_accounts_own_cycle(period: str, cycle: Cycle) -> None:
    """Cycles are those of the account's subscriptions, whichever day of one is named."""
    with open_books() as history:
        costs = history.costs(PRODUCTION, period)
    assert (costs.cycle, costs.until, costs.terms.cycle_source) == (cycle, UNTIL, "subscriptions")


def test_a_cycle_that_is_over_has_no_other_forecast_than_what_it_cost() -> None:
    """Nothing of it is to come: 5 dollars of subscription, and the blocks that were begun."""
    with open_books() as history:
        amount = history.costs(PRODUCTION, "previous").amount
    # 88 and 206 blocks of a million requests and milliseconds, 27 and 14 GB-months in R2 and D1.
    cost = 5 + 88 * Decimal("0.30") + 206 * Decimal("0.02") + 27 * Decimal("0.015") + 14 * Decimal("0.75")
    assert amount.to_date == amount.forecast == amount.low == amount.high == cost


def test_the_rules_are_those_of_the_configuration() -> None:
    """Plan, day of the cycle and prices are taken from the rules, also by the account's name."""
    rules = CostRules(
        overrides=(Override("workers_requests", account="production", price=Decimal(3)),),
        accounts={"Other": AccountRule(plan="workers_paid", cycle_day=20)},
    )
    with open_books(rules=rules) as history:
        assert history.rules is rules
        other = history.costs(OTHER)
        assert (other.terms.plan, other.terms.plan_source) == ("workers_paid", "configuration")
        assert (other.cycle.start, other.terms.cycle_source) == (date(2025, 10, 20), "configuration")
        line = next(cost for cost in history.costs(PRODUCTION).meters if cost.meter == "workers_requests")
        assert line.amount.to_date == 15 * 3


def requests_of(worker: str, since: datetime, until: datetime) -> int:
    """What a Worker was asked, as the simulated Cloudflare knows it; internal errors are not billed."""
    simulator = Simulator(priced_world(), ManualClock(UNTIL))
    used = simulator.used(ACCOUNT_ID, WORKERS, since, until, by=["scriptTag", "status"])
    return sum(row["requests"] for (tag, status), row in used.items() if tag == worker and status != "internalError")


def test_list_prices_of_a_day() -> None:
    """Usage times price, without what is included and without blocks; a day of storage is a thirtieth of a month."""
    day = date(2025, 10, 18)
    with open_books() as history:
        found = history.list_prices(PRODUCTION, day, day + timedelta(days=1))
    start = datetime(2025, 10, 18, tzinfo=UTC)
    requests = requests_of("2" * 32, start, start + timedelta(days=1))
    assert requests > 500_000
    assert found[AssetMeter("odd", "workers", "worker", ODD, "workers_requests", False)] == ListPrice(
        Fraction(requests), requests * Decimal("0.30") / 10**6
    )
    # 45 GB of payload and 108 MB of metadata, and 20 GB: a thirtieth of each. What a byte costs in an hour is rounded.
    stored = {usage.asset: price for usage, price in found.items() if usage.is_stored}
    assert {asset: (price.quantity, round(price.usd, 9)) for asset, price in stored.items()} == {
        "media": (Fraction("1.5036"), Decimal("0.022554")),
        PIPED: (Fraction(2, 3), Decimal("0.50")),
        "attic": (Fraction(1, 10), Decimal("0.075")),
    }
    assert {usage.meter for usage in found if usage.asset == "attic"} == {"d1_storage_gb_month"}


def test_list_prices_include_the_hours_that_are_open() -> None:
    """Today counts up to the minute that is known."""
    with open_books() as history:
        found = history.list_prices(PRODUCTION, TODAY, TODAY + timedelta(days=1))
    requests = requests_of("1" * 32, datetime(2025, 10, 20, tzinfo=UTC), UNTIL)
    assert requests > 500_000
    assert found[AssetMeter("shop", "workers", "worker", "shop-web", "workers_requests", False)].quantity == requests


def test_list_prices_of_several_days_are_the_sums_of_their_days() -> None:
    """Nothing is lost or counted twice where days meet, and scripts of a namespace have meters of their own."""
    since = date(2025, 10, 14)
    days = [since + timedelta(days=number) for number in range(7)]
    with open_books() as history:
        whole = history.list_prices(PRODUCTION, since, TODAY + timedelta(days=1))
        each = [history.list_prices(PRODUCTION, day, day + timedelta(days=1)) for day in days]
    for usage, price in whole.items():
        parts = [found[usage] for found in each if usage in found]
        assert price.quantity == sum(part.quantity for part in parts)
        assert price.usd == sum(part.usd for part in parts)
    assert {usage for found in each for usage in found} == set(whole)
    tenants = {usage.meter for usage in whole if usage.asset == "(dispatch tenants)"}
    assert tenants == {"wfp_requests", "wfp_cpu_ms"}


def test_list_prices_are_those_of_each_day() -> None:
    """A price that begins within the span holds from its first day on."""
    rules = CostRules(overrides=(Override("workers_requests", price=Decimal(3), valid_from=date(2025, 10, 19)),))
    usage = AssetMeter("shop", "workers", "worker", "shop-web", "workers_requests", False)
    with open_books(rules=rules) as history:
        found = history.list_prices(PRODUCTION, date(2025, 10, 18), TODAY)[usage]
    before = requests_of("1" * 32, datetime(2025, 10, 18, tzinfo=UTC), datetime(2025, 10, 19, tzinfo=UTC))
    after = requests_of("1" * 32, datetime(2025, 10, 19, tzinfo=UTC), datetime(2025, 10, 20, tzinfo=UTC))
    assert found == ListPrice(Fraction(before + after), (before * Decimal("0.30") + after * 3) / 10**6)
