"""What an account costs: lines of the account, split so that assets add up to lines, and lines to the bill."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import DailyKey, Placement
from exporter.pricing import AccountCosts, AccountTerms, Basis, CostAmount, CostItem, Spread, to_cents
from exporter.pricing.attribution import SUBSCRIPTION, sum_amounts
from exporter.pricing.card import FreeLimit
from exporter.pricing.money import PLACES, add
from exporter.pricing.rating import Consumption, Terms
from exporter.pricing.terms import SubscriptionCost
from tests.pricing.cost_scene import WORKERS_PAID, compute, every_day, floats_in, items_of, line_of, place, terms
from tests.pricing.factories import DAY, NOVEMBER, always, noon, november

GB = 10**9
STORAGE = "r2_storage_gb_month"
PRO = SubscriptionCost("Cloudflare Pro Plan", "zone_plan_pro", "zones", Decimal(25))

Entry = tuple[DailyKey, int]


def on(day: int, asset: str, meter: str, amount: int) -> Entry:
    """What an asset used of a meter on a day of November; days before the first are October's last."""
    return (NOVEMBER.start + (day - 1) * DAY, asset, meter), amount


def november_costs(
    entries: Iterable[Entry],
    how: AccountTerms | None = None,
    *,
    spread: Spread = Spread.APART,
    placed: Callable[[str, str], Placement] = place,
) -> AccountCosts:
    """The costs of a November that is over: all of its usage is known, and nothing is ahead."""
    until = datetime(2026, 12, 1, tzinfo=UTC)
    return compute(entries, until, how, spread=spread, placed=placed, on=november(30))


SMALL_ACCOUNT = [
    # 12.4 million requests: 2.4 million beyond 10 million are 3 blocks of 0.30.
    on(3, "shop-api", "workers_requests", 6_300_000),
    on(9, "shop-api", "workers_requests", 3_000_000),
    on(9, "blog-web", "workers_requests", 3_100_000),
    # 31 million ms, in microseconds: one million beyond 30 is a block of 0.02.
    on(3, "shop-api", "workers_cpu_ms", 31_000_000_000),
    # 900 GB-days, though the buckets' own peaks come to 1,050: 30 GB-months, 20 of which cost 0.015 each.
    *every_day(STORAGE, "", dict.fromkeys(NOVEMBER.days(), 30 * GB)),
    *every_day(STORAGE, "shop-files", dict.fromkeys(NOVEMBER.days(), 20 * GB)),
    *every_day(STORAGE, "logs", dict.fromkeys(NOVEMBER.days(), 15 * GB)),
    # One write beyond a million is a block of 4.50.
    on(30, "shop-files", "r2_class_a", 1_000_001),
    # 400,000.5 GB-seconds, in millionths: half of one is a block of 12.50.
    on(12, "chat", "do_duration_gb_s", 400_000_500_000),
    # 900,000 requests and 20 messages, in twentieths: all included.
    on(12, "chat", "do_requests", 900_000 * 20 + 20),
]


def test_a_small_account_by_hand() -> None:
    """Every line, every share and the invoice are what a person works out from the rate card."""
    costs = november_costs(SMALL_ACCOUNT, terms(subscriptions=(WORKERS_PAID,)))
    lines = {cost.meter: cost.amount.to_date for cost in costs.meters if cost.line.quantity}
    assert lines == {
        "workers_requests": Decimal("0.90"),
        "workers_cpu_ms": Decimal("0.02"),
        STORAGE: Decimal("0.30"),
        "r2_class_a": Decimal("4.50"),
        "do_duration_gb_s": Decimal("12.50"),
        "do_requests": Decimal(0),
    }
    shares = {(item.meter, item.project, item.asset): item.amount.to_date for item in costs.items}
    assert shares == {
        ("workers_requests", "shop", "shop-api"): Decimal("0.675"),
        ("workers_requests", "blog", "blog-web"): Decimal("0.225"),
        ("workers_cpu_ms", "shop", "shop-api"): Decimal("0.02"),
        (STORAGE, "shop", "shop-files"): Decimal("0.171428571428572"),
        (STORAGE, "unassigned", "logs"): Decimal("0.128571428571428"),
        ("r2_class_a", "shop", "shop-files"): Decimal("4.50"),
        ("do_duration_gb_s", "unassigned", "chat"): Decimal("12.50"),
        ("do_requests", "unassigned", "chat"): Decimal(0),
        ("workers_paid_subscription", "unassigned", ""): Decimal(5),
    }
    assert costs.amount.to_date == costs.invoice == Decimal("23.22")


