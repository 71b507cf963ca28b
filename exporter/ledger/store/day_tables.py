"""Closed days in the ledger's file: daily sums by start of counting, figures kept for the audit, and marks."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from operator import add
from typing import Any

from exporter.ledger.audit import DayChange
from exporter.ledger.audit_schedule import DayMark, DayPart, Portion
from exporter.ledger.daily_sums import KEPT_DAYS, Metered
from exporter.ledger.store.encoding import (
    day_start_of,
    day_text,
    key_of,
    marks,
    moment_of,
    place_of,
    seconds_of,
    seconds_or_none,
    time_of,
)
from exporter.ledger.store.hour_tables import merge_hours
from exporter.ledger.store.pruned_tables import note_newest
from exporter.ledger.totals import sum_rows
from exporter.model import Amounts, BookKey, DailyKey, RowKey

NOT_COUNTED = 0
"""The start of counting in sums that no counter made: usage before counting began, and stored amounts."""

MARKS_KEPT = timedelta(days=40)
"""The age beyond which marks and kept figures are useless: Cloudflare no longer answers for such days."""


def load_marks(read: sqlite3.Connection) -> dict[BookKey, dict[DayPart, DayMark]]:
    """Return the marks of closed days."""
    found: dict[BookKey, dict[DayPart, DayMark]] = {}
    ids: dict[str, frozenset[str]] = {}
    for account, dataset, day, part, answered, first, digest, since, is_final, *texts in read.execute(
        "SELECT * FROM day_mark"
    ):
        meters, alone = (text if text is None else ids.setdefault(text, frozenset(json.loads(text))) for text in texts)
        mark = DayMark(
            time_of(answered), moment_of(first), digest, moment_of(since), bool(is_final), meters, alone or frozenset()
        )
        start = day_start_of(day)
        found.setdefault(key_of(account, dataset), {})[DayPart(start.date(), Portion(part), start.hour)] = mark
    return found


def load_kept(read: sqlite3.Connection, key: BookKey, start: datetime) -> dict[RowKey, Amounts]:
    """Return the settled rows kept of the day, or part of a day, that starts so."""
    rows = read.execute(
        "SELECT asset, labels, amounts FROM kept_row WHERE account = ? AND dataset = ? AND day = ?",
        (*place_of(key), day_text(start)),
    )
    return {(asset, tuple(json.loads(labels))): tuple(json.loads(amounts)) for asset, labels, amounts in rows}


def load_all_kept(read: sqlite3.Connection, key: BookKey) -> dict[datetime, dict[RowKey, Amounts]]:
    """Return the settled rows kept of every day, or part of a day, that is not final, by its start."""
    days = read.execute("SELECT DISTINCT day FROM kept_row WHERE account = ? AND dataset = ?", place_of(key)).fetchall()
    return {start: load_kept(read, key, start) for start in (day_start_of(text) for (text,) in days)}


def load_cut_on(read: sqlite3.Connection, key: BookKey) -> date | None:
    """Return the newest day of which hours are kept one by one."""
    ((newest,),) = read.execute(
        "SELECT max(day) FROM day_mark WHERE account = ? AND dataset = ? AND day LIKE '%T%'", place_of(key)
    )
    return None if newest is None else day_start_of(newest).date()


def load_part(read: sqlite3.Connection, key: BookKey, start: int, part: DayPart) -> dict[DailyKey, int]:
    """Return the sums of a part of a day, counted since ``start`` (NOT_COUNTED: all sums of stored amounts)."""
    sums: dict[DailyKey, int] = {}
    condition, values = _of_part(key, start, part)
    for asset, meter, amount in read.execute(f"SELECT asset, meter, amount FROM daily WHERE {condition}", values):
        place = (part.day, asset, meter)
        sums[place] = sums.get(place, 0) + int(amount)
    return sums


def _daily_place(key: BookKey) -> tuple[str, str]:
    """Return the columns of a book's daily sums: they are kept by account, with a zone as their asset."""
    return key.scope.account_id, key.dataset


def _of_day(key: BookKey, day: date) -> tuple[str, tuple[Any, ...]]:
    """Return the condition of a book's sums of a day, and its values."""
    condition, values = "account = ? AND dataset = ? AND day = ?", (*_daily_place(key), str(day))
    return (f"{condition} AND asset = ?", (*values, key.scope.zone_id)) if key.scope.zone_id else (condition, values)


def _of_part(key: BookKey, start: int, part: DayPart) -> tuple[str, tuple[Any, ...]]:
    """Return the condition of a book's sums of a part of a day, and its values."""
    condition, values = _of_day(key, part.day)
    if part.part is Portion.COUNTED:
        return f"{condition} AND counted_from = ?", (*values, start)
    return (condition, values) if start == NOT_COUNTED else (f"{condition} AND counted_from != ?", (*values, start))


def merge_metered(
    write: sqlite3.Connection,
    key: BookKey,
    counted_from: int,
    metered: Metered,
    *,
    is_stored: bool,
) -> None:
    """Combine amounts with the daily sums of one start of counting, and those of hours with the hours of days."""
    combine = max if is_stored else add
    _merge_daily(write, key, counted_from, metered.sums(combine), combine)
    merge_hours(write, _daily_place(key), metered.hours, is_stored=is_stored)


