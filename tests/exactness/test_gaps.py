"""Away for longer than Cloudflare keeps data: the gap is counted to the second, and nothing else is missing."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from exporter.model import HOUR, Amounts, RowKey, Scope, floor_hour
from exporter.simulator import Fault, Kind
from tests.exactness.harness import ACCOUNT_ID, Rig
from tests.exactness.matrix import DOCUMENTS, TRAFFIC, at, live, live_until, of_dataset, up, world_of
from tests.exactness.oracle import USAGE, add_increases, add_list_cost, added, truth_of
from tests.exactness.watcher import Kept

RETENTION = timedelta(hours=2)


def gaps(rig: Rig) -> set[float]:
    """Return the gaps of all datasets."""
    return {of_dataset(rig, "gap_seconds_total", dataset.published_name) for dataset in USAGE}


def check_but_for(rig: Rig, since: datetime, until: datetime) -> None:
    """Compare totals and increases up to the last refresh with the oracle, which has to leave out [since, until)."""
    increases: Counter[Kept] = Counter()
    for dataset in USAGE:
        start = rig.start_of(dataset.key)
        truth: dict[RowKey, Amounts] = truth_of(rig.simulator, ACCOUNT_ID, dataset, start, since)
        for key, amounts in truth_of(rig.simulator, ACCOUNT_ID, dataset, until, last_until(rig)).items():
            truth[key] = added(truth.get(key), amounts)
        totals = rig.exporter.ledger.totals(Scope(ACCOUNT_ID), dataset.key)
        assert {key: total for key, total in totals.items() if any(total)} == truth, dataset.key
        add_increases(increases, dataset, truth)
        add_list_cost(increases, dataset, truth, rig.now.date())
    assert +rig.watcher.increases == +increases


def last_until(rig: Rig) -> datetime:
    """Return up to when the exporter has asked."""
    until = rig.exporter.ledger.until(ACCOUNT_ID)
    assert until is not None
    return until


def test_a_gap_for_good(tmp_path: Path) -> None:
    """Where even the audit comes too late, exactly the time of the gap is missing; restarts remember it."""

    async def script() -> None:
        world = world_of()
        world = replace(world, limits=replace(world.limits, not_older_than=RETENTION))
        async with Rig(world, tmp_path, TRAFFIC, DOCUMENTS) as rig:
            await live_until(rig, at(rig, 10, 31))
            left = last_until(rig)
            await rig.be_away(timedelta(hours=5, minutes=3))
            back = floor_hour(rig.now - RETENTION) + HOUR
            await live(rig, 10)
            await rig.restart()
            await live(rig, 30)
            first = back - left
            assert gaps(rig) == {first.total_seconds()}
            check_but_for(rig, left, back)
            left = last_until(rig)
            await rig.be_away(timedelta(hours=4))
            back = floor_hour(rig.now - RETENTION) + HOUR
            await live(rig, 3)
            assert gaps(rig) == {(first + (back - left)).total_seconds()}

    asyncio.run(script())


def test_retention_shrinks_while_cloudflare_is_away(tmp_path: Path) -> None:
    """A question from before the new retention is refused; the limit is learned, the rest asked, the gap counted."""

    async def script() -> None:
        async with Rig(world_of(), tmp_path, TRAFFIC, DOCUMENTS) as rig:
            await live_until(rig, at(rig, 10, 31))
            left = last_until(rig)
            rig.simulator.faults.add(
                Fault(kind=Kind.SHORT_RETENTION, seconds=RETENTION.total_seconds()),
                Fault(kind=Kind.HTTP_STATUS, status=503, until=rig.now + timedelta(hours=4)),
            )
            for _ in range(25):
                rig.pass_time(timedelta(minutes=10))
                await rig.refresh()
            back = floor_hour(rig.now - RETENTION) + HOUR
            await live(rig, 20)
            assert up(rig) == 1
            assert gaps(rig) == {(back - left).total_seconds()}
            check_but_for(rig, left, back)

    asyncio.run(script())


def test_an_audit_fills_a_gap(tmp_path: Path) -> None:
    """A gap stays counted; but where its day can still be asked when it is audited, no usage is missing any more."""

    async def script() -> None:
        async with Rig(world_of(), tmp_path, TRAFFIC, DOCUMENTS) as rig:
            await live_until(rig, at(rig, 10, 31))
            left = last_until(rig)
            rig.simulator.faults.add(Fault(kind=Kind.SHORT_RETENTION, seconds=RETENTION.total_seconds()))
            await rig.be_away(timedelta(hours=5, minutes=3))
            back = floor_hour(rig.now - RETENTION) + HOUR
            await live(rig, 10)
            check_but_for(rig, left, back)
            await rig.come_to_audit()
            assert gaps(rig) == {(back - left).total_seconds()}
            rig.check()
            rig.check_daily(rig.now - timedelta(days=2))

    asyncio.run(script())
