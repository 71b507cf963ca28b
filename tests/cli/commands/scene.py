"""A state folder that an exporter has filled: two accounts, one with subscriptions and a bill, one on the free plan.

Their usage is known from 2025-09-19 (what is stored) or earlier, up to 2025-10-20 09:48 UTC. Cycles of the first one
begin on the 14th, so that one is known but for its first days, and the next from its beginning.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from exporter.catalog import DATASETS
from exporter.costs.calculator import CostCalculator
from exporter.costs.history import CostHistory
from exporter.ledger import reading
from exporter.model import MINUTE
from exporter.pricing import CostRules, load_card
from exporter.simulator import (
    AccountModel,
    Bucket,
    Database,
    KvNamespace,
    Limits,
    Subscription,
    TokenModel,
    Worker,
    World,
)
from tests.configured import Site
from tests.exactness.worlds import ACCOUNT_ID, TOKEN

OTHER_ID = "b" * 32
GB = 10**9
ODD = '<b>&"'
"""The name of a Worker that HTML has to escape."""

PIPED = "a|b"
"""The name of a database that Markdown has to escape."""

PAID = Subscription(
    public_name="Workers Paid",
    price=Decimal("5.00"),
    rate_plan_id="workers_paid",
    anchor=datetime(2025, 1, 14, tzinfo=UTC),
)

UNTIL = datetime(2025, 10, 20, 9, 48, tzinfo=UTC)
"""Up to when the usage is known."""

CYCLE = (datetime(2025, 10, 14, tzinfo=UTC), datetime(2025, 11, 14, tzinfo=UTC))
"""The cycle under way of the account ``production``."""


def priced_world(retention: timedelta = timedelta(days=40)) -> World:
    """Two accounts: one that exceeds what is included, with a bill of its own, and one on the free plan."""
    example = AccountModel(
        id=ACCOUNT_ID,
        name="Example",
        covered=True,
        subscriptions=(PAID,),
        assets=(
            Worker(id="1" * 32, name="shop-web", weight=2_000, tags=("project:shop",)),
            Worker(id="2" * 32, name=ODD, weight=900, tags=("project:odd",)),
            Worker(id="7" * 32, name="tenant", weight=30, listed=False, dispatch_namespace="tenants"),
            Bucket(name="media", weight=100, stored_bytes=45 * GB, growth_bytes=0),
            Database(id="0-1", name=PIPED, weight=1, stored_bytes=20 * GB, growth_bytes=0),
            Database(id="0-2", name="attic", weight=0, stored_bytes=3 * GB, growth_bytes=0),
        ),
    )
    other = AccountModel(
        id=OTHER_ID,
        name="Other",
        assets=(
            Worker(id="3" * 32, name="blog", weight=5),
            KvNamespace(id="4" * 32, name="sessions", weight=50),
        ),
    )
    limits = Limits(rest=None, graphql=None, not_older_than=retention)
    return World(accounts=(example, other), tokens=(TokenModel(token=TOKEN),), limits=limits)


async def fill(site: Site) -> None:
    """Turn until every day that Cloudflare keeps is known, and published, and usage up to ``UNTIL``."""
    await site.refresh(2)
    while site.total("cloudflare_exporter_history_fill_remaining_seconds") or site.now < UNTIL + MINUTE:
        await site.refresh()


@asynccontextmanager
async def running_site(
    folder: Path, *, retention: timedelta = timedelta(days=40), **sections: Any
) -> AsyncIterator[Site]:
    """Return an exporter that has filled its state folder, and runs."""
    site = Site(priced_world(retention), folder, accounts={"alias": {ACCOUNT_ID: "production"}}, **sections)
    await fill(site)
    try:
        yield site
    finally:
        await site.exporter.close()


@cache
def _filled() -> "TemporaryDirectory[str]":
    folder: TemporaryDirectory[str] = TemporaryDirectory()

    async def script() -> None:
        async with running_site(Path(folder.name)):
            pass

    asyncio.run(script())
    return folder


def filled_folder() -> Path:
    """Return the state folder, which is filled once a process; nobody may write it."""
    return Path(_filled().name)


@contextmanager
def open_books(folder: Path | None = None, rules: CostRules | None = None) -> Iterator[CostHistory]:
    """Return the books of a state folder, usually of the one that is filled."""
    with reading(folder or filled_folder(), DATASETS.values()) as reader:
        calculator = CostCalculator(load_card(), rules or CostRules())
        calculator.learn(reader)
        yield CostHistory(reader, calculator)


async def ask_api(site: Site, path: str) -> httpx.Response:
    """Return the answer of an exporter's own web to a request."""
    transport = httpx.ASGITransport(app=site.exporter.web)
    async with httpx.AsyncClient(transport=transport, base_url="http://exporter.test") as http:
        return await http.get(path)


def read_json(text: str) -> Any:
    """Read JSON that must not hold a number with a point: amounts are text."""

    def refuse(number: str) -> None:
        raise AssertionError(f"{number} is not text")

    return json.loads(text, parse_float=refuse)
