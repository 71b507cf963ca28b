"""The loops of the sources: each is polled at its own interval, and costs only itself. Part of the error boundary."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic

from exporter.clock import Clock
from exporter.cloudflare import CloudflareError
from exporter.logs import keys
from exporter.metrics.family import Family
from exporter.metrics.sources import admit_families, admit_problems
from exporter.model import ExporterError, format_time
from exporter.poller.source import Reading, Source
from exporter.poller.status_tracker import dated, describe
from exporter.status import BEGINNING, Problem, SourceStatus

log = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=30)
"""The longest time that a poll may take, if the source's interval is not shorter."""

CURRENT_INTERVALS = 3
"""For so many intervals a reading is current. An older one is not published: what it says may be over."""


REPORT_IT = "Report it, with the traceback from the exporter's log."


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a source cannot be read or published; ``error`` is set if the exporter itself is at fault."""

    reason: str
    detail: str
    remedy: str
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class ShownSource:
    """What a source adds to a snapshot; families and problems only while it is up."""

    status: SourceStatus
    families: tuple[Family, ...] = ()
    problems: tuple[Problem, ...] = ()
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class _Success(Generic[Reading]):
    """A reading, when it was made, and the monotonic second until which it is current."""

    reading: Reading
    at: datetime
    current_until: float


@dataclass(frozen=True, slots=True)
class _Polled(Generic[Reading]):
    """The newest success, the fault of the newest poll if it failed, and how long that took; None if there is none."""

    success: _Success[Reading] | None = None
    fault: Fault | None = None
    duration: timedelta | None = None


NO_FAULT = Fault("", "", "")

Contents = tuple[tuple[Family, ...], tuple[Problem, ...]]
"""What a reading says: metrics, and what is wrong."""


class SourcePoller(Generic[Reading]):
    """The poller of one source, whose errors never leave it.

    A poll replaces what is known by one assignment, so ``show`` may be called in another thread.
    """

    def __init__(self, source: Source[Reading], clock: Clock, now: Callable[[], datetime]) -> None:
        self.name = source.name
        self._source = source
        self._clock = clock
        self._now = now
        self._polled: _Polled[Reading] = _Polled()
        self._status = SourceStatus(self.name, False, BEGINNING)

    async def run(self) -> None:
        """Poll at each interval until cancelled."""
        interval = self._source.interval.total_seconds()
        while True:
            began = self._clock.monotonic()
            await self.poll()
            await self._clock.sleep(max(interval - (self._clock.monotonic() - began), 0.0))

    async def poll(self) -> None:
        """Poll once; if that fails, the newest reading stays."""
        began = self._clock.monotonic()
        found = await self._attempt()
        ended = self._clock.monotonic()
        duration = timedelta(seconds=ended - began)
        if isinstance(found, Fault):
            self._polled = replace(self._polled, fault=found, duration=duration)
        else:
            current_until = ended + CURRENT_INTERVALS * self._source.interval.total_seconds()
            self._polled = _Polled(_Success(found, self._now(), current_until), None, duration)

    async def _attempt(self) -> Reading | Fault:
        longest = min(self._source.interval, PATIENCE).total_seconds()
        limit = asyncio.timeout(longest)
        try:
            async with limit:
                return await self._source.poll()
        except ExporterError as error:
            reason = error.outcome if isinstance(error, CloudflareError) else "failed"
            return Fault(reason, _printable(error.detail), _printable(error.remedy))
        except Exception as error:
            if not limit.expired():
                return self._internal_fault("polling it", error)
            detail = f"Source {self.name}: no complete answer within {longest:g} s."
            return Fault("timeout", detail, "Wait for the next poll. If it fails too, check the network to the source.")
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return self._internal_fault("polling it", error)

    def show(self, taken: Collection[str]) -> ShownSource:
        """Return what to publish; ``taken`` are the names of metrics that others publish."""
        polled, now = self._polled, self._now()
        found = self._contents(polled.success, taken, now)
        fault = polled.fault or (found if isinstance(found, Fault) else NO_FAULT)
        families, problems = ((), ()) if isinstance(found, Fault) else found
        status = SourceStatus(
            self.name,
            is_up=not isinstance(found, Fault),
            reason=fault.reason,
            detail=fault.detail,
            remedy=fault.remedy,
            last_success=polled.success.at if polled.success else None,
            duration=polled.duration,
        )
        self._status = dated(status, self._status, now)
        return ShownSource(self._status, families, problems, fault.error)

    def _contents(self, success: _Success[Reading] | None, taken: Collection[str], now: datetime) -> Contents | Fault:
        """Return what the newest reading says while it is current."""
        if success is None:
            return Fault(BEGINNING, "The first poll is under way.", "")
        if self._clock.monotonic() > success.current_until:
            detail = f"Source {self.name}: what it said at {format_time(success.at)} is no longer current."
            return Fault("stale", detail, "Restart the exporter, and report it: the source is not polled any more.")
        try:
            families = tuple(self._source.families(success.reading, now))
            problems = tuple(self._source.problems(success.reading, now))
        except Exception as error:
            return self._internal_fault("describing what it said", error)
        try:
            return admit_families(families, taken), admit_problems(problems)
        except Exception as error:
            return Fault("internal", f"Source {self.name} cannot be published: {error}.", REPORT_IT, error)

    def _internal_fault(self, what: str, error: BaseException) -> Fault:
        """Return the fault of an error, whose text may hold anything and so stands in the log's traceback only."""
        detail = f"Source {self.name}: {what} failed with an internal error ({type(error).__name__})."
        return Fault("internal", detail, REPORT_IT, error)


def _printable(text: str) -> str:
    """Return a text without halves of characters, with which neither metrics nor JSON could be written."""
    return text.encode(errors="backslashreplace").decode()


class SourcePollers:
    """The pollers of all sources. ``now`` returns Cloudflare's time, ``taken`` are the names of all other metrics."""

    def __init__(
        self, sources: Iterable[Source[Any]], clock: Clock, now: Callable[[], datetime], taken: Collection[str]
    ) -> None:
        self._pollers = tuple(SourcePoller(source, clock, now) for source in sources)
        self._taken = frozenset(taken)
        self._told: dict[str, tuple[str, str]] = {}
        names = [each.name for each in self._pollers]
        if len(set(names)) != len(names):
            raise ValueError(f"two sources have the same name: {', '.join(names)}")

    async def run(self) -> None:
        """Poll each source at its own interval until cancelled."""
        await asyncio.gather(*(each.run() for each in self._pollers))

    async def poll(self) -> None:
        """Poll each source once."""
        await asyncio.gather(*(each.poll() for each in self._pollers))

    def show(self) -> tuple[ShownSource, ...]:
        """Return what each source adds to a snapshot; of two with a metric of one name, the first has it."""
        taken, shown = set(self._taken), list[ShownSource]()
        for poller in self._pollers:
            shown.append(poller.show(taken))
            taken.update(family.name for family in shown[-1].families)
        return tuple(shown)

    def log_changes(self, shown: Iterable[ShownSource]) -> None:
        """Log each source whose state or reason has changed since it was last logged."""
        for each in shown:
            status = each.status
            stands = (status.state, status.reason)
            if status.reason == BEGINNING or stands == self._told.get(status.name, ("up", "")):
                continue
            self._told[status.name] = stands
            log.log(
                logging.WARNING if status.is_bad else logging.INFO,
                "%s",
                describe(status) or "the source can be read again",
                exc_info=each.error,
                extra=keys(source=status.name, state=status.state, reason=status.reason),
            )
