"""Ledgers of earlier schema versions, made by the last releases that had them: they are carried on, to the last unit.

``schema_3.sql`` is a dump of such a ledger after fifteen simulated hours, the last of them a jump with births that wait
to be scraped and a Worker that no list has shown; ``schema_3.json`` is what that release said of it. So it is with the
others. Version 2 was never released. The release of version 1 had fewer fields and datasets, and no history fill.
"""

import asyncio
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import compress
from pathlib import Path
from typing import Any

import pytest

from exporter.catalog import DATASETS, METERS
from exporter.catalog.dataset import Dataset
from exporter.ledger import Ledger
from exporter.ledger.signature import read_signature
from exporter.ledger.store.database import FILE_NAME
from exporter.ledger.store.migrations import MIGRATIONS
from exporter.model import DAY, Scope
from exporter.simulator import (
    AccountModel,
    Bucket,
    BucketLists,
    Database,
    KvNamespace,
    Limits,
    ObjectNamespace,
    TokenModel,
    Worker,
    World,
)
from tests.clock import START
from tests.exactness.harness import ACCOUNT_ID, TOKEN, Rig
from tests.exactness.oracle import daily_truth
from tests.exactness.watcher import Watcher

FOLDER = Path(__file__).parent
VERSIONS = (1, 3, 4, 5, 6)

RENAMED = datetime(2025, 10, 20, 15, 3, tzinfo=UTC)
DELETED = datetime(2025, 10, 20, 18, 30, tzinfo=UTC)
CREATED = datetime(2025, 10, 21, 1, 13, 30, tzinfo=UTC)
STOPPED = datetime(2025, 10, 21, 1, 19, 7, tzinfo=UTC)

ASSETS = (
    Worker(id="1" * 32, name="shop-web", weight=6, renames=((RENAMED, "shop-front"),)),
    Worker(id="2" * 32, name="shop-api", weight=1, tags=("project:store",)),
    Worker(id="6" * 32, name="hidden", weight=2, listed=False),
    Worker(id="7" * 32, name="tenant-one", weight=1, listed=False, dispatch_namespace="tenants"),
    Worker(id="8" * 32, name="shop-late", weight=60, created=CREATED),
    Worker(id="9" * 32, name="guest-one", weight=60, created=CREATED, listed=False, dispatch_namespace="guests"),
    Bucket(name="media", weight=4),
    BucketLists(),
    Database(id="00000000-0000-0000-0000-000000000001", name="orders", weight=4),
    ObjectNamespace(id="3" * 32, name="shop-web_Cart", script="shop-web", weight=3),
    KvNamespace(id="4" * 32, name="sessions", weight=5),
    KvNamespace(id="5" * 32, name="flags", weight=2, deleted=DELETED),
)

WORLD = World(
    accounts=(AccountModel(id=ACCOUNT_ID, name="Example", assets=ASSETS),),
    tokens=(TokenModel(token=TOKEN),),
    seed=3,
    lateness=timedelta(minutes=10),
    limits=Limits(rest=None, graphql=None, not_older_than=timedelta(days=3)),
)
"""The simulated world in which the ledger was counted."""

Totals = dict[tuple[str, tuple[str, ...]], tuple[int, ...]]


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> int:
    """Return a schema version."""
    number: int = request.param
    return number


@pytest.fixture
def folder(tmp_path: Path, version: int) -> Path:
    """Return a state folder that holds the ledger."""
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as connection:
        connection.executescript((FOLDER / f"schema_{version}.sql").read_text())
        assert connection.execute("PRAGMA user_version").fetchone() == (version,)
    return tmp_path


@pytest.fixture
def said(version: int) -> dict[str, Any]:
    """Return what the last release of that version said."""
    content: dict[str, Any] = json.loads((FOLDER / f"schema_{version}.json").read_text())
    return content


@contextmanager
def opened(folder: Path) -> Iterator[Ledger]:
    """Open the ledger with the present program."""
    ledger = Ledger.open(folder, DATASETS.values())
    try:
        yield ledger
    finally:
        ledger.close()


def counted(said: Mapping[str, Any]) -> list[Dataset]:
    """Return the datasets that were counted then. None of them begins anew."""
    return [DATASETS[key] for key in said["signatures"]]


def fields_of(dataset: Dataset, said: Mapping[str, Any]) -> list[str]:
    """Return the fields of a dataset that there were then."""
    return [text.partition("*")[0] for text in read_signature(said["signatures"][dataset.key]).fields]


