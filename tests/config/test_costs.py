"""The section ``costs`` of the configuration, and what a reload makes of it."""

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exporter.config import ConfigError, load_config
from exporter.pricing import AccountRule, Budget, CostRules, Override, Rounding, Spread
from tests.configured import Site
from tests.exactness.watcher import Watcher
from tests.poller.scene import listed_world

PAID = {"plan": "workers_paid"}
LIST_COST = "cloudflare_list_cost_usd_total"


def write(folder: Path, text: str) -> Path:
    """A configuration file."""
    path = folder / "exporter.yml"
    path.write_text(text, encoding="utf-8")
    return path


def rules(folder: Path, text: str) -> CostRules:
    """The rules of a section ``costs``."""
    return load_config(write(folder, f"costs: {text}"), {}, None).costs.rules()


def faults(folder: Path, text: str) -> list[str]:
    """What is said to be wrong with a section ``costs``, line by line."""
    path = write(folder, f"costs: {text}")
    with pytest.raises(ConfigError) as caught:
        load_config(path, {}, None)
    title, *lines = str(caught.value).splitlines()
    assert title == f"The configuration file {path} is not valid:"
    return [line.removeprefix("  ") for line in lines]


@pytest.mark.parametrize("text", ["", "{}", "{prices: [], budgets: [], accounts: {}}"])
def test_everything_has_a_default(tmp_path: Path, text: str) -> None:
    """Without a word about costs all is found out, or is as Cloudflare documents it."""
    assert rules(tmp_path, text) == CostRules() == load_config(None, {}, None).costs.rules()


def test_a_file_says_everything(tmp_path: Path) -> None:
    """Every key arrives where it belongs."""
    found = rules(
        tmp_path,
        """
          plan: workers_free
          cycle_day: 14
          storage_month_days: cycle
          rounding: proportional
          ai_allowance: daily
          subscriptions: usage
          assets: false
          accounts:
            acme: {plan: workers_paid, cycle_day: 31}
            shop: {cycle_day: 1}
          prices:
            - meter: r2_class_a
              account: acme
              price: 4.05
              per: 1_000_000
              included: 10_000_000
              rounding: none
              valid_from: 2027-01-01
              valid_to: 2027-12-31
            - {meter: kv_reads, discount: 0.1}
            - {meter: support_hours, price: 150, per: 1, product: support, unit: hours}
          budgets:
            - {name: all, amount: 99.5}
            - {name: shop, amount: 50, account: acme, project: shop, product: r2}
        """,
    )
    assert found == CostRules(
        plan="workers_free",
        cycle_day=14,
        storage_month_days="cycle",
        is_proportional=True,
        pools_days=False,
        spread=Spread.USAGE,
        shows_assets=False,
        overrides=(
            Override(
                "r2_class_a",
                account="acme",
                price=Decimal("4.05"),
                per=Decimal(1_000_000),
                included=Decimal(10_000_000),
                rounding=Rounding.NONE,
                valid_from=date(2027, 1, 1),
                valid_to=date(2027, 12, 31),
            ),
            Override("kv_reads", discount=Decimal("0.1")),
            Override("support_hours", price=Decimal(150), per=Decimal(1), product="support", unit="hours"),
        ),
        budgets=(
            Budget("all", Decimal("99.5")),
            Budget("shop", Decimal(50), account="acme", project="shop", product="r2"),
        ),
        accounts={
            "acme": AccountRule(plan="workers_paid", cycle_day=31),
            "shop": AccountRule(plan=None, cycle_day=1),
        },
    )


@pytest.mark.parametrize(
    ("text", "days"),
    [("30", "30"), ('"30"', "30"), ("auto", "auto"), ("cycle", "cycle")],
)
def test_the_days_of_a_month_may_be_a_number(tmp_path: Path, text: str, days: str) -> None:
    """Thirty is thirty, in quotes or not."""
    assert rules(tmp_path, f"{{storage_month_days: {text}}}").storage_month_days == days


@pytest.mark.parametrize("spread", list(Spread))
def test_where_subscriptions_go(tmp_path: Path, spread: Spread) -> None:
    """Each word means a way to spread them."""
    assert rules(tmp_path, f"{{subscriptions: {spread}}}").spread is spread


