"""Sampled datasets: ranges are cut until they are exact, and estimates settle although no two are the same."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from exporter.catalog import DATASETS
from exporter.model import Scope
from exporter.simulator import Sampling
from tests.exactness.harness import ACCOUNT_ID, Rig, small_world

INVOCATIONS = "workersInvocationsAdaptive"
NONE_LATE = timedelta(0)


async def run_for(rig: Rig, minutes: int) -> None:
    """Let the exporter refresh and be scraped each minute."""
    for _ in range(minutes):
        await rig.refresh()
        rig.scrape()
        rig.clock.advance(timedelta(seconds=60))


def test_ranges_are_cut_until_they_are_exact(tmp_path: Path) -> None:
    """Where Cloudflare samples only what is wider than twenty minutes, every total is exact."""

    async def script() -> None:
        world = replace(
            small_world(3, NONE_LATE), sampling={INVOCATIONS: Sampling(interval=10, wider_than=timedelta(minutes=20))}
        )
        async with Rig(world, tmp_path) as rig:
            await run_for(rig, 150)
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())


def test_estimates_settle(tmp_path: Path) -> None:
    """Where even quarters of an hour are sampled, hours settle all the same, and totals are near the truth."""

    async def script() -> None:
        world = replace(small_world(3, NONE_LATE), sampling={INVOCATIONS: Sampling(interval=2)})
        async with Rig(world, tmp_path) as rig:
            await run_for(rig, 150)
            dataset = DATASETS[INVOCATIONS]
            start = rig.start_of(INVOCATIONS)
            now = rig.clock.cloudflare.now()
            open_from = rig.exporter.ledger.open_from(Scope(ACCOUNT_ID), INVOCATIONS)
            assert open_from is not None
            assert now - open_from < timedelta(hours=2)
            position = dataset.field_index["requests"]
            counted = sum(
                total[position] for total in rig.exporter.ledger.totals(Scope(ACCOUNT_ID), INVOCATIONS).values()
            )
            used = sum(amounts[position] for amounts in rig.oracle(dataset, start, now).values())
            assert abs(counted - used) < used / 5

    asyncio.run(script())
