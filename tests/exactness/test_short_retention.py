"""Cloudflare forgets the first hours of a day before the day could be audited: each hour is audited by itself."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from exporter.catalog.grain import BY_HOUR, BY_MOMENT
from exporter.model import DAY, HOUR
from exporter.simulator import LONG_INVOCATIONS, Fault, Kind
from tests.clock import START
from tests.exactness.harness import Rig, small_world
from tests.exactness.matrix import DOCUMENTS, TRAFFIC, at, of_dataset
from tests.exactness.test_grains import KV, WORKERS, catalog, live

STEP = timedelta(minutes=29)

LATE = {KV: LONG_INVOCATIONS, WORKERS: LONG_INVOCATIONS, "d1AnalyticsAdaptiveGroups": LONG_INVOCATIONS}
"""Datasets of every grain with hours, of which one event in fifty is filed two hours late."""


async def come_to_rest(rig: Rig, until: datetime) -> None:
    """Let nothing be used any more, and refresh often enough to meet the hour in which each hour is audited."""
    rig.calm_down()
    while rig.now < until:
        await rig.rest(STEP)


def test_every_hour_is_audited_before_it_is_forgotten(tmp_path: Path) -> None:
    """Data that come hours late are counted, each hour's sum is part of its day's, and a restart goes on with it."""

    async def script() -> None:
        world = replace(small_world(1, timedelta(0), retention=DAY), arrivals=LATE)
        products = catalog({WORKERS: BY_MOMENT, KV: BY_HOUR})
        async with Rig(world, tmp_path, TRAFFIC, DOCUMENTS, products=products) as rig:
            await live(rig, START + 5 * HOUR, STEP)
            await rig.restart()
            rig.simulator.faults.add(
                Fault(kind=Kind.EMPTY, since=rig.now + 22 * HOUR, until=rig.now + 22 * HOUR + timedelta(minutes=4))
            )
            await live(rig, START + 17 * HOUR, STEP)
            quiet_from = rig.now
            await come_to_rest(rig, quiet_from + DAY + 3 * HOUR)
            rig.check()
            assert of_dataset(rig, "audited_until_timestamp_seconds", WORKERS) > quiet_from.timestamp()
            known, truth = rig.daily_sums(START - DAY)
            since = START.date() + DAY
            assert {key: amount for key, amount in known.items() if key[0] >= since} == {
                key: amount for key, amount in truth.items() if key[0] >= since
            }
            assert any(key[0] >= since for key in truth)

    asyncio.run(script())


def test_days_are_audited_hour_by_hour_as_far_as_they_were_kept_so(tmp_path: Path) -> None:
    """Retention becomes short in the middle of a day, and long again in the next: nothing is counted twice."""

    async def script() -> None:
        world = replace(small_world(1, timedelta(0)), arrivals=LATE)
        async with Rig(world, tmp_path, TRAFFIC, DOCUMENTS) as rig:
            await live(rig, START + 5 * HOUR, STEP)
            rig.simulator.faults.add(Fault(kind=Kind.SHORT_RETENTION, seconds=86_400, until=rig.now + 20 * HOUR))
            await live(rig, START + 25 * HOUR, STEP)
            await rig.restart()
            await live(rig, at(rig, 23, 50), STEP)
            rested_at = rig.now
            await rig.come_to_audit()
            rig.check()
            rig.check_daily(rested_at)

    asyncio.run(script())
