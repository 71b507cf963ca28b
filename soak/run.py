"""The run: simulated hours with a refresh each minute, faults and restarts; then quiet hours and the audits."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

from exporter.costs.current import CurrentCosts
from exporter.simulator import USUAL_ARRIVAL, AccountModel, World
from soak.faults import deal
from soak.table import ComparedRow, lines_of
from tests.clock import START
from tests.exactness.harness import ACCOUNT_ID, Rig, small_assets, small_world
from tests.poller.scene import OTHER_ID

ACCOUNTS = (ACCOUNT_ID, OTHER_ID)


@dataclass(frozen=True)
class Course:
    """The length of a run in simulated minutes, the number of restarts, and the time between faults.

    Every second restart is a kill.
    """

    minutes: int = 24 * 60
    restarts: int = 10
    minutes_between_faults: int = 4


def soak_world(seed: int) -> World:
    """Return a world of two accounts, one of which appears after half an hour."""
    world = small_world(seed, timedelta(0))
    other = AccountModel(id=OTHER_ID, name="Other", assets=small_assets(), created=START + timedelta(minutes=30))
    return replace(world, accounts=(*world.accounts, other), arrival=USUAL_ARRIVAL)


async def soak(folder: Path, seed: int, course: Course, log: Callable[[str], None]) -> list[ComparedRow]:
    """Run a course and return the comparison with the oracle. Raise AssertionError if a counter ever falls."""
    random.seed(seed)
    rig = Rig(soak_world(seed), folder, source_costs=CurrentCosts, seed=f"soak {seed}")
    events = deal(seed)
    injected: Counter[str] = Counter()
    until = rig.now + timedelta(minutes=course.minutes)
    every = timedelta(minutes=course.minutes) / (course.restarts + 1)
    restart_at = [rig.now + every * number for number in range(1, course.restarts + 1)]
    refreshes = restarts = 0
    while rig.now < until:
        if refreshes % course.minutes_between_faults == course.minutes_between_faults - 1:
            ((name, event),) = islice(events, 1)
            injected[name] += 1
            await event(rig)
        await rig.refresh()
        rig.check_on_the_way(*ACCOUNTS)
        rig.scrape()
        while restarts < course.restarts and rig.now >= restart_at[restarts]:
            restarts += 1
            await (rig.kill() if restarts % 2 else rig.restart())
            log(f"{rig.now:%d %b %H:%M}: restart {restarts} of {course.restarts}, {injected.total()} faults so far")
        rig.pass_time(timedelta(minutes=1))
        refreshes += 1
    log(
        f"{rig.now:%d %b %H:%M}: {refreshes} refreshes, {injected.total()} faults of {len(injected)} kinds; "
        "now quiet hours and audits"
    )
    rested_at = rig.now
    await rig.come_to_audit()
    lines = lines_of(rig, ACCOUNTS, rested_at)
    await rig.exporter.close()
    return lines
