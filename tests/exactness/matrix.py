"""How a case of the fault matrix is played: an hour or so of refreshes each minute, then rest, then the comparison."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

from exporter.simulator import Traffic, World
from tests.clock import START
from tests.documents import shared_documents
from tests.exactness.harness import ACCOUNT_ID, Rig, small_world
from tests.poller.scene import samples

MINUTE = timedelta(minutes=1)
TRAFFIC = Traffic(seed=1)
DOCUMENTS = shared_documents()

Play = Callable[[Rig], Awaitable[None]]


def world_of(lateness: timedelta = timedelta(0)) -> World:
    """Return the usual small world, with the traffic that all cases share."""
    return small_world(1, lateness)


def play(
    folder: Path,
    case: Play,
    world: World | None = None,
    *,
    start: datetime = START,
    page_limit: int = 10_000,
    has_audit: bool = False,
    accounts: tuple[str, ...] = (ACCOUNT_ID,),
    after: Callable[[Rig], None] | None = None,
) -> None:
    """Play a case; afterwards everything counted has to be exact, with an audit the daily sums too.

    ``after`` checks what is to hold besides, in the end.
    """

    async def script() -> None:
        async with Rig(world or world_of(), folder, TRAFFIC, DOCUMENTS, page_limit=page_limit, start=start) as rig:
            await case(rig)
            rested_at = rig.now
            await (rig.come_to_audit() if has_audit else rig.come_to_rest())
            rig.check(*accounts)
            if has_audit:
                rig.check_daily(rested_at)
            if after is not None:
                after(rig)

    asyncio.run(script())


async def live(rig: Rig, minutes: int) -> None:
    """Refresh and scrape once a minute; nothing may be counted that was not used."""
    for _ in range(minutes):
        await rig.refresh()
        rig.check_on_the_way()
        rig.scrape()
        rig.pass_time(MINUTE)


async def live_until(rig: Rig, when: datetime) -> None:
    """Refresh and scrape once a minute until then."""
    while rig.now < when:
        await live(rig, 1)


def at(rig: Rig, hour: int, minute: int) -> datetime:
    """Return a time of the day that it is."""
    return rig.now.replace(hour=hour, minute=minute, second=0)


def up(rig: Rig) -> int | float:
    """Return whether the account is up."""
    return samples(rig.exporter, "account_up")["Example",]


def untils(rig: Rig) -> dict[str, int | float]:
    """Return up to when each dataset is published."""
    found = samples(rig.exporter, "dataset_queried_until_timestamp_seconds")
    return {dataset: until for (_, dataset, _), until in found.items()}


def minutes_behind(rig: Rig) -> dict[str, int]:
    """Return by how many whole minutes each dataset is behind Cloudflare's time."""
    return {dataset: int(rig.now.timestamp() - until) // 60 for dataset, until in untils(rig).items()}


def of_dataset(rig: Rig, name: str, dataset: str) -> int | float:
    """Return one of the exporter's own metrics of a dataset."""
    return samples(rig.exporter, name)["Example", dataset, ""]


def requests(rig: Rig, api: str, outcome: str) -> int | float:
    """Return how many requests ended so."""
    return samples(rig.exporter, "api_requests_total").get((api, outcome), 0)


def reason(rig: Rig) -> str:
    """Return why the account is down."""
    assert rig.exporter.published.snapshot is not None
    (status,) = (one for one in rig.exporter.published.snapshot.status.accounts if one.account_id)
    return status.reason
