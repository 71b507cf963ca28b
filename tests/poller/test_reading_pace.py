"""The pace of readings on the simulated Cloudflare: spread, within the budget, and nothing waits for them."""

import asyncio
import logging
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.simulator import AccountModel, Fault, Kind, Queue
from tests.exactness.harness import ACCOUNT_ID
from tests.poller.reading_scene import ReadingRig, queue_world
from tests.poller.scene import OTHER_ID, samples, told

FIRST = "*/queues/q0/metrics"


def test_throttling_stops_readings_until_it_is_over(tmp_path: Path) -> None:
    """Nothing is sent while Cloudflare throttles, and the dataset says so."""

    async def script() -> None:
        async with ReadingRig(queue_world(5), tmp_path) as rig:
            await rig.go_on(2)
            rig.simulator.faults.add(Fault(kind=Kind.THROTTLE, path=FIRST, seconds=300, times=1))
            rig.read()
            await rig.go_on(4)
            sent = len(rig.read())
            assert rig.state() == ("failing", "throttled") and sent <= 5
            await rig.go_on(3)
            assert rig.read() == []
            await rig.go_on(3)
            assert rig.state() == ("ok", "")
            assert sorted(set(rig.read())) == [f"queues/q{number}/metrics" for number in range(5)]

    asyncio.run(script())


def test_hundreds_of_assets_are_spread_over_the_interval(tmp_path: Path) -> None:
    """Each is read once in five minutes, about as many in each; a restart sends no burst."""

    async def script() -> None:
        async with ReadingRig(queue_world(200), tmp_path) as rig:
            await rig.go_on(7)
            assert len(rig.shown()) == 200
            rig.sent.clear()
            await rig.go_on(20)
            assert set(rig.by_minute()) <= {39, 40, 41} and len(rig.by_minute()) == 20
            assert set(Counter(rig.read()).values()) <= {3, 4, 5}
            await rig.restart()
            await rig.go_on(5)
            assert max(rig.by_minute()) <= 40
            assert rig.slow() == []

    asyncio.run(script())


def test_a_small_budget_stretches_the_interval(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Readings live for three of the longer intervals, the budget says so and is not tight, and lists are whole."""

    async def script() -> None:
        async with ReadingRig(queue_world(200), tmp_path, share=0.1) as rig:
            rig.simulator.add(ACCOUNT_ID, Queue(id="late", name="late"))
            await rig.go_on(30)
            assert len(rig.shown()) == 201
            (problem,) = rig.slow()
            assert (problem.account, problem.part) == ("token 1", "budget")
            assert problem.detail.endswith("the time between two readings of an asset is 2.2 times what it should be.")
            rig.sent.clear()
            for _ in range(30):
                await rig.go_on()
                assert len(rig.shown()) == 201
                left = samples(rig.exporter, "api_budget_remaining_requests")[("rest",)]
                assert left >= 0.1 * samples(rig.exporter, "api_budget_requests")[("rest",)]
            counts = Counter(path for _, path, _ in rig.sent if path.endswith("/metrics"))
            assert len(counts) == 201 and set(counts.values()) <= {2, 3}
            lists = Counter(path for _, path, _ in rig.sent if path == "queues")
            assert lists["queues"] == 3 * 3
            states = samples(rig.exporter, "discovery_state")
            assert {state for _, _, state, _ in states} == {"ok"}
            assert [
                each for each in rig.exporter.published.snapshot.status.own_problems if each not in rig.slow()
            ] == []  # type: ignore[union-attr]

    with caplog.at_level(logging.INFO, logger="exporter.poller.reading_schedule"):
        asyncio.run(script())
    assert len([line for line in told(caplog) if "read asset by asset takes more requests" in line]) == 1


def test_the_exporter_stops_while_a_reading_hangs(tmp_path: Path) -> None:
    """Nothing waits for it, and the next process reads the asset."""

    async def script() -> None:
        async with ReadingRig(queue_world(), tmp_path) as rig:
            rig.holds = asyncio.Event()
            turning = asyncio.create_task(rig.exporter.poller.refresh())
            await asyncio.wait_for(rig.held.wait(), 60)
            await asyncio.wait_for(rig.exporter.close(), 60)
            await turning
            rig.holds = None
            await rig.start_again()
            await rig.go_on(2)
            assert set(rig.shown()) == {"jobs-0", "jobs-1", "jobs-2"}

    asyncio.run(script())


def test_accounts_of_one_budget_take_turns(tmp_path: Path) -> None:
    """Where it is too small for both, neither starves, and each asset is still shown."""
    world = queue_world(100)
    queues = tuple(Queue(id=f"r{number}", name=f"other-{number}") for number in range(100))
    other = AccountModel(id=OTHER_ID, name="Other", assets=queues)

    async def script() -> None:
        async with ReadingRig(replace(world, accounts=(*world.accounts, other)), tmp_path, share=0.1) as rig:
            await rig.go_on(30)
            for _ in range(10):
                await rig.go_on()
                names = Counter(name.partition("-")[0] for name in rig.shown())
                assert names == {"jobs": 100, "other": 100}

    asyncio.run(script())
