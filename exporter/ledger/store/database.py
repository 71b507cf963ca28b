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

from exporter.ledger.store.migrations import MIGRATIONS
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
