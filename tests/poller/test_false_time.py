"""A time that was false and is found out: nothing stays in the future, nothing falls, nothing is counted twice."""

import asyncio
import logging
import sqlite3
from contextlib import closing
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest

from exporter.catalog import DATASETS
from exporter.catalog.timing import SLOW_PACE
from exporter.cloudflare.time import parse_date
from exporter.ledger import reading
from exporter.ledger.store.database import FILE_NAME
from exporter.model import HOUR
from tests.exactness.harness import small_world
from tests.poller.altered_scene import AlteredRig
from tests.poller.scene import MINUTE, refresh, samples, told, untils

AHEAD = timedelta(days=3)
TIMES = ("start", "queried_until", "newest_data", "last_success")


def dated_ahead(_: httpx.Request, response: httpx.Response) -> httpx.Response:
    """Return an answer of Cloudflare's own with a Date that is days ahead."""
    date = format_datetime(parse_date(response.headers["Date"]) + AHEAD, usegmt=True)
    return httpx.Response(response.status_code, content=response.content, headers={"Date": date})


def check_nothing_is_of_the_future(rig: AlteredRig) -> None:
    """No published time of a dataset is later than now, but for the hour or day at which its counting begins."""
    for name in TIMES:
        known = samples(rig.exporter, f"dataset_{name}_timestamp_seconds")
        assert not {key: at for key, at in known.items() if at > rig.now.timestamp() + 120}, name


@pytest.mark.parametrize("minutes", [2, 7])
def test_time_that_was_false_for_minutes_costs_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, minutes: int
) -> None:
    """All answers are dated ahead for a while, so that hours settle before they are over; then time is right again."""

    async def script() -> None:
        async with AlteredRig(small_world(1, MINUTE), tmp_path) as rig:
            await refresh(rig, 40)
            rig.alter = dated_ahead
            await refresh(rig, minutes)
            rig.alter = lambda *_: None
            with caplog.at_level(logging.INFO, logger="exporter"):
                # By the false time nothing was used for days, so questions are some minutes apart.
                await refresh(rig, 7)
                check_nothing_is_of_the_future(rig)
                await refresh(rig, 90)
            check_nothing_is_of_the_future(rig)
            assert max(untils(rig).values()) - min(untils(rig).values()) <= SLOW_PACE.total_seconds()
            assert set(samples(rig.exporter, "gap_seconds_total").values()) <= {0}
            assert len([line for line in told(caplog) if "was from the future" in line]) == 1
            await rig.come_to_audit()
            rig.check()

    asyncio.run(script())


def put_into_future(folder: Path, *columns: str) -> None:
    """Move some times of every book of the stored ledger days ahead."""
    moved = ", ".join(f"{column} = {column} + {int(AHEAD.total_seconds())}" for column in columns)
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as connection:
        connection.execute(f"UPDATE book SET {moved}")


STORED = {
    "asked": ("until", "published_until"),
    "answered": ("until", "published_until", "last_success", "newest"),
    "answered alone": ("last_success",),
    "newest alone": ("newest",),
}


@pytest.mark.parametrize("columns", STORED.values(), ids=STORED)
def test_a_state_file_from_the_future_goes_on(tmp_path: Path, columns: tuple[str, ...]) -> None:
    """At once after a restart nothing of it is shown, counting goes on at now, and everything is exact."""

    async def script() -> None:
        async with AlteredRig(small_world(1, MINUTE), tmp_path) as rig:
            await refresh(rig, 40)
            await rig.exporter.close()
            put_into_future(tmp_path, *columns)
            rig.clock.advance(MINUTE)
            await rig.start_again()
            check_nothing_is_of_the_future(rig)
            await refresh(rig)
            check_nothing_is_of_the_future(rig)
            before = untils(rig)
            await refresh(rig, 2)
            assert all(until == before[key] + 120 for key, until in untils(rig).items())
            await rig.restart()
            await rig.come_to_audit()
            rig.check()

    asyncio.run(script())


def test_counting_that_began_in_the_future_begins_anew(tmp_path: Path) -> None:
    """Nothing can have been counted; from the next refresh on everything is."""

    async def script() -> None:
        async with AlteredRig(small_world(1, MINUTE), tmp_path) as rig:
            rig.alter = dated_ahead
            await refresh(rig, 3)
            await rig.exporter.close()
            rig.alter = lambda *_: None
            rig.clock.advance(10 * MINUTE)
            rig.watcher.forget(set(rig.watcher.increases))
            await rig.start_again()
            check_nothing_is_of_the_future(rig)
            await refresh(rig, 3)
            check_nothing_is_of_the_future(rig)
            began = samples(rig.exporter, "dataset_start_timestamp_seconds")
            assert max(began.values()) < (rig.now - MINUTE).timestamp()
            await refresh(rig, 60)
            await rig.come_to_audit()
            rig.check()
            first = rig.now - timedelta(days=2)
            rig.check_daily(first)

    asyncio.run(script())


def test_a_machine_without_a_clock_shows_what_it_knows(tmp_path: Path) -> None:
    """Where only the machine's clock is behind, nothing is brought back: Cloudflare's time decides."""

    async def script() -> None:
        async with AlteredRig(small_world(1, MINUTE), tmp_path) as rig:
            await refresh(rig, 10)
            await rig.exporter.close()
            rig.clock.step_wall(-1000 * HOUR)
            await rig.start_again()
            before = rig.exporter.ledger.until("a" * 32)
            await refresh(rig, 2)
            after = rig.exporter.ledger.until("a" * 32)
            assert before is not None
            assert after is not None
            assert after > before
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())


@pytest.mark.parametrize("hours", [-2000, 3])
def test_commands_know_a_wrong_clock_of_the_machine(tmp_path: Path, hours: int) -> None:
    """A file that is read by a clock that is off shows what the exporter shows, and still nothing of the future."""

    async def script() -> None:
        async with AlteredRig(small_world(1, MINUTE), tmp_path) as rig:
            rig.clock.step_wall(hours * HOUR)
            await refresh(rig, 4)
            known = rig.exporter.ledger.until("a" * 32)
            with reading(tmp_path, DATASETS.values(), rig.clock.now()) as reader:
                assert reader.until("a" * 32) == known
            await rig.exporter.close()
            put_into_future(tmp_path, *STORED["answered"])
            with reading(tmp_path, DATASETS.values(), rig.clock.now()) as reader:
                shown = reader.until("a" * 32)
                assert shown is not None
                assert abs(shown - rig.now) < 2 * MINUTE
            await rig.start_again()

    asyncio.run(script())


def test_a_clock_that_is_right_writes_nothing(tmp_path: Path) -> None:
    """What is stored of the machine's clock changes with notable steps only."""

    async def script() -> None:
        async with AlteredRig(small_world(1, MINUTE), tmp_path) as rig:
            await refresh(rig, 2)
            assert stored_offsets(tmp_path) == []
            for minutes, stored in ((7, []), (20, [27 * 60]), (-20, [7 * 60])):
                rig.clock.step_wall(minutes * MINUTE)
                await refresh(rig, 2)
                assert stored_offsets(tmp_path) == stored

    asyncio.run(script())


def stored_offsets(folder: Path) -> list[int]:
    """Return what the ledger's file says about the machine's clock."""
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        return [ahead for (ahead,) in connection.execute("SELECT ahead FROM machine_clock")]
