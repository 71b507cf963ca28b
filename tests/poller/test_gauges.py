"""States, windows and summaries on the simulated Cloudflare: what is asked when, and what is then published."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.catalog import DATASETS
from exporter.catalog.dataset import Dataset
from exporter.exposition.text import Format, render
from exporter.metrics.family import Family
from exporter.model import Question, Scope, floor_hour
from exporter.simulator import Fault, Kind, ObjectNamespace, World
from tests.exactness.harness import ACCOUNT_ID, Rig
from tests.poller.scene import MINUTE, listed_world, refresh

SCOPE = Scope(ACCOUNT_ID)
NOON = datetime(2025, 10, 20, 12, tzinfo=UTC)
SUMMARIES = {metric.name for dataset in DATASETS.values() for metric in dataset.metrics if metric.kind == "summary"}

STATES = [dataset for dataset in DATASETS.values() if dataset.timing.is_stored and dataset.reads.has_history]
WINDOWS = [dataset for dataset in DATASETS.values() if dataset.timing.is_whole]


def stored_world() -> World:
    """One account that stores something of every kind, in KV-backed Durable Objects too."""
    world = listed_world()
    (account,) = world.accounts
    backed = ObjectNamespace(id="9" * 32, name="shop-web_Old", script="shop-web", weight=1, use_sqlite=False)
    return replace(world, accounts=(replace(account, assets=(*account.assets, backed)),))


def families(rig: Rig) -> dict[str, Family]:
    """The published families, by name."""
    assert rig.exporter.published.snapshot is not None
    return {family.name: family for family in rig.exporter.published.snapshot.families}


def shown(rig: Rig, name: str) -> set[str]:
    """The suffixes, or quantiles, that a family shows."""
    return {sample.suffix or sample.labels.as_dict().get("quantile", "") for sample in families(rig)[name].samples}


def answered(rig: Rig) -> dict[str, datetime]:
    """When each state and window was last answered."""
    books = rig.exporter.ledger.publication().books
    return {book.dataset.key: book.readings.last_success for book in books if book.readings}


@pytest.mark.parametrize("dataset", WINDOWS, ids=[dataset.key for dataset in WINDOWS])
def test_a_window_is_the_newest_whole_quarter_of_an_hour(dataset: Dataset) -> None:
    """Fifteen minutes up to five minutes ago, whatever was known before."""
    until = NOON + 3 * MINUTE
    for known in (None, NOON):
        assert dataset.question(SCOPE, until, known) == Question(
            SCOPE, dataset.key, NOON - 17 * MINUTE, NOON - 2 * MINUTE
        )


@pytest.mark.parametrize(
    ("known", "since"),
    [
        (None, NOON - timedelta(hours=48)),
        (NOON - timedelta(hours=2), NOON - timedelta(hours=2)),
        (NOON, NOON),
        (NOON - timedelta(days=5), NOON - timedelta(hours=48)),
    ],
)
def test_a_state_is_asked_from_the_newest_hour_known(known: datetime | None, since: datetime) -> None:
    """At most 48 hours back, and always with the running hour, whole."""
    for minutes in (1, 59):
        question = STATES[0].question(SCOPE, NOON + minutes * MINUTE, known)
        assert question == Question(SCOPE, STATES[0].key, since, NOON + timedelta(hours=1))


def test_states_are_asked_every_five_minutes_and_windows_each_refresh(tmp_path: Path) -> None:
    """Active objects, which fill pages, go by the slower pace too."""

    async def script() -> None:
        async with Rig(stored_world(), tmp_path) as rig:
            asked: dict[str, list[int]] = {}
            for minute in range(11):
                before = answered(rig)
                await refresh(rig)
                for key, moment in answered(rig).items():
                    if before.get(key) != moment:
                        asked.setdefault(key, []).append(minute)
            slow = {dataset.key for dataset in (*STATES, *WINDOWS) if dataset.min_interval}
            assert slow == {*(dataset.key for dataset in STATES), "durableObjectsPeriodicGroups/objects"}
            assert asked == {
                dataset.key: [0, 5, 10] if dataset.key in slow else list(range(11)) for dataset in (*STATES, *WINDOWS)
            }

    asyncio.run(script())


def truth(rig: Rig, dataset: Dataset, hour: datetime) -> Mapping[str, list[int]]:
    """What every asset stored at most in an hour, by metric."""
    rows = rig.simulator.used(ACCOUNT_ID, dataset.name, hour, hour + timedelta(hours=1), by=list(dataset.dimensions))
    return {
        metric.name: sorted(figures[part.source] for figures in rows.values())
        for metric in dataset.metrics
        for part in metric.parts
    }


def test_states_are_what_cloudflare_says_of_the_newest_hour(tmp_path: Path) -> None:
    """Before and after the hour turns, every state gauge equals the largest figure of the newest hour."""

    async def script() -> None:
        async with Rig(stored_world(), tmp_path) as rig:
            for minutes in (1, 26):
                await refresh(rig, minutes)
                hour = floor_hour(rig.clock.cloudflare.now() - MINUTE)
                for dataset in STATES:
                    for name, amounts in truth(rig, dataset, hour).items():
                        published = [sample.amount for sample in families(rig)[name].samples]
                        assert sorted(published) == amounts, (name, hour)
                        assert amounts
            (total,) = families(rig)["cloudflare_durable_object_kv_storage_bytes"].samples
            assert total.labels.as_dict() == {"account": "Example"}

    asyncio.run(script())


def test_states_outlive_a_restart(tmp_path: Path) -> None:
    """What was stored is shown at once after a restart, with nothing asked; windows are not."""

    async def script() -> None:
        async with Rig(stored_world(), tmp_path) as rig:
            await refresh(rig, 2)
            stored = [metric.name for dataset in STATES for metric in dataset.metrics]
            before = {name: set(families(rig)[name].samples) for name in stored}
            await rig.restart()
            assert {name: set(families(rig)[name].samples) for name in stored} == before
            assert all(shown(rig, name) <= {"_sum", "_count"} for name in SUMMARIES)

    asyncio.run(script())


def test_windows_are_there_under_traffic_only(tmp_path: Path) -> None:
    """Quantiles and active objects are published while there is traffic, and leave when it has ended; sums stay."""

    async def script() -> None:
        async with Rig(stored_world(), tmp_path) as rig:
            await refresh(rig, 2)
            names = {metric.name: metric for dataset in WINDOWS for metric in dataset.metrics}
            for name, metric in names.items():
                assert shown(rig, name) >= {part.word for part in metric.parts}, name
            rig.simulator.set_quiet_from(rig.clock.cloudflare.now())
            await refresh(rig, 30)
            for name in names:
                assert shown(rig, name) <= {"_sum", "_count"}, name
            assert shown(rig, "cloudflare_worker_cpu_time_seconds") == {"_sum", "_count"}

    asyncio.run(script())


def test_windows_leave_when_cloudflare_does_not_answer(tmp_path: Path) -> None:
    """What was said of a quarter of an hour is not shown for longer than twenty minutes after its end."""

    async def script() -> None:
        async with Rig(listed_world(), tmp_path) as rig:
            await refresh(rig, 2)
            rig.simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR))
            counts = []
            for _ in range(16):
                await refresh(rig)
                counts.append(len(families(rig)["cloudflare_kv_latency_seconds"].samples))
            assert all(counts[:14])
            assert counts[14:] == [0, 0]
            assert families(rig)["cloudflare_kv_keys"].samples

    asyncio.run(script())


def test_everything_published_is_read_by_prometheus_parsers(tmp_path: Path) -> None:
    """Both formats carry the same samples of every family, and the strict parser takes how summaries stand together."""

    async def script() -> None:
        async with Rig(stored_world(), tmp_path) as rig:
            await refresh(rig, 3)
            published = list(families(rig).values())
            parsed = [
                {
                    (sample.name, tuple(sorted(sample.labels.items())), sample.value)
                    for family in read(render(published, form).decode())
                    for sample in family.samples
                }
                for form, read in ((Format.OPENMETRICS, parse_openmetrics), (Format.TEXT, parse_text))
            ]
            assert parsed[0] == parsed[1]
            assert len(parsed[0]) == sum(len(family.samples) for family in published)
            types = {family.name: family.type for family in parse_text(render(published, Format.TEXT).decode())}
            assert {name for name, kind in types.items() if kind == "summary"} == SUMMARIES

    asyncio.run(script())
