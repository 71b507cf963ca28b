"""The ledger's file: one SQLite database in the state folder, one transaction per change, one writer."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path

from exporter.ledger.audit_schedule import DayPart
from exporter.ledger.counters import Counters
from exporter.ledger.daily_filter import EVERYTHING, DailyFilter
from exporter.ledger.day_hours import DayHours
from exporter.ledger.left_series import SeriesName
from exporter.ledger.store.change import LedgerChange
from exporter.ledger.store.columns import check_columns
from exporter.ledger.store.database import (
    FILE_NAME,
    StorageError,
    is_damage,
    open_file,
    release_folder,
    remedy,
    start_new_file,
    take_folder,
)
from exporter.ledger.store.day_tables import load_part
from exporter.ledger.store.encoding import day_start_of
from exporter.ledger.store.inspection import address_of
from exporter.ledger.store.left_series import find_left, has_old
from exporter.ledger.store.loader import Loader
from exporter.ledger.store.pruned_tables import find_named, find_oldest_day
from exporter.ledger.store.writer import counted_from, write_change
from exporter.model import BookKey, DailyKey, ExporterError


class CommitError(ExporterError):
    """A change could not be written; memory and file both still hold the previous state."""


class Store(Loader):
    """The database, open for writing. ``folder`` None keeps everything in memory."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = take_folder(folder) if folder else None
        try:
            super().__init__(open_file(folder))
        except BaseException:
            if self._lock is not None:
                release_folder(self._lock)
            raise

    def close(self) -> None:
        """Close the file and give up the lock."""
        self._connection.close()
        if self._lock is not None:
            release_folder(self._lock)

    def start_over(self, reason: str) -> None:
        """Set the file aside because its content is invalid, and begin a new one. Raises StorageError."""
        self._connection.close()
        if self._folder is not None:
            self._connection = start_new_file(self._folder, reason)

    @contextmanager
    def checking(self) -> Iterator[None]:
        """Check every table while the context lasts; what is found goes before whatever else is raised in it.

        Years of daily sums are millions of rows: SQLite goes over them on another processor meanwhile. Raises the
        errors of decoding invalid content.
        """
        if self._folder is None:
            yield
            return
        with closing(_connect_to_check(self._folder)) as connection, ThreadPoolExecutor(max_workers=1) as thread:
            checked = thread.submit(check_columns, connection)
            try:
                yield
                self._check_kept()
            finally:
                checked.result()

    def _check_kept(self) -> None:
        """Read the rows that are kept for audits, which are not loaded at the start."""
        kept = "SELECT day, labels, amounts, account, dataset, asset FROM kept_row"
        for day, labels, amounts, _, _, _ in self._connection.execute(kept):
            day_start_of(day)
            tuple(json.loads(labels))
            sum(json.loads(amounts))

    def size(self) -> int:
        """Return the size of the database in bytes."""
        pages, page = (self._connection.execute(f"PRAGMA {word}").fetchone()[0] for word in ("page_count", "page_size"))
        return int(pages * page)

    def load_part(self, key: BookKey, book: Counters | None, part: DayPart) -> dict[DailyKey, int]:
        """Return the sums of a part of a day: of what the book counted, or of all else."""
        return load_part(self._connection, key, counted_from(book), part)

    def find_oldest_day(self, account_id: str) -> date | None:
        """Return the oldest day of an account's daily sums. Raises CommitError."""
        with self._committing():
            return find_oldest_day(self._connection, account_id)

    def find_named(self, account_id: str, since: date) -> set[str]:
        """Return the ids of assets with kept rows, or with daily sums from a day on. Raises CommitError."""
        with self._committing():
            return find_named(self._connection, account_id, since)

    def has_forgotten(self, now: datetime) -> bool:
        """Return whether some series left too long ago to be remembered. Raises CommitError."""
        with self._committing():
            return has_old(self._connection, now)

    def recall(self, wanted: Collection[SeriesName], now: datetime) -> dict[SeriesName, int]:
        """Return the amounts of those of some series that left and are still remembered. Raises CommitError."""
        with self._committing():
            return find_left(self._connection, wanted, now)

    def read_settled(
        self, account: str, since: date, until: date, wanted: DailyFilter = EVERYTHING
    ) -> Iterator[tuple[DailyKey, int]]:
        """Yield the settled daily sums. Raises StorageError."""
        with _explained():
            yield from self.read_daily(account, since, until, wanted)

    def read_sums(self, account: str, since: date, until: date, wanted: DailyFilter) -> Iterator[tuple[DailyKey, int]]:
        """Yield the settled daily sums that a change depends on. Raises CommitError."""
        with self._committing():
            yield from self.read_daily(account, since, until, wanted)

    def read_hours(self, account: str, asset: str, since: date, until: date) -> dict[DailyKey, DayHours]:
        """Return the settled hours of an asset on the days in [since, until). Raises StorageError."""
        with _explained():
            return self.load_hours(account, asset, since, until)

    def commit(
        self, change: LedgerChange, signatures: Mapping[BookKey, str], books: Mapping[BookKey, Counters]
    ) -> None:
        """Write a change in one durable transaction. Raises CommitError.

        ``signatures`` are those of the books that the change touches, ``books`` the counters that it touches, in their
        previous state.
        """
        with self._committing(), self._transaction() as write:
            write_change(write, change, signatures, books)

    @contextmanager
    def _committing(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            place = self._folder / FILE_NAME if self._folder else "memory"
            if is_damage(error):
                raise CommitError(
                    f"The ledger in {place} is damaged ({error}): counters are frozen.",
                    "Restart the exporter: it sets the damaged ledger aside and begins a new one.",
                ) from error
            raise CommitError(
                f"The ledger in {place} could not be written ({error}): counters are frozen, but nothing is lost.",
                remedy(error),
            ) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


def _connect_to_check(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(address_of(folder / FILE_NAME, is_in_use=True), uri=True, check_same_thread=False)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError, ValueError) as error:
        raise StorageError(f"The ledger could not be read ({error}).", remedy(error)) from error
