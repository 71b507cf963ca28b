"""Random schedules of failures, lateness, throttling, restarts, crashes, renames and clock steps.

A schedule is made from its batch, a seed and its number, and from nothing else. Some have the same seed always; those
of ``fresh_seed`` are others with every commit.
"""

import asyncio
import gc
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from exporter.model import HOUR
from exporter.simulator import LONG_INVOCATIONS, USUAL_ARRIVAL, Curve, Kind, Traffic
from tests.clock import START
from tests.documents import shared_documents
from tests.exactness import zoned
from tests.exactness.crash import CrashPoint
from tests.exactness.events import (
    D1,
    INVOCATIONS,
    KV,
    PERIODIC,
    R2,
    Event,
    be_away,
    create_worker,
    delete_database,
    fault,
    install_release,
    lie,
    nothing,
    outage,
    recreate_bucket,
    rename,
    replace_worker,
    step_wall,
    swap_names,
    wait,
)
from tests.exactness.harness import Rig, small_world, state_folder
from tests.exactness.release import TODAY, Release, releases

ONE = range(1)
"""The schedule of a batch that tests follow: one that is always the same, and one of the commit's seed.

A soak has many more.
"""

FOR_AUDITS, FOR_OUTAGES = timedelta(days=4), timedelta(hours=15)
"""How far back Cloudflare keeps data: days are filled in and audited only where a schedule waits for that."""

ANSWERED_WITHIN = timedelta(hours=1)
"""How soon a missing day is filled in once Cloudflare is well; one that leaves retention sooner may be lost."""

PLAIN: Mapping[str, Event] = {
    **{f"nothing {number}": nothing for number in range(12)},
    "server error": fault(kind=Kind.HTTP_STATUS, status=502, html=True, times=1),
    "server down": outage(9, kind=Kind.HTTP_STATUS, status=503),
    "analytics down": outage(40, kind=Kind.HTTP_STATUS, status=500, api="graphql"),
    "lists down": outage(15, kind=Kind.HTTP_STATUS, status=500, api="rest"),
    "disconnect": fault(kind=Kind.DISCONNECT, times=2),
    "throttled shortly": fault(kind=Kind.THROTTLE, seconds=4, times=1),
    "throttled long": fault(kind=Kind.THROTTLE, seconds=300, api="graphql", times=1),
    "lists throttled": fault(kind=Kind.THROTTLE, seconds=300, api="rest", times=1),
    "budget": fault(kind=Kind.BUDGET_ERROR, times=1),
    "truncated": fault(kind=Kind.TRUNCATED_BODY, times=2),
    "one dataset fails": outage(12, kind=Kind.ALIAS_ERROR, dataset=INVOCATIONS),
    "another dataset fails": fault(kind=Kind.ALIAS_ERROR, dataset=PERIODIC, times=3),
    "document refused": fault(kind=Kind.DOCUMENT_ERROR, message="unknown field", times=1),
    "no account": fault(kind=Kind.ACCOUNTS_EMPTY, times=2),
    "wrongly empty": lie(kind=Kind.EMPTY, dataset=INVOCATIONS),
    "all wrongly empty": lie(kind=Kind.EMPTY),
    "wrongly low": lie(kind=Kind.LOWER, dataset=KV, fraction=400),
    "short list": fault(kind=Kind.SHORT_LIST, times=1),
    "forbidden for a while": outage(15, kind=Kind.HTTP_STATUS, status=403, api="rest", product="kv"),
    "rename a worker": rename(0, "shop-front"),
    "rename it back": rename(0, "shop-web"),
    "take a name": rename(1, "shop-front"),
    "rename a database": rename(2, "orders-2"),
    "name a database as another": rename(2, "shop-log"),
    "rename objects": rename(4, "shop-web_Basket"),
    "swap names": swap_names,
    "wall clock ahead": step_wall(90),
    "wall clock behind": step_wall(-200),
    "sleep": wait(7),
    "sleep long": wait(95),
    "restart": Rig.restart,
    "restart again": Rig.restart,
    "kill": Rig.kill,
    "kill again": Rig.kill,
    "be away": be_away(187),
}
"""What can happen to any exporter."""

