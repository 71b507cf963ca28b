"""Zones of an account on the simulated Cloudflare, and what is asked about them."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from exporter.catalog.dataset import Dataset
from exporter.cloudflare import (
    Analytics,
    Client,
    CloudflareError,
    CloudflareTime,
    DatasetLimits,
    RequestBudget,
    RequestCounts,
)
from exporter.cloudflare.reader import NO_LIMITS
from exporter.model import Account, Answer, BookKey, Question, Rows, Scope, floor_hour
from exporter.simulator import AccountModel, Documents, ManualClock, Simulator, TokenModel, World, Zone
from tests.cloudflare.conftest import API_URL
from tests.cloudflare.conftest import ManualClock as ExporterClock
from tests.zones import OPERATIONS

EXAMPLE, OTHER = Account("a" * 32, "Example"), Account("b" * 32, "Other")
DOCUMENTS = Documents()
TEN = datetime(2025, 10, 20, 10, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SIX = tuple(f"{number:032x}" for number in range(1, 7))
FOREIGN = "f" * 32

Outcomes = dict[str, Answer | CloudflareError]


@dataclass
class Asked:
    """The simulated Cloudflare's transport, and the variables and text of every document that went through."""

    transport: httpx.AsyncBaseTransport
    variables: list[dict[str, Any]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on."""
        if request.url.path.endswith("/graphql"):
            said = json.loads(await request.aread())
            self.variables.append(said["variables"])
            self.texts.append(said["query"])
        return await self.transport.handle_async_request(request)

    @property
    def zones(self) -> list[list[str]]:
        """The zones of every document."""
        return [values["zones"] for values in self.variables]


class ZoneScene:
    """Six zones of an account and one of another, at ten o'clock, and a client of theirs."""

    def __init__(self, permissions: frozenset[str] | None = None, **fields: Any) -> None:
        accounts = (
            AccountModel(
                id=EXAMPLE.id,
                name=EXAMPLE.name,
                assets=tuple(Zone(id=zone, name=f"{zone[-1]}.example", weight=4) for zone in SIX),
            ),
            AccountModel(id=OTHER.id, name=OTHER.name, assets=(Zone(id=FOREIGN, name="f.example"),)),
        )
        world = World(accounts=accounts, tokens=(TokenModel(token="hush", permissions=permissions),), **fields)
        self.clock = ManualClock(TEN)
        self.simulator = Simulator(world, self.clock, documents=DOCUMENTS)
        self.asked = Asked(httpx.ASGITransport(app=self.simulator.app))
        self.exporter_clock = clock = ExporterClock()
        self.time = CloudflareTime(clock)
        self.client = Client(
            httpx.AsyncClient(transport=httpx.MockTransport(self.asked.send)),
            API_URL,
            "hush",
            clock=clock,
            time=self.time,
            request_counts=RequestCounts(),
            budget=RequestBudget(clock),
        )
        self.analytics = Analytics(self.client)

    def ask(self, *zones: str, since: datetime = TEN - HOUR, dataset: Dataset = OPERATIONS) -> Outcomes:
        """The outcome of asking some zones until ten, by zone."""
        return ask(self.analytics, *zones, since=since, dataset=dataset)

    def truth(self, zone: str, since: datetime = TEN - HOUR, dataset: Dataset = OPERATIONS) -> dict[datetime, Rows]:
        """What the oracle says of a zone, of each hour that has rows."""
        hours: dict[datetime, Rows] = {}
        while since < TEN:
            until = floor_hour(since) + HOUR
            used = self.simulator.used(EXAMPLE.id, dataset.name, since, until, by=("zoneTag", *dataset.words))
            rows = {
                (zone, key[1:]): tuple(row[field.name] for field in dataset.fields)
                for key, row in used.items()
                if key[0] == zone
            }
            hours |= {floor_hour(since): rows} if rows else {}
            since = until
        return hours

    def check(
        self, outcomes: Outcomes, *zones: str, since: datetime = TEN - HOUR, dataset: Dataset = OPERATIONS
    ) -> None:
        """Compare the answers about some zones with the oracle."""
        for zone in zones:
            found = outcomes[zone]
            assert isinstance(found, Answer), found
            assert found.question.scope == Scope(EXAMPLE.id, zone)
            assert found.hours == self.truth(zone, since, dataset)


def ask(
    analytics: Analytics,
    *zones: str,
    since: datetime = TEN - HOUR,
    dataset: Dataset = OPERATIONS,
    limits: Mapping[BookKey, DatasetLimits] = NO_LIMITS,
) -> Outcomes:
    """The outcome of asking some zones until ten, by zone."""
    questions = [
        (dataset, Question(Scope(EXAMPLE.id, zone), dataset.key, since, TEN, asks_newest=dataset.asks_newest))
        for zone in zones
    ]
    outcomes = asyncio.run(analytics.ask(EXAMPLE, questions, limits))
    return {question.scope.zone_id: outcome for question, outcome in outcomes.items()}
