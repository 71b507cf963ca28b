"""Datasets that tell time less finely: by the hour, by the day, or only by the moment, without a group for it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from exporter.catalog import DATASETS, PRODUCTS
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, gauge
from exporter.catalog.grain import BY_DAY, BY_HOUR, BY_MOMENT, Grain
from exporter.catalog.product import Product
from exporter.catalog.timing import Counter, DayGauge
from exporter.model import HOUR, Scope
from exporter.simulator import Fault, Kind
from tests.clock import START
from tests.exactness.harness import Rig, small_world
from tests.exactness.matrix import DOCUMENTS, TRAFFIC, at, of_dataset, untils
from tests.poller.scene import samples

WORKERS = "workersInvocationsAdaptive"
KV = "kvOperationsAdaptiveGroups"
D1 = "d1AnalyticsAdaptiveGroups"

GRAINS = {
    WORKERS: BY_MOMENT,
    "r2OperationsAdaptiveGroups": BY_MOMENT,
    KV: BY_HOUR,
    "d1QueriesAdaptiveGroups": BY_HOUR,
    D1: BY_DAY,
    "durableObjectsInvocationsAdaptiveGroups": BY_DAY,
}
"""Each grain for a dataset that reports sampling and one that is cut for other reasons, or has further labels."""


def catalog(grains: Mapping[str, Grain]) -> tuple[Product, ...]:
    """Return the catalog with other grains of some datasets."""
    return tuple(
        replace(
            product,
            datasets=tuple(
                replace(dataset, timing=Counter(grains[dataset.key])) if dataset.key in grains else dataset
                for dataset in product.datasets
            ),
        )
        for product in PRODUCTS
    )


async def live(rig: Rig, until: datetime, step: timedelta) -> None:
    """Refresh and scrape in steps; nothing may be counted that was not used."""
    while rig.now < until:
        await rig.refresh()
        rig.check_on_the_way()
        rig.scrape()
        rig.pass_time(step)


def fail_now_and_then(rig: Rig) -> None:
    """Let answers fail, be late, empty or too low; each lie is followed by the truth."""
    hours = [rig.now + number * HOUR for number in range(30)]
    for number, since in enumerate(hours):
        kind = (Kind.EMPTY, Kind.ALIAS_ERROR, Kind.LOWER, Kind.PARTIAL, Kind.STALE)[number % 5]
        words = {Kind.LOWER: {"fraction": 600}, Kind.STALE: {"seconds": 1_800}}.get(kind, {})
        rig.simulator.faults.add(
            Fault(kind=kind, since=since, until=since + timedelta(minutes=4), **words)  # type: ignore[arg-type]
        )


def test_every_grain_equals_the_oracle(tmp_path: Path) -> None:
    """Late data, failures and lies, restarts, a kill and five hours away, over two midnights: all is exact at last."""

    async def script() -> None:
        world = small_world(1, timedelta(minutes=40))
        async with Rig(world, tmp_path, TRAFFIC, DOCUMENTS, products=catalog(GRAINS)) as rig:
            fail_now_and_then(rig)
            await live(rig, START + HOUR, timedelta(minutes=7))
            await rig.restart()
            await live(rig, START + 16 * HOUR, timedelta(minutes=31))
            await rig.kill()
            await rig.be_away(5 * HOUR)
            await live(rig, START + 30 * HOUR, timedelta(minutes=23))
            rested_at = rig.now
            await rig.come_to_audit()
            rig.check()
            rig.check_daily(rested_at)
            midnight = at(rig, 0, 0)
            for dataset in GRAINS:
                assert of_dataset(rig, "audited_until_timestamp_seconds", dataset) >= midnight.timestamp() - 86_400

    asyncio.run(script())


def test_what_is_published_meanwhile(tmp_path: Path) -> None:
    """Counting begins with a whole hour or day, while all datasets are known up to the same minute."""

    async def script() -> None:
        world = small_world(1, timedelta(0))
        async with Rig(world, tmp_path, TRAFFIC, DOCUMENTS, products=catalog(GRAINS)) as rig:
            await live(rig, START + HOUR, timedelta(minutes=3))
            assert set(untils(rig).values()) == {(START + HOUR - timedelta(minutes=3)).replace(second=0).timestamp()}
            assert rig.start_of(WORKERS) == START.replace(second=0)
            assert rig.start_of(KV) == at(rig, 10, 0)
            assert rig.start_of(D1) == at(rig, 0, 0) + 24 * HOUR
            assert of_dataset(rig, "gap_seconds_total", D1) == of_dataset(rig, "gap_seconds_total", KV) == 0
            truth = rig.oracle(DATASETS[KV], at(rig, 10, 0), rig.now)
            assert sum(row[0] for row in rig.exporter.ledger.totals(Scope(world.accounts[0].id), KV).values()) <= sum(
                row[0] for row in truth.values()
            )
            assert not rig.exporter.ledger.totals(Scope(world.accounts[0].id), D1)

    asyncio.run(script())


def test_full_pages_are_cut_as_far_as_the_grain_allows(tmp_path: Path) -> None:
    """Pages of twenty rows are full all the time: what cannot be cut by time is cut by id, and all is exact."""

    async def script() -> None:
        world = small_world(1, timedelta(minutes=20), max_page_size=20)
        rig = Rig(world, tmp_path, TRAFFIC, DOCUMENTS, products=catalog(GRAINS), page_limit=20)
        async with rig:
            await live(rig, START + 15 * HOUR, timedelta(minutes=97))
            assert samples(rig.exporter, "page_splits_total")[()] > 10
            rested_at = rig.now
            await rig.come_to_audit()
            rig.check()
            rig.check_daily(rested_at)

    asyncio.run(script())


def test_gauges_of_days(tmp_path: Path) -> None:
    """The running day's grows with its usage; after midnight it is the complete day's, and a restart asks again."""
    gauges = {
        is_running: Dataset(
            name=KV,
            variant=f"day {is_running}",
            version=1,
            timing=DayGauge(is_running),
            kind="kv_namespace",
            id_dimension="namespaceId",
            fields=(Field("requests"),),
            metrics=(gauge(f"cloudflare_kv_day_{is_running}", "Requests.", "requests"),),
        )
        for is_running in (False, True)
    }

    async def script() -> None:
        products = [
            replace(product, datasets=(*product.datasets, *gauges.values())) if product.name == "kv" else product
            for product in PRODUCTS
        ]
        async with Rig(small_world(1, timedelta(0)), tmp_path, TRAFFIC, DOCUMENTS, products=products) as rig:
            await live(rig, at(rig, 0, 0) + 26 * HOUR, 5 * HOUR)
            rig.calm_down()
            await rig.restart()
            await rig.refresh()
            midnight = at(rig, 0, 0)
            for is_running, day in ((True, midnight), (False, midnight - 24 * HOUR)):
                truth = rig.oracle(DATASETS[KV], day, day + 24 * HOUR)
                assert shown(rig, gauges[is_running].key) == sum(row[0] for row in truth.values()) > 0

    asyncio.run(script())


def shown(rig: Rig, key: str) -> int:
    """Return what is published of a dataset, over all assets."""
    books = rig.exporter.ledger.publication(rig.now).books
    return sum(amount for book in books if book.dataset.key == key for _, _, amount in book.series)