def test_prices_are_exact(tmp_path: Path) -> None:
    """What YAML reads as a float counts as it was written."""
    (override,) = rules(tmp_path, "{prices: [{meter: d1_rows_read, price: 0.0011}]}").overrides
    assert override.price == Decimal("0.0011")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{plan: platinum}", "costs.plan: must be one of auto, workers_paid, workers_free"),
        (
            "{accounts: {acme: {plan: pro}}}",
            "costs.accounts.acme.plan: must be one of auto, workers_paid, workers_free",
        ),
        ("{cycle_day: 0}", "costs.cycle_day: Input should be greater than or equal to 1"),
        ("{cycle_day: 32}", "costs.cycle_day: Input should be less than or equal to 31"),
        (
            "{accounts: {acme: {cycle_day: 32}}}",
            "costs.accounts.acme.cycle_day: Input should be less than or equal to 31",
        ),
        ("{accounts: {acme: {cycle: 3}}}", "costs.accounts.acme.cycle: unknown key. Did you mean cycle_day?"),
        ("{storage_month_days: 31}", "costs.storage_month_days: Input should be 'auto', '30' or 'cycle'"),
        ("{rounding: up}", "costs.rounding: Input should be 'block' or 'proportional'"),
        ("{ai_allowance: never}", "costs.ai_allowance: Input should be 'cycle_pool' or 'daily'"),
        ("{subscriptions: nowhere}", "costs.subscriptions: Input should be 'apart', 'usage' or 'equal'"),
        ("{assets: some}", "costs.assets: Input should be a valid boolean, unable to interpret input"),
        ("{currency: EUR}", "costs.currency: unknown key"),
        ("{prices: [{price: 1}]}", "costs.prices[0].meter: Field required"),
        (
            "{prices: [{meter: kv_reads}]}",
            "costs.prices[0]: set at least one of price, discount, per, included, rounding",
        ),
        (
            "{prices: [{meter: kv_reads, price: 1, discount: 0.1}]}",
            "costs.prices[0]: set price or discount, not both",
        ),
        (
            "{prices: [{meter: kv_reads, price: -1}]}",
            "costs.prices[0].price: Input should be greater than or equal to 0",
        ),
        ("{prices: [{meter: kv_reads, discount: 0}]}", "costs.prices[0].discount: Input should be greater than 0"),
        (
            "{prices: [{meter: kv_reads, discount: 1.1}]}",
            "costs.prices[0].discount: Input should be less than or equal to 1",
        ),
        ("{prices: [{meter: kv_reads, per: 0}]}", "costs.prices[0].per: Input should be greater than 0"),
        (
            "{prices: [{meter: kv_reads, price: 1}, {meter: kv_reads, included: -1}]}",
            "costs.prices[1].included: Input should be greater than or equal to 0",
        ),
        (
            "{prices: [{meter: kv_reads, rounding: down}]}",
            "costs.prices[0].rounding: Input should be 'block', 'none', 'nearest' or 'unit'",
        ),
        (
            "{prices: [{meter: kv_reads, price: 1, vaild_from: 2027-01-01}]}",
            "costs.prices[0].vaild_from: unknown key. Did you mean valid_from or valid_to?",
        ),
        ("{budgets: [{name: all}]}", "costs.budgets[0].amount: Field required"),
        ("{budgets: [{amount: 5}]}", "costs.budgets[0].name: Field required"),
        ("{budgets: [{name: all, amount: 0}]}", "costs.budgets[0].amount: Input should be greater than 0"),
    ],
)
def test_an_error_names_its_key(tmp_path: Path, text: str, fault: str) -> None:
    """One line says where it stands and what is wrong."""
    assert faults(tmp_path, text) == [fault]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "{prices: [{meter: warp_drive, price: 1}]}",
            "costs.prices[0]: warp_drive is not on the rate card; to add it, set price and per",
        ),
        (
            "{prices: [{meter: kv_reads, price: 1}, {meter: warp_drive, per: 5}]}",
            "costs.prices[1]: warp_drive is not on the rate card; to add it, set price and per",
        ),
        (
            "{prices: [{meter: kv_reads, price: 1, valid_from: 2027-02-01, valid_to: 2027-01-01}]}",
            "costs.prices[0]: valid_from 2027-02-01 is after valid_to 2027-01-01",
        ),
        (
            "{budgets: [{name: all, amount: 5}, {name: shop, amount: 5}, {name: all, amount: 6}]}",
            "costs.budgets[2]: duplicate budget name: all",
        ),
    ],
)
def test_what_does_not_fit_together_is_named(tmp_path: Path, text: str, fault: str) -> None:
    """A meter that nobody knows needs a whole price, days have an order, and budgets names of their own."""
    assert faults(tmp_path, text) == [fault]


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    """Nobody has to start the exporter once for each."""
    found = faults(
        tmp_path,
        "{cycle_day: 32, prices: [{meter: kv_reads}, {price: 1}], budgets: [{name: all, amount: 0}], plan: pro}",
    )
    assert [line.partition(": ")[0] for line in found] == [
        "costs.plan",
        "costs.cycle_day",
        "costs.prices[0]",
        "costs.prices[1].meter",
        "costs.budgets[0].amount",
    ]


def test_a_meter_may_be_added(tmp_path: Path) -> None:
    """With price and per it needs nothing on the card, and belongs to a product of its own."""
    (override,) = rules(tmp_path, "{prices: [{meter: warp_drive, price: 5, per: 10}]}").overrides
    assert override == Override("warp_drive", price=Decimal(5), per=Decimal(10), product="custom", unit="units")


def test_of_prices_that_overlap_the_last_counts(tmp_path: Path) -> None:
    """Days that two rules name are no error."""
    found = rules(
        tmp_path,
        "{prices: [{meter: kv_reads, price: 1}, {meter: kv_reads, price: 2, valid_from: 2027-01-01},"
        " {meter: kv_reads, price: 3, valid_from: 2027-01-15, valid_to: 2027-02-01}]}",
    )
    assert [override.price for override in found.overrides] == [1, 2, 3]


