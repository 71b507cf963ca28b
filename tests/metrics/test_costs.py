"""What is published about money: families, labels and sums, as a running exporter gives them."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from exporter.costs.current import Costs, CurrentCosts
from exporter.metrics.costs import COST_METRICS
from exporter.metrics.family import Family
from exporter.metrics.own import build_families
from exporter.metrics.snapshot import Snapshot
from exporter.pricing import PLACES, load_card
from exporter.pricing.attribution import SUBSCRIPTION
from exporter.simulator import TokenModel
from tests.cli.commands.scene import ODD, PIPED, UNTIL, running_site
from tests.configured import Site
from tests.exactness.harness import Rig
from tests.exactness.worlds import TOKEN, small_world
from tests.poller.scene import listed_world, refresh

LEAF = ("account", "project", "product", "meter", "kind", "asset")
BUDGET = ("budget", "account", "project", "product")

PROMISED = {
    "cloudflare_cost_cycle_to_date_usd": ("gauge", LEAF),
    "cloudflare_cost_forecast_usd": ("gauge", LEAF),
    "cloudflare_cost_forecast_low_usd": ("gauge", LEAF[:4]),
    "cloudflare_cost_forecast_high_usd": ("gauge", LEAF[:4]),
    "cloudflare_list_cost_usd_total": ("counter", LEAF),
    "cloudflare_cost_subscription_usd": ("gauge", ("account", "subscription", "frequency")),
    "cloudflare_quota_used_ratio": ("gauge", ("account", "meter")),
    "cloudflare_cost_account_info": ("info", ("account", "plan", "plan_source", "cycle_source", "billed")),
    "cloudflare_cost_cycle_start_timestamp_seconds": ("gauge", ("account",)),
    "cloudflare_cost_cycle_end_timestamp_seconds": ("gauge", ("account",)),
    "cloudflare_budget_amount_usd": ("gauge", BUDGET),
    "cloudflare_budget_used_ratio": ("gauge", BUDGET),
    "cloudflare_budget_forecast_ratio": ("gauge", BUDGET),
    "cloudflare_budget_exceeded_timestamp_seconds": ("gauge", BUDGET),
    "cloudflare_billed_cost_usd": ("gauge", ("account", "meter", "line")),
    "cloudflare_billed_estimate_ratio": ("gauge", ("account", "meter", "line")),
    "cloudflare_cost_meter_info": ("info", ("meter", "product", "basis", "unit", "rounding")),
    "cloudflare_exporter_rate_card_info": ("info", ("version",)),
    "cloudflare_exporter_rate_card_timestamp_seconds": ("gauge", ()),
}

BUDGETS = [
    {"name": "all", "amount": 20},
    {"name": "shop", "amount": 1000, "account": "production", "project": "shop", "product": "workers"},
    {"name": "tight", "amount": 10},
]

Amounts = dict[tuple[str, ...], Decimal]


@pytest.fixture(scope="module")
def snapshot() -> Iterator[Snapshot]:
    """What an exporter publishes that knows a cycle from its start, with budgets and a bill."""

    async def script(folder: Path) -> Snapshot:
        async with running_site(folder, costs={"budgets": BUDGETS}) as site:
            found = site.exporter.published.snapshot
            assert found is not None
            return found

    with TemporaryDirectory() as folder:
        yield asyncio.run(script(Path(folder)))


def family(snapshot: Snapshot, name: str) -> Family:
    """A family by its name."""
    return next(each for each in snapshot.families if each.name == name)


def amounts(snapshot: Snapshot, name: str) -> Amounts:
    """The samples of a family by their label values, exactly."""
    return {
        sample.labels.values: Decimal(sample.amount) / Decimal(sample.divisor)
        for sample in family(snapshot, name).samples
    }


@pytest.mark.parametrize("name", PROMISED)
def test_every_family_is_there_with_its_labels(snapshot: Snapshot, name: str) -> None:
    """Dashboards and alerts are written with these names and labels, and with no others."""
    kind, labels = PROMISED[name]
    found = family(snapshot, name)
    assert found.kind == kind
    assert {sample.labels.names for sample in found.samples} == {labels}
    assert found.help.endswith(".")


def test_there_are_no_other_families_of_costs(snapshot: Snapshot) -> None:
    """What is published about money is promised."""
    words = ("cloudflare_cost_", "cloudflare_list_cost", "cloudflare_budget_", "cloudflare_billed_", "cloudflare_quota")
    found = {each.name for each in snapshot.families if each.name.startswith(words) or "rate_card" in each.name}
    assert found == set(PROMISED)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("cloudflare_cost_cycle_to_date_usd", "to_date"),
        ("cloudflare_cost_forecast_usd", "forecast"),
        ("cloudflare_cost_forecast_low_usd", "low"),
        ("cloudflare_cost_forecast_high_usd", "high"),
    ],
)
def test_the_sum_of_the_leaf_is_the_total(snapshot: Snapshot, name: str, field: str) -> None:
    """Summed over all labels but the account it is what the statement says, to the last digit."""
    sums: dict[str, Decimal] = {}
    for labels, usd in amounts(snapshot, name).items():
        sums[labels[0]] = sums.get(labels[0], Decimal(0)) + usd
    assert sums == {each.account: getattr(each.amount, field) for each in snapshot.costs.accounts.values()}
    if field == "to_date":
        assert sums == {"production": Decimal("10.845"), "Other": 0}


def test_the_sum_of_a_meter_is_its_line(snapshot: Snapshot) -> None:
    """Projects and assets of a meter make up the account's line."""
    sums: dict[str, Decimal] = {}
    for (account, _, _, meter, _, _), usd in amounts(snapshot, "cloudflare_cost_cycle_to_date_usd").items():
        if account == "production":
            sums[meter] = sums.get(meter, Decimal(0)) + usd
    assert {meter: usd for meter, usd in sums.items() if usd} == {
        "workers_paid_subscription": Decimal("5.00"),
        "workers_requests": Decimal("4.50"),
        "workers_cpu_ms": Decimal("0.58"),
        "d1_storage_gb_month": Decimal("0.75"),
        "r2_storage_gb_month": Decimal("0.015"),
    }


