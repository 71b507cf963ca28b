"""The state folder: its lock, the SQLite file, the schema versions, and setting a damaged file aside."""

import errno
import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from exporter.ledger.store.pruned_tables import NEWEST_SUMS
from exporter.ledger.store.upgrades import MARK_METERS
from exporter.ledger.store.wal import is_log_lost
from exporter.logs import keys
from exporter.model import ExporterError

log = logging.getLogger(__name__)

FILE_NAME = "ledger.db"
LOCK_NAME = "lock"

_SUFFIXES = ("", "-wal", "-shm")
"""A database, its write-ahead log, and the log's index."""

_HEADER = b"SQLite format 3\0"
_FORMATS = {1, 2}
_FORMATS_AT = slice(18, 20)

_PRIMARY = 0xFF
"""The bits of an SQLite result code that identify the kind of error."""

_SENSELESS = (ValueError, TypeError, LookupError, ArithmeticError, StopIteration)
"""The errors that decoding invalid content can raise, besides EOVERFLOW for a time out of range."""

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR}
"""SQLite's result codes for a damaged file; the last is for a schema that is not ours."""

_GIVE_ACCESS = "Give this user write access to the state folder and its files."
_UNLOCK = "End the other program that keeps the ledger locked."

_REMEDIES = {
    sqlite3.SQLITE_FULL: "Free space on the disk of the state folder.",
    sqlite3.SQLITE_READONLY: _GIVE_ACCESS,
    sqlite3.SQLITE_PERM: _GIVE_ACCESS,
    sqlite3.SQLITE_CANTOPEN: _GIVE_ACCESS,
    sqlite3.SQLITE_BUSY: _UNLOCK,
    sqlite3.SQLITE_LOCKED: _UNLOCK,
    sqlite3.SQLITE_PROTOCOL: _UNLOCK,
    sqlite3.SQLITE_NOMEM: "Give the exporter more memory.",
    sqlite3.SQLITE_IOERR: "Check whether the disk of the state folder is full, mounted read-only or failing.",
}
"""Remedies for the other result codes. All are listed at https://www.sqlite.org/rescode.html"""

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
    """
    ALTER TABLE book ADD COLUMN kept_from INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE book ADD COLUMN revisions INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE book ADD COLUMN gap INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE book ADD COLUMN late TEXT NOT NULL DEFAULT '[]';
    UPDATE book SET kept_from = (open_from / 86400 + 1) * 86400;
    CREATE TABLE kept_row (
        account TEXT, dataset TEXT, day TEXT, asset TEXT, labels TEXT, amounts TEXT,
        PRIMARY KEY (account, dataset, day, asset, labels)) WITHOUT ROWID;
    CREATE TABLE day_mark (
        account TEXT, dataset TEXT, day TEXT, part TEXT, answered INTEGER, first INTEGER, digest TEXT,
        repeated_since INTEGER, is_final INTEGER, PRIMARY KEY (account, dataset, day, part)) WITHOUT ROWID;
    CREATE TABLE counted_daily (
        account TEXT, dataset TEXT, day TEXT, counted_from INTEGER, asset TEXT, meter TEXT, amount TEXT,
        PRIMARY KEY (account, dataset, day, counted_from, asset, meter)) WITHOUT ROWID;
    INSERT INTO counted_daily SELECT daily.account, daily.dataset, day,
        CASE WHEN day >= date(book.start, 'unixepoch') THEN book.start ELSE 0 END, asset, meter, amount
        FROM daily LEFT JOIN book ON book.account = daily.account AND book.dataset = daily.dataset;
    DROP TABLE daily;
    ALTER TABLE counted_daily RENAME TO daily;
    """,
    """
    CREATE TABLE billing (account TEXT PRIMARY KEY, facts TEXT) WITHOUT ROWID;
    """,
    """
    ALTER TABLE book ADD COLUMN joined TEXT NOT NULL DEFAULT '{}';
    """,
    """
    CREATE TABLE ended_book (
        account TEXT, dataset TEXT, ended INTEGER, gap INTEGER, PRIMARY KEY (account, dataset)) WITHOUT ROWID;
    """,
    """
    CREATE TABLE left_series (
        label TEXT, dataset TEXT, project TEXT, asset TEXT, metric TEXT, labels TEXT, account TEXT, amount TEXT,
        left_at INTEGER, PRIMARY KEY (label, dataset, project, asset, metric, labels));
    CREATE INDEX left_series_of_book ON left_series (account, dataset);
    CREATE INDEX left_series_by_time ON left_series (left_at);
    """,
    """
    CREATE TABLE hour_key (
        id INTEGER PRIMARY KEY, account TEXT, dataset TEXT, asset TEXT, meter TEXT, is_stored INTEGER,
        UNIQUE (account, dataset, asset, meter));
    CREATE TABLE hour_row (
        day INTEGER, key INTEGER, amounts BLOB CHECK (length(amounts) > 0 AND length(amounts) % 24 = 0),
        PRIMARY KEY (day, key)) WITHOUT ROWID;
    """,
    MARK_METERS,
    NEWEST_SUMS,
    """
    /* From here on the day in kept_row and day_mark may also be an hour of one: 2025-10-20T05. */
    """,
)
"""One script per schema version; the file's ``user_version`` is the number of scripts applied to it."""


