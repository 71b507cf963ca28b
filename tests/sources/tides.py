"""A made-up source: the height of the sea on a coast. It is not known to any other file of the exporter."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from exporter.metrics.family import Family
from exporter.metrics.own import OwnMetric, build_families
from exporter.model import MINUTE
from exporter.status import Problem

FLOOD_METRES = 5


@dataclass(frozen=True, slots=True)
class Tide:
    """The height of the sea at a moment."""

    metres: int


def height(name: str) -> OwnMetric[Tide]:
    """Return the metric of the sea's height."""
    return OwnMetric(name, "gauge", "Height of the sea.", ("coast",), lambda tide: {("north",): tide.metres})


Answer = Callable[[], Awaitable[Tide]]


class Tides:
    """Reads the height of the sea: each poll gets the next of some answers, and the last one again and again."""

    def __init__(
        self,
        *answers: Answer,
        name: str = "tides",
        interval: timedelta = MINUTE,
        metric: str = "tide_height_metres",
    ) -> None:
        self.name = name
        self.interval = interval
        self._metric = height(metric)
        self.polls = 0
        self.was_cancelled = False
        self._answers = answers

    async def poll(self) -> Tide:
        self.polls += 1
        try:
            return await self._answers[min(self.polls, len(self._answers)) - 1]()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise

    def families(self, reading: Tide, now: datetime) -> tuple[Family, ...]:
        return build_families((self._metric,), reading)

    def problems(self, reading: Tide, now: datetime) -> Iterator[Problem]:
        if reading.metres > FLOOD_METRES:
            yield Problem("", "north coast", "flood", now, f"The sea is {reading.metres} m high.", "Climb a hill.")


def at(metres: int) -> Answer:
    """An answer: the sea is so high."""

    async def answer() -> Tide:
        return Tide(metres)

    return answer


def raising(error: BaseException) -> Answer:
    """No answer but an error."""

    async def answer() -> Tide:
        raise error

    return answer


async def never() -> Tide:
    """An answer that does not come."""
    await asyncio.Event().wait()
    return Tide(0)