def test_a_small_account_at_list_price() -> None:
    """At list price nothing is included and nothing is rounded up."""
    costs = november_costs(SMALL_ACCOUNT)
    assert {cost.meter: cost.amount.list_price for cost in costs.meters if cost.amount.list_price} == {
        "workers_requests": Decimal("3.72"),
        "workers_cpu_ms": Decimal("0.62"),
        STORAGE: Decimal("0.45"),
        "r2_class_a": Decimal("4.5000045"),
        "do_duration_gb_s": Decimal("5.00000625"),
        "do_requests": Decimal("0.13500015"),
    }
    assert add([costs.list_price_on(day) for day in NOVEMBER.days()]) == costs.amount.list_price
    assert costs.list_price_on(november(9)) == Decimal("1.83") + Decimal("0.015")


def test_a_line_says_how_good_it_is_and_how_much_of_the_quota_is_used() -> None:
    """A line has the basis of the card, the account's quantity, and what of the included quantity that is."""
    costs = november_costs(SMALL_ACCOUNT)
    storage, writes, retrieval = (line_of(costs, meter) for meter in (STORAGE, "r2_class_a", "r2_ia_retrieval_gb"))
    assert (storage.product, storage.basis, storage.line.quantity, storage.quota_ratio) == ("r2", Basis.EXACT, 30, 3)
    assert (writes.line.billed, writes.quota_ratio) == (1_000_000, Fraction(1_000_001, 1_000_000))
    assert (retrieval.basis, retrieval.quota_ratio, retrieval.is_limited) == (Basis.ESTIMATED, None, False)


def test_what_is_stored_is_billed_by_the_accounts_own_peak() -> None:
    """The line follows the highest sum over all assets, less than the sum of their peaks, and shares come to it."""
    costs = november_costs(SMALL_ACCOUNT)
    items = items_of(costs, STORAGE)
    assert costs.used[STORAGE].between(NOVEMBER.start, NOVEMBER.end) == 900 * GB
    assert {asset: item.quantity for asset, item in items.items()} == {
        "shop-files": Fraction(120, 7),
        "logs": Fraction(90, 7),
    }
    assert add([item.amount.to_date for item in items.values()]) == Decimal("0.30")
    without = november_costs([entry for entry in SMALL_ACCOUNT if entry[0][1]])
    assert line_of(without, STORAGE).amount.to_date == Decimal("0.375")


def test_what_is_told_only_of_the_account_is_one_item() -> None:
    """Storage that no asset can be told to have is a line, and an item of its own."""
    meter = "do_kv_storage_gb_month"
    costs = november_costs(every_day(meter, "", dict.fromkeys(NOVEMBER.days(), 3 * GB)))
    (item,) = costs.items
    assert (item.meter, item.asset, item.quantity, item.amount.to_date) == (meter, "", 3, Decimal("0.40"))
    assert line_of(costs, meter).amount == item.amount


