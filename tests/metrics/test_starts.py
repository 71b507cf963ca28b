"""Since when counters are counted: told in OpenMetrics where the configuration asks for it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse

from exporter.catalog.dataset import Dataset
from exporter.exposition.text import Format, render
from exporter.ledger.counters import CounterState
from exporter.ledger.publication import PublishedBook
from exporter.ledger.series import SeriesKey
from exporter.metrics.starts import start_of
from exporter.metrics.zone_books import join_zones
from exporter.model import DAY, HOUR, Placement, Scope
from tests.configured import Site
from tests.poller.scene import listed_world
from tests.zones import OPERATIONS

AT = datetime(2025, 10, 20, 10, 0, tzinfo=UTC)
START = AT - 3 * HOUR
ON = {"web": {"start_timestamps": True}}


def told(site: Site) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """The starts in the exposition, by family and labels."""
    assert site.exporter.published.snapshot is not None
    families = site.exporter.published.snapshot.families
    assert "_created{" not in render(families, Format.TEXT).decode()
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in parse(render(families, Format.OPENMETRICS).decode()):
        for sample in family.samples:
            if sample.name.endswith("_created"):
                found.setdefault(family.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_starts_are_told_only_where_they_are_wanted(tmp_path: Path) -> None:
    """Of every counter and summary of usage, since its dataset is counted; a restart changes none of them."""

    async def script() -> None:
        async with Site(listed_world(), tmp_path) as site:
            await site.refresh(2)
            assert told(site) == {}
            site.configure(**ON)
            await site.refresh(2)
            starts = told(site)
            assert {"cloudflare_worker_requests", "cloudflare_d1_query_duration_seconds"} <= starts.keys()
            assert not [name for name in starts if name.startswith("cloudflare_exporter_")]
            requests = starts["cloudflare_worker_requests"]
            assert len(requests) == len(site.samples("cloudflare_worker_requests_total"))
            (start,) = (
                since
                for labels, since in site.samples("cloudflare_exporter_dataset_start_timestamp_seconds")
                if labels["dataset"] == "workersInvocationsAdaptive"
            )
            assert set(requests.values()) == {start}
        async with Site(listed_world(), tmp_path, **ON) as site:
            await site.refresh(2)
            assert told(site) == starts

    asyncio.run(script())


def book(dataset: Dataset, start: datetime, zone: str = "", **joined: datetime) -> PublishedBook:
    """A book with one series."""
    state = CounterState(start, AT, AT, AT, AT, kept_from=start, joined=joined)
    return PublishedBook(Scope("a" * 32, zone), dataset, state, None, ((Placement("p", zone), SeriesKey(0, ()), 1),))


def test_what_came_with_a_release_is_counted_from_its_midnight_on() -> None:
    """Until then it has no start, and other metrics keep theirs."""
    first, *_ = OPERATIONS.metrics
    midnight = AT.replace(hour=0) + DAY
    ((source,),) = [[part.source for part in first.parts]]
    late = book(OPERATIONS, START, **{source: midnight})
    assert start_of(late, first, AT) is None
    assert start_of(late, first, midnight) == midnight.timestamp()
    assert start_of(book(OPERATIONS, START, other=midnight), first, midnight) == START.timestamp()
    assert start_of(replace(late, state=None), first, midnight) is None


def test_zones_keep_their_own_starts() -> None:
    """What two of one name add to has been counted since the earlier one was."""
    one, other, twin = (book(OPERATIONS, START + timedelta(minutes=n), f"z{n}") for n in range(3))
    ((placement, key, _),) = one.series
    twin = replace(twin, series=((placement, key, 5),))
    joined = join_zones([twin, other, one])
    found = {
        place.asset: (amount, start_of(each, OPERATIONS.metrics[0], AT))
        for each in joined
        for place, _, amount in each.series
    }
    assert found == {"z0": (6, START.timestamp()), "z1": (1, (START + timedelta(minutes=1)).timestamp())}