def rows(dataset: Dataset, said: Mapping[str, Any], which: str) -> Totals:
    """Return the amounts of rows as they were written down; fields that there were not are nothing.

    Before version 6 the class of an action was kept, too.
    """
    found: Totals = {}
    names = fields_of(dataset, said)
    for asset, labels, amounts in said[which][dataset.key]:
        is_kept = [label.classify is None for label in dataset.labels]
        words = compress(labels, is_kept) if len(labels) == len(dataset.labels) else labels
        by_name = dict(zip(names, amounts, strict=True))
        found[asset, tuple(words)] = tuple(by_name.get(entry.name, 0) for entry in dataset.fields)
    return found


def truth(rig: Rig, dataset: Dataset, said: Mapping[str, Any], since: datetime, until: datetime) -> Totals:
    """Return what was used, of the fields that there were: what is new is counted from the next midnight on.

    By then nothing is used any more.
    """
    names = fields_of(dataset, said)
    is_known = [entry.name in names for entry in dataset.fields]
    return {
        key: tuple(amount if known else 0 for amount, known in zip(amounts, is_known, strict=True))
        for key, amounts in rig.oracle(dataset, since, until).items()
    }


def daily_sums(said: Mapping[str, Any]) -> dict[tuple[date, str, str], int]:
    """Return the daily sums as they were written down."""
    return {(date.fromisoformat(day), asset, meter): amount for day, asset, meter, amount in said["daily"]}


def test_totals_and_times_are_kept(folder: Path, said: dict[str, Any]) -> None:
    """Every row of every dataset has the total that it had, since when it had it."""
    with opened(folder) as ledger:
        starts = {
            book.dataset.key: int(book.state.start.timestamp()) for book in ledger.publication().books if book.state
        }
        for dataset in counted(said):
            assert ledger.totals(Scope(ACCOUNT_ID), dataset.key) == rows(dataset, said, "totals"), dataset.key
            assert starts[dataset.key] == said["starts"][dataset.key]


def test_daily_sums_are_kept(folder: Path, said: dict[str, Any]) -> None:
    """Each asset's sum of each meter and day is the same, open hours included."""
    with opened(folder) as ledger:
        sums = ledger.daily_sums(ACCOUNT_ID)
        assert {key: amount for key, amount in sums.items() if key[2] in METERS} == daily_sums(said)


def test_the_newest_daily_sum_of_each_asset_is_known(folder: Path) -> None:
    """What a statement names is not pruned, whichever release counted it."""
    with opened(folder):
        pass
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        newest = connection.execute("SELECT account, asset, max(day) FROM daily GROUP BY account, asset").fetchall()
        assert newest
        assert connection.execute("SELECT * FROM newest_sum ORDER BY account, asset").fetchall() == newest


def test_names_and_projects_are_kept(folder: Path, said: dict[str, Any]) -> None:
    """The assets are known as they were, those that are gone and those that no list has included."""
    with opened(folder) as ledger:
        (roster,) = ledger.publication().assets.values()
        assets = [
            [entry.asset.kind, entry.asset.id, entry.asset.name, entry.project, str(entry.standing)] for entry in roster
        ]
        assert sorted(assets) == said["assets"]
        assert dict(ledger.publication().accounts) == {ACCOUNT_ID: "Example"}


def test_the_file_is_of_the_present_version(folder: Path) -> None:
    """The upgrade is done once: a second opening finds it done."""
    for _ in range(2):
        with opened(folder):
            pass
        with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert list(folder.glob("*.corrupt-*")) == []


