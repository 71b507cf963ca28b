"""An exporter that reads assets one by one on the simulated Cloudflare, over a network that notes what is read when."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from exporter.app import Exporter, build_exporter
from exporter.catalog.dataset import Dataset
from exporter.catalog.product import Product
from exporter.config import Config
from exporter.simulator import AccountModel, Asset, Database, Limits, Queue, TokenModel, World
from exporter.status import DatasetStatus, Problem
from tests.exactness.harness import ACCOUNT_ID, TOKEN, Rig
from tests.poller.scene import MINUTE
from tests.readings import BACKLOG, PRODUCTS_BY_REST

DATABASES = ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002")


def queue_world(count: int = 3, *more: Asset) -> World:
    """One account with some queues, of which Cloudflare keeps too little for a day to be filled in."""
    queues = [Queue(id=f"q{number}", name=f"jobs-{number}", weight=number + 1) for number in range(count)]
    return World(
        accounts=(AccountModel(id=ACCOUNT_ID, name="Example", assets=(*queues, *more)),),
        tokens=(TokenModel(token=TOKEN),),
        limits=Limits(rest=None, graphql=None, not_older_than=timedelta(hours=3)),
    )


def database(number: int, stored: int, growth: int = 0) -> Database:
    """A database of a size."""
    return Database(id=DATABASES[number], name=f"data-{number}", stored_bytes=stored, growth_bytes=growth)


class Paths(httpx.AsyncBaseTransport):
    """Takes requests to the simulated Cloudflare, and notes the minute, path and status of those by REST."""

    def __init__(self, rig: "ReadingRig") -> None:
        self._rig = rig
        self._transport = httpx.ASGITransport(app=rig.simulator.app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._rig.holds is not None and request.url.path.endswith("/metrics"):
            self._rig.held.set()
            await self._rig.holds.wait()
        response = await self._transport.handle_async_request(request)
        path = request.url.path.partition(f"/accounts/{ACCOUNT_ID}/")[2]
        if path:
            self._rig.sent.append((self._rig.now, path, response.status_code))
        return response


class ReadingRig(Rig):
    """A rig whose exporter knows of readings by REST, with a share of the REST requests.

    What is read of queues waits for an event that ``holds``, and ``held`` is set when that happens.
    """

    def __init__(
        self,
        world: World,
        folder: Path,
        *,
        share: float = 0.5,
        excluded: Sequence[str] = (),
        products: Sequence[Product] = PRODUCTS_BY_REST,
    ) -> None:
        self.sent: list[tuple[datetime, str, int]] = []
        self.holds: asyncio.Event | None = None
        self.held = asyncio.Event()
        self._share = share
        self._excluded = excluded
        super().__init__(world, folder, products=products)

    def _build(self) -> Exporter:
        config = Config.model_validate(
            {
                "cloudflare": {
                    "api_url": "http://cloudflare.test/client/v4",
                    "tokens": [{"token": TOKEN}],
                    "budget_share": {"rest": self._share},
                },
                "filters": {"assets": {"exclude": list(self._excluded)}},
                "storage": {"path": str(self._folder)},
            }
        )
        return build_exporter(config, self.clock, transport=Paths(self), products=self.products)

    async def go_on(self, minutes: int = 1) -> None:
        """Refresh, and answer a scrape, once a minute."""
        for _ in range(minutes):
            await self.refresh()
            await self.exporter.poller.publish()
            self.look()
            self.scrape()
            self.clock.advance(MINUTE)

    async def costs(self) -> Any:
        """Return the statement of the API."""
        transport = httpx.ASGITransport(app=self.exporter.web)
        async with httpx.AsyncClient(transport=transport, base_url="http://exporter.test") as http:
            return (await http.get("/api/costs?by=meter")).json()

    def read(self, end: str = "/metrics") -> list[str]:
        """Return the paths of resources that were read, in their order, and forget them."""
        found = [path for _, path, _ in self.sent if path.endswith(end)]
        self.sent.clear()
        return found

    def by_minute(self) -> list[int]:
        """Return how many resources of queues were read in each minute in which any were."""
        return [*Counter(at for at, path, _ in self.sent if path.endswith("/metrics")).values()]

    def shown(self, dataset: Dataset = BACKLOG) -> dict[str, int]:
        """Return what is published of a dataset's first metric, by asset."""
        return {
            placement.asset: amount
            for book in self.exporter.ledger.publication(self.now).books
            if book.dataset.key == dataset.key
            for placement, key, amount in book.series
            if key.metric == 0
        }

    def published(self, name: str) -> dict[tuple[str, ...], int | float]:
        """Return the samples of a metric, by the values of account, project and asset."""
        assert self.exporter.published.snapshot is not None
        (family,) = [each for each in self.exporter.published.snapshot.families if each.name == name]
        return {sample.labels.values: sample.amount for sample in family.samples}

    def status(self, dataset: Dataset = BACKLOG) -> DatasetStatus:
        """Return how a dataset stands."""
        assert self.exporter.published.snapshot is not None
        (found,) = [each for each in self.exporter.published.snapshot.status.datasets if each.dataset == dataset.key]
        return found

    def state(self, dataset: Dataset = BACKLOG) -> tuple[str, str]:
        """Return state and reason of a dataset."""
        found = self.status(dataset)
        return found.state, found.reason

    def problems(self) -> list[Problem]:
        """Return what is wrong with no account, dataset or list."""
        assert self.exporter.published.snapshot is not None
        return [*self.exporter.published.snapshot.status.own_problems]

    def slow(self) -> list[Problem]:
        """Return the problems of budgets that stretch intervals."""
        return [each for each in self.problems() if each.reason == "slow_readings"]
