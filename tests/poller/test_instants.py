"""An instant on the simulated Cloudflare: the newest minute is shown, and nothing once readings are too old."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from exporter.catalog import PRODUCTS
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, gauge
from exporter.catalog.timing import Instant
from exporter.model import floor_minute
from exporter.simulator import Fault, Kind
from tests.exactness.harness import ACCOUNT_ID, Rig, small_world
from tests.poller.scene import MINUTE, refresh

READS = Dataset(
    name="kvOperationsAdaptiveGroups",
    variant="now",
    version=1,
    timing=Instant(),
    kind="kv_namespace",
    id_dimension="namespaceId",
    fields=(Field("requests"),),
    metrics=(gauge("cloudflare_kv_requests_of_the_minute", "Requests of the newest minute.", "requests"),),
)


def shown(rig: Rig) -> list[int]:
    """Return what is published of the instant, by size."""
    books = rig.exporter.ledger.publication(rig.now).books
    return sorted(amount for book in books if book.dataset is READS for _, _, amount in book.series)


def truth(rig: Rig) -> list[int]:
    """Return the requests of each namespace in its newest minute of the fifteen before the last refresh, by size."""
    until = floor_minute(rig.now) - MINUTE
    newest: dict[tuple[str, ...], int] = {}
    for back in range(15, 0, -1):
        since = until - back * MINUTE
        newest |= {
            key: figures["requests"]
            for key, figures in rig.simulator.used(
                ACCOUNT_ID, READS.name, since, since + MINUTE, by=["namespaceId"]
            ).items()
        }
    return sorted(newest.values())


def test_an_instant_shows_the_newest_minute(tmp_path: Path) -> None:
    """Of each namespace its own; while Cloudflare fails it ages, and after three intervals it is gone."""
    products = [
        replace(product, datasets=(*product.datasets, READS)) if product.name == "kv" else product
        for product in PRODUCTS
    ]

    async def script() -> None:
        async with Rig(small_world(1, timedelta(0)), tmp_path, products=products) as rig:
            for _ in range(4):
                await refresh(rig)
                assert shown(rig) == truth(rig) != []
            rig.simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR, dataset=READS.name))
            await refresh(rig, 3)
            assert shown(rig)
            await refresh(rig, 14)
            assert shown(rig) == []

    asyncio.run(script())
