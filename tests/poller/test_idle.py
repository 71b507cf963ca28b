"""Datasets that are not in use: when they are asked, what that takes, and that nothing is lost."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from bench.idle import made_up_products
from exporter.catalog import DATASETS
from exporter.model import HOUR, Scope
from exporter.simulator import Bucket, Database, Fault, Kind, Worker, World
from tests.exactness.harness import ACCOUNT_ID, Rig, small_world
from tests.poller.scene import KV, QUIET, R2, WORKERS, refresh

WINDOW = f"{KV}/quantiles"
FAILED = "d1QueriesAdaptiveGroups/failed"


def idle_world() -> World:
    """One account with a Worker and a bucket; Cloudflare keeps too little for a day to be filled in."""
    world = small_world(1, QUIET, retention=timedelta(hours=30))
    (account,) = world.accounts
    kept = tuple(asset for asset in account.assets if isinstance(asset, Worker | Bucket))
    return replace(world, accounts=(replace(account, assets=kept),))


async def asked_minutes(rig: Rig, minutes: int) -> dict[str, list[int]]:
    """Refresh each minute; return in which of them each dataset was answered."""
    asked: dict[str, list[int]] = {}
    for minute in range(minutes):
        before = answered(rig)
        await refresh(rig)
        for key, moment in answered(rig).items():
            if before.get(key) != moment:
                asked.setdefault(key, []).append(minute)
    return asked


def answered(rig: Rig) -> dict[str, datetime]:
    """When each dataset was last answered."""
    books = rig.exporter.ledger.publication().books
    states = {book.dataset.key: book.state or book.readings for book in books}
    return {key: state.last_success for key, state in states.items() if state}


def gaps(minutes: list[int]) -> set[int]:
    """The times between the questions about a dataset."""
    return {later - earlier for earlier, later in pairwise(minutes)}


def test_an_idle_dataset_fills_free_places_and_is_asked_each_refresh_from_its_first_rows_on(tmp_path: Path) -> None:
    """Its windows are not asked until then, and all its usage is counted."""

    async def script() -> None:
        async with Rig(small_world(1, QUIET, retention=timedelta(hours=30)), tmp_path) as rig:
            rig.simulator.faults.add(Fault(kind=Kind.EMPTY, dataset=KV))
            asked = await asked_minutes(rig, 20)
            assert asked[WORKERS] == asked[R2] == list(range(20))
            assert max(gaps(asked[KV])) <= 5
            assert len(asked[KV]) <= 8
            assert asked[WINDOW] == [0]
            rig.simulator.faults.clear()
            asked = await asked_minutes(rig, 12)
            first, *others = asked[KV]
            assert first < 5
            assert others == list(range(first + 1, 12))
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())


def test_a_part_of_a_dataset_is_asked_as_often_as_the_whole(tmp_path: Path) -> None:
    """Queries that fail are known within a minute, though none has so far; without any queries they are idle, too."""

    async def script() -> None:
        idle = idle_world()
        (account,) = idle.accounts
        database = Database(id="00000000-0000-0000-0000-000000000002", name="shop-log", weight=1)
        busy = replace(idle, accounts=(replace(account, assets=(*account.assets, database)),))
        for world in (idle, busy):
            async with Rig(world, tmp_path / str(world is busy)) as rig:
                asked = await asked_minutes(rig, 12)
                assert not any(rig.exporter.ledger.totals(Scope(ACCOUNT_ID), FAILED).values())
                assert (asked[FAILED] == list(range(12))) is (world is busy)
                assert max(gaps(asked[FAILED])) <= 5

    asyncio.run(script())


def test_the_hours_of_idle_datasets_settle(tmp_path: Path) -> None:
    """Empty answers, minutes apart, settle an hour that nobody used as soon as others."""

    async def script() -> None:
        async with Rig(idle_world(), tmp_path) as rig:
            await refresh(rig, 120)
            books = rig.exporter.ledger.publication().books
            behind = {book.dataset.key: rig.now - book.state.open_from for book in books if book.state}
            assert behind.keys() == {key for key, dataset in DATASETS.items() if dataset.is_counted}
            assert max(behind.values()) < 2 * HOUR, behind

    asyncio.run(script())


def test_sixty_datasets_of_which_fifteen_are_in_use(tmp_path: Path) -> None:
    """Three requests or fewer a refresh on average over an hour, and nothing waits longer than five minutes."""

    async def script() -> None:
        products = made_up_products(60, 15)
        async with Rig(idle_world(), tmp_path, products=products) as rig:
            await refresh(rig)
            before = rig.simulator.requests["graphql"]
            asked = await asked_minutes(rig, 60)
            assert (rig.simulator.requests["graphql"] - before) / 60 <= 3
            assert len(asked) == 60
            assert max(max(gaps(minutes)) for minutes in asked.values()) <= 5
            assert sum(gaps(minutes) == {1} for minutes in asked.values()) == 15

    asyncio.run(script())


def test_idle_datasets_that_find_no_place_take_a_document_after_five_minutes(tmp_path: Path) -> None:
    """Twenty-five datasets in use leave no place; the idle ones are asked all the same, and lose nothing."""

    async def script() -> None:
        async with Rig(idle_world(), tmp_path, products=made_up_products(26, 25)) as rig:
            await refresh(rig)
            asked = await asked_minutes(rig, 16)
            idle = next(key for key in asked if key.endswith("made_up_25"))
            assert gaps(asked[idle]) == {5}

    asyncio.run(script())
