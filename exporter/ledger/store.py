"""The ledger's file: one SQLite database in the state folder, one transaction per change, one writer.

Times are whole seconds since 1970, amounts JSON arrays of integers (they outgrow 64 bits), labels JSON arrays.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from exporter.ledger.book import Book, BookState
from exporter.ledger.columns import moment_of, time_of
from exporter.ledger.daily import DailyKey
from exporter.ledger.day_columns import BookKey, load_kept, load_marks, load_uncounted
from exporter.ledger.days import DayMark, DayPart
from exporter.ledger.file import FILE_NAME, begin_anew, is_damage, open_file, release_folder, remedy, take_folder
from exporter.ledger.hours import OpenHour
from exporter.ledger.readings import Reading, Readings
from exporter.ledger.roster import Entry, RosterKey, Standing
from exporter.ledger.series import Birth, Placement, Plan, Series, SeriesKey
from exporter.ledger.totals import Row
from exporter.ledger.writing import Change, counted_from, write_change
from exporter.model import HOUR, Amounts, Asset, ExporterError, RowKey

_DAY = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"


class CommitError(ExporterError):
    """A change could not be written; memory and file still agree on what was before."""


class Store:
    """The open database. ``folder`` None keeps everything in memory."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = take_folder(folder) if folder else None
        try:
            self._connection = open_file(folder)
        except BaseException:
            if self._lock is not None:
                release_folder(self._lock)
            raise

    def close(self) -> None:
        """Close the file and give up the lock."""
        self._connection.close()
        if self._lock is not None:
            release_folder(self._lock)

    def begin_anew(self, reason: str) -> None:
        """Set the file aside, because what it holds makes no sense, and begin another. Raises StorageError."""
        self._connection.close()
        if self._folder is not None:
            self._connection = begin_anew(self._folder, reason)

    def check(self) -> None:
        """Read what is not loaded at the start. Raises what reading text that makes no sense raises."""
        # Years of daily sums are millions of rows: too many to bring into Python at each start.
        senseless = f"amount GLOB '*[^0-9]*' OR amount = '' OR day NOT GLOB '{_DAY}'"
        if self._connection.execute(f"SELECT 1 FROM daily WHERE {senseless} LIMIT 1").fetchone():
            raise ValueError("a daily sum is no number of a day")
        kept = "SELECT day, labels, amounts, account, dataset, asset FROM kept_row"
        for day, *texts, _, _, _ in self._connection.execute(kept):
            date.fromisoformat(day)
            for text in texts:
                json.loads(text)

    def size(self) -> int:
        """Give the bytes that the database takes."""
        pages, page = (self._connection.execute(f"PRAGMA {word}").fetchone()[0] for word in ("page_count", "page_size"))
        return int(pages * page)

    def load_accounts(self) -> dict[str, tuple[str, str]]:
        """Give id -> (name, label)."""
        return {row[0]: (row[1], row[2]) for row in self._connection.execute("SELECT id, name, label FROM account")}

    def load_roster(self) -> dict[str, dict[RosterKey, Entry]]:
        """Give each account's roster."""
        rosters: dict[str, dict[RosterKey, Entry]] = {}
        for row in self._connection.execute("SELECT * FROM asset"):
            account, kind, asset_id, name, standing, seen, absences, project, by, suffixed, *rest = row
            created, modified, tags, parent, stem, filtered = rest
            asset = Asset(
                kind, asset_id, name, moment_of(created), moment_of(modified), tuple(json.loads(tags)), parent, stem
            )
            rosters.setdefault(account, {})[kind, asset_id] = Entry(
                asset, Standing(standing), time_of(seen), absences, project, by, bool(suffixed), bool(filtered)
            )
        return rosters

    def load_signatures(self) -> dict[BookKey, tuple[str, datetime]]:
        """Give the signature with which each book was kept, and its start."""
        rows = self._connection.execute("SELECT account, dataset, signature, start FROM book")
        return {(account, dataset): (signature, time_of(start)) for account, dataset, signature, start in rows}

    def load_marks(self) -> dict[BookKey, dict[DayPart, DayMark]]:
        """Give what was heard of closed days."""
        return load_marks(self._connection)

    def load_kept(self, key: BookKey, day: date) -> dict[RowKey, Amounts]:
        """Give what settled on a day that is not final."""
        return load_kept(self._connection, key, day)

    def load_uncounted(self, key: BookKey, book: Book | None, day: date) -> dict[DailyKey, int]:
        """Give the sums of a day without what the book counted."""
        return load_uncounted(self._connection, key, counted_from(book), day)

    def load_book(self, key: BookKey, plan: Plan, revision: int) -> Book:
        """Give a book as it was last committed; its births count as first seen in ``revision``."""
        book = Book(plan, self._load_state(key, revision))
        for asset, labels, *figures in self._select("asset, labels, settled, total, attributed", "row", key):
            book.rows[asset, tuple(json.loads(labels))] = Row(*(tuple(json.loads(text)) for text in figures))
        book.open = self.load_open_hours(key)
        for project, name, metric, labels, amount, born in self._select(
            "project, asset, metric, labels, amount, born", "series", key
        ):
            birth = Birth(time_of(born), revision) if born is not None else None
            series_key = SeriesKey(metric, tuple(json.loads(labels)))
            book.series.setdefault(Placement(project, name), {})[series_key] = Series(int(amount), birth)
        book.find_waiting()
        return book

    def _load_state(self, key: BookKey, revision: int) -> BookState:
        columns = (
            "start, open_from, until, published_until, last_success, kept_from, newest, hold, revisions, gap, late"
        )
        *moments, newest, hold, revisions, gap, late = next(self._select(columns, "book", key))
        start, open_from, until, published_until, last_success, kept_from = map(time_of, moments)
        return BookState(
            start,
            open_from,
            until,
            published_until,
            last_success,
            kept_from,
            moment_of(newest),
            Birth(time_of(hold), revision) if hold is not None else None,
            revisions,
            timedelta(seconds=gap),
            tuple(json.loads(late)),
        )

    def load_open_hours(self, key: BookKey) -> dict[datetime, OpenHour]:
        """Give the open hours of a book; those that its last answer covered whole count as answered whole then."""
        until, last_success = map(time_of, next(self._select("until, last_success", "book", key)))
        rows: dict[datetime, dict[RowKey, Amounts]] = {}
        peaks: dict[datetime, dict[RowKey, Amounts]] = {}
        for at, asset, labels, amounts, peak in self._select("hour, asset, labels, amounts, peak", "open_row", key):
            hour, row_key = time_of(at), (asset, tuple(json.loads(labels)))
            if amounts is not None:
                rows.setdefault(hour, {})[row_key] = tuple(json.loads(amounts))
            if peak is not None:
                peaks.setdefault(hour, {})[row_key] = tuple(json.loads(peak))
        hours: dict[datetime, OpenHour] = {}
        for hour in rows.keys() | peaks.keys():
            known = rows.get(hour, {})
            peak = known | peaks[hour] if hour in peaks else known
            hours[hour] = OpenHour(known, peak, whole_since=last_success if until >= hour + HOUR else None)
        return hours

    def _select(self, columns: str, table: str, key: BookKey) -> Iterator[tuple[Any, ...]]:
        return self._connection.execute(f"SELECT {columns} FROM {table} WHERE account = ? AND dataset = ?", key)

    def load_readings(self, signatures: Mapping[str, str]) -> dict[BookKey, tuple[Readings, dict[RowKey, Reading]]]:
        """Give the readings that were kept with the signatures that the datasets now have."""
        found: dict[BookKey, tuple[Readings, dict[RowKey, Reading]]] = {}
        for account, dataset, signature, *moments in self._connection.execute("SELECT * FROM reading_book"):
            if signatures.get(dataset) == signature:
                until, last_success, newest = moments
                found[account, dataset] = (Readings(time_of(until), time_of(last_success), moment_of(newest)), {})
        for account, dataset, asset, labels, at, amounts in self._connection.execute("SELECT * FROM reading"):
            if (account, dataset) in found:
                row_key = (asset, tuple(json.loads(labels)))
                found[account, dataset][1][row_key] = Reading(time_of(at), tuple(json.loads(amounts)))
        return found

    def load_used(self) -> dict[str, dict[RosterKey, datetime]]:
        """Give the newest hour with usage of each asset, by account."""
        used: dict[str, dict[RosterKey, datetime]] = {}
        for account, kind, asset, hour in self._connection.execute("SELECT * FROM used"):
            used.setdefault(account, {})[kind, asset] = time_of(hour)
        return used

    def load_daily(self, account: str) -> dict[DailyKey, int]:
        """Give the settled daily sums of an account, over all datasets."""
        sums: dict[DailyKey, int] = {}
        for day, asset, meter, amount in self._connection.execute(
            "SELECT day, asset, meter, amount FROM daily WHERE account = ?", (account,)
        ):
            key = (date.fromisoformat(day), asset, meter)
            sums[key] = sums.get(key, 0) + int(amount)
        return sums

    def commit(self, change: Change, signatures: Mapping[BookKey, str], books: Mapping[BookKey, Book]) -> None:
        """Write a change in one durable transaction; ``books`` are as they were before it. Raises CommitError."""
        try:
            with self._transaction() as write:
                write_change(write, change, signatures, books)
        except (sqlite3.Error, OSError, ValueError) as error:
            place = self._folder / FILE_NAME if self._folder else "memory"
            if is_damage(error):
                raise CommitError(
                    f"The ledger in {place} is damaged ({error}): counters stand still.",
                    "Restart the exporter: it sets the damaged ledger aside and begins a new one.",
                ) from error
            raise CommitError(
                f"The ledger in {place} could not be written ({error}): counters stand still, nothing is lost.",
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
