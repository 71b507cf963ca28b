"""A real exporter on a simulated account, looked at after each of its questions: what it exposed, and what is true.

The truth about money is the exporter's own statement of the billing cycle (``/api/costs``) at that moment; the truth
about usage is what the simulator knows of the time between two moments up to which the exporter has asked.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx

from exporter.app import build_exporter
from exporter.config import Cloudflare, Config, Poll, Storage, Token
from exporter.simulator import (
    AccountModel,
    Bucket,
    Database,
    Fault,
    Incident,
    Kind,
    KvNamespace,
    Limits,
    ManualClock,
    ObjectNamespace,
    Simulator,
    Subscription,
    TokenModel,
    Worker,
    World,
)
from tests.clock import CoupledClock
from tests.dashboards.scenes.moments import AWAY, BEGIN, MINUTE, REFRESH, refreshes
from tests.documents import shared_documents
from tests.end_to_end.counters import COUNTERS

TOKEN = "token-of-the-scenes"
ACCOUNT_ID = "5cee0000000000000000000000000001"
GB = 10**9

Values = Mapping[str, float]
"""Series as they are exposed, with their values."""

_UNTIL = 'cloudflare_exporter_dataset_queried_until_timestamp_seconds{account="Example"'

COUNTED = {counter.name: counter for counter in COUNTERS if not counter.fixed}


@dataclass(frozen=True, slots=True)
class Look:
    """What the exporter exposed from a moment on, and what its statement of the cycle says: dollars by project."""

    at: datetime
    values: Values
    to_date: Mapping[str, Decimal]
    forecast: Mapping[str, Decimal]

    def queried_until(self, dataset: str) -> datetime:
        """Return the time up to which the exporter has asked about a dataset."""
        (until,) = (
            value for series, value in self.values.items() if series.startswith(f'{_UNTIL},dataset="{dataset}"')
        )
        return datetime.fromtimestamp(until, UTC)


@dataclass(frozen=True, slots=True)
class Played:
    """All that was looked at, in order, and the simulator that knows what was used."""

    looks: Sequence[Look]
    simulator: Simulator

    def seen(self, at: datetime) -> Look:
        """Return what the exporter exposes at a moment."""
        return self.looks[bisect_right(self.looks, at, key=lambda look: look.at) - 1]

    def used(self, counter: str, since: datetime, until: datetime) -> Decimal:
        """Return what was used of what a counter counts, between two moments at which it was scraped."""
        which = COUNTED[counter]
        begin, end = (self.seen(at).queried_until(which.dataset) for at in (since, until))
        rows = self.simulator.used(ACCOUNT_ID, which.dataset, begin, end)
        return Decimal(sum(row[which.source] for row in rows.values())) / which.parts


def world() -> World:
    """Return two projects with each kind of asset; the shop's checkout throws for six minutes of a quarter hour.

    Cloudflare is punctual, so that what is counted is exactly what was used until the time of the question.
    """
    start = datetime(2025, 1, 1, 0, 4, tzinfo=UTC)
    burst = Incident(since=start, until=start + 6 * MINUTE, every=15 * MINUTE)
    assets = (
        Worker(id="a" * 32, name="shop-checkout", weight=180, cpu_microseconds=6_200, incidents=(burst,)),
        Bucket(name="shop-images", weight=180, stored_bytes=400 * GB),
        KvNamespace(id="b" * 32, name="shop-sessions", weight=900),
        Worker(id="c" * 32, name="data-gateway", weight=320),
        ObjectNamespace(id="d" * 32, name="data-gateway_Room", class_name="Room", script="data-gateway", weight=240),
        Database(
            id="eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee",
            name="data-warehouse",
            weight=70,
            rows_per_query=600_000,
            stored_bytes=9 * GB,
        ),
    )
    anchor = datetime(2025, 1, 14, tzinfo=UTC)
    paid = (
        Subscription(public_name="Workers Paid", price=Decimal("5.00"), rate_plan_id="workers_paid", anchor=anchor),
        Subscription(
            public_name="Pro Plan",
            price=Decimal("240.00"),
            rate_plan_id="pro",
            anchor=anchor,
            frequency="yearly",
            scope="zone",
        ),
    )
    account = AccountModel(id=ACCOUNT_ID, name="Example", assets=assets, subscriptions=paid, covered=True)
    token = TokenModel(token=TOKEN, user="scenes")
    return World(accounts=(account,), tokens=(token,), seed=1, lateness=timedelta(0), limits=Limits())


async def play() -> Played:
    """Run the exporter through all that happens, and look at it after each question."""
    cloudflare = ManualClock(BEGIN)
    clock = CoupledClock(cloudflare)
    simulator = Simulator(world(), cloudflare, documents=shared_documents())
    simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, status=503, since=AWAY[0], until=AWAY[1]))
    config = Config(
        cloudflare=Cloudflare(
            api_url="http://cloudflare.test/client/v4", tokens=(Token.model_validate({"token": TOKEN}),)
        ),
        storage=Storage(path=""),
        poll=Poll(refresh=REFRESH),
    )
    exporter = build_exporter(config, clock, transport=httpx.ASGITransport(app=simulator.app))
    looks: list[Look] = []
    transport = httpx.ASGITransport(app=exporter.web)
    async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as web:
        for moment in refreshes():
            # A question that is asked again and again takes time, and the next one is late.
            clock.advance(max(moment - clock.now(), timedelta(0)))
            await exporter.poller.refresh()
            looks.append(await _look(web, clock.now()))
    await exporter.close()
    return Played(looks, simulator)


async def _look(web: httpx.AsyncClient, at: datetime) -> Look:
    exposed = (await web.get("/metrics")).text
    samples = (line.rpartition(" ") for line in exposed.splitlines() if line[:1] != "#")
    values = {series: float(value) for series, _, value in samples}
    rows = (await web.get("/api/costs", params={"by": "project"})).json()["rows"]
    to_date, forecast = (
        {row["project"]: Decimal(row[f"{word}_usd"]) for row in rows} for word in ("to_date", "forecast")
    )
    return Look(at, values, to_date, forecast)