def _merge_daily(
    write: sqlite3.Connection,
    key: BookKey,
    counted_from: int,
    daily: Mapping[DailyKey, int],
    combine: Callable[[int, int], int],
) -> None:
    """Combine amounts with the daily sums of one start of counting."""
    for day in {day for day, _, _ in daily}:
        condition, values = _of_day(key, day)
        known = {
            (day, asset, meter): int(amount)
            for asset, meter, amount in write.execute(
                f"SELECT asset, meter, amount FROM daily WHERE {condition} AND counted_from = ?",
                (*values, counted_from),
            )
        }
        changed = {which: combine(amount, known.get(which, 0)) for which, amount in daily.items() if which[0] == day}
        place = (*_daily_place(key), str(day), counted_from)
        write.executemany(
            f"INSERT OR REPLACE INTO daily VALUES ({marks(7)})",
            [
                (*place, asset, meter, str(amount))
                for (_, asset, meter), amount in changed.items()
                if known.get((day, asset, meter)) != amount
            ],
        )
    note_newest(write, key.scope.account_id, daily)
    if daily:
        oldest = max(day for day, _, _ in daily) - timedelta(days=KEPT_DAYS)
        old = (*_daily_place(key), str(oldest))
        write.execute("DELETE FROM daily WHERE account = ? AND dataset = ? AND day < ?", old)


def keep_more(write: sqlite3.Connection, key: BookKey, start: datetime, rows: Mapping[RowKey, Amounts]) -> None:
    """Add rows to those kept of a day or part of a day, and delete days that were never audited."""
    known = load_kept(write, key, start)
    _write_kept(write, key, start, sum_rows(({which: known[which] for which in rows if which in known}, rows)))
    oldest = str(start.date() - MARKS_KEPT)
    write.execute("DELETE FROM kept_row WHERE account = ? AND dataset = ? AND day < ?", (*place_of(key), oldest))


def write_day(write: sqlite3.Connection, key: BookKey, start: int, change: DayChange) -> None:
    """Set the sums of what a change is about, the kept figures and the mark of a part of a day.

    Counting began at ``start``. Sums of meters that an earlier release had stay.
    """
    day, is_counted = change.part.day, change.part.part is Portion.COUNTED
    counted_from = start if is_counted else NOT_COUNTED
    if not change.alone and is_counted:
        if change.mark.is_final:
            kept = (*place_of(key), day_text(change.part.start))
            write.execute("DELETE FROM kept_row WHERE account = ? AND dataset = ? AND day = ?", kept)
        _write_kept(write, key, change.part.start, change.kept)
    if change.is_added:
        _merge_daily(write, key, counted_from, change.daily, _add_difference)
    else:
        condition, values = _of_part(key, start, change.part)
        of_meters = f"{condition} AND meter IN ({marks(len(change.about))})"
        write.execute(f"DELETE FROM daily WHERE {of_meters}", (*values, *change.about))
        write.executemany(
            f"INSERT INTO daily VALUES ({marks(7)})",
            [
                (*_daily_place(key), str(day), counted_from, asset, meter, str(amount))
                for (_, asset, meter), amount in change.daily.items()
            ],
        )
        note_newest(write, key.scope.account_id, change.daily)
    merge_hours(write, _daily_place(key), change.levels, is_stored=True)
    write_marks(write, key, {change.part: change.mark})


def _add_difference(difference: int, known: int) -> int:
    return max(known + difference, 0)


def write_marks(write: sqlite3.Connection, key: BookKey, found: Mapping[DayPart, DayMark]) -> None:
    """Write the marks of closed days, and delete those of no more use."""
    for part, mark in found.items():
        write.execute(
            f"INSERT OR REPLACE INTO day_mark VALUES ({marks(11)})",
            (
                *place_of(key),
                day_text(part.start),
                str(part.part),
                seconds_of(mark.answered),
                seconds_or_none(mark.first),
                mark.digest,
                seconds_or_none(mark.repeated_since),
                int(mark.is_final),
                None if mark.meters is None else json.dumps(sorted(mark.meters)),
                json.dumps(sorted(mark.alone)),
            ),
        )
        oldest = str(mark.answered.date() - MARKS_KEPT)
        for table in ("day_mark", "kept_row"):
            old = (*place_of(key), oldest)
            write.execute(f"DELETE FROM {table} WHERE account = ? AND dataset = ? AND day < ?", old)


def _write_kept(write: sqlite3.Connection, key: BookKey, start: datetime, rows: Mapping[RowKey, Amounts]) -> None:
    place = (*place_of(key), day_text(start))
    write.executemany(
        f"INSERT OR REPLACE INTO kept_row VALUES ({marks(6)})",
        [
            (*place, asset, json.dumps(labels), json.dumps(amounts))
            for (asset, labels), amounts in rows.items()
            if any(amounts)
        ],
    )
