"""The loops of the sources: each has its own interval, its own time limit, and costs only itself."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from heapq import heappop, heappush

import pytest

from exporter.cloudflare import Forbidden
from exporter.metrics.family import Family
from exporter.model import ExporterError
from exporter.poller.sources import ShownSource, SourcePollers
from exporter.status import Problem
from tests.exposition.snapshots import AT, ManualClock
from tests.poller.scene import told
from tests.sources.tides import Answer, Tide, Tides, at, never, raising

MINUTE = timedelta(minutes=1)


class WaitingClock(ManualClock):
    """A clock on which whoever sleeps waits until it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []

    async def sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        heappush(self._sleepers, (self.monotonic() + seconds, id(event), event))
        await event.wait()

    async def pass_by(self, seconds: float) -> None:
        """Let time pass, and everybody do what is due."""
        await breathe()
        end = self.monotonic() + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            wakes, _, event = heappop(self._sleepers)
            self.advance(wakes - self.monotonic())
            event.set()
            await breathe()
        self.advance(end - self.monotonic())


async def breathe() -> None:
    """Let every task run until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


class Sea:
    """The pollers of some sources, on a clock that stands until it is moved."""

    def __init__(self, *sources: Tides, taken: Iterable[str] = ()) -> None:
        self.clock = WaitingClock()
        self.pollers = SourcePollers(sources, self.clock, self.clock.now, frozenset(taken))

    def poll(self, times: int = 1) -> None:
        """Poll each source, so many times."""
        for _ in range(times):
            asyncio.run(self.pollers.poll())

    def show(self) -> dict[str, ShownSource]:
        """What each source adds to a snapshot, by its name."""
        shown = self.pollers.show()
        self.pollers.log_changes(shown)
        return {each.status.name: each for each in shown}

    def stands(self, name: str = "tides") -> tuple[str, str, list[str]]:
        """How a source stands, why, and the families that it publishes."""
        shown = self.show()[name]
        return shown.status.state, shown.status.reason, [each.name for each in shown.families]


class Adrift(Tides):
    """Its reading cannot be turned into metrics."""

    def families(self, reading: Tide, now: datetime) -> tuple[Family, ...]:
        raise ZeroDivisionError("no coast")


class Garbled(Tides):
    """Its problem has half of a character, which no answer could be written with."""

    def problems(self, reading: Tide, now: datetime) -> Iterable[Problem]:
        return (Problem("", "coast", "odd", now, "\ud83c", ""),)


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (raising(ExporterError("The coast is foggy.", "Wait.")), "failed", "The coast is foggy."),
        (raising(Forbidden("May not look.", "Ask.")), "forbidden", "May not look."),
        (
            raising(ValueError("no number")),
            "internal",
            "Source tides: polling it failed with an internal error (ValueError).",
        ),
        (raising(TimeoutError()), "internal", "Source tides: polling it failed with an internal error (TimeoutError)."),
        (
            raising(asyncio.CancelledError()),
            "internal",
            "Source tides: polling it failed with an internal error (CancelledError).",
        ),
        (raising(ExporterError("\ud83c in the feed", "Wait.")), "failed", r"\ud83c in the feed"),
    ],
)
def test_a_source_that_fails_says_why_and_costs_only_itself(answer: Answer, reason: str, words: str) -> None:
    """It is down, nothing is known of it, and the other one is published."""
    sea = Sea(Tides(answer), Tides(at(3), name="other"))
    sea.poll()
    shown = sea.show()
    status = shown["tides"].status
    assert (status.state, status.reason, status.detail, status.last_success) == ("down", reason, words, None)
    assert status.remedy
    assert shown["tides"].families == shown["tides"].problems == ()
    assert sea.stands("other") == ("up", "", ["tide_height_metres"])


def test_a_source_that_hangs_is_given_up() -> None:
    """A poll takes no longer than its interval; the other one does not wait for it."""
    hanging = Tides(never, interval=timedelta(milliseconds=1))
    sea = Sea(hanging, Tides(at(3), name="other"))
    sea.poll()
    status = sea.show()["tides"].status
    assert (status.reason, status.detail) == ("timeout", "Source tides: no complete answer within 0.001 s.")
    assert hanging.was_cancelled
    assert sea.stands("other") == ("up", "", ["tide_height_metres"])


def test_each_loop_turns_at_its_own_interval_and_ends_when_it_is_cancelled() -> None:
    """One that hangs holds up no other, and is cancelled where it waits."""

    async def script() -> None:
        often, seldom = Tides(at(1), name="often", interval=timedelta(seconds=10)), Tides(at(2), name="seldom")
        failing, hanging = Tides(raising(ValueError()), name="failing"), Tides(never, name="hanging")
        sea = Sea(often, seldom, failing, hanging)
        running = asyncio.create_task(sea.pollers.run())
        await sea.clock.pass_by(125)
        assert [each.polls for each in (often, seldom, failing, hanging)] == [13, 3, 3, 1]
        running.cancel()
        await asyncio.wait({running})
        assert running.cancelled()
        assert hanging.was_cancelled

    asyncio.run(script())


def test_a_slow_poll_does_not_shift_the_next_one() -> None:
    """The interval is from beginning to beginning, and how long a poll took is told."""

    async def script() -> None:
        async def slowly() -> Tide:
            await sea.clock.sleep(20)
            return Tide(1)

        slow = Tides(slowly)
        sea = Sea(slow)
        running = asyncio.create_task(sea.pollers.run())
        await sea.clock.pass_by(59)
        assert slow.polls == 1
        await sea.clock.pass_by(1)
        assert slow.polls == 2
        status = sea.show()["tides"].status
        assert (status.duration, status.last_success) == (timedelta(seconds=20), AT + timedelta(seconds=20))
        running.cancel()
        await asyncio.wait({running})

    asyncio.run(script())


def test_a_reading_counts_for_three_intervals() -> None:
    """A failure after a success is told at once; what was read before is published until it is too old to be true."""
    sea = Sea(Tides(at(3), raising(ExporterError("Fog.", "Wait."))))
    assert sea.stands() == ("down", "new", [])
    sea.poll()
    assert sea.stands() == ("up", "", ["tide_height_metres"])
    sea.poll()
    sea.clock.advance(180)
    assert sea.stands() == ("up", "failed", ["tide_height_metres"])
    sea.clock.advance(1)
    assert sea.stands() == ("down", "failed", [])
    assert sea.show()["tides"].status.last_success == AT


def test_a_source_that_is_not_polled_any_more_goes_stale() -> None:
    """Nothing has failed, and yet nothing is known: that is said, too, and is over with the next poll."""
    sea = Sea(Tides(at(9)))
    sea.poll()
    assert [each.reason for each in sea.show()["tides"].problems] == ["flood"]
    sea.clock.advance(181)
    shown = sea.show()["tides"]
    assert (shown.status.state, shown.status.reason, shown.problems) == ("down", "stale", ())
    assert "2025-10-20T10:00:05Z" in shown.status.detail
    sea.poll()
    assert sea.stands() == ("up", "", ["tide_height_metres"])


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Adrift(at(1)), "describing what it said failed with an internal error (ZeroDivisionError)"),
        (Garbled(at(1)), "surrogates not allowed"),
        (Tides(at(1), metric="cloudflare_worker_info"), "has the name of another metric, cloudflare_worker_info"),
    ],
)
def test_a_reading_that_cannot_be_published_costs_only_its_source(source: Tides, words: str) -> None:
    """Nothing of it is published, and the other one is."""
    sea = Sea(source, Tides(at(3), name="other", metric="other_metres"), taken={"cloudflare_worker_info"})
    sea.poll()
    shown = sea.show()["tides"]
    assert (shown.status.state, shown.status.reason, shown.families, shown.problems) == ("down", "internal", (), ())
    assert words in shown.status.detail
    assert sea.stands("other") == ("up", "", ["other_metres"])


def test_of_two_sources_with_one_metric_the_first_has_it() -> None:
    """The second is down, and the first is published as if it were alone."""
    sea = Sea(Tides(at(1)), Tides(at(1), name="other"))
    sea.poll()
    assert sea.stands() == ("up", "", ["tide_height_metres"])
    assert sea.stands("other") == ("down", "internal", [])


def test_two_sources_cannot_have_one_name() -> None:
    """What is said of one would be taken for the other's."""
    with pytest.raises(ValueError, match="two sources have the same name: tides, tides"):
        Sea(Tides(at(1)), Tides(at(2)))


def test_without_sources_the_loop_ends() -> None:
    """There is nothing to wait for, and nothing to show."""
    sea = Sea()
    asyncio.run(sea.pollers.run())
    assert sea.show() == {}


def test_a_state_has_its_beginning() -> None:
    """It is that of the first failure, not of the newest."""
    sea = Sea(Tides(at(1), raising(ExporterError("Fog.", "Wait."))))
    began = []
    for _ in range(3):
        sea.poll()
        began.append(sea.show()["tides"].status.since)
        sea.clock.advance(60)
    assert began == [AT, AT + MINUTE, AT + MINUTE]


def test_a_change_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the first success nor a failure that goes on is a line; an error of the exporter's has its traceback."""
    sea = Sea(Tides(at(1), raising(ValueError("no number")), raising(ValueError("no number")), at(2)))
    with caplog.at_level(logging.INFO, logger="exporter"):
        sea.show()
        for _ in range(4):
            sea.poll()
            sea.show()
    failure, recovery = told(caplog)
    assert failure.startswith("Source tides: polling it failed with an internal error (ValueError). Report it,")
    assert recovery == "the source can be read again"
    failed, _ = caplog.records
    assert failed.levelno == logging.WARNING and failed.exc_info is not None
