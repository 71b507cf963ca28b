"""Read-only access to the ledger's file beside the exporter that writes it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporter.ledger.store.database import FILE_NAME, StorageError, is_damage
from exporter.ledger.store.inspection import Soundness, address_of, inspect_folder
from exporter.ledger.store.loader import Loader
from exporter.ledger.store.migrations import MIGRATIONS


@contextmanager
def open_read_only(folder: Path) -> Iterator[Loader]:
    """Read the ledger of a state folder as of one commit while the context lasts. Raises StorageError."""
    connection = _connect(folder)
    try:
        connection.execute("BEGIN")
        yield Loader(connection)
    except Exception as error:
        if not isinstance(error, sqlite3.Error) and not is_damage(error):
            raise
        raise StorageError(
            f"The ledger {folder / FILE_NAME} cannot be read ({error}).", "Run cloudflare-exporter check to see why."
        ) from error
    finally:
        connection.close()


def _connect(folder: Path) -> sqlite3.Connection:
    path, found = folder / FILE_NAME, inspect_folder(folder)
    if found.soundness is Soundness.ABSENT:
        raise StorageError(
            f"There is no ledger in {folder}.",
            "Start the exporter first, or name its state folder with --storage.path or in the configuration.",
        )
    if found.soundness is not Soundness.SOUND:
        raise StorageError(
            f"The ledger {path} is {found.soundness} ({found.fault}).",
            "Run this as a user who may read it; the exporter sets a damaged ledger aside when it starts.",
        )
    if found.version != len(MIGRATIONS):
        which = "a newer" if found.version > len(MIGRATIONS) else "an older"
        raise StorageError(
            f"The ledger {path} was written by {which} release (schema {found.version}, not {len(MIGRATIONS)}).",
            "Use the same release as the exporter, and start the exporter once with it.",
        )
    return sqlite3.connect(address_of(path, found.is_in_use), uri=True, isolation_level=None)