def test_leaves_name_assets(snapshot: Snapshot) -> None:
    """A leaf is one asset in one line; a subscription has no asset and no project."""
    leaves = set(amounts(snapshot, "cloudflare_cost_cycle_to_date_usd"))
    assert {leaf for leaf in leaves if leaf[3] in {"workers_paid_subscription", "d1_storage_gb_month"}} == {
        ("production", "unassigned", "workers", "workers_paid_subscription", SUBSCRIPTION, ""),
        ("production", "unassigned", "d1", "d1_storage_gb_month", "d1_database", PIPED),
        ("production", "unassigned", "d1", "d1_storage_gb_month", "d1_database", "attic"),
    }
    assert ("production", "odd", "workers", "workers_requests", "worker", ODD) in leaves
    assert set(amounts(snapshot, "cloudflare_cost_forecast_usd")) == leaves
    low = set(amounts(snapshot, "cloudflare_cost_forecast_low_usd"))
    assert low == {leaf[:4] for leaf in leaves} == set(amounts(snapshot, "cloudflare_cost_forecast_high_usd"))


def test_dollars_are_whole_parts(snapshot: Snapshot) -> None:
    """Amounts are integers, so that nothing is rounded before it is printed."""
    for name in PROMISED:
        if name.endswith(("_usd", "_usd_total")):
            assert all(type(sample.amount) is int for sample in family(snapshot, name).samples)
            assert {sample.divisor for sample in family(snapshot, name).samples} == {10**PLACES}


def test_list_cost_has_the_same_labels_as_cost(snapshot: Snapshot) -> None:
    """What is counted is counted for a leaf of the cost, so that both can be joined; free usage costs nothing."""
    leaves = set(amounts(snapshot, "cloudflare_cost_cycle_to_date_usd"))
    listed = amounts(snapshot, "cloudflare_list_cost_usd_total")
    assert set(listed) <= leaves
    assert listed["production", "shop", "workers", "workers_requests", "worker", "shop-web"] > 0
    assert listed["Other", "unassigned", "kv", "kv_writes", "kv_namespace", "sessions"] > 0
    assert {leaf[3] for leaf in leaves - set(listed)} >= {"workers_paid_subscription", "r2_retrieval_gb"}


