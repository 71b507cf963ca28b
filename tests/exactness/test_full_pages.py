"""Pages that are full at Cloudflare's own size: more than 10,000 rows an hour."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.catalog import DATASETS
from exporter.model import Scope
from exporter.simulator import KvNamespace
from tests.exactness.events import KV
from tests.exactness.harness import ACCOUNT_ID, Rig, small_world
from tests.exactness.matrix import MINUTE, minutes_behind
from tests.poller.scene import samples

NAMESPACES = 2_200


@pytest.mark.timeout(200)
def test_ten_thousand_rows_fill_a_page(tmp_path: Path) -> None:
    """An hour of 2,200 namespaces takes several pages: it is cut by namespace, once, and every row is exact."""
    world = small_world(1, timedelta(0), retention=timedelta(hours=3))
    namespaces = tuple(KvNamespace(id=f"{number:032x}", name=f"kv-{number}", weight=60) for number in range(NAMESPACES))
    world = replace(world, accounts=(replace(world.accounts[0], assets=namespaces),))

    async def script() -> None:
        async with Rig(world, tmp_path) as rig:
            for _ in range(4):
                await rig.refresh()
                rig.scrape()
                rig.pass_time(MINUTE)
            splits = samples(rig.exporter, "page_splits_total")[()]
            assert splits > 0
            rig.calm_down()
            for _ in range(2):
                await rig.refresh()
                rig.scrape()
                rig.pass_time(MINUTE)
            assert samples(rig.exporter, "page_splits_total")[()] == splits
            assert minutes_behind(rig)[KV] == 1
            truth = rig.oracle(DATASETS[KV], rig.start_of(KV), rig.now)
            assert len(truth) > 10_000
            totals = rig.exporter.ledger.totals(Scope(ACCOUNT_ID), KV)
            assert {key: total for key, total in totals.items() if any(total)} == truth

    asyncio.run(script())
