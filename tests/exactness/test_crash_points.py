"""Every crash point of one schedule, each once: before and right after each write that changes the ledger.

The schedule has discovery, a rename, a swap, a Worker that appears, an outage with births that are held, settling, the
history fill, and the audit of a day with late usage.
"""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from exporter.simulator import LONG_INVOCATIONS, Documents, Traffic
from tests.clock import START
from tests.exactness.crash import CrashPoint, Writes
from tests.exactness.events import INVOCATIONS, Event, be_away, create_worker, nothing, rename, swap_names, wait
from tests.exactness.harness import Rig, small_world, state_folder

TRAFFIC = Traffic(seed=1)
DOCUMENTS = Documents()
LATE_IN_THE_DAY = START.replace(hour=22, minute=36)

STEPS: tuple[Event, ...] = (
    nothing,
    rename(0, "shop-front"),
    wait(9),
    swap_names,
    create_worker,
    wait(10),
    nothing,
    be_away(45),
    nothing,
    wait(35),
    wait(5),
    nothing,
)

REST = tuple(timedelta(minutes=minutes) for minutes in (40, 40, 6, 60, 6, 26 * 60, 10, 10, 10))
"""How long after one another the exporter refreshes in the end: until the first day is audited."""


async def follow(crash_point: CrashPoint | None) -> Writes:
    """Run the schedule until the audit is over, and compare with the oracle."""
    with state_folder() as folder:
        world = small_world(1, timedelta(0), retention=timedelta(days=3))
        rig = Rig(
            replace(world, arrivals={INVOCATIONS: LONG_INVOCATIONS}),
            folder,
            TRAFFIC,
            DOCUMENTS,
            start=LATE_IN_THE_DAY,
            crash_point=crash_point,
        )
        for event in STEPS:
            await event(rig)
            await rig.refresh()
            rig.check_on_the_way()
            rig.scrape()
            rig.pass_time(timedelta(minutes=1))
        rig.calm_down()
        rested_at = rig.now
        for by in REST:
            await rig.rest(by)
        states = {book.dataset.key: book.state for book in rig.exporter.ledger.publication().books}
        audited = states[INVOCATIONS]
        assert audited is not None
        assert any(audited.late), "the audit found nothing: the schedule lacks a write"
        rig.check()
        rig.check_daily(rested_at)
        await rig.exporter.close()
    return rig.writes


@pytest.mark.timeout(400)
@pytest.mark.parametrize("is_committed", [False, True], ids=["before a write", "after a write"])
def test_a_crash_at_any_point_loses_nothing(is_committed: bool) -> None:
    """Wherever the exporter dies, the next one counts on exactly, and daily sums and audits are complete."""
    # Waits between attempts are random; with the same ones the same writes follow.
    random.seed(0)
    points = asyncio.run(follow(None)).crash_points()
    assert len(points) > 50
    for point in points:
        if point.is_committed is is_committed:
            random.seed(0)
            writes = asyncio.run(follow(point))
            assert len(writes.changed) >= point.write, f"{point} was not met"
