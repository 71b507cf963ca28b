"""Random schedules of failures, lateness, throttling, restarts, crashes, renames and clock steps: 500 in all."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from exporter.simulator import Documents, Fault, Kind, Traffic
from tests.exactness.harness import ACCOUNT_ID, RENAMABLE, Rig, small_world, state_folder

SCHEDULES_OF_BATCH = 50
REFRESHES = 60

INVOCATIONS = "workersInvocationsAdaptive"
PERIODIC = "durableObjectsPeriodicGroups"


@dataclass(frozen=True)
class Batch:
    """What the schedules of one batch have in common."""

    lateness: timedelta
    page_size: int = 10_000


Event = Callable[[Rig], Awaitable[None]]


def fault(**words: object) -> Event:
    """Give an event that declares a fault."""

    async def declare(rig: Rig) -> None:
        rig.simulator.faults.add(Fault(**words))  # type: ignore[arg-type]

    return declare


def outage(minutes: int, **words: object) -> Event:
    """Give an event that declares a fault for some minutes from now."""

    async def declare(rig: Rig) -> None:
        now = rig.clock.cloudflare.now()
        rig.simulator.faults.add(Fault(since=now, until=now + timedelta(minutes=minutes), **words))  # type: ignore[arg-type]

    return declare


def lie(**words: object) -> Event:
    """Give an event that lets answers be wrong for four minutes; only the first of a schedule does.

    Two wrong answers that agree five minutes apart are the truth as far as anybody can tell.
    """

    async def declare(rig: Rig) -> None:
        if not rig.was_lied_to:
            rig.was_lied_to = True
            await outage(4, **words)(rig)

    return declare


def rename(position: int, name: str) -> Event:
    """Give an event that gives an asset another name."""

    async def change(rig: Rig) -> None:
        rig.simulator.rename(ACCOUNT_ID, *RENAMABLE[position], name)

    return change


async def swap_names(rig: Rig) -> None:
    """Let two KV namespaces take each other's name."""
    rig.simulator.rename(ACCOUNT_ID, *RENAMABLE[5], "flags")
    rig.simulator.rename(ACCOUNT_ID, *RENAMABLE[6], "sessions")


def step_wall(minutes: int) -> Event:
    """Give an event that steps the machine's wall clock."""

    async def step(rig: Rig) -> None:
        rig.clock.step_wall(timedelta(minutes=minutes))

    return step


def wait(minutes: int) -> Event:
    """Give an event that lets time pass without a refresh, as when the machine sleeps."""

    async def pass_time(rig: Rig) -> None:
        rig.clock.advance(timedelta(minutes=minutes))

    return pass_time


async def be_away(rig: Rig) -> None:
    """Stop the exporter, let three hours pass and start it again."""
    await rig.exporter.close()
    rig.clock.advance(timedelta(hours=3, minutes=7))
    await rig.start_again()


async def nothing(rig: Rig) -> None:
    """Let nothing happen."""


EVENTS: dict[str, Event] = {
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
    "wrongly low": lie(kind=Kind.LOWER, dataset="kvOperationsAdaptiveGroups", fraction=400),
    "short list": fault(kind=Kind.SHORT_LIST, times=1),
    "forbidden for a while": outage(15, kind=Kind.HTTP_STATUS, status=403, api="rest", product="kv"),
    "rename a worker": rename(0, "shop-front"),
    "rename it back": rename(0, "shop-web"),
    "take a name": rename(1, "shop-front"),
    "rename a database": rename(2, "orders-2"),
    "name a database as another": rename(3, "orders"),
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
    "be away": be_away,
}

STEPS = tuple(
    (name, seconds, is_scraped) for name in EVENTS for seconds in (60, 23) for is_scraped in (True, True, False)
)

TRAFFIC = Traffic(seed=1)
DOCUMENTS = Documents()


async def follow(batch: Batch, schedule: list[tuple[str, int, bool]]) -> None:
    """Run a schedule, let everything come to rest, and compare with the oracle."""
    with state_folder() as folder:
        world = small_world(1, batch.lateness, batch.page_size)
        rig = Rig(world, folder, TRAFFIC, DOCUMENTS, page_limit=batch.page_size)
        for event, seconds, is_scraped in schedule:
            await EVENTS[event](rig)
            await rig.turn()
            if is_scraped:
                rig.scrape()
            rig.clock.advance(timedelta(seconds=seconds))
        await rig.come_to_rest()
        rig.check()
        await rig.exporter.close()


def check_batch(batch: Batch, number: int) -> None:
    """Run one batch of random schedules; ``number`` seeds them."""

    @seed(number)
    @settings(
        max_examples=SCHEDULES_OF_BATCH,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(st.lists(st.sampled_from(STEPS), min_size=REFRESHES, max_size=REFRESHES))
    def holds(schedule: list[tuple[str, int, bool]]) -> None:
        asyncio.run(follow(batch, schedule))

    holds()
