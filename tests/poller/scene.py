"""What the poller's tests share: worlds, refreshes, and how to read what is published."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.app import Exporter
from exporter.catalog import DATASETS
from exporter.ledger.store.database import FILE_NAME
from exporter.simulator import AccountModel, Worker, World
from tests.exactness.harness import Rig, small_assets, small_world

WORKERS = "workersInvocationsAdaptive"
R2 = "r2OperationsAdaptiveGroups"
KV = "kvOperationsAdaptiveGroups"
USAGE = frozenset(dataset.published_name for dataset in DATASETS.values() if dataset.is_counted)
OTHER_ID = "b" * 32
MINUTE = timedelta(minutes=1)
QUIET = timedelta(0)


def listed_world() -> World:
    """One account whose every asset is in a list; Cloudflare keeps too little for a day to be filled in."""
    world = small_world(1, QUIET, retention=timedelta(hours=3))
    (account,) = world.accounts
    listed = tuple(asset for asset in account.assets if not (isinstance(asset, Worker) and not asset.listed))
    return replace(world, accounts=(replace(account, assets=listed),))


def two_accounts() -> World:
    """Two accounts that one token sees."""
    world = listed_world()
    other = AccountModel(id=OTHER_ID, name="Other", assets=small_assets())
    return replace(world, accounts=(*world.accounts, other))


async def refresh(rig: Rig, minutes: int = 1) -> None:
    """Turn and answer a scrape, once a minute."""
    for _ in range(minutes):
        await rig.refresh()
        rig.scrape()
        rig.clock.advance(MINUTE)


def samples(exporter: Exporter, name: str) -> dict[tuple[str, ...], int | float]:
    """Return what the snapshot says of one of the exporter's own metrics, by label values."""
    assert exporter.published.snapshot is not None
    family = next(each for each in exporter.published.snapshot.families if each.name == f"cloudflare_exporter_{name}")
    return {sample.labels.values: sample.amount for sample in family.samples}


def states(rig: Rig, account: str = "Example") -> dict[str, tuple[str, str]]:
    """Return each dataset's state and reason."""
    found = samples(rig.exporter, "dataset_state")
    return {dataset: (state, reason) for (name, dataset, _, state, reason) in found if name == account}


def all_ok_but(**others: tuple[str, str]) -> dict[str, tuple[str, str]]:
    """Return the states when all datasets are ok but some."""
    refreshed = (dataset.published_name for dataset in DATASETS.values() if not dataset.reads.is_spread)
    return {name: others.get(name, ("ok", "")) for name in refreshed}


def published_assets(exporter: Exporter, dataset: str = WORKERS) -> set[str]:
    """Return the names under which a dataset's assets (usually Workers) are published."""
    books = exporter.ledger.publication().books
    return {placement.asset for book in books if book.dataset.name == dataset for placement, _, _ in book.series}


def untils(rig: Rig) -> Mapping[tuple[str, str], int | float]:
    """Return up to when each dataset is published, by account and dataset."""
    found = samples(rig.exporter, "dataset_queried_until_timestamp_seconds")
    return {(account, dataset): until for (account, dataset, _), until in found.items()}


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """Let the ledger's file refuse every answer."""
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON book BEGIN SELECT RAISE(ABORT, 'no space left'); END")
        yield
        connection.execute("DROP TRIGGER full")


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the exporter's own log lines."""
    return [record.getMessage() for record in caplog.records if record.name.startswith("exporter.")]
