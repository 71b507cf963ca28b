"""An exporter on the simulated Cloudflare in process: it refreshes by itself, and is scraped as Prometheus would."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from exporter.app import Exporter, build_exporter
from exporter.config import Cloudflare, Config, Storage, Token
from exporter.config.costs import CostSettings
from exporter.pricing.rules import PAID_PLAN
from exporter.simulator import Documents, Fault, Kind, ManualClock, Simulator, Traffic, World
from tests.clock import CoupledClock
from tests.exactness.harness import TOKEN

BEGIN = datetime(2025, 10, 20, 22, tzinfo=UTC)
"""Minute 0 of every scene. Traffic is low in the night and grows in the morning; a day ends in between."""

REFRESH_DELAY = timedelta(seconds=7)
"""The exporter's first refresh is so long after the full minute."""

SCRAPE_DELAY = timedelta(seconds=10)
"""The first scrape is so long after the full minute; so none is at the edge of a rule's range."""

REFUSING = timedelta(minutes=10)
"""Cloudflare answers with HTTP 503 for so long at both ends of an outage; in between nothing can be reached."""


def minute(number: int) -> datetime:
    """Return the moment of a minute of the scene."""
    return BEGIN + timedelta(minutes=number)


@dataclass(frozen=True, slots=True)
class Scrape:
    """What Prometheus got at a second of the scene: values by series; ``None`` if the exporter was not there."""

    second: int
    values: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Script:
    """What happens, in minutes of the scene: when an exporter runs, and when Cloudflare does not answer.

    Its lists may be back earlier or later than its analytics.
    """

    world: World
    lives: Sequence[tuple[int, int]]
    outage: tuple[int, int] | None = None
    lists_back: int | None = None
    scrape_seconds: int = 60


class ScrapedClock(CoupledClock):
    """A clock that has scrapes made when their time comes, also while the exporter waits for its next attempt.

    From ``halt`` on nobody who sleeps wakes up, and ``halted`` is set.
    """

    def __init__(self, interval: timedelta, scrape: Callable[[datetime], Awaitable[None]]) -> None:
        super().__init__(ManualClock(BEGIN))
        self.halt = BEGIN
        self.halted = asyncio.Event()
        self._interval = interval
        self._next = BEGIN + SCRAPE_DELAY
        self._scrape = scrape

    async def sleep(self, seconds: float) -> None:
        end = self.now() + timedelta(seconds=seconds)
        await self.pass_until(min(end, self.halt))
        if end >= self.halt:
            self.halted.set()
            await asyncio.Event().wait()

    async def pass_until(self, end: datetime) -> None:
        """Let time pass, with its scrapes."""
        while self._next < end:
            at, self._next = self._next, self._next + self._interval
            self._pass(at)
            await self._scrape(at)
        self._pass(end)

    def _pass(self, end: datetime) -> None:
        self.advance(max(end - self.now(), timedelta(0)))


class Network(httpx.AsyncBaseTransport):
    """The way to the simulated Cloudflare; between two moments it leads nowhere."""

    def __init__(self, simulator: Simulator, closed: tuple[datetime, datetime] | None) -> None:
        self._simulator = simulator
        self._closed = closed
        self._open = httpx.ASGITransport(app=simulator.app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._closed and self._closed[0] <= self._simulator.clock.now() < self._closed[1]:
            raise httpx.ConnectError("no route to host", request=request)
        return await self._open.handle_async_request(request)


@dataclass
class Scene:
    """Plays a script once; ``scrapes`` then has what was scraped of the metrics that are ``wanted``."""

    script: Script
    folder: Path
    wanted: frozenset[str]
    documents: Documents
    traffic: Traffic
    scrapes: list[Scrape] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._clock = ScrapedClock(timedelta(seconds=self.script.scrape_seconds), self._scrape)
        self.simulator = Simulator(
            self.script.world, self._clock.cloudflare, traffic=self.traffic, documents=self.documents
        )
        self._network = self._lay_network()
        self._web: httpx.AsyncClient | None = None
        self._read: tuple[str, Mapping[str, str]] = ("", {})

    def _lay_network(self) -> Network:
        if self.script.outage is None:
            return Network(self.simulator, None)
        away, back = self.script.outage
        since, ends = minute(away), {"graphql": minute(back), "rest": minute(self.script.lists_back or back)}
        for api, end in ends.items():
            self.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, status=503, api=api, since=since, until=end))
        return Network(self.simulator, (since + REFUSING, min(ends.values()) - REFUSING))

    async def play(self) -> None:
        """Play the script to its end."""
        for since, until in self.script.lives:
            await self._clock.pass_until(minute(since) + REFRESH_DELAY)
            await self._live(minute(until) + REFRESH_DELAY)

    async def _live(self, end: datetime) -> None:
        exporter = self._build()
        self._clock.halt, self._clock.halted = end, asyncio.Event()
        transport = httpx.ASGITransport(app=exporter.web)
        async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as self._web:
            await exporter.start()
            polling = asyncio.create_task(exporter.poller.run())
            await self._clock.halted.wait()
            polling.cancel()
            await asyncio.wait({polling})
            await exporter.close()
        self._web = None

    def _build(self) -> Exporter:
        config = Config(
            cloudflare=Cloudflare(
                api_url="http://cloudflare.test/client/v4", tokens=(Token.model_validate({"token": TOKEN}),)
            ),
            storage=Storage(path=str(self.folder)),
            costs=CostSettings(plan=PAID_PLAN),
        )
        return build_exporter(config, self._clock, transport=self._network)

    async def _scrape(self, at: datetime) -> None:
        values = None
        if self._web is not None:
            response = await self._web.get("/metrics")
            values = self._values(response.text) if response.is_success else None
        self.scrapes.append(Scrape(int((at - BEGIN).total_seconds()), values))

    def _values(self, text: str) -> Mapping[str, str]:
        """Return the wanted samples; scrapes between two refreshes have the same text."""
        if text != self._read[0]:
            lines = (line for line in text.splitlines() if line.partition("{")[0].partition(" ")[0] in self.wanted)
            self._read = (text, {series: value for series, _, value in (line.rpartition(" ") for line in lines)})
        return self._read[1]
