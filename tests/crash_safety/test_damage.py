"""Ledgers that were damaged: the exporter starts whatever it finds, and says what it did with it."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from exporter.ledger.store.database import FILE_NAME
from exporter.ledger.store.migrations import MIGRATIONS

from .metrics import value
from .site import Cloudflare, Exporter, dataset_time

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(120)]

DATASET = "workersInvocationsAdaptive"
PAGE = 4_096
LOG_NAME = f"{FILE_NAME}-wal"
UP = "cloudflare_exporter_account_up"


def replace(path: Path, start: int, length: int) -> None:
    """Put random bytes in the place of others."""
    content = bytearray(path.read_bytes())
    content[start : start + length] = random.Random(start).randbytes(len(content[start : start + length]))
    path.write_bytes(content)


def cut(path: Path, part: float) -> None:
    """Keep a part of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])


SET_ASIDE: dict[str, Callable[[Path], None]] = {
    "random bytes in the middle": lambda state: replace(
        state / FILE_NAME, (state / FILE_NAME).stat().st_size // 2, 3 * PAGE
    ),
    "cut to half": lambda state: cut(state / FILE_NAME, 0.5),
    "cut to nothing": lambda state: cut(state / FILE_NAME, 0),
    "another header": lambda state: replace(state / FILE_NAME, 0, 100),
}

OLDER: dict[str, Callable[[Path], None]] = {
    "another log": lambda state: replace(state / LOG_NAME, 0, (state / LOG_NAME).stat().st_size),
    "no log": lambda state: (state / LOG_NAME).unlink(),
}


@dataclass(frozen=True)
class Left:
    """The state folders that an exporter left: when it was stopped, and when it was killed after another start.

    ``start`` is since when it had counted. All is in the first's ledger; the second has a log with more.
    """

    stopped: Path
    killed: Path
    start: datetime | None


@pytest.fixture(scope="module")
def left(cloudflare: Cloudflare, tmp_path_factory: pytest.TempPathFactory) -> Left:
    """Stop an exporter, start it again and kill it."""
    folder = tmp_path_factory.mktemp("left")
    with Exporter(cloudflare, folder, folder / "killed") as exporter:
        exporter.begin()
        exporter.wait_until_counted()
        exporter.stop()
        shutil.copytree(exporter.state, folder / "stopped")
        exporter.begin()
        page = exporter.wait_until_asked(cloudflare.now())
        exporter.kill()
    assert (exporter.state / LOG_NAME).stat().st_size > PAGE
    return Left(folder / "stopped", exporter.state, dataset_time(page, "start", DATASET))


@pytest.fixture
def exporter(left: Left, exporters: Callable[..., Exporter], tmp_path: Path) -> Exporter:
    """Return an exporter that is about to be started on what the stopped one left."""
    return exporters(shutil.copytree(left.stopped, tmp_path / "state"))


@pytest.fixture
def killed(left: Left, exporters: Callable[..., Exporter], tmp_path: Path) -> Exporter:
    """Return an exporter that is about to be started on what the killed one left."""
    return exporters(shutil.copytree(left.killed, tmp_path / "state"))


def counts_anew(exporter: Exporter, left: Left) -> bool:
    """Return whether the exporter counts since another moment than before."""
    page = exporter.wait_for(lambda page: value(page, UP) == 1, "the account to be up")
    return dataset_time(page, "start", DATASET) != left.start


@pytest.mark.parametrize("what", SET_ASIDE)
def test_a_damaged_ledger_is_set_aside(exporter: Exporter, left: Left, what: str) -> None:
    """One line says where it is kept, and counting begins anew."""
    SET_ASIDE[what](exporter.state)
    damaged = (exporter.state / FILE_NAME).read_bytes()
    exporter.start()
    exporter.wait_until_listening()
    assert counts_anew(exporter, left)
    aside = exporter.state / f"{FILE_NAME}.corrupt-1"
    (line,) = exporter.said("it is kept as")
    assert f"it is kept as {aside}, and counting restarts from zero" in line
    assert aside.read_bytes() == damaged
    assert exporter.said("Traceback") == []


@pytest.mark.parametrize("what", OLDER)
def test_without_its_log_the_ledger_is_older(killed: Exporter, left: Left, cloudflare: Cloudflare, what: str) -> None:
    """One line says so; what the log held is asked for again, so that every counter is right."""
    OLDER[what](killed.state)
    killed.begin()
    assert not counts_anew(killed, left)
    killed.wait_until_right(cloudflare.used_until_asked)
    assert len(killed.said(f"{LOG_NAME}, is missing or damaged")) == 1
    assert killed.said("it is kept as") == killed.said("Traceback") == []


def test_damage_under_a_running_exporter(exporter: Exporter, left: Left) -> None:
    """The exporter lives on with the old figures and says that a restart helps; and it does."""
    exporter.begin()
    exporter.wait_for(lambda page: value(page, UP) == 1, "the account to be up")
    path = exporter.state / FILE_NAME
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # So that the exporter reads its pages again, from the file.
        connection.execute("UPDATE account SET name = name")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            file.seek(PAGE + 100)
            file.write(b"\xa5" * (path.stat().st_size - PAGE - 100))
        exporter.wait_for(lambda page: value(page, UP) == 0, "commits to fail")
    text = exporter.first_page()
    assert "is damaged" in text
    assert "Restart the exporter: it sets the damaged ledger aside" in text
    assert exporter.status("/-/ready") == 200
    assert exporter.said("it is kept as") == []
    exporter.stop()
    exporter.start()
    exporter.wait_until_listening()
    assert counts_anew(exporter, left)
    assert len(exporter.said("it is kept as")) == 1
    assert exporter.said("Traceback") == []


def test_a_newer_ledger_is_refused(exporter: Exporter) -> None:
    """What a later release wrote is left as it is; one message says what to do."""
    with closing(sqlite3.connect(exporter.state / FILE_NAME)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = (exporter.state / FILE_NAME).read_bytes()
    outcome = exporter.run()
    assert (outcome.code, outcome.output) == (1, "")
    (line,) = outcome.errors.splitlines()
    assert line.startswith(f"The ledger {exporter.state / FILE_NAME} has schema version {len(MIGRATIONS) + 1}, but ")
    assert "Install that release again" in line
    assert (exporter.state / FILE_NAME).read_bytes() == before
    assert list(exporter.state.glob("*.corrupt-*")) == []
