"""Inspection of a state folder from outside: nothing is written or repaired, no running exporter is disturbed."""

import fcntl
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from exporter.ledger.store.database import FILE_NAME, LOCK_NAME
from exporter.ledger.store.migrations import MIGRATIONS


class Soundness(StrEnum):
    """The condition of the ledger's file."""

    ABSENT = "absent"
    SOUND = "sound"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Inspection:
    """The content of a state folder: ``version`` is its ledger's schema, ``known_version`` this program's.

    ``fault`` is the message of SQLite or the system about a damaged or unreadable file.
    """

    is_in_use: bool
    soundness: Soundness
    version: int = 0
    known_version: int = len(MIGRATIONS)
    fault: str = ""


def inspect_folder(folder: Path) -> Inspection:
    """Return the content of a state folder, which need not exist."""
    is_in_use = _is_locked(folder / LOCK_NAME)
    path = folder / FILE_NAME
    try:
        if not path.exists():
            return Inspection(is_in_use, Soundness.ABSENT)
        with closing(sqlite3.connect(address_of(path, is_in_use), uri=True)) as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except OSError as error:
        return Inspection(is_in_use, Soundness.UNREADABLE, fault=error.strerror or str(error))
    except sqlite3.OperationalError as error:
        return Inspection(is_in_use, Soundness.UNREADABLE, fault=str(error))
    except sqlite3.DatabaseError as error:
        return Inspection(is_in_use, Soundness.DAMAGED, fault=str(error))
    if found != "ok":
        return Inspection(is_in_use, Soundness.DAMAGED, version, fault=" ".join(found.split()))
    return Inspection(is_in_use, Soundness.SOUND, version)


def address_of(path: Path, is_in_use: bool) -> str:
    """Return the address that opens the file read-only.

    Beside a file that no exporter has open, SQLite would leave files of its own, which the exporter's user might not
    be allowed to write.
    """
    wal = path.with_name(f"{path.name}-wal")
    is_at_rest = not is_in_use and not wal.exists()
    return f"{path.resolve().as_uri()}?{'immutable=1' if is_at_rest else 'mode=ro'}"


def _is_locked(path: Path) -> bool:
    """Return whether an exporter holds the folder; the shared lock taken to find out is released at once."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return False