class StorageError(ExporterError):
    """The state folder cannot be used."""


def take_folder(folder: Path) -> int:
    """Lock the folder until ``release_folder``, and return a handle. Raises StorageError."""
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
    """Release a folder taken with ``take_folder``."""
    os.close(handle)


def is_damage(error: Exception) -> bool:
    """Return whether the ledger itself is damaged, rather than the disk full, read-only or locked."""
    if isinstance(error, OSError):
        return error.errno == errno.EOVERFLOW
    if not isinstance(error, sqlite3.Error):
        return isinstance(error, _SENSELESS)
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return type(error) in {sqlite3.DatabaseError, sqlite3.OperationalError}
    return code & _PRIMARY in _DAMAGE


def remedy(error: Exception) -> str:
    """Return the remedy for an error that is not damage."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_IOERR) & _PRIMARY
    return _REMEDIES.get(code, _REMEDIES[sqlite3.SQLITE_IOERR])


def open_file(folder: Path | None) -> sqlite3.Connection:
    """Open or begin the ledger's file (None: in memory); a damaged one is set aside. Raises StorageError."""
    if folder is None:
        return _connect(":memory:")
    path = folder / FILE_NAME
    with _explained(path):
        if not any(part.exists() for part in _parts(path)):
            return _begin(path)
        if not _is_recognisable(path):
            return start_new_file(folder, "it does not begin as a ledger does")
        if is_log_lost(path):
            log.warning(
                "the newest part of the ledger, %s-wal, is missing or damaged; counting continues from the older state "
                "in %s: counters may fall once, or restart from zero",
                path,
                path,
                extra=keys(path=path),
            )
        try:
            return _connect(str(path))
        except Exception as error:
            if not is_damage(error):
                raise
            return start_new_file(folder, str(error))


def start_new_file(folder: Path, reason: str) -> sqlite3.Connection:
    """Set a damaged ledger aside, log that, and begin a new one. Raises StorageError."""
    path = folder / FILE_NAME
    with _explained(path):
        aside = _set_aside(path)
        log.error(
            "the ledger was damaged (%s); it is kept as %s, and counting restarts from zero",
            reason,
            aside,
            extra=keys(path=path),
        )
        return _begin(path)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StorageError(
            f"The ledger {path} cannot be opened ({error}).",
            f"{remedy(error)} Or choose another folder with --storage.path.",
        ) from error


def _begin(path: Path) -> sqlite3.Connection:
    """Make the ledger under another name first, so that a file with the ledger's name was complete once."""
    draft = path.with_name(f"{path.name}.new")
    for leftover in _parts(draft):
        leftover.unlink(missing_ok=True)
    _connect(str(draft)).close()
    draft.rename(path)
    _sync(path.parent)
    return _connect(str(path))


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _parts(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in _SUFFIXES]


def _is_recognisable(path: Path) -> bool:
    """Return whether a file can be a ledger.

    SQLite takes an empty file for a new database, and a file of an unknown format for one that is read-only.
    """
    if not path.exists():
        return False
    with path.open("rb") as file:
        start = file.read(_FORMATS_AT.stop)
    return start.startswith(_HEADER) and set(start[_FORMATS_AT]) <= _FORMATS


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
        if version and connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("quick_check found damage")
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            connection.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")
    except BaseException:
        connection.close()
        raise
    return connection


def _set_aside(path: Path) -> Path:
    """Move the ledger and its side files out of the way; return the ledger's new path."""
    names = (path.with_name(f"{path.name}.corrupt-{number}") for number in count(1))
    aside = next(name for name in names if not any(part.exists() for part in _parts(name)))
    for part, target in zip(_parts(path), _parts(aside), strict=True):
        if part.exists():
            part.rename(target)
    return aside