def test_subscriptions(snapshot: Snapshot) -> None:
    """Each is published with what it costs in a cycle."""
    assert amounts(snapshot, "cloudflare_cost_subscription_usd") == {("production", "Workers Paid", "monthly"): 5}


def test_quotas(snapshot: Snapshot) -> None:
    """Used by what is included in the cycle; on the free plan by what a day, or all, allows."""
    found = {labels: round(ratio, 6) for labels, ratio in amounts(snapshot, "cloudflare_quota_used_ratio").items()}
    assert found["production", "r2_storage_gb_month"] == Decimal("1.05252")
    assert found["production", "d1_storage_gb_month"] == round(Decimal(7 * 23) / 30 / 5, 6)
    assert ("production", "r2_retrieval_gb") not in found
    # More than a thousand keys were written today, and it is not ten yet.
    assert 1 < found["Other", "kv_writes"] < 2


def test_accounts_and_cycles(snapshot: Snapshot) -> None:
    """How each is billed, and when its cycle begins and ends."""
    assert set(amounts(snapshot, "cloudflare_cost_account_info")) == {
        ("production", "workers_paid", "subscriptions", "subscriptions", "available"),
        ("Other", "workers_free", "subscriptions", "assumed", "absent"),
    }
    start = amounts(snapshot, "cloudflare_cost_cycle_start_timestamp_seconds")
    end = amounts(snapshot, "cloudflare_cost_cycle_end_timestamp_seconds")
    assert start[("production",)] == int(datetime(2025, 10, 14, tzinfo=UTC).timestamp())
    assert end[("production",)] == int(datetime(2025, 11, 14, tzinfo=UTC).timestamp())
    assert (end[("Other",)] - start[("Other",)]) / 86_400 == 31


def test_budgets(snapshot: Snapshot) -> None:
    """Amount and ratios of each, and the day on which one will be exceeded: not of one that is, or will not be."""
    every, shop, tight = ("all", "", "", ""), ("shop", "production", "shop", "workers"), ("tight", "", "", "")
    assert amounts(snapshot, "cloudflare_budget_amount_usd") == {every: 20, shop: 1000, tight: 10}
    used = amounts(snapshot, "cloudflare_budget_used_ratio")
    assert (round(used[every], 9), round(used[tight], 9)) == (Decimal("0.54225"), Decimal("1.0845"))
    assert 0 < used[shop] < Decimal("0.004")
    forecast = amounts(snapshot, "cloudflare_budget_forecast_ratio")
    assert forecast[every] > 1 > forecast[shop] > used[shop]
    exceeded = amounts(snapshot, "cloudflare_budget_exceeded_timestamp_seconds")
    assert set(exceeded) == {every}
    assert UNTIL.timestamp() < exceeded[every] < datetime(2025, 11, 14, tzinfo=UTC).timestamp()
    assert exceeded[every] % 86_400 == 0


def test_bills(snapshot: Snapshot) -> None:
    """Lines as the invoice prints them, with the card's meter; the ratio is of the days that are complete: one."""
    requests = "Workers Standard Requests (first 10M are included)"
    cpu = "Workers CPU ms (first 30M are included)"
    billed = amounts(snapshot, "cloudflare_billed_cost_usd")
    assert billed["production", "workers_requests", requests] == Decimal("4.50")
    assert billed["production", "workers_cpu_ms", cpu] == Decimal("0.58")
    assert sum(billed.values()) == Decimal("10.845") - 5
    assert amounts(snapshot, "cloudflare_billed_estimate_ratio") == {
        ("production", "workers_requests", requests): 1,
        ("production", "workers_cpu_ms", cpu): 1,
    }


