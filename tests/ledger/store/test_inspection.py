"""A state folder looked at from outside."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from exporter.catalog import DATASETS
from exporter.ledger import Ledger
from exporter.ledger.store.database import FILE_NAME, LOCK_NAME, release_folder, take_folder
from exporter.ledger.store.inspection import Inspection, Soundness, inspect_folder
from exporter.ledger.store.migrations import MIGRATIONS


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """There is nothing in it, and it is not made."""
    assert inspect_folder(tmp_path / "state") == Inspection(False, Soundness.ABSENT)
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_at_rest(tmp_path: Path) -> None:
    """It is read without a trace."""
    Ledger.open(tmp_path, DATASETS.values()).close()
    before = contents(tmp_path)
    assert inspect_folder(tmp_path) == Inspection(False, Soundness.SOUND, len(MIGRATIONS))
    assert contents(tmp_path) == before


def test_a_ledger_in_use(tmp_path: Path) -> None:
    """It is read beside the exporter that holds the lock, and its lock holds on."""
    ledger = Ledger.open(tmp_path, DATASETS.values())
    assert inspect_folder(tmp_path) == Inspection(True, Soundness.SOUND, len(MIGRATIONS))
    assert inspect_folder(tmp_path).is_in_use
    ledger.close()
    assert not inspect_folder(tmp_path).is_in_use


def test_the_lock_is_free_again_afterwards(tmp_path: Path) -> None:
    """Looking does not keep an exporter from starting."""
    (tmp_path / LOCK_NAME).touch()
    assert not inspect_folder(tmp_path).is_in_use
    release_folder(take_folder(tmp_path))


def test_a_ledger_that_a_killed_exporter_left(tmp_path: Path) -> None:
    """What only its log holds is read too: the schema version was never written to the file itself."""
    folder, killed = tmp_path / "live", tmp_path / "killed"
    folder.mkdir()
    killed.mkdir()
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA user_version = 7")
        for path in folder.iterdir():
            (killed / path.name).write_bytes(path.read_bytes())
    assert inspect_folder(killed) == Inspection(False, Soundness.SOUND, 7)
    assert (killed / f"{FILE_NAME}-wal").stat().st_size > 0


def test_a_truncated_ledger(tmp_path: Path) -> None:
    """A file whose pages are missing is damaged."""
    Ledger.open(tmp_path, DATASETS.values()).close()
    path = tmp_path / FILE_NAME
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096 + 100)
    inspection = inspect_folder(tmp_path)
    assert inspection.soundness is Soundness.DAMAGED
    assert inspection.fault


def test_a_file_that_is_no_ledger(tmp_path: Path) -> None:
    """Neither is anything else that stands under its name."""
    (tmp_path / FILE_NAME).write_bytes(b"x" * 5_000)
    assert inspect_folder(tmp_path).soundness is Soundness.DAMAGED


def test_a_ledger_that_is_a_folder(tmp_path: Path) -> None:
    """What cannot be opened is unreadable, with SQLite's reason."""
    (tmp_path / FILE_NAME).mkdir()
    inspection = inspect_folder(tmp_path)
    assert inspection.soundness is Soundness.UNREADABLE
    assert inspection.fault == "unable to open database file"
