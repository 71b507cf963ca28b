"""A backup that is put back, with and without ``--storage.reset-counters``."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.catalog import DATASETS
from exporter.ledger import Ledger
from exporter.ledger.store.database import FILE_NAME
from exporter.model import DailyKey
from tests.exactness.harness import ACCOUNT_ID, Rig, small_world
from tests.exactness.watcher import Watcher

from .site import Cloudflare, Exporter, dataset_time

pytestmark = pytest.mark.timeout(120)

DATASET = "workersInvocationsAdaptive"
LATENESS = timedelta(minutes=10)


def copy_ledger(state: Path, backup: Path) -> None:
    """Copy a ledger as ``.backup`` does, whoever is writing it."""
    backup.mkdir()
    with closing(sqlite3.connect(state / FILE_NAME)) as ledger, closing(sqlite3.connect(backup / FILE_NAME)) as copy:
        ledger.backup(copy)


def put_back(backup: Path, state: Path) -> None:
    """Restore the ledger of an exporter that does not run, as the documentation says."""
    for path in state.glob(f"{FILE_NAME}*"):
        path.unlink()
    (state / FILE_NAME).write_bytes((backup / FILE_NAME).read_bytes())


@dataclass(frozen=True)
class Then:
    """What was published, seen and summed when the backup was made."""

    watcher: Watcher
    daily: dict[DailyKey, int]


async def let_pass(rig: Rig, minutes: int) -> None:
    """Let the exporter refresh and be scraped every other minute."""
    for _ in range(0, minutes, 2):
        await rig.refresh()
        rig.scrape()
        rig.clock.advance(timedelta(minutes=2))


async def go_back(rig: Rig, state: Path, backup: Path) -> Then:
    """Count, make a backup, count on for more than an hour, stop, and put the backup back."""
    await let_pass(rig, 100)
    copy_ledger(state, backup)
    watcher = Watcher(dict(rig.watcher.values), increases=Counter(rig.watcher.increases))
    then = Then(watcher, rig.exporter.ledger.daily_sums(ACCOUNT_ID))
    await let_pass(rig, 80)
    assert sum(rig.watcher.increases.values()) > sum(then.watcher.increases.values()) > 0
    await rig.exporter.close()
    put_back(backup, state)
    return then


def test_a_restored_ledger_catches_up(tmp_path: Path) -> None:
    """It goes on from what it last published, the only fall there is, and every total comes to be Cloudflare's."""
    state = tmp_path / "state"

    async def script() -> None:
        async with Rig(small_world(11, LATENESS), state) as rig:
            then = await go_back(rig, state, tmp_path / "backup")
            latest, rig.watcher = rig.watcher.values, then.watcher
            published = dict(then.watcher.values)
            await rig.start_again()
            assert rig.watcher.values == published
            assert any(published[series] < amount for series, amount in latest.items())
            await let_pass(rig, 40)
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())


def test_counters_of_a_restored_ledger_begin_anew(tmp_path: Path) -> None:
    """With the flag they begin at another moment and are right from there; the daily sums are those of the backup."""
    state = tmp_path / "state"

    async def script() -> None:
        async with Rig(small_world(12, LATENESS), state) as rig:
            then = await go_back(rig, state, tmp_path / "backup")
            restarted_at = rig.clock.cloudflare.now()
            ledger = Ledger.open(state, DATASETS.values())
            ledger.reset_counters()
            assert ledger.daily_sums(ACCOUNT_ID) == then.daily
            ledger.close()
            rig.watcher = Watcher()
            await rig.start_again()
            assert rig.watcher.values == {}
            await let_pass(rig, 60)
            await rig.come_to_rest()
            assert rig.start_of(DATASET) == restarted_at.replace(second=0)
            rig.check()
            daily = rig.exporter.ledger.daily_sums(ACCOUNT_ID)
            assert [key for key, amount in then.daily.items() if daily[key] < amount] == []

    asyncio.run(script())


@pytest.mark.end_to_end
def test_the_flag_resets_and_ends(tmp_path: Path, cloudflare: Cloudflare, exporters: Callable[..., Exporter]) -> None:
    """``serve --storage.reset-counters`` says what it did and exits 0; the next start counts from then on."""
    exporter = exporters(tmp_path / "state")
    exporter.begin()
    before = exporter.wait_until_asked(cloudflare.now())
    copy_ledger(exporter.state, tmp_path / "backup")
    exporter.stop()
    put_back(tmp_path / "backup", exporter.state)
    outcome = exporter.run("--storage.reset-counters")
    assert (outcome.code, outcome.errors) == (0, "")
    assert outcome.output == (
        f"Counters in {exporter.state} will restart from zero at the next start; daily sums and names are kept.\n"
    )
    exporter.start()
    exporter.wait_until_listening()
    exporter.wait_until_counted()
    page = exporter.wait_until_right(cloudflare.used_until_asked)
    was, start = (dataset_time(scraped, "start", DATASET) for scraped in (before, page))
    assert was is not None
    assert start is not None
    assert start > was
    assert exporter.said("Traceback") == []
