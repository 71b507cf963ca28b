"""Rankings of the words of a limited label: when they are asked, and that nothing waits for them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from exporter.model import DAY, HOUR, Scope, floor_day
from exporter.simulator import Fault, Kind
from tests.exactness.harness import ACCOUNT_ID, Rig, small_world
from tests.poller.scene import MINUTE, QUIET, refresh, states
from tests.servers import MOST, SERVED, SERVERS

SCOPE = Scope(ACCOUNT_ID)
ORDERED = "orderBy: [sum_rowsRead_DESC]"


def listen(rig: Rig, alter: Callable[[str], str] = str) -> list[str]:
    """Collect what the simulated Cloudflare is asked from the next start on, each document altered."""
    app, asked = rig.simulator.app, list[str]()

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        async def hear() -> Any:
            message = await receive()
            body = message.get("body", b"").decode()
            asked.append(body)
            return {**message, "body": alter(body).encode()}

        await app(scope, hear, send)

    rig.simulator.app = answer  # type: ignore[assignment]
    return asked


def rankings(asked: list[str]) -> int:
    """Return how many rankings were asked."""
    return sum(body.count(ORDERED) for body in asked)


def play(folder: Path) -> Rig:
    """An exporter that knows the servers of D1 only."""
    return Rig(small_world(1, QUIET), folder, products=(SERVERS,))


async def pass_hours(rig: Rig, hours: int) -> None:
    """Refresh and scrape, four times an hour."""
    for _ in range(4 * hours):
        await rig.refresh()
        rig.scrape()
        rig.pass_time(HOUR / 4)


def test_a_day_is_ranked_once(tmp_path: Path) -> None:
    """The day before at the start, and each day an hour after its end; its words hold from midnight on."""

    async def script() -> None:
        async with play(tmp_path) as rig:
            asked = listen(rig)
            await rig.restart()
            await refresh(rig, 5)
            assert rankings(asked) == 1
            first = rig.exporter.ledger.choices(SCOPE, SERVED.key, rig.now, rig.now + DAY)
            assert [len(choice.words) for choice in first] == [MOST]
            midnight = floor_day(rig.now) + DAY
            while rig.now < midnight + HOUR:
                await pass_hours(rig, 1)
                assert rankings(asked) == 1 or rig.now > midnight + HOUR
            await pass_hours(rig, 1)
            await rig.restart()
            await pass_hours(rig, 20)
            assert rankings(asked) == 2

    asyncio.run(script())


def test_a_ranking_that_fails_costs_nothing(tmp_path: Path) -> None:
    """Its dataset is counted and well; it is asked again in an hour, and what it chooses holds from midnight on."""

    async def script() -> None:
        async with play(tmp_path) as rig:
            is_broken = True
            asked = listen(rig, lambda body: body.replace(ORDERED, ORDERED.lower()) if is_broken else body)
            await rig.restart()
            await refresh(rig, 50)
            assert states(rig)[SERVED.key] == ("ok", "")
            assert sum(row[0] for row in rig.exporter.ledger.totals(SCOPE, SERVED.key).values()) > 0
            # Alone and in the document that was refused for it.
            assert rankings(asked) <= 2
            is_broken = False
            await refresh(rig, 15)
            assert rankings(asked) <= 3
            today, midnight = floor_day(rig.now), floor_day(rig.now) + DAY
            assert rig.exporter.ledger.choices(SCOPE, SERVED.key, today, midnight) == ()
            (choice,) = rig.exporter.ledger.choices(SCOPE, SERVED.key, today, midnight + MINUTE)
            assert (choice.since, len(choice.words)) == (midnight, MOST)

    asyncio.run(script())


def test_what_is_not_in_use_is_not_ranked(tmp_path: Path) -> None:
    """But for the start, when nobody knows."""

    async def script() -> None:
        async with play(tmp_path) as rig:
            rig.simulator.faults.add(Fault(kind=Kind.EMPTY))
            asked = listen(rig)
            await rig.restart()
            await pass_hours(rig, 42)
            assert rankings(asked) == 1

    asyncio.run(script())


def test_the_shipped_products_have_none(tmp_path: Path) -> None:
    """Their documents are what they were."""

    async def script() -> None:
        async with Rig(replace(small_world(1, QUIET), seed=2), tmp_path) as rig:
            asked = listen(rig)
            await rig.restart()
            await refresh(rig, 3)
            usage = [body for body in asked if "usage_0" in body]
            assert usage
            assert not any(
                word in body for body in usage for word in ("words_", "_notin", "orderBy: [sum", "orderBy: [c")
            )

    asyncio.run(script())


def test_days_are_ranked_as_far_as_cloudflare_keeps_them(tmp_path: Path) -> None:
    """Where it keeps little, only the rest of a day can be; where it keeps less, none is asked."""

    async def script(hours: int) -> tuple[int, int]:
        world = small_world(1, QUIET, retention=timedelta(hours=hours))
        async with Rig(world, tmp_path / str(hours), products=(SERVERS,)) as rig:
            asked = listen(rig)
            await rig.restart()
            await refresh(rig, 3)
            chosen = rig.exporter.ledger.choices(SCOPE, SERVED.key, rig.now, rig.now + MINUTE)
            return rankings(asked), len(chosen)

    assert asyncio.run(script(16)) == (1, 1)
    assert asyncio.run(script(8)) == (0, 0)
