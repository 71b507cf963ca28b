"""An exporter on the simulated Cloudflare with a configuration of its own, which is changed while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from exporter.app import build_exporter
from exporter.config import Config
from exporter.simulator import ManualClock, Simulator, World
from tests.clock import START, CoupledClock
from tests.documents import shared_documents
from tests.exactness.harness import TOKEN

MINUTE = timedelta(minutes=1)


@dataclass
class Recorder(httpx.AsyncBaseTransport):
    """Passes requests on to the simulated Cloudflare and keeps their paths, bodies and tokens."""

    transport: httpx.AsyncBaseTransport
    asked: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.url.path} {request.content.decode()}")
        self.tokens.add(request.headers["Authorization"].removeprefix("Bearer "))
        return await self.transport.handle_async_request(request)

    def forget(self) -> None:
        """Begin anew."""
        self.asked.clear()
        self.tokens.clear()

    def has_asked(self, word: str) -> bool:
        """Whether any request held a word."""
        return any(word in request for request in self.asked)


class Site:
    """A simulated Cloudflare, and an exporter that is configured anew now and then."""

    def __init__(self, world: World, folder: Path, **sections: Any) -> None:
        self.clock = CoupledClock(ManualClock(START))
        self.simulator = Simulator(world, self.clock.cloudflare, documents=shared_documents())
        self.recorder = Recorder(httpx.ASGITransport(app=self.simulator.app))
        self._folder = folder
        self.exporter = build_exporter(self.config(**sections), self.clock, transport=self.recorder)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.exporter.close()

    def config(self, **sections: Any) -> Config:
        """A configuration with the token of the small world, unless a section says otherwise."""
        cloudflare = {"tokens": [{"token": TOKEN}], **sections.pop("cloudflare", {})}
        return Config.model_validate(
            {
                "cloudflare": {"api_url": "http://cloudflare.test/client/v4", **cloudflare},
                "storage": {"path": str(self._folder)},
                **sections,
            }
        )

    def configure(self, **sections: Any) -> None:
        """Let the exporter read these sections in place of those before."""
        self.reload(lambda: self.config(**sections))

    def reload(self, read: Callable[[], Config]) -> None:
        """Let the exporter read its configuration again."""
        self.exporter.reloader.reload(read)

    @property
    def now(self) -> datetime:
        """Cloudflare's time."""
        return self.clock.cloudflare.now()

    async def refresh(self, minutes: int = 1) -> None:
        """Turn and answer a scrape, once a minute."""
        for _ in range(minutes):
            await self.exporter.poller.refresh()
            assert self.exporter.published.snapshot is not None
            self.exporter.published.mark_scraped(self.exporter.published.snapshot.commit_number)
            self.clock.advance(MINUTE)

    def samples(self, family: str) -> list[tuple[dict[str, str], int | float]]:
        """The label sets of a family and their amounts."""
        assert self.exporter.published.snapshot is not None
        return [
            (sample.labels.as_dict(), sample.amount)
            for each in self.exporter.published.snapshot.families
            if each.name == family
            for sample in each.samples
        ]

    def values(self, family: str, label: str) -> set[str]:
        """The values that a label has in a family."""
        return {labels[label] for labels, _ in self.samples(family)}

    def total(self, family: str) -> int | float:
        """The sum of a family."""
        return sum(amount for _, amount in self.samples(family))

    def own(self, name: str) -> int | float:
        """The one value of a metric of the exporter's own."""
        ((_, amount),) = self.samples(f"cloudflare_exporter_{name}")
        return amount

    def families(self) -> set[str]:
        """The names of all families."""
        assert self.exporter.published.snapshot is not None
        return {family.name for family in self.exporter.published.snapshot.families}