def series_of(said: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """Return the exposed series as they were written down; there is list cost from version 5 on."""
    names = {metric.name for dataset in counted(said) for metric in dataset.metrics}
    names.add("cloudflare_list_cost_usd_total")
    return {(name, labels): amount for name, labels, amount in said["series"] if name in names}


def test_the_same_series_are_published(folder: Path, said: dict[str, Any]) -> None:
    """What the earlier release published last is what this one publishes first."""

    async def script() -> Mapping[tuple[str, str], int]:
        async with Rig(WORLD, folder) as rig:
            rig.clock.advance(STOPPED - START)
            rig.watcher = Watcher(values=series_of(said))
            await rig.exporter.start()
            rig.look()
        return rig.watcher.values

    published = asyncio.run(script())
    expected = series_of(said)
    assert {series: amount for series, amount in published.items() if series in expected} == expected


def test_counting_goes_on_exactly(folder: Path, said: dict[str, Any]) -> None:
    """Three hours later every total is what Cloudflare says, nothing fell, and the day's sums are whole.

    So it is when the day on which the release changed has been audited, which nothing is late of.
    """

    async def script() -> None:
        async with Rig(WORLD, folder) as rig:
            rig.clock.advance(STOPPED - START)
            rig.watcher = Watcher(values=series_of(said))
            await rig.exporter.start()
            rig.look()
            for _ in range(45):
                rig.clock.advance(timedelta(minutes=4))
                await rig.refresh()
                rig.scrape()
            await rig.come_to_rest()
            for dataset in counted(said):
                start, open_from = (
                    datetime.fromtimestamp(said[which][dataset.key], UTC) for which in ("starts", "open_from")
                )
                settled = {key: amounts for key, amounts in rows(dataset, said, "settled").items() if any(amounts)}
                assert settled == truth(rig, dataset, said, start, open_from), (
                    f"{dataset.key}: the simulated world is another"
                )
            check_totals(rig, said)
            check_day(rig, DATASETS["d1AnalyticsAdaptiveGroups"], "d1_rows_read", "rowsRead")
            await rig.come_to_audit()
            check_totals(rig, said)
            check_day(rig, DATASETS["d1AnalyticsAdaptiveGroups"], "d1_rows_read", "rowsRead")
            check_tallies(rig, STOPPED.date() - DAY, STOPPED.date() + DAY)
            states = [book.state for book in rig.exporter.ledger.publication().books if book.state is not None]
            assert not any(any(state.late) or state.revisions or state.gap for state in states)

    asyncio.run(script())


@pytest.mark.parametrize("version", [VERSIONS[-1]])
def test_days_that_were_final_are_asked_for_requests_and_errors(folder: Path, said: dict[str, Any]) -> None:
    """What releases before did not count is there after two more answers; what they counted is as it was."""
    day = STOPPED.date() - 2 * DAY
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as connection:
        final = "UPDATE day_mark SET is_final = 1, first = answered WHERE day = ?"
        assert connection.execute(final, (str(day),)).rowcount

    def metered(rig: Rig) -> dict[tuple[date, str, str], int]:
        sums = rig.exporter.ledger.daily_sums(ACCOUNT_ID, day, day + DAY)
        return {key: amount for key, amount in sums.items() if key[2] in METERS}

    async def script() -> None:
        async with Rig(WORLD, folder) as rig:
            rig.clock.advance(STOPPED - START)
            rig.watcher = Watcher(values=series_of(said))
            await rig.exporter.start()
            before = metered(rig)
            assert rig.exporter.ledger.daily_sums(ACCOUNT_ID, day, day + DAY) == before
            for _ in range(14):
                rig.clock.advance(timedelta(minutes=4))
                await rig.refresh()
            assert metered(rig) == before
            check_tallies(rig, day, day + DAY)

    asyncio.run(script())


def check_tallies(rig: Rig, since: date, until: date) -> None:
    """Compare requests and errors on the days [since, until) with what was used on them."""
    sums = rig.exporter.ledger.daily_sums(ACCOUNT_ID, since, until)
    truth = daily_truth(rig.simulator, ACCOUNT_ID, since, until)
    tallies, expected = (
        {key: amount for key, amount in those.items() if amount and key[2] not in METERS} for those in (sums, truth)
    )
    assert tallies == expected != {}


def check_totals(rig: Rig, said: Mapping[str, Any]) -> None:
    """Compare the totals of all datasets with what was used since they were first counted."""
    for dataset in counted(said):
        totals = rig.exporter.ledger.totals(Scope(ACCOUNT_ID), dataset.key)
        used = truth(rig, dataset, said, datetime.fromtimestamp(said["starts"][dataset.key], UTC), rig.now)
        assert {key: total for key, total in totals.items() if any(total)} == used, dataset.key


def check_day(rig: Rig, dataset: Dataset, meter: str, source: str) -> None:
    """Compare the sums of the day on which the release changed with what was used on it."""
    midnight = STOPPED.replace(hour=0, minute=0, second=0)
    used: dict[str, int] = {}
    for (asset, _), amounts in rig.oracle(dataset, midnight, midnight + timedelta(days=1)).items():
        used[asset] = used.get(asset, 0) + amounts[dataset.field_index[source]]
    sums = rig.exporter.ledger.daily_sums(ACCOUNT_ID)
    counted = {asset: amount for (day, asset, of), amount in sums.items() if day == midnight.date() and of == meter}
    assert counted == used
