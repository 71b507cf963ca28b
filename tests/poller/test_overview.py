"""The history fill asks first whether a dataset had any rows at all; only of those that had is each day asked."""

import asyncio
import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from exporter.simulator import Fault, Kind, Limits, Worker
from tests.exactness.harness import Rig, small_world
from tests.poller.scene import KV, QUIET, WORKERS, refresh
from tests.poller.test_closed_days import remaining, summed, used

SUNDAY, MONDAY = date(2025, 10, 12), date(2025, 10, 20)


def count_questions(rig: Rig) -> Counter[tuple[str, bool]]:
    """Count what the simulated Cloudflare is asked from then on: by dataset, and whether by the day."""
    app, asked = rig.simulator.app, Counter[tuple[str, bool]]()

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        async def listen() -> Any:
            message = await receive()
            body = message.get("body", b"").decode()
            for name, selected in re.findall(r"usage_\d+: (\w+)\([^)]*\) \{\\n *(\w+(?: \{ \w+)?)", body):
                if not selected.startswith("dimensions { datetimeHour"):
                    asked[name, selected == "dimensions { date"] += 1
            return message

        await app(scope, listen, send)

    rig.simulator.app = answer  # type: ignore[assignment]
    return asked


@pytest.mark.parametrize("longest", [timedelta(days=31), timedelta(days=3)])
def test_only_datasets_that_had_rows_are_filled_by_day(tmp_path: Path, longest: timedelta) -> None:
    """The others take one alias, as often as it takes for two empty answers; no more range is asked than allowed."""

    async def script() -> None:
        world = small_world(1, QUIET)
        (account,) = world.accounts
        workers = tuple(asset for asset in account.assets if isinstance(asset, Worker))
        limits = Limits(rest=None, graphql=None, not_older_than=timedelta(days=9), max_duration=longest)
        world = replace(world, accounts=(replace(account, assets=workers),), limits=limits)
        async with Rig(world, tmp_path) as rig:
            asked = count_questions(rig)
            await rig.restart()
            await refresh(rig, 20)
            assert remaining(rig) == {}
            assert asked[WORKERS, True] >= 8
            assert asked[KV, True] <= 2
            pieces = -(-timedelta(days=9) // longest)
            assert 2 <= asked[KV, False] <= 3 * pieces
            assert summed(rig, SUNDAY, MONDAY) == used(rig, SUNDAY, MONDAY)

    asyncio.run(script())


def test_one_wrongly_empty_overview_loses_no_day(tmp_path: Path) -> None:
    """Like a day, it has to be repeated."""

    async def script() -> None:
        async with Rig(small_world(1, QUIET), tmp_path) as rig:
            await refresh(rig)
            rig.simulator.faults.add(Fault(kind=Kind.EMPTY, dataset=KV, until=rig.now + timedelta(minutes=2)))
            await refresh(rig, 15)
            assert remaining(rig) == {}
            assert summed(rig, date(2025, 10, 17), MONDAY) == used(rig, date(2025, 10, 17), MONDAY)

    asyncio.run(script())