FULL: Mapping[str, Event] = {
    **PLAIN,
    "throttled without a time": fault(kind=Kind.THROTTLE, retry_after=False, times=1),
    "slow": fault(kind=Kind.SLOW, seconds=20, times=2),
    "too slow": fault(kind=Kind.SLOW, seconds=45, times=2),
    "html": fault(kind=Kind.HTTP_STATUS, status=200, html=True, times=2),
    "partial": outage(6, kind=Kind.PARTIAL, dataset=R2),
    "not authorized for one": outage(14, kind=Kind.ALIAS_ERROR, dataset=D1, code="authz", message="not authorized"),
    "unavailable": outage(25, kind=Kind.UNAVAILABLE, dataset=KV),
    "field removed": outage(25, kind=Kind.MISSING_FIELD, dataset=PERIODIC, field="sum_cpuTime"),
    "too many nodes": outage(30, kind=Kind.TOO_MANY_NODES, limit=6),
    "small pages": outage(30, kind=Kind.SMALL_PAGES, limit=20),
    "short duration": outage(30, kind=Kind.SHORT_DURATION, seconds=3_600),
    "stale": lie(kind=Kind.STALE, seconds=1_200),
    "account gone": outage(8, kind=Kind.ACCOUNT_GONE, account="a" * 32),
    "revoked": outage(14, kind=Kind.REVOKED),
    "another release": install_release,
    "another release again": install_release,
    "create a worker": create_worker,
    "replace a worker": replace_worker,
    "recreate a bucket": recreate_bucket,
    "delete a database": delete_database,
}
"""Everything of the fault matrix but what holds for a whole schedule (lateness, start) or leaves no exact truth."""

CHANGES: Mapping[str, Event] = {
    **{f"another release {number}": install_release for number in range(8)},
    **{f"nothing {number}": nothing for number in range(3)},
    "analytics down": FULL["analytics down"],
    "wrongly empty": FULL["wrongly empty"],
    "field removed": FULL["field removed"],
    "kill": Rig.kill,
    "be away": be_away(187),
    "rename a worker": FULL["rename a worker"],
    "create a worker": create_worker,
    "delete a database": delete_database,
}
"""What may happen to an exporter whose releases differ, and that is away for hours between its questions."""

TRAFFIC = Traffic(seed=1)
DOCUMENTS = shared_documents()

STARTS = (
    START,
    START.replace(hour=23, minute=21),
    START.replace(month=10, day=31, hour=22, minute=50),
    START.replace(month=12, day=31, hour=23, minute=31),
    START.replace(hour=10, minute=58),
)
"""In the middle of an hour, and shortly before the end of an hour, a day, a month and a year."""


@dataclass(frozen=True)
class Batch:
    """What the schedules of one batch have in common: ``has_audit`` if they go on until every day is audited.

    With ``has_releases`` they go over days, with many releases and few other events; with ``has_zones`` they are about
    zones, whose node a release chooses.
    """

    lateness: timedelta = timedelta(0)
    page_size: int = 10_000
    arrival: Curve | None = None
    has_audit: bool = False
    has_releases: bool = False
    has_zones: bool = False

    @property
    def events(self) -> Mapping[str, Event]:
        """Return what may happen."""
        if self.has_zones:
            return zoned.EVENTS
        return CHANGES if self.has_releases else FULL if self.has_audit else PLAIN

    @property
    def refreshes(self) -> int:
        """Return the number of refreshes before everything comes to rest."""
        return 20 if self.has_releases else 60

    @property
    def pauses(self) -> Sequence[int]:
        """Return the seconds that there may be between two refreshes."""
        return (60, 23, 60, 61 * 60, 3 * 3_600, 7 * 3_600) if self.has_releases else (60, 23)


BATCHES: Mapping[str, Batch] = {
    "prompt": Batch(),
    "3 minutes late": Batch(timedelta(minutes=3)),
    "10 minutes late": Batch(timedelta(minutes=10)),
    "25 minutes late": Batch(timedelta(minutes=25)),
    "pages of 9, 10 minutes late": Batch(timedelta(minutes=10), page_size=9),
    "pages of 9, 25 minutes late": Batch(timedelta(minutes=25), page_size=9),
    "pages of 25, prompt": Batch(page_size=25),
    "pages of 25, 25 minutes late": Batch(timedelta(minutes=25), page_size=25),
    "audited, as usual": Batch(arrival=USUAL_ARRIVAL, has_audit=True),
    "audited, hours late": Batch(timedelta(hours=3), has_audit=True),
    "audited, long invocations": Batch(arrival=LONG_INVOCATIONS, has_audit=True),
    "audited, pages of 40": Batch(timedelta(minutes=10), page_size=40, has_audit=True),
    "other releases, as usual": Batch(arrival=USUAL_ARRIVAL, has_audit=True, has_releases=True),
    "other releases, hours late": Batch(timedelta(hours=3), has_audit=True, has_releases=True),
    "zones by either node, 25 minutes late": Batch(timedelta(minutes=25), has_zones=True),
    "zones by either node, audited": Batch(arrival=USUAL_ARRIVAL, has_audit=True, has_zones=True),
}


