"""The ledger's file: one SQLite database in the state folder, one transaction per change, one writer.

Times are whole seconds since 1970, amounts JSON arrays of integers (they outgrow 64 bits), labels JSON arrays.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from operator import add
from pathlib import Path
from typing import Any

from exporter.ledger.book import Book, BookChange, BookState
from exporter.ledger.daily import KEPT_DAYS, DailyKey
from exporter.ledger.file import FILE_NAME, open_file, release_folder, take_folder
from exporter.ledger.hours import OpenHour
from exporter.ledger.readings import Reading, ReadingChange, Readings
from exporter.ledger.roster import Entry, RosterKey, Standing
from exporter.ledger.series import Birth, Placement, Plan, Series, SeriesKey
from exporter.ledger.totals import Row
from exporter.model import HOUR, Amounts, Asset, ExporterError, RowKey

BookKey = tuple[str, str]
"""Account id and dataset."""


class CommitError(ExporterError):
    """A change could not be written; memory and file still agree on what was before."""


@dataclass(slots=True)
class Change:
    """Everything that one transaction writes."""

    accounts: dict[str, tuple[str, str]] = field(default_factory=dict)
    roster: dict[str, dict[RosterKey, Entry]] = field(default_factory=dict)
    books: dict[BookKey, BookChange] = field(default_factory=dict)
    left: dict[BookKey, frozenset[Placement]] = field(default_factory=dict)
    retired: dict[BookKey, dict[DailyKey, int]] = field(default_factory=dict)
    readings: dict[BookKey, ReadingChange] = field(default_factory=dict)
    used: dict[str, dict[RosterKey, datetime]] = field(default_factory=dict)


class Store:
    """The open database. ``folder`` None keeps everything in memory; ``set_aside`` is a damaged file put away."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = take_folder(folder) if folder else None
        try:
            self._connection, self.set_aside = open_file(folder)
        except BaseException:
            if self._lock is not None:
                release_folder(self._lock)
            raise

    def close(self) -> None:
        """Close the file and give up the lock."""
        self._connection.close()
        if self._lock is not None:
            release_folder(self._lock)

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
                kind, asset_id, name, _moment(created), _moment(modified), tuple(json.loads(tags)), parent, stem
            )
            rosters.setdefault(account, {})[kind, asset_id] = Entry(
                asset, Standing(standing), _time(seen), absences, project, by, bool(suffixed), bool(filtered)
            )
        return rosters

    def load_signatures(self) -> dict[BookKey, str]:
        """Give the signature with which each book was kept."""
        return {
            (row[0], row[1]): row[2] for row in self._connection.execute("SELECT account, dataset, signature FROM book")
        }

    def load_book(self, key: BookKey, plan: Plan, revision: int) -> Book:
        """Give a book as it was last committed; its births count as first seen in ``revision``."""
        book = Book(plan, self._load_state(key, revision))
        for asset, labels, *figures in self._select("asset, labels, settled, total, attributed", "row", key):
            book.rows[asset, tuple(json.loads(labels))] = Row(*(tuple(json.loads(text)) for text in figures))
        book.open = self.load_open_hours(key)
        for project, name, metric, labels, amount, born in self._select(
            "project, asset, metric, labels, amount, born", "series", key
        ):
            birth = Birth(_time(born), revision) if born is not None else None
            series_key = SeriesKey(metric, tuple(json.loads(labels)))
            book.series.setdefault(Placement(project, name), {})[series_key] = Series(int(amount), birth)
        book.find_waiting()
        return book

    def _load_state(self, key: BookKey, revision: int) -> BookState:
        columns = "start, open_from, until, published_until, last_success, newest, hold"
        start, open_from, until, published, success, newest, hold = next(self._select(columns, "book", key))
        return BookState(
            _time(start),
            _time(open_from),
            _time(until),
            _time(published),
            _time(success),
            _moment(newest),
            Birth(_time(hold), revision) if hold is not None else None,
        )

    def load_open_hours(self, key: BookKey) -> dict[datetime, OpenHour]:
        """Give the open hours of a book; those that its last answer covered whole count as answered whole then."""
        until, last_success = map(_time, next(self._select("until, last_success", "book", key)))
        rows: dict[datetime, dict[RowKey, Amounts]] = {}
        peaks: dict[datetime, dict[RowKey, Amounts]] = {}
        for at, asset, labels, amounts, peak in self._select("hour, asset, labels, amounts, peak", "open_row", key):
            hour, row_key = _time(at), (asset, tuple(json.loads(labels)))
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
                found[account, dataset] = (Readings(_time(until), _time(last_success), _moment(newest)), {})
        for account, dataset, asset, labels, at, amounts in self._connection.execute("SELECT * FROM reading"):
            if (account, dataset) in found:
                row_key = (asset, tuple(json.loads(labels)))
                found[account, dataset][1][row_key] = Reading(_time(at), tuple(json.loads(amounts)))
        return found

    def load_used(self) -> dict[str, dict[RosterKey, datetime]]:
        """Give the newest hour with usage of each asset, by account."""
        used: dict[str, dict[RosterKey, datetime]] = {}
        for account, kind, asset, hour in self._connection.execute("SELECT * FROM used"):
            used.setdefault(account, {})[kind, asset] = _time(hour)
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
                _write_accounts(write, change)
                for key, daily in change.retired.items():
                    _retire(write, key, daily)
                for key, placements in change.left.items():
                    write.executemany(
                        "DELETE FROM series WHERE account = ? AND dataset = ? AND project = ? AND asset = ?",
                        [(*key, placement.project, placement.asset) for placement in placements],
                    )
                for key, reading_change in change.readings.items():
                    if reading_change.is_stored:
                        _write_readings(write, key, signatures[key], reading_change)
                write.executemany(
                    "INSERT OR REPLACE INTO used VALUES (?, ?, ?, ?)",
                    [
                        (account, kind, asset, _seconds(hour))
                        for account, used in change.used.items()
                        for (kind, asset), hour in used.items()
                    ],
                )
                for key, book_change in change.books.items():
                    _write_book(write, key, signatures[key], book_change)
                    _write_open_hours(write, key, books[key].open if key in books else {}, book_change.open)
        except (sqlite3.Error, OSError) as error:
            place = self._folder / FILE_NAME if self._folder else "memory"
            raise CommitError(
                f"The ledger in {place} could not be written ({error}). Counters stand still until it can be: "
                "free disk space or restore write access; nothing is lost meanwhile."
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


def _write_accounts(write: sqlite3.Connection, change: Change) -> None:
    write.executemany(
        "INSERT OR REPLACE INTO account VALUES (?, ?, ?)",
        [(account, name, label) for account, (name, label) in change.accounts.items()],
    )
    write.executemany(
        f"INSERT OR REPLACE INTO asset VALUES ({_marks(16)})",
        [
            (account, kind, asset_id, *_entry_columns(entry))
            for account, roster in change.roster.items()
            for (kind, asset_id), entry in roster.items()
        ],
    )


def _entry_columns(entry: Entry) -> tuple[Any, ...]:
    asset = entry.asset
    return (
        asset.name,
        str(entry.standing),
        _seconds(entry.first_seen),
        entry.absences,
        entry.project,
        entry.decided_by,
        int(entry.suffixed),
        _seconds_or_none(asset.created),
        _seconds_or_none(asset.modified),
        json.dumps(asset.tags),
        asset.parent,
        asset.stem,
        int(entry.is_filtered),
    )


def _write_book(write: sqlite3.Connection, key: BookKey, signature: str, change: BookChange) -> None:
    state = change.state
    write.execute(
        f"INSERT OR REPLACE INTO book VALUES ({_marks(10)})",
        (
            *key,
            signature,
            *map(_seconds, (state.start, state.open_from, state.until, state.published_until, state.last_success)),
            _seconds_or_none(state.newest),
            _seconds(state.hold.at) if state.hold else None,
        ),
    )
    write.executemany(
        f"INSERT OR REPLACE INTO row VALUES ({_marks(7)})",
        (
            (*key, asset, json.dumps(labels), *(json.dumps(figures) for figures in row))
            for (asset, labels), row in change.rows.items()
        ),
    )
    write.executemany(
        f"INSERT OR REPLACE INTO series VALUES ({_marks(8)})",
        (
            (
                *key,
                placement.project,
                placement.asset,
                which.metric,
                json.dumps(which.values),
                str(series.amount),
                _seconds(series.birth.at) if series.birth else None,
            )
            for (placement, which), series in change.series.items()
        ),
    )
    _add_daily(write, key, change.daily)


def _write_open_hours(
    write: sqlite3.Connection, key: BookKey, before: Mapping[datetime, OpenHour], now: Mapping[datetime, OpenHour]
) -> None:
    gone = [(*key, _seconds(hour)) for hour in before if hour not in now]
    write.executemany("DELETE FROM open_row WHERE account = ? AND dataset = ? AND hour = ?", gone)
    for hour, known in now.items():
        old = before.get(hour)
        at = _seconds(hour)
        if old is not None and old.rows.keys() - known.peak.keys():
            write.execute("DELETE FROM open_row WHERE account = ? AND dataset = ? AND hour = ?", (*key, at))
            old = None
        write.executemany(
            f"INSERT OR REPLACE INTO open_row VALUES ({_marks(7)})",
            (
                (*key, at, asset, json.dumps(labels), _json_or_none(known.rows.get((asset, labels))), peak)
                for (asset, labels), peak in _changed_rows(old, known)
            ),
        )


def _changed_rows(old: OpenHour | None, known: OpenHour) -> Iterator[tuple[Any, str | None]]:
    is_peaked = known.peak is not known.rows
    was_peaked = old is not None and old.peak is not old.rows
    for row_key, peak in known.peak.items():
        amounts = known.rows.get(row_key)
        stored_peak = peak if is_peaked and peak != amounts else None
        if old is not None and not is_peaked and not was_peaked and old.rows.get(row_key) == amounts:
            continue
        yield row_key, _json_or_none(stored_peak)


def _retire(write: sqlite3.Connection, key: BookKey, daily: Mapping[DailyKey, int]) -> None:
    _add_daily(write, key, daily)
    for table in ("book", "row", "open_row", "series"):
        write.execute(f"DELETE FROM {table} WHERE account = ? AND dataset = ?", key)


def _write_readings(write: sqlite3.Connection, key: BookKey, signature: str, change: ReadingChange) -> None:
    until, last_success, newest = change.state
    write.execute(
        "DELETE FROM reading WHERE account = ? AND dataset = ? AND NOT EXISTS "
        "(SELECT 1 FROM reading_book WHERE account = ? AND dataset = ? AND signature = ?)",
        (*key, *key, signature),
    )
    write.execute(
        f"INSERT OR REPLACE INTO reading_book VALUES ({_marks(6)})",
        (*key, signature, _seconds(until), _seconds(last_success), _seconds_or_none(newest)),
    )
    write.executemany(
        "DELETE FROM reading WHERE account = ? AND dataset = ? AND asset = ? AND labels = ?",
        [(*key, asset, json.dumps(labels)) for asset, labels in change.gone],
    )
    write.executemany(
        f"INSERT OR REPLACE INTO reading VALUES ({_marks(6)})",
        [
            (*key, asset, json.dumps(labels), _seconds(reading.at), json.dumps(reading.amounts))
            for (asset, labels), reading in change.rows.items()
        ],
    )
    _merge_daily(write, key, change.peaks, max)


def _add_daily(write: sqlite3.Connection, key: BookKey, daily: Mapping[DailyKey, int]) -> None:
    _merge_daily(write, key, daily, add)


def _merge_daily(
    write: sqlite3.Connection, key: BookKey, daily: Mapping[DailyKey, int], combine: Callable[[int, int], int]
) -> None:
    for (day, asset, meter), amount in daily.items():
        place = (*key, day.isoformat(), asset, meter)
        known = write.execute(
            "SELECT amount FROM daily WHERE account = ? AND dataset = ? AND day = ? AND asset = ? AND meter = ?", place
        ).fetchone()
        total = combine(amount, int(known[0]) if known else 0)
        write.execute("INSERT OR REPLACE INTO daily VALUES (?, ?, ?, ?, ?, ?)", (*place, str(total)))
    if daily:
        oldest = max(day for day, _, _ in daily) - timedelta(days=KEPT_DAYS)
        write.execute("DELETE FROM daily WHERE account = ? AND dataset = ? AND day < ?", (*key, oldest.isoformat()))


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _json_or_none(figures: Iterable[int] | None) -> str | None:
    return None if figures is None else json.dumps(figures)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _seconds_or_none(moment: datetime | None) -> int | None:
    return None if moment is None else _seconds(moment)


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else _time(seconds)
