"""Assets without series of their own, from the configuration to the metrics, the API, the page and what is wrong."""

import asyncio
import logging
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.config.selection import Selection
from exporter.ledger import Entry, Publication, Standing
from exporter.model import MOST_ASSETS, OTHER, Account, Asset
from exporter.poller.folded_assets import FoldProblems
from exporter.simulator import Worker, World
from tests.configured import Site
from tests.exactness.harness import ACCOUNT_ID
from tests.poller.scene import listed_world

REQUESTS = "cloudflare_worker_requests_total"
FOLDED = "cloudflare_exporter_folded_assets"
LIST_COST = "cloudflare_list_cost_usd_total"
CYCLE_COST = "cloudflare_cost_cycle_to_date_usd"
NOON = datetime(2025, 10, 20, 12, tzinfo=UTC)
ACCOUNT = Account(ACCOUNT_ID, "Example")


def five_workers() -> World:
    """An account with five Workers of one project, besides the other assets of the small world."""
    world = listed_world()
    (account,) = world.accounts
    workers = tuple(Worker(id=f"{number}" * 32, name=f"shop-{number}", weight=number) for number in range(1, 6))
    others = tuple(asset for asset in account.assets if not isinstance(asset, Worker))
    return replace(world, accounts=(replace(account, assets=(*workers, *others)),))


async def get(site: Site, path: str) -> httpx.Response:
    """What the exporter answers."""
    transport = httpx.ASGITransport(app=site.exporter.web)
    async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as http:
        return (await http.get(path)).raise_for_status()


async def by_asset(site: Site, family: str = REQUESTS, label: str = "script_name") -> Counter[str]:
    """The sums of a family that a scrape shows, by Worker."""
    sums: Counter[str] = Counter()
    for each in text_string_to_metric_families((await get(site, "/metrics")).text):
        for sample in each.samples:
            if sample.name == family and sample.labels.get("kind", "worker") == "worker":
                sums[sample.labels[label]] += sample.value
    return sums


async def listed(site: Site) -> dict[str, dict[str, Any]]:
    """What the API shows of each Worker."""
    shown = (await get(site, "/api/assets?kind=worker")).json()["assets"]
    return {asset["name"]: asset for asset in shown}


def test_three_of_five_have_series_and_the_api_shows_all(tmp_path: Path) -> None:
    """A limit of three: ``other`` has the rest, a metric counts it, and whole and parts are what they were."""

    async def script() -> None:
        limits = {"assets": [{"kind": "worker", "account": "Example", "largest": 3}]}
        unrounded = {"meter": "workers_requests", "included": 0, "rounding": "none"}
        costs = {"plan": "workers_paid", "prices": [unrounded]}
        async with (
            Site(five_workers(), tmp_path / "some", costs=costs, limits=limits) as some,
            Site(five_workers(), tmp_path / "all", costs=costs) as every,
        ):
            for site in (some, every):
                await site.refresh(15)
            shown, whole = await by_asset(some), await by_asset(every)
            assert set(shown) == {"shop-1", "shop-2", "shop-3", OTHER}
            assert shown[OTHER] == whole["shop-4"] + whole["shop-5"] > 0
            assert shown.total() == whole.total()
            assets = await listed(some)
            assert {name for name, asset in assets.items() if asset["folded"]} == {"shop-4", "shop-5"}
            assert {name: {**asset, "folded": False} for name, asset in assets.items()} == await listed(every)
            assert {name: asset["requests"] for name, asset in assets.items()} == whole
            for family in (CYCLE_COST, LIST_COST):
                shown, whole = await by_asset(some, family, "asset"), await by_asset(every, family, "asset")
                assert set(shown) == {"shop-1", "shop-2", "shop-3", OTHER}
                assert shown.total() == pytest.approx(whole.total(), rel=1e-6) != 0
            assert set(await by_asset(some, "cloudflare_worker_info")) == {"shop-1", "shop-2", "shop-3"}
            assert some.samples(FOLDED) == [({"account": "Example", "kind": "worker"}, 2)]
            assert every.samples(FOLDED) == []
            assert some.samples("cloudflare_assets") == every.samples("cloudflare_assets")
            assert (await get(some, "/api/projects")).json() == (await get(every, "/api/projects")).json()
            assert (await get(some, "/api/health")).json()["status"] == "ok"

    asyncio.run(script())


def test_another_limit_applies_after_a_reload(tmp_path: Path) -> None:
    """With the next discovery, once a scrape has seen what was counted before."""

    async def script() -> None:
        async with Site(five_workers(), tmp_path) as site:
            await site.refresh(5)
            site.configure(limits={"assets": [{"largest": 2}]})
            await site.refresh(2)
            assert set(await by_asset(site)) == {"shop-1", "shop-2", OTHER}
            site.configure()
            await site.refresh(2)
            assert set(await by_asset(site)) == {f"shop-{number}" for number in range(1, 6)}

    asyncio.run(script())


def test_thresholds_are_for_other_as_a_whole(tmp_path: Path) -> None:
    """What a rule says of a folded asset by its name has nothing to apply to."""

    async def script() -> None:
        alert = {"alert": "CloudflareWorkerErrorRatioHigh"}
        rules = [{**alert, "asset": "shop-5", "value": 0.5}, {**alert, "asset": "other", "value": 0.25}]
        limits = {"assets": [{"kind": "worker", "largest": 4}]}
        async with Site(five_workers(), tmp_path, limits=limits, alerting={"thresholds": rules}) as site:
            await site.refresh(3)
            found = {labels["asset"]: amount for labels, amount in site.samples("cloudflare_alert_threshold")}
            assert found == {OTHER: 250_000_000}

    asyncio.run(script())


def published(*counts: tuple[str, int, int]) -> Publication:
    """A publication of an account that has, of some kinds, assets with series of their own and folded ones."""
    roster = tuple(
        Entry(Asset(kind, f"{number}", f"{number}"), Standing.LISTED, NOON, project="shop", is_folded=number >= own)
        for kind, own, folded in counts
        for number in range(own + folded)
    )
    return Publication(1, {ACCOUNT_ID: "Example"}, (), {ACCOUNT_ID: roster}, {})


def test_what_only_the_last_limit_folds_is_a_problem(caplog: pytest.LogCaptureFixture) -> None:
    """It is told once, with the time when it began, until a configured limit explains it."""
    times = iter((NOON, NOON.replace(hour=13)))
    problems = FoldProblems(lambda: next(times))
    full = published(("worker", MOST_ASSETS - 1, 2), ("r2_bucket", 1, 0))
    with caplog.at_level(logging.WARNING):
        (found,) = problems.find(full, [ACCOUNT], Selection())
        (again,) = problems.find(full, [ACCOUNT], Selection())
    assert (found.account, found.part, found.reason, found.since) == ("Example", "assets", "folded", NOON)
    assert found.detail.startswith("There are 50,002 assets: the 2 smallest have no series of their own")
    assert again == found
    assert len(caplog.records) == 1
    limited = Selection.model_validate({"limits": {"assets": [{"kind": "worker", "largest": MOST_ASSETS - 1}]}})
    assert problems.find(full, [ACCOUNT], limited) == []
    assert problems.find(published(("worker", 9, 2)), [ACCOUNT], Selection()) == []
    assert problems.find(published(("worker", MOST_ASSETS, 0)), [ACCOUNT], Selection()) == []