@dataclass(frozen=True)
class Schedule:
    """What happens before each refresh, how long that is before the next (in seconds), and whether it is scraped.

    It begins with a ``release``; those that are installed later are drawn by the schedule's ``name``.
    """

    steps: Sequence[tuple[str, int, bool]]
    start: datetime = START
    crash_point: CrashPoint | None = None
    name: str = ""
    release: Release = TODAY


def make_schedule(name: str, seed: int, number: int) -> Schedule:
    """Return a random schedule of a batch; those with an audit have a start and a crash point of their own."""
    batch, chance = BATCHES[name], random.Random(f"{name} {seed} {number}")
    events = sorted(batch.events)
    steps = [
        (chance.choice(events), chance.choice(batch.pauses), chance.choice((True, True, False)))
        for _ in range(batch.refreshes)
    ]
    if not batch.has_audit:
        return Schedule(steps)
    start = chance.choice(STARTS)
    crash_point = CrashPoint(chance.randint(1, 80), chance.choice((True, False)))
    label = f"{name} {seed} {number}"
    first = next(releases(f"{label} at first")) if batch.has_releases else TODAY
    return Schedule(steps, start, crash_point, label, first)


async def follow(batch: Batch, schedule: Schedule) -> None:
    """Run a schedule, let everything come to rest, and compare with the oracle."""
    with state_folder() as folder:
        retention = FOR_AUDITS if batch.has_audit else FOR_OUTAGES
        world = replace(small_world(1, batch.lateness, batch.page_size, retention), arrival=batch.arrival)
        rig = Rig(
            zoned.zoned(world) if batch.has_zones else world,
            folder,
            TRAFFIC,
            DOCUMENTS,
            page_limit=batch.page_size,
            start=schedule.start,
            crash_point=schedule.crash_point,
            release=schedule.release,
            seed=schedule.name,
            products=zoned.FIRST_PRODUCTS if batch.has_zones else None,
        )
        check_on_the_way = zoned.check_on_the_way if batch.has_zones else Rig.check_on_the_way
        check_daily = zoned.check_daily if batch.has_zones else Rig.check_daily
        async with rig:
            for event, seconds, is_scraped in schedule.steps:
                await batch.events[event](rig)
                await rig.refresh()
                if batch.has_audit:
                    check_on_the_way(rig)
                if is_scraped:
                    rig.scrape()
                await pass_time(rig, timedelta(seconds=seconds))
            well_from = rig.now
            if batch.has_releases:
                await rig.publish()
            if batch.has_audit:
                await rig.come_to_audit()
                check_daily(rig, well_from + ANSWERED_WITHIN)
            else:
                await rig.come_to_rest()
            zoned.check(rig) if batch.has_zones else rig.check()


async def pass_time(rig: Rig, pause: timedelta) -> None:
    """Let time pass before the next refresh; the exporter is away meanwhile if that is long."""
    if pause > HOUR:
        await rig.publish()
        await rig.be_away(pause)
    else:
        rig.pass_time(pause)


def check_schedules(name: str, seed: int, numbers: Iterable[int]) -> None:
    """Follow schedules of a batch; one that fails says how it is followed again.

    Garbage is collected at the end, and only what came since: looking through the traffic that is kept for all
    schedules takes long.
    """
    gc.disable()
    try:
        for number in numbers:
            try:
                # Waits between attempts are random, too.
                random.seed(number)
                asyncio.run(follow(BATCHES[name], make_schedule(name, seed, number)))
            except Exception as error:
                error.add_note(f"again: python -m soak --seed {seed} --schedule '{name}' {number}")
                raise
    finally:
        gc.collect(0)
        gc.enable()
