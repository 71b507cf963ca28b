"""The fault matrix, in time: data that come late or not at all for hours, clocks that step, the ends of periods."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from exporter.model import Scope
from exporter.simulator import LONG_INVOCATIONS, USUAL_ARRIVAL, Fault, Kind
from tests.clock import START
from tests.exactness.events import INVOCATIONS, KV
from tests.exactness.harness import ACCOUNT_ID, Rig
from tests.exactness.matrix import MINUTE, at, live, live_until, minutes_behind, of_dataset, play, world_of
from tests.exactness.oracle import USAGE
from tests.poller.scene import samples


def late_usage(rig: Rig) -> dict[tuple[str, ...], int | float]:
    """Return what audits added, where it is anything."""
    return {labels: amount for labels, amount in samples(rig.exporter, "late_usage_total").items() if amount}


def check_nothing_was_late(rig: Rig) -> None:
    """Check that the audits found all there was."""
    assert late_usage(rig) == {}


def test_data_arrive_along_the_usual_curve(tmp_path: Path) -> None:
    """Most of a minute is there after ten and all after 25 minutes: hours stay open for so long, and no audit adds."""

    async def case(rig: Rig) -> None:
        await live_until(rig, at(rig, 11, 20))
        assert rig.exporter.ledger.open_from(Scope(ACCOUNT_ID), KV) == at(rig, 10, 0)
        await live_until(rig, at(rig, 11, 45))
        assert rig.exporter.ledger.open_from(Scope(ACCOUNT_ID), KV) == at(rig, 11, 0)

    play(tmp_path, case, replace(world_of(), arrival=USUAL_ARRIVAL), has_audit=True, after=check_nothing_was_late)


def test_the_pipeline_stands_still_for_three_hours(tmp_path: Path) -> None:
    """Nothing becomes visible for three hours: no hour settles as if nothing had been used in it."""

    async def case(rig: Rig) -> None:
        await live(rig, 50)
        stopped = rig.now
        while rig.now < stopped + timedelta(hours=3):
            rig.simulator.faults.clear()
            rig.simulator.faults.add(Fault(kind=Kind.STALE, seconds=(rig.now - stopped).total_seconds() + 1))
            await live(rig, 2)
        assert rig.exporter.ledger.open_from(Scope(ACCOUNT_ID), INVOCATIONS) == stopped.replace(minute=0, second=0)
        rig.simulator.faults.clear()
        await live(rig, 10)

    play(tmp_path, case, has_audit=True, after=check_nothing_was_late)


def test_invocations_of_two_hours(tmp_path: Path) -> None:
    """What is filed hours later under the hour in which it began is found by the audit, which says how much it was."""
    world = replace(world_of(), arrivals={INVOCATIONS: LONG_INVOCATIONS})

    async def case(rig: Rig) -> None:
        await live(rig, 150)

    def check_late_usage(rig: Rig) -> None:
        assert late_usage(rig)["Example", INVOCATIONS, "", "requests"] > 0
        assert {dataset for _, dataset, *_ in late_usage(rig)} == {INVOCATIONS}
        for dataset in USAGE:
            assert of_dataset(rig, "audited_until_timestamp_seconds", dataset.published_name) > START.timestamp()

    play(tmp_path, case, world, has_audit=True, after=check_late_usage)


@pytest.mark.parametrize("hours", [7, -7], ids=["ahead", "behind"])
def test_the_machine_clock_steps(tmp_path: Path, hours: int) -> None:
    """The machine's clock jumps by hours and back: questions follow Cloudflare's time, and the offset is told."""

    async def case(rig: Rig) -> None:
        await live(rig, 20)
        rig.clock.step_wall(timedelta(hours=hours))
        await live(rig, 5)
        assert set(minutes_behind(rig).values()) == {1}
        assert samples(rig.exporter, "clock_offset_seconds")[()] == pytest.approx(hours * 3_600, abs=2)
        await rig.restart()
        await live(rig, 20)
        assert set(minutes_behind(rig).values()) == {1}
        rig.clock.step_wall(timedelta(hours=-hours))
        await live(rig, 20)
        assert of_dataset(rig, "gap_seconds_total", KV) == 0

    play(tmp_path, case)


ENDS = {
    "hour": datetime.fromisoformat("2025-10-20T10:29:31+00:00"),
    "day": datetime.fromisoformat("2025-10-20T23:29:31+00:00"),
    "month": datetime.fromisoformat("2025-10-31T23:29:31+00:00"),
    "February": datetime.fromisoformat("2024-02-28T23:29:31+00:00"),
    "year": datetime.fromisoformat("2025-12-31T23:29:31+00:00"),
    "midnight": datetime.fromisoformat("2025-10-20T23:59:59+00:00"),
}


@pytest.mark.parametrize("name", ENDS)
def test_the_end_of_a_period(tmp_path: Path, name: str) -> None:
    """Counting goes on over it, with a restart right after it, and each day has its own sums."""

    async def case(rig: Rig) -> None:
        end = (rig.now + timedelta(hours=1)).replace(minute=0, second=0)
        await live_until(rig, end)
        await live(rig, 1)
        await rig.restart()
        await live(rig, 60)
        assert rig.exporter.ledger.open_from(Scope(ACCOUNT_ID), KV) == end
        assert set(minutes_behind(rig).values()) == {1}

    play(tmp_path, case, replace(world_of(), arrival=USUAL_ARRIVAL), start=ENDS[name], has_audit=True)


def test_the_machine_sleeps(tmp_path: Path) -> None:
    """No refresh for hours, again and again, over midnight: each time is asked for afterwards."""

    async def case(rig: Rig) -> None:
        for minutes in (7, 95, 300, 61, 600):
            await live(rig, 5)
            rig.pass_time(minutes * MINUTE)
        await live(rig, 5)

    play(tmp_path, case, world_of(timedelta(minutes=3)), has_audit=True)