ACCOUNTS_ASSETS = ["shop-a", "shop-b", "blog-c", "lonely", "dispatch:tenants"]
COUNTED = ["workers_requests", "workers_cpu_ms", "r2_class_a", "r2_ia_class_b", "d1_rows_written", "r2_retrieval_gb"]
UNTILS = st.integers(0, 33 * 24).map(lambda hours: datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=hours))
SUBSCRIPTIONS = st.sampled_from([(), (WORKERS_PAID,), (WORKERS_PAID, PRO)])
USAGES = st.dictionaries(
    st.tuples(st.integers(-20, 30), st.sampled_from(ACCOUNTS_ASSETS), st.sampled_from(COUNTED)),
    st.integers(0, 10**7) | st.integers(0, 10**13),
    max_size=25,
)
STORED = st.dictionaries(
    st.tuples(st.integers(-20, 30), st.sampled_from(ACCOUNTS_ASSETS)), st.integers(0, 10**13), max_size=25
)
HOW = st.builds(
    terms,
    st.sampled_from(["workers_paid", "workers_free"]),
    st.builds(Terms, st.sampled_from([30, None]), st.booleans(), st.just(True), st.booleans()),
    SUBSCRIPTIONS,
    st.sampled_from([1, 14, 31]),
)


@dataclass(frozen=True)
class Case:
    """Usage by day of November (of October, below 1), asset and meter, what is stored, and how it is billed.

    With ``has_peaks`` the account's own peaks are known, which are between the highest asset's and the sum of all.
    """

    counted: Mapping[tuple[int, str, str], int]
    stored: Mapping[tuple[int, str], int]
    until: datetime
    has_peaks: bool
    how: AccountTerms
    spread: Spread

    def entries(self) -> list[Entry]:
        """The daily sums up to the moment that it is."""
        stored = [on(day, asset, STORAGE, amount) for (day, asset), amount in self.stored.items()]
        counted = [on(day, asset, meter, amount) for (day, asset, meter), amount in self.counted.items()]
        by_day: dict[date, list[int]] = {}
        for (day, _, _), amount in stored:
            by_day.setdefault(day, []).append(amount)
        peaks = [((day, "", STORAGE), (max(each) + sum(each)) // 2) for day, each in by_day.items() if self.has_peaks]
        return [entry for entry in (*counted, *stored, *peaks) if entry[0][0] <= self.until.date()]

    def costs(self) -> AccountCosts:
        """What it costs in the cycle that is under way, or was at the end of November."""
        return compute(
            self.entries(), self.until, self.how, spread=self.spread, on=min(self.until.date(), november(30))
        )


CASES = st.builds(Case, USAGES, STORED, UNTILS, st.booleans(), HOW, st.sampled_from(Spread))


@always(150)
@given(CASES)
def test_everything_adds_up(case: Case) -> None:
    """Shares of assets add up to lines, lines and subscriptions to the bill, and so do projects: to the last place."""
    costs = case.costs()
    for cost in costs.meters:
        items = [item for item in costs.items if item.meter == cost.meter]
        assert sum_amounts(item.amount for item in items) == cost.amount
        assert sum((item.quantity for item in items), Fraction(0)) == cost.line.quantity
    flat = [CostAmount(each.usd, each.usd, each.usd, each.usd, each.usd) for each in costs.terms.subscriptions]
    assert sum_amounts([*(cost.amount for cost in costs.meters), *flat]) == costs.amount
    projects = sorted({item.project for item in costs.items})
    sums = [sum_amounts(item.amount for item in costs.items if item.project == project) for project in projects]
    assert sum_amounts(sums) == costs.amount
    lines = [to_cents(cost.amount.to_date) for cost in costs.meters]
    assert costs.invoice == add([*lines, *(to_cents(each.usd) for each in costs.terms.subscriptions)])


@always(60)
@given(CASES)
def test_no_share_is_negative_or_a_float(case: Case) -> None:
    """Everything that comes of usage is an integer, a Decimal of fifteen places or a fraction, and none is below 0."""
    costs = case.costs()
    assert floats_in(costs) == []
    for item in costs.items:
        amounts = (item.amount.to_date, item.amount.forecast, item.amount.low, item.amount.high, item.amount.list_price)
        assert min(amounts) >= 0 <= item.quantity
        assert all(amount == round(amount, PLACES) for amount in amounts)


@always(60)
@given(CASES)
def test_a_place_has_one_item_of_a_line(case: Case) -> None:
    """A project, asset and meter come once, and subscriptions once for each project that they are spread over."""
    costs = case.costs()
    keys = [(item.meter, item.kind, item.project, item.asset) for item in costs.items]
    assert len(set(keys)) == len(keys)
    shared = {item.project for item in costs.items if item.kind != SUBSCRIPTION}
    for subscription in costs.terms.subscriptions:
        projects = {item.project for item in costs.items if item.meter == subscription.meter}
        assert projects in ({"unassigned"}, shared)


@always(60)
@given(CASES)
def test_a_line_grows_to_what_it_is(case: Case) -> None:
    """Day by day a line grows, from nothing to what it is to date, and with what is ahead to its forecast."""
    costs = case.costs()
    for cost in [cost for cost in costs.meters if cost.amount.high]:
        for is_forecast, whole in ((False, cost.amount.to_date), (True, cost.amount.forecast)):
            days = [*costs.cycle.days()]
            some = sorted({*days[::4], days[-1]})
            reached = [costs.usd_until(cost.meter, day, is_forecast=is_forecast) for day in some]
            assert reached == sorted(reached)
            assert reached[-1] == whole
        assert costs.usd_until(cost.meter, costs.cycle.start - DAY) == 0


def test_each_day_costs_what_the_line_grew_by() -> None:
    """Quotas are used up first, and a block's whole price lands on the day that begins it."""
    costs = november_costs(SMALL_ACCOUNT)
    reached = [costs.usd_until("workers_requests", november(day)) for day in (8, 9, 30)]
    assert reached == [Decimal(0), Decimal("0.90"), Decimal("0.90")]
    storage = [costs.usd_until(STORAGE, november(day)) for day in (10, 11, 12, 30)]
    assert storage == [Decimal(0), Decimal("0.015"), Decimal("0.030"), Decimal("0.300")]


def test_a_free_plan_limits_what_it_does_not_bill() -> None:
    """Workers and KV cost nothing, whatever is used, and show how much of the day's or the total limit that is."""
    entries = [
        on(3, "shop-api", "workers_requests", 50_000_000),
        on(15, "shop-api", "workers_requests", 25_000),
        on(15, "blog-web", "workers_requests", 50_000),
        *every_day("kv_storage_gb_month", "shop-kv", {november(day): GB // 4 for day in range(1, 16)}),
        on(15, "shop-api", "workers_cpu_ms", 10**12),
        on(9, "shop-kv", "kv_writes", 1_000),
        on(9, "shop-files", "r2_class_a", 1_000_001),
    ]
    costs = compute(entries, noon(15), terms("workers_free"))
    lines = {cost.meter: (cost.is_limited, cost.amount.to_date, cost.quota_ratio) for cost in costs.meters}
    assert lines["workers_requests"] == (True, Decimal(0), Fraction(3, 4))
    assert lines["kv_storage_gb_month"] == (True, Decimal(0), Fraction(1, 4))
    assert lines["workers_cpu_ms"] == (True, Decimal(0), None)
    assert lines["kv_writes"] == (True, Decimal(0), 0)
    assert lines["r2_class_a"] == (False, Decimal("4.50"), Fraction(1_000_001, 1_000_000))
    assert {cost.product for cost in costs.meters if cost.is_limited} == {"workers", "kv", "d1", "durable_objects"}
    assert costs.amount.to_date == Decimal("4.50")
    assert costs.amount.high == line_of(costs, "r2_class_a").amount.high
    assert costs.usd_until("workers_requests", november(15)) == 0
    assert line_of(costs, "workers_requests").amount.list_price == Decimal("15.0225")


def test_a_limit_of_a_month_counts_the_whole_cycle() -> None:
    """Of a limit per month, all that was used in the cycle is the share."""
    card = november_costs([]).card
    monthly = replace(card.meters["kv_reads"], free=FreeLimit(Decimal(100_000), "month"))
    own = replace(card, meters={**card.meters, "kv_reads": monthly})
    entries = [on(3, "shop-kv", "kv_reads", 30_000), on(15, "shop-kv", "kv_reads", 20_000)]
    costs = compute(entries, noon(15), terms("workers_free"), card=own)
    assert line_of(costs, "kv_reads").quota_ratio == Fraction(1, 2)


def test_dispatched_scripts_are_workers_for_platforms() -> None:
    """What scripts of a dispatch namespace use has meters, quotas and prices of its own."""
    entries = [
        on(3, "dispatch:tenants", "workers_requests", 21_000_000),
        on(3, "dispatch:tenants", "workers_cpu_ms", 61_500_000_000),
        on(3, "shop-api", "workers_requests", 10_000_000),
        on(3, "dispatch:tenants", "d1_rows_read", 5),
    ]
    costs = november_costs(entries)
    found = {item.meter: (item.product, item.asset, item.quantity, item.amount.to_date) for item in costs.items}
    assert found == {
        "wfp_requests": ("workers_for_platforms", "dispatch:tenants", 21_000_000, Decimal("0.30")),
        "wfp_cpu_ms": ("workers_for_platforms", "dispatch:tenants", 61_500_000, Decimal("0.04")),
        "workers_requests": ("workers", "shop-api", 10_000_000, Decimal(0)),
        "d1_rows_read": ("d1", "dispatch:tenants", 5, Decimal(0)),
    }


def test_assets_in_one_place_are_one_item() -> None:
    """Two ids of one name, as of a Worker that was deleted and made again, are added up."""
    entries = [
        on(3, "id-1", "workers_requests", 9_000_000),
        on(9, "id-2", "workers_requests", 4_000_000),
        on(9, "id-3", "workers_requests", 2_000_000),
    ]

    def by_kind(kind: str, asset: str) -> Placement:
        return Placement("shop", "other" if asset == "id-3" else kind)

    costs = november_costs(entries, placed=by_kind)
    items = items_of(costs, "workers_requests")
    assert {asset: (item.quantity, item.amount.to_date) for asset, item in items.items()} == {
        "worker": (13_000_000, Decimal("1.30")),
        "other": (2_000_000, Decimal("0.20")),
    }


USED_BY_TWO = [
    on(3, "shop-api", "workers_requests", 9_000_000),
    on(3, "blog-web", "workers_requests", 1_000_000),
]
"""At list price 2.70 and 0.30 dollars; on the bill nothing."""

SPREADS: dict[Spread, dict[str, Decimal]] = {
    Spread.APART: {"unassigned": Decimal("5.30")},
    Spread.EQUAL: {"shop": Decimal("2.65"), "blog": Decimal("2.65")},
    Spread.USAGE: {"shop": Decimal("4.77"), "blog": Decimal("0.53")},
}


def subscriptions_in(costs: AccountCosts) -> dict[str, list[CostItem]]:
    """The items of subscriptions, by project."""
    found: dict[str, list[CostItem]] = {}
    for item in costs.items:
        if item.kind == SUBSCRIPTION:
            found.setdefault(item.project, []).append(item)
    return found


@pytest.mark.parametrize("spread", Spread)
def test_subscriptions_are_spread(spread: Spread) -> None:
    """Subscriptions are of no project, or of all in equal parts, or by what their usage comes to at list price."""
    odd = replace(PRO, usd=Decimal("0.30"))
    costs = november_costs(USED_BY_TWO, terms(subscriptions=(WORKERS_PAID, odd)), spread=spread)
    found = subscriptions_in(costs)
    assert {project: add([item.amount.to_date for item in items]) for project, items in found.items()} == SPREADS[
        spread
    ]
    assert {(item.asset, item.quantity) for items in found.values() for item in items} == {("", 1)}
    assert all(item.amount == CostAmount(*[item.amount.to_date] * 5) for items in found.values() for item in items)


@pytest.mark.parametrize("spread", Spread)
def test_without_projects_subscriptions_are_apart(spread: Spread) -> None:
    """Where nothing is used there is nothing to spread over."""
    found = subscriptions_in(november_costs([], terms(subscriptions=(WORKERS_PAID,)), spread=spread))
    assert {project: [item.amount.to_date for item in items] for project, items in found.items()} == {
        "unassigned": [Decimal(5)]
    }


def test_without_a_list_price_subscriptions_are_spread_equally() -> None:
    """Usage that is free is no measure, so that all projects have the same share."""
    entries = [on(3, "shop-files", "r2_retrieval_gb", 9 * GB), on(3, "blog-files", "r2_retrieval_gb", GB)]
    how = terms(subscriptions=(WORKERS_PAID,))
    found = subscriptions_in(november_costs(entries, how, spread=Spread.USAGE))
    assert {project: [item.amount.to_date for item in items] for project, items in found.items()} == {
        "blog": [Decimal("2.5")],
        "shop": [Decimal("2.5")],
    }


def test_an_invoice_adds_cents_up() -> None:
    """Each line is rounded to cents, halves up, before lines are added."""
    entries = [on(3, "shop-files", "r2_ia_class_b", 1_005_556), on(3, "shop-files", "r2_ia_class_a", 5_000)]
    costs = november_costs(entries, terms(rating=Terms(is_proportional=True)))
    assert costs.amount.to_date == Decimal("0.9050004") + Decimal("0.045")
    assert costs.invoice == Decimal("0.91") + Decimal("0.05")


def test_what_is_known_of_a_line() -> None:
    """The line up to a day is known if usage is from the cycle's first day on, and the day is over."""
    entries = list(every_day("r2_ia_class_a", "shop-files", {november(day): 600_000 for day in range(1, 16)}))
    costs = compute(entries, noon(15))
    assert costs.known_until("r2_ia_class_a", november(2)) == Decimal(18)
    assert costs.known_until("r2_ia_class_a", november(14)) == Decimal(81)
    assert costs.known_until("r2_ia_class_a", november(15)) is None
    assert costs.known_until("r2_ia_class_b", november(14)) is None
    assert costs.known_until("no_such_meter", november(14)) is None
    assert compute(entries[1:], noon(15)).known_until("r2_ia_class_a", november(14)) is None


def test_usage_before_the_cycle_is_not_billed() -> None:
    """Days before the cycle are there for forecasts alone."""
    entries = [
        ((date(2026, 10, 31), "shop-files", "r2_ia_class_a"), 5_000_000),
        on(1, "shop-files", "r2_ia_class_a", 1),
    ]
    amount = line_of(compute(entries, noon(1)), "r2_ia_class_a").amount
    assert amount.to_date == Decimal(9)
    assert amount.forecast > Decimal(9)


def test_a_bucket_that_was_emptied_has_its_part_of_what_may_come() -> None:
    """What may be stored again at most is shared out though nothing is stored now, and nothing is likely to be."""
    entries = [on(-2, "shop-a", STORAGE, GB), on(-1, "shop-a", STORAGE, 700 * GB)]
    costs = compute(entries, datetime(2026, 11, 1, tzinfo=UTC))
    (item,) = costs.items
    assert (item.asset, item.quantity, item.amount) == ("shop-a", 0, line_of(costs, STORAGE).amount)
    assert (item.amount.forecast, item.amount.high > 0) == (Decimal(0), True)


def test_the_usage_of_a_cycle_is_in_the_rates_unit() -> None:
    """What is used and what is ahead are given by day, so that anyone can add them up."""
    costs = compute([on(14, "chat", "do_requests", 50), on(15, "chat", "do_requests", 20)], noon(15))
    assert costs.used["do_requests"] == Consumption({november(14): 50, november(15): 20}, 20)
    assert costs.ahead["do_requests"] == {november(15): 25} | {november(day): 50 for day in range(16, 31)}
