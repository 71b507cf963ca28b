"""Writing one change of the ledger in one transaction."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from exporter.ledger.counters import CounterChange, Counters
from exporter.ledger.gauges import GaugeChange, Reading
from exporter.ledger.hours import OpenHour
from exporter.ledger.roster import Entry
from exporter.ledger.series import Series, SeriesKey
from exporter.ledger.store.change import Carried, LedgerChange, Retirement, mark_cuts
from exporter.ledger.store.chosen_tables import CHOSEN_TABLES, write_chosen
from exporter.ledger.store.day_tables import NOT_COUNTED, keep_more, merge_metered, write_day, write_marks
from exporter.ledger.store.encoding import json_or_none, marks, place_of, seconds_of, seconds_or_none, times_by_name
from exporter.ledger.store.left_series import forget_all, forget_dropped, move_out, take_back
from exporter.ledger.store.pruned_tables import prune
from exporter.ledger.totals import RowTotals
from exporter.model import BookKey, Placement, RowKey


def write_change(
    write: sqlite3.Connection,
    change: LedgerChange,
    signatures: Mapping[BookKey, str],
    books: Mapping[BookKey, Counters],
) -> None:
    """Write a change inside a transaction; ``books`` are the counters that it touches, in their previous state."""
    _clear(write, [key for key in (*change.books, *change.costs) if key not in books])
    _write_accounts(write, change)
    _end_books(write, change)
    for key, carried in change.carried.items():
        _rewrite_book(write, key, signatures[key], carried)
    for key, gauges in change.carried_gauges.items():
        write.execute(
            "UPDATE reading_book SET signature = ? WHERE account = ? AND dataset = ?", (signatures[key], *place_of(key))
        )
        write.execute("DELETE FROM reading WHERE account = ? AND dataset = ?", place_of(key))
        _write_reading_rows(write, key, gauges.rows)
    if change.forgets_left:
        forget_all(write)
    if change.pruned is not None:
        prune(write, change.pruned)
    for key, departure in change.left.items():
        move_out(write, key, departure, books[key])
    for key, inherited in change.inherited.items():
        _write_series(write, key, inherited)
    for key, reading_change in change.readings.items():
        if reading_change.is_stored:
            _write_readings(write, key, signatures[key], reading_change)
    write.executemany(
        "INSERT OR REPLACE INTO used VALUES (?, ?, ?, ?)",
        [
            (account, kind, asset, seconds_of(hour))
            for account, used in change.used.items()
            for (kind, asset), hour in used.items()
        ],
    )
    write.executemany("INSERT OR REPLACE INTO billing VALUES (?, ?)", list(change.billing.items()))
    if change.clock_offset is not None:
        ahead = round(change.clock_offset.total_seconds())
        write.execute("INSERT OR REPLACE INTO machine_clock VALUES (0, ?)", (ahead,))
    write_chosen(write, change.chosen)
    for key, book_change in (*change.books.items(), *change.costs.items()):
        _write_book(write, key, signatures[key], book_change)
        _write_open_hours(write, key, books[key].open if key in books else {}, book_change.open)
        write_marks(write, key, mark_cuts(book_change))
    for key, days in change.days.items():
        for day in days:
            write_day(write, key, counted_from(books.get(key)), day)


def _clear(write: sqlite3.Connection, new: Collection[BookKey]) -> None:
    """Remove the rows of books that begin: a file that has lost a book may still have some of its rows."""
    for table in ("row", "open_row", "series"):
        write.executemany(f"DELETE FROM {table} WHERE account = ? AND dataset = ?", map(place_of, new))


def _end_books(write: sqlite3.Connection, change: LedgerChange) -> None:
    """Write which books end, and which begin again after others that have ended."""
    for key, retirement in change.retired.items():
        _retire(write, key, retirement)
    for key, unfilled in change.begun.items():
        write.execute("DELETE FROM ended_book WHERE account = ? AND dataset = ?", place_of(key))
        write_marks(write, key, unfilled)
    places = list(map(place_of, change.resumed))
    write.executemany("UPDATE ended_book SET ended = NULL WHERE account = ? AND dataset = ?", places)


def counted_from(book: Counters | None) -> int:
    """Return the start of counting as stored with the daily sums; NOT_COUNTED without counters (stored amounts)."""
    return seconds_of(book.state.start) if book is not None and book.state is not None else NOT_COUNTED


def _write_accounts(write: sqlite3.Connection, change: LedgerChange) -> None:
    write.executemany(
        "INSERT OR REPLACE INTO account VALUES (?, ?, ?)",
        [(account, name, label) for account, (name, label) in change.accounts.items()],
    )
    write.executemany(
        f"INSERT OR REPLACE INTO asset VALUES ({marks(18)})",
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
        seconds_of(entry.first_seen),
        entry.absences,
        entry.project,
        entry.decided_by,
        int(entry.suffixed),
        seconds_or_none(asset.created),
        seconds_or_none(asset.modified),
        json.dumps(asset.tags),
        asset.parent,
        asset.stem,
        int(entry.is_filtered),
        seconds_or_none(entry.unlisted_since),
        int(entry.is_folded),
    )


def _write_book(write: sqlite3.Connection, key: BookKey, signature: str, change: CounterChange) -> None:
    state = change.state
    write.execute(
        f"INSERT OR REPLACE INTO book VALUES ({marks(15)})",
        (
            *place_of(key),
            signature,
            *map(seconds_of, (state.start, state.open_from, state.until, state.published_until, state.last_success)),
            seconds_or_none(state.newest),
            seconds_of(state.hold.at) if state.hold else None,
            seconds_of(state.kept_from),
            state.revisions,
            round(state.gap.total_seconds()),
            json.dumps(state.late),
            times_by_name(state.joined),
        ),
    )
    _write_rows(write, key, change.rows)
    _write_series(write, key, change.series)
    take_back(write, change.returned)
    merge_metered(write, key, seconds_of(state.start), change.metered, is_stored=False)
    for start, rows in change.kept.rows.items():
        keep_more(write, key, start, rows)


def _rewrite_book(write: sqlite3.Connection, key: BookKey, signature: str, carried: Carried) -> None:
    """Write all rows and series of a book as those of another signature."""
    book = carried.book
    if book.state is not None:
        write.execute(
            "UPDATE book SET signature = ?, late = ?, joined = ? WHERE account = ? AND dataset = ?",
            (signature, json.dumps(book.state.late), times_by_name(book.state.joined), *place_of(key)),
        )
    forget_dropped(write, key, book.plan.metrics)
    for table in ("row", "open_row", "kept_row", "series"):
        write.execute(f"DELETE FROM {table} WHERE account = ? AND dataset = ?", place_of(key))
    _write_rows(write, key, book.rows)
    _write_open_hours(write, key, {}, book.open)
    for start, rows in carried.kept.items():
        keep_more(write, key, start, rows)
    _write_series(
        write,
        key,
        {(placement, which): series for placement, there in book.series.items() for which, series in there.items()},
    )


def _write_rows(write: sqlite3.Connection, key: BookKey, rows: Mapping[RowKey, RowTotals]) -> None:
    place = place_of(key)
    write.executemany(
        f"INSERT OR REPLACE INTO row VALUES ({marks(7)})",
        (
            (*place, asset, json.dumps(labels), *(json.dumps(figures) for figures in row))
            for (asset, labels), row in rows.items()
        ),
    )


def _write_series(
    write: sqlite3.Connection, key: BookKey, changed: Mapping[tuple[Placement, SeriesKey], Series]
) -> None:
    place = place_of(key)
    write.executemany(
        f"INSERT OR REPLACE INTO series VALUES ({marks(8)})",
        (
            (
                *place,
                placement.project,
                placement.asset,
                which.metric,
                json.dumps(which.values),
                str(series.amount),
                seconds_of(series.birth.at) if series.birth else None,
            )
            for (placement, which), series in changed.items()
        ),
    )


def _write_open_hours(
    write: sqlite3.Connection, key: BookKey, before: Mapping[datetime, OpenHour], now: Mapping[datetime, OpenHour]
) -> None:
    place = place_of(key)
    gone = [(*place, seconds_of(hour)) for hour in before if hour not in now]
    write.executemany("DELETE FROM open_row WHERE account = ? AND dataset = ? AND hour = ?", gone)
    for hour, known in now.items():
        old = before.get(hour)
        at = seconds_of(hour)
        if old is not None and old.rows.keys() - known.peak.keys():
            write.execute("DELETE FROM open_row WHERE account = ? AND dataset = ? AND hour = ?", (*place, at))
            old = None
        write.executemany(
            f"INSERT OR REPLACE INTO open_row VALUES ({marks(7)})",
            (
                (*place, at, asset, json.dumps(labels), json_or_none(known.rows.get((asset, labels))), peak)
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
        yield row_key, json_or_none(stored_peak)


def _retire(write: sqlite3.Connection, key: BookKey, retirement: Retirement) -> None:
    merge_metered(write, key, seconds_of(retirement.start), retirement.metered, is_stored=False)
    tables = ("book", "row", "open_row", "series", "kept_row", "day_mark", "reading_book", "reading", *CHOSEN_TABLES)
    for table in tables if retirement.keeps_left else (*tables, "left_series"):
        write.execute(f"DELETE FROM {table} WHERE account = ? AND dataset = ?", place_of(key))
    write_marks(write, key, retirement.marks)
    if retirement.ended is not None:
        at, gap = retirement.ended
        ended = (*place_of(key), seconds_or_none(at), round(gap.total_seconds()))
        write.execute(f"INSERT OR REPLACE INTO ended_book VALUES ({marks(4)})", ended)


def _write_readings(write: sqlite3.Connection, key: BookKey, signature: str, change: GaugeChange) -> None:
    state = change.state
    write.execute(
        "DELETE FROM reading WHERE account = ? AND dataset = ? AND NOT EXISTS "
        "(SELECT 1 FROM reading_book WHERE account = ? AND dataset = ? AND signature = ?)",
        (*place_of(key), *place_of(key), signature),
    )
    write.execute(
        f"INSERT OR REPLACE INTO reading_book VALUES ({marks(6)})",
        (
            *place_of(key),
            signature,
            seconds_of(state.until),
            seconds_of(state.last_success),
            seconds_or_none(state.newest),
        ),
    )
    write.executemany(
        "DELETE FROM reading WHERE account = ? AND dataset = ? AND asset = ? AND labels = ?",
        [(*place_of(key), asset, json.dumps(labels)) for asset, labels in change.gone],
    )
    _write_reading_rows(write, key, change.rows)
    merge_metered(write, key, NOT_COUNTED, change.sums, is_stored=True)


def _write_reading_rows(write: sqlite3.Connection, key: BookKey, rows: Mapping[RowKey, Reading]) -> None:
    place = place_of(key)
    write.executemany(
        f"INSERT OR REPLACE INTO reading VALUES ({marks(6)})",
        [
            (*place, asset, json.dumps(words), seconds_of(reading.at), json.dumps(reading.amounts))
            for (asset, words), reading in rows.items()
        ],
    )