def dollars(site: Site, family: str, **labels: str) -> Decimal:
    """The sum of the samples of a family that have some labels, in dollars."""
    assert site.exporter.published.snapshot is not None
    samples = [
        sample
        for each in site.exporter.published.snapshot.families
        if each.name == family
        for sample in each.samples
        if labels.items() <= sample.labels.as_dict().items()
    ]
    return sum((Decimal(sample.amount) / sample.divisor for sample in samples), Decimal(0))


async def watch(site: Site, watcher: Watcher, minutes: int) -> None:
    """Let minutes pass; no counter may fall."""
    for _ in range(minutes):
        await site.refresh()
        assert site.exporter.published.snapshot is not None
        watcher.see(site.exporter.published.snapshot)
        watcher.scrape(site.exporter.published.snapshot)


def prices(*found: Mapping[str, Any]) -> dict[str, Any]:
    """A section ``costs`` with a plan that bills, and prices."""
    return {**PAID, "prices": list(found)}


def test_a_reload_takes_prices_and_budgets_over(tmp_path: Path) -> None:
    """The next refresh publishes with them, and without them when they are gone."""

    async def script() -> None:
        async with Site(listed_world(), tmp_path, costs=prices({"meter": "workers_requests", "included": 0})) as site:
            await site.refresh(4)
            family = "cloudflare_cost_cycle_to_date_usd"
            assert dollars(site, family, meter="workers_requests") == Decimal("0.30")
            assert site.samples("cloudflare_budget_amount_usd") == []
            site.configure(
                costs={
                    **prices({"meter": "workers_requests", "included": 0, "price": 7}),
                    "budgets": [{"name": "all", "amount": 100}],
                }
            )
            await site.refresh(2)
            assert dollars(site, family, meter="workers_requests") == 7
            assert [labels["budget"] for labels, _ in site.samples("cloudflare_budget_used_ratio")] == ["all"]
            assert dollars(site, "cloudflare_budget_amount_usd") == 100
            site.configure(costs=PAID)
            await site.refresh(2)
            assert dollars(site, family, meter="workers_requests") == 0
            assert site.samples("cloudflare_budget_used_ratio") == []

    asyncio.run(script())


def test_a_reload_that_is_refused_leaves_prices_as_they_were(tmp_path: Path) -> None:
    """A meter that nobody knows changes nothing."""

    async def script() -> None:
        async with Site(
            listed_world(), tmp_path / "state", costs=prices({"meter": "workers_requests", "included": 0})
        ) as site:
            await site.refresh(3)
            path = write(tmp_path, "costs: {prices: [{meter: warp_drive, discount: 0.5}]}")
            site.reload(lambda: load_config(path, {}, None))
            await site.refresh(2)
            assert site.own("config_last_reload_successful") == 0
            assert dollars(site, "cloudflare_cost_cycle_to_date_usd", meter="workers_requests") == Decimal("0.30")

    asyncio.run(script())


def test_list_cost_never_falls(tmp_path: Path) -> None:
    """While a meter is free nothing is added, and what was counted stays; with its price back it grows again."""

    async def script() -> None:
        site, watcher = Site(listed_world(), tmp_path), Watcher()
        await watch(site, watcher, 8)
        free = prices({"meter": "workers_requests", "price": 0})
        before = dollars(site, LIST_COST, meter="workers_requests")
        assert before > 0
        site.configure(costs=free)
        await watch(site, watcher, 3)
        for _ in range(4):
            site.clock.advance(timedelta(minutes=57))
            await watch(site, watcher, 3)
        assert dollars(site, LIST_COST, meter="workers_requests") == before
        assert dollars(site, LIST_COST, meter="workers_cpu_ms") > 0
        site.configure()
        await watch(site, watcher, 3)
        for _ in range(2):
            site.clock.advance(timedelta(minutes=57))
            await watch(site, watcher, 3)
        assert dollars(site, LIST_COST, meter="workers_requests") > before
        await site.exporter.close()

    asyncio.run(script())


def test_another_price_holds_for_the_hours_to_come(tmp_path: Path) -> None:
    """Ten times the price makes list cost grow ten times as fast, and leaves alone what hours before have settled."""

    async def script() -> None:
        site, other = Site(listed_world(), tmp_path / "one"), Site(listed_world(), tmp_path / "other")
        for each in (site, other):
            await each.refresh(3)
        site.configure(costs=prices({"meter": "workers_requests", "price": 3}))
        grown = []
        for each in (site, other):
            for _ in range(2):
                each.clock.advance(timedelta(hours=2))
                await each.refresh(2)
            before = dollars(each, LIST_COST, meter="workers_requests")
            each.clock.advance(timedelta(hours=2))
            await each.refresh(2)
            grown.append(dollars(each, LIST_COST, meter="workers_requests") - before)
            await each.exporter.close()
        assert grown[0] == 10 * grown[1] > 0

    asyncio.run(script())
