"""Count the requests of a refresh and of a discovery at the simulated Cloudflare."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from bench.figure import Figure
from bench.worlds import TOKEN, Counts, busy_world, usual_counts
from exporter.app import Exporter, build_exporter
from exporter.catalog import PRODUCTS
from exporter.catalog.product import Product
from exporter.cloudflare import PAGE_LIMIT
from exporter.config import Cloudflare, Config, Poll, Storage, Token
from exporter.simulator import ManualClock, Simulator
from tests.clock import START, CoupledClock

GRAPHQL_BOUND = 3
REST_BOUND = 10
DISCOVERY_COUNTS = Counts(workers=500, buckets=100, databases=50, kv_namespaces=50, object_namespaces=50)
NOTHING_TO_FILL = timedelta(hours=3)
"""A retention so short that no history fill adds requests to the refreshes measured."""

WARM_UP = 3
"""Refreshes before measuring: datasets start, series are born, and the splitting of questions is learned."""


class _RowCount(httpx.AsyncBaseTransport):
    """Passes requests on to the simulated Cloudflare and counts the rows of pages that are not full."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.rows = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if request.url.path.endswith("/graphql"):
            await response.aread()
            self.rows += sum(_rows_of(account) for account in _account_nodes(json.loads(response.content)))
        return response


@dataclass(frozen=True, slots=True)
class RefreshRequests:
    """The requests of one refresh, and the rows they returned."""

    graphql: int
    rest: int
    rows: int

    @property
    def bound(self) -> float:
        """The number of GraphQL requests allowed for these rows."""
        return 2 * self.rows / PAGE_LIMIT + GRAPHQL_BOUND


class Requests:
    """An exporter and a simulated account in one process; refreshes are a minute apart."""

    def __init__(self, counts: Counts, folder: Path, products: Sequence[Product] = PRODUCTS) -> None:
        self._clock = CoupledClock(ManualClock(START))
        self._simulator = Simulator(busy_world(counts, NOTHING_TO_FILL), self._clock.cloudflare)
        self._transport = _RowCount(httpx.ASGITransport(app=self._simulator.app))
        self.exporter: Exporter = build_exporter(
            _config(folder), self._clock, transport=self._transport, products=products
        )

    async def refresh(self, later: timedelta = timedelta(minutes=1)) -> RefreshRequests:
        """Refresh once and return the requests it made; then let ``later`` pass."""
        before, rows = self._simulator.requests.copy(), self._transport.rows
        await self.exporter.poller.refresh()
        if self.exporter.published.snapshot is not None:
            self.exporter.published.mark_scraped(self.exporter.published.snapshot.commit_number)
        self._clock.advance(later)
        asked = self._simulator.requests - before
        return RefreshRequests(asked["graphql"], asked["rest"], self._transport.rows - rows)


async def refresh_requests(assets: int, folder: Path, refreshes: int) -> list[RefreshRequests]:
    """Return the requests of each refresh after warming up, with ``assets`` assets of the five core products."""
    rig = Requests(usual_counts(assets), folder)
    for _ in range(WARM_UP):
        await rig.refresh()
    asked = [await rig.refresh() for _ in range(refreshes)]
    await rig.exporter.close()
    return asked


async def measure_refreshes(
    folder: Path, sizes: tuple[int, ...] = (50, 1_000, 5_000), refreshes: int = 60
) -> list[Figure]:
    """Return the most GraphQL requests of any refresh; larger accounts are measured over fewer refreshes."""
    figures: list[Figure] = []
    for assets in sizes:
        asked = await refresh_requests(
            assets, folder / str(assets), max(refreshes * 50 // max(assets, 50), min(refreshes, 10))
        )
        worst = max(asked, key=lambda refresh: refresh.graphql - refresh.bound)
        bound = worst.bound if assets > 1_000 else GRAPHQL_BOUND
        figures.append(
            Figure(f"graphql_requests_per_refresh_{assets}_assets", worst.graphql, "requests", round(bound, 1))
        )
        figures.append(Figure(f"graphql_rows_per_refresh_{assets}_assets", worst.rows, "rows"))
    return figures


async def measure_discovery(folder: Path, counts: Counts = DISCOVERY_COUNTS) -> list[Figure]:
    """Return the REST requests of the first and of a later discovery, the list of accounts included."""
    rig = Requests(counts, folder)
    first = await rig.refresh(timedelta(minutes=11))
    later = await rig.refresh()
    await rig.exporter.close()
    return [
        Figure("rest_requests_first_discovery", first.rest, "requests"),
        Figure("rest_requests_per_discovery", later.rest, "requests", REST_BOUND),
    ]


def _config(folder: Path) -> Config:
    return Config(
        cloudflare=Cloudflare(
            api_url="http://cloudflare.test/client/v4", tokens=(Token.model_validate({"token": TOKEN}),)
        ),
        poll=Poll(refresh=timedelta(seconds=60), discovery=timedelta(minutes=10)),
        storage=Storage(path=str(folder)),
    )


def _account_nodes(body: Any) -> list[dict[str, Any]]:
    viewer = (body.get("data") or {}).get("viewer") or {}
    return list(viewer.get("accounts") or ())


def _rows_of(account: dict[str, Any]) -> int:
    pages = [page for page in account.values() if isinstance(page, list)]
    return sum(len(page) for page in pages if len(page) < PAGE_LIMIT)
