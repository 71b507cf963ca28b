"""A schedule with every kind of write, and its crash points.

It has discovery, a rename, a swap, a Worker that appears, an outage with births that are held, settling, the history
fill, and the audit of a day with late usage.
"""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

from exporter.simulator import LONG_INVOCATIONS, Traffic
from tests.clock import START
from tests.documents import shared_documents
from tests.exactness.crash import CrashPoint, Writes
from tests.exactness.events import INVOCATIONS, Event, be_away, create_worker, nothing, rename, swap_names, wait
from tests.exactness.harness import Rig, small_world, state_folder

TRAFFIC = Traffic(seed=1)
DOCUMENTS = shared_documents()
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
        async with rig:
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
    return rig.writes


def undisturbed() -> Writes:
    """Return the writes of the schedule without a crash."""
    return _writes(None)


def check_crash(point: CrashPoint) -> None:
    """Follow the schedule with a crash, which has to come."""
    assert len(_writes(point).kinds) >= point.write, f"{point} was not met"


def _writes(point: CrashPoint | None) -> Writes:
    # Waits between attempts are random; with the same ones the same writes follow.
    random.seed(0)
    return asyncio.run(follow(point))
