"""A label of free text on a running exporter: metrics have a hash of it, the API and the page the text."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from exporter.catalog.product import Product
from exporter.config.selection import Accounts, Filter, Filters, MetricFilter, Selection
from exporter.model import OTHER, floor_day
from tests.exactness.harness import ACCOUNT_ID, Rig, small_world
from tests.poller.scene import QUIET, refresh, two_accounts
from tests.queries import ASKED, BUSIEST, BUSIEST_QUERIES, INSERT, QUERIES, RUN

SELECT = "SELECT * FROM items WHERE id = ?"


def short(text: str) -> str:
    """Return the hash that stands for a text."""
    return sha256(text.encode()).hexdigest()[:10]


async def get(rig: Rig, path: str) -> httpx.Response:
    """Ask the exporter."""
    transport = httpx.ASGITransport(app=rig.exporter.web)
    async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as client:
        return (await client.get(path)).raise_for_status()


async def texts(rig: Rig, query: str = "") -> list[dict[str, Any]]:
    """Return what the API tells, none of which metrics have."""
    told: list[dict[str, Any]] = (await get(rig, f"/api/texts{query}")).json()["texts"]
    metrics = (await get(rig, "/metrics")).text
    assert not any(word in metrics for word in ("SELECT", "INSERT"))
    return told


def runs(rig: Rig) -> dict[str, float]:
    """Return the published runs by the label of the query."""
    assert rig.exporter.published.snapshot is not None
    (family,) = [each for each in rig.exporter.published.snapshot.families if each.name == RUN]
    found: dict[str, float] = {}
    for sample in family.samples:
        found[sample.labels.values[-1]] = found.get(sample.labels.values[-1], 0) + sample.amount
    return found


def used(rig: Rig, product: Product, since: datetime | None = None) -> Mapping[str, int]:
    """Return the runs of each query since a time, or since counting began."""
    since = since or rig.start_of(product.datasets[0].key)
    rows = rig.simulator.used(ACCOUNT_ID, ASKED.name, since, rig.now, by=("query",))
    return {str(query): row["count"] for (query,), row in rows.items()}


def test_a_hash_stands_for_a_text(tmp_path: Path) -> None:
    """It is counted to the last run, meters read the text, and it is the same after a restart."""

    async def script() -> None:
        async with Rig(small_world(1, QUIET), tmp_path, products=(QUERIES,)) as rig:
            await refresh(rig, 3)
            await rig.come_to_rest()
            truth = used(rig, QUERIES)
            assert set(truth) == {SELECT, INSERT}
            assert runs(rig) == {short(text): amount for text, amount in truth.items()}
            told = await texts(rig)
            assert told == sorted(
                (
                    {
                        "account": "Example",
                        "account_id": ACCOUNT_ID,
                        "product": "queries",
                        "dataset": ASKED.key,
                        "label": "query",
                        "value": short(text),
                        "text": text,
                    }
                    for text in (SELECT, INSERT)
                ),
                key=lambda row: row["value"],
            )
            assets = (await get(rig, "/api/assets")).json()["assets"]
            assert sum(asset["requests"] for asset in assets) == sum(truth.values())
            day = floor_day(rig.start_of(ASKED.key))
            truth = used(rig, QUERIES, day)
            usage = (await get(rig, f"/api/usage?since={day:%Y-%m-%d}&meter=d1_inserts")).json()["usage"]
            assert sum(Decimal(row["quantity"]) for row in usage) == truth[INSERT]
            page = (await get(rig, "/")).text
            assert f'<td data-head="Text">{SELECT}</td>' in page
            assert f'<td data-head="Value">{short(INSERT)}</td>' in page
            await rig.restart()
            assert await texts(rig) == told

    asyncio.run(script())


def test_only_the_busiest_have_a_hash(tmp_path: Path) -> None:
    """The others are still other, which is no text."""

    async def script() -> None:
        async with Rig(small_world(1, QUIET), tmp_path, products=(BUSIEST_QUERIES,)) as rig:
            await refresh(rig, 5)
            await rig.come_to_rest()
            truth = used(rig, BUSIEST_QUERIES)
            assert runs(rig) == {short(SELECT): truth[SELECT], OTHER: truth[INSERT]}
            told = await texts(rig)
            assert [(row["dataset"], row["value"], row["text"]) for row in told] == [
                (BUSIEST.key, short(SELECT), SELECT)
            ]

    asyncio.run(script())


@pytest.mark.parametrize(
    ("selection", "accounts"),
    [
        (Selection(accounts=Accounts(exclude=("Example",))), {"Other"}),
        (Selection(filters=Filters(metrics=MetricFilter(exclude=(RUN,)))), set()),
        (Selection(filters=Filters(assets=Filter(exclude=("*",)))), set()),
    ],
    ids=["account", "metric", "assets"],
)
def test_what_is_left_out_is_not_told(tmp_path: Path, selection: Selection, accounts: set[str]) -> None:
    """Neither accounts and metrics that are excluded, nor assets that are published without a name."""

    async def script() -> None:
        async with Rig(two_accounts(), tmp_path, products=(QUERIES,), selection=Selection()) as rig:
            await refresh(rig, 3)
            assert {row["account"] for row in await texts(rig)} == {"Example", "Other"}
            assert {row["account"] for row in await texts(rig, "?account=Other")} == {"Other"}
            rig.selection = selection
            await rig.restart()
            await refresh(rig, 12)
            assert {row["account"] for row in await texts(rig)} == accounts

    asyncio.run(script())


def test_the_shipped_products_have_none(tmp_path: Path) -> None:
    """Neither on the page nor in what is published."""

    async def script() -> None:
        async with Rig(small_world(1, QUIET), tmp_path) as rig:
            await refresh(rig, 2)
            assert await texts(rig) == []
            assert "Texts behind labels" not in (await get(rig, "/")).text
            assert not any(book.texts for book in rig.exporter.ledger.publication().books)

    asyncio.run(script())