def test_meters_and_card(snapshot: Snapshot) -> None:
    """Every meter of the card is published once with its basis, and the card with its day."""
    card = load_card()
    found = set(amounts(snapshot, "cloudflare_cost_meter_info"))
    assert {labels[0] for labels in found} == set(card.meters)
    assert len(found) == len(card.meters)
    assert ("r2_class_a", "r2", "exact", "operations", "block") in found
    assert ("workers_requests", "workers", "estimated", "requests", "block") in found
    assert ("workers_logs_events", "workers_logs", "unpriced", "events", "block") in found
    assert amounts(snapshot, "cloudflare_exporter_rate_card_info") == {(str(card.version),): 1}
    ((looked_up,),) = [list(amounts(snapshot, "cloudflare_exporter_rate_card_timestamp_seconds").values())]
    assert datetime.fromtimestamp(int(looked_up), UTC).date() == card.version


def test_without_accounts_families_are_empty() -> None:
    """Before anything is counted nothing is published but what the card says."""
    costs = Costs(card=load_card())
    found = {each.name: len(each.samples) for each in build_families(COST_METRICS, costs)}
    assert set(found) == set(PROMISED) - {"cloudflare_list_cost_usd_total"}
    assert {name for name, samples in found.items() if samples} == {
        "cloudflare_cost_meter_info",
        "cloudflare_exporter_rate_card_info",
        "cloudflare_exporter_rate_card_timestamp_seconds",
    }
    assert date.min < load_card().version


def test_a_snapshot_without_subscriptions_assumes_the_paid_plan(tmp_path: Path) -> None:
    """A token that may not read them leaves the plan assumed, and its price with it."""

    async def script() -> Snapshot:
        world = small_world(1, timedelta(0), retention=timedelta(hours=3))
        token = TokenModel(token=TOKEN, permissions=frozenset({"accounts", "analytics", "workers", "r2", "d1", "kv"}))
        async with Rig(replace(world, tokens=(token,)), tmp_path, source_costs=CurrentCosts) as rig:
            await refresh(rig, 4)
            found = rig.exporter.published.snapshot
        assert found is not None
        return found

    found = asyncio.run(script())
    assert set(amounts(found, "cloudflare_cost_account_info")) == {
        ("Example", "workers_paid", "assumed", "assumed", "forbidden")
    }
    assert amounts(found, "cloudflare_cost_subscription_usd") == {("Example", "Workers Paid", "monthly"): 5}


LEAVES = ("cloudflare_cost_cycle_to_date_usd", "cloudflare_cost_forecast_usd", "cloudflare_list_cost_usd_total")


def assets(snapshot: Snapshot, name: str) -> set[str]:
    """The names of the assets in a family, subscriptions left out."""
    return {labels[5] for labels in amounts(snapshot, name) if labels[4] != SUBSCRIPTION}


def test_the_level_of_assets_can_be_left_out(tmp_path: Path) -> None:
    """Then no leaf names one; series begin at zero, and go on where they were when they come back."""

    async def script() -> None:
        async with Site(listed_world(), tmp_path) as site:
            seen: Amounts = {}

            async def watch(minutes: int) -> Snapshot:
                for _ in range(minutes):
                    await site.refresh()
                    assert site.exporter.published.snapshot is not None
                    for labels, usd in amounts(site.exporter.published.snapshot, LEAVES[2]).items():
                        assert usd >= seen.get(labels, usd), f"{labels} fell"
                        assert labels in seen or usd == 0, f"{labels} was born at {usd}"
                        seen[labels] = usd
                assert site.exporter.published.snapshot is not None
                return site.exporter.published.snapshot

            before = await watch(8)
            for name in LEAVES:
                assert {"shop-web", "media"} <= assets(before, name)
                assert "" not in assets(before, name)
            site.configure(costs={"assets": False})
            without = await watch(8)
            for name in LEAVES:
                assert assets(without, name) == {""}
            assert sum(amounts(without, LEAVES[2]).values()) > 0
            assert {labels[1] for labels in amounts(without, LEAVES[2])} == {
                labels[1] for labels in amounts(before, LEAVES[2])
            }
            site.configure()
            after = await watch(8)
            for name in LEAVES:
                assert assets(after, name) == assets(before, name)
            assert sum(amounts(after, LEAVES[2]).values()) > sum(amounts(before, LEAVES[2]).values()) > 0

    asyncio.run(script())
