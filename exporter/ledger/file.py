"""The state folder: its lock, the SQLite file, its schema versions, and what happens to a damaged one."""

import fcntl
import os
import sqlite3
from pathlib import Path

from exporter.model import ExporterError

FILE_NAME = "ledger.db"
LOCK_NAME = "lock"

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE account (id TEXT PRIMARY KEY, name TEXT NOT NULL, label TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE asset (
        account TEXT, kind TEXT, id TEXT, name TEXT, standing TEXT, first_seen INTEGER, absences INTEGER,
        project TEXT, decided_by TEXT, suffixed INTEGER, created INTEGER, modified INTEGER, tags TEXT, parent TEXT,
        stem TEXT, PRIMARY KEY (account, kind, id)) WITHOUT ROWID;
    CREATE TABLE book (
        account TEXT, dataset TEXT, signature TEXT, start INTEGER, open_from INTEGER, until INTEGER,
        published_until INTEGER, last_success INTEGER, newest INTEGER, hold INTEGER,
        PRIMARY KEY (account, dataset)) WITHOUT ROWID;
    CREATE TABLE row (
        account TEXT, dataset TEXT, asset TEXT, labels TEXT, settled TEXT, total TEXT, attributed TEXT,
        PRIMARY KEY (account, dataset, asset, labels)) WITHOUT ROWID;
    CREATE TABLE open_row (
        account TEXT, dataset TEXT, hour INTEGER, asset TEXT, labels TEXT, amounts TEXT, peak TEXT,
        PRIMARY KEY (account, dataset, hour, asset, labels)) WITHOUT ROWID;
    CREATE TABLE series (
        account TEXT, dataset TEXT, project TEXT, asset TEXT, metric INTEGER, labels TEXT, amount TEXT, born INTEGER,
        PRIMARY KEY (account, dataset, project, asset, metric, labels)) WITHOUT ROWID;
    CREATE TABLE daily (
        account TEXT, dataset TEXT, day TEXT, asset TEXT, meter TEXT, amount TEXT,
        PRIMARY KEY (account, dataset, day, asset, meter)) WITHOUT ROWID;
    """,
    """
    CREATE TABLE reading_book (
        account TEXT, dataset TEXT, signature TEXT, until INTEGER, last_success INTEGER, newest INTEGER,
        PRIMARY KEY (account, dataset)) WITHOUT ROWID;
    CREATE TABLE reading (
        account TEXT, dataset TEXT, asset TEXT, labels TEXT, at INTEGER, amounts TEXT,
        PRIMARY KEY (account, dataset, asset, labels)) WITHOUT ROWID;
    CREATE TABLE used (
        account TEXT, kind TEXT, asset TEXT, hour INTEGER, PRIMARY KEY (account, kind, asset)) WITHOUT ROWID;
    """,
    """
    ALTER TABLE asset ADD COLUMN filtered INTEGER NOT NULL DEFAULT 0;
    UPDATE asset SET decided_by = CASE WHEN decided_by != '' THEN 'tag:' || decided_by ELSE 'name' END;
    UPDATE asset SET decided_by = 'worker' WHERE decided_by = 'name' AND EXISTS (
        SELECT 1 FROM asset AS script WHERE script.account = asset.account AND script.kind = 'worker'
        AND script.name = asset.parent AND script.project = asset.project);
    """,
)
"""One script per schema version; the file's ``user_version`` counts those it has seen."""


class StorageError(ExporterError):
    """The state folder cannot be used."""


def take_folder(folder: Path) -> int:
    """Make the folder ours until ``release_folder``; gives a handle. Raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StorageError(
            f"The state folder {folder} cannot be used ({error.strerror}). Give this user write access to it, "
            "or choose another with --storage.path."
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise StorageError(
            f"Another exporter is using the state folder {folder}. Stop it, or give this one a folder of its own "
            "with --storage.path."
        ) from error
    return handle


def release_folder(handle: int) -> None:
    """Give up a folder taken with ``take_folder``."""
    os.close(handle)


def open_file(folder: Path | None) -> tuple[sqlite3.Connection, Path | None]:
    """Open or begin the ledger's file (None: in memory); gives where a damaged one was put. Raises StorageError."""
    if folder is None:
        return _connect(":memory:"), None
    path = folder / FILE_NAME
    try:
        return _connect(str(path)), None
    except sqlite3.OperationalError as error:
        raise StorageError(
            f"The ledger {path} cannot be opened ({error}). Check that the folder is writable by this user."
        ) from error
    except sqlite3.DatabaseError:
        aside = _set_aside(path)
        return _connect(str(path)), aside


def _connect(target: str) -> sqlite3.Connection:
    connection = sqlite3.connect(target, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise StorageError(
                f"The ledger {target} has schema version {version}, but this program knows only {len(MIGRATIONS)}: "
                "it was written by a newer release. Install that release again, or choose another --storage.path."
            )
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            connection.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")
        if target != ":memory:" and connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("quick_check found damage")
    except BaseException:
        connection.close()
        raise
    return connection


def _set_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{number}")).exists():
        number += 1
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.rename(aside.with_name(aside.name + suffix))
    return aside
