"""Series that left in the ledger's file: nothing of them is loaded at the start."""

import json
import sqlite3
from collections.abc import Collection, Iterator
from datetime import datetime

from exporter.ledger.counters import Counters
from exporter.ledger.left_series import REMEMBERED, Departure, SeriesName
from exporter.ledger.series import Series, SeriesKey
from exporter.ledger.store.encoding import marks, place_of, seconds_of
from exporter.model import BookKey, Placement

_NAMED = "label = ? AND dataset = ? AND project = ? AND asset = ? AND metric = ? AND labels = ?"


def move_out(write: sqlite3.Connection, key: BookKey, departure: Departure, book: Counters) -> None:
    """Move series of a book to those that left; one at zero starts at zero anyway.

    Those of two books that leave at the same time under one name come back as one.
    """
    left_at = seconds_of(departure.at)
    for placement, which, series in _leaving(departure, book):
        if not series.amount:
            continue
        name = _columns(book.plan.name(departure.label, placement, which))
        same = f"SELECT amount FROM left_series WHERE {_NAMED} AND left_at = ? AND account != ?"
        others = write.execute(same, (*name, left_at, key.scope.text)).fetchall()
        amount = series.amount + sum(int(amount) for (amount,) in others)
        place = (key.scope.text, str(amount), left_at)
        write.execute(f"INSERT OR REPLACE INTO left_series VALUES ({marks(9)})", (*name, *place))
    of_placement = "DELETE FROM series WHERE account = ? AND dataset = ? AND project = ? AND asset = ?"
    write.executemany(of_placement, [(*place_of(key), *placement) for placement in departure.placements])
    write.executemany(
        f"{of_placement} AND metric = ? AND labels = ?",
        [(*place_of(key), *placement, metric, json.dumps(values)) for placement, (metric, values) in departure.series],
    )


def _leaving(departure: Departure, book: Counters) -> Iterator[tuple[Placement, SeriesKey, Series]]:
    """Yield the series that leave."""
    for placement in departure.placements:
        yield from ((placement, which, series) for which, series in book.series.get(placement, {}).items())
    for placement, named in departure.series:
        which = SeriesKey(*named)
        yield placement, which, book.series[placement][which]


def find_left(read: sqlite3.Connection, wanted: Collection[SeriesName], now: datetime) -> dict[SeriesName, int]:
    """Return the amounts of those of some series that left and are still remembered."""
    books = {name[:2] for name in wanted}
    has_any = "SELECT 1 FROM left_series WHERE label = ? AND dataset = ? LIMIT 1"
    known = {book for book in books if read.execute(has_any, book).fetchone()}
    since = seconds_of(now - REMEMBERED)
    found: dict[SeriesName, int] = {}
    for name in wanted if known else ():
        query = f"SELECT amount FROM left_series WHERE {_NAMED} AND left_at >= ?"
        amount = read.execute(query, (*_columns(name), since)).fetchone()
        if amount is not None:
            found[name] = int(amount[0])
    return found


def take_back(write: sqlite3.Connection, names: Collection[SeriesName]) -> None:
    """Delete series that came back from those that left."""
    write.executemany(f"DELETE FROM left_series WHERE {_NAMED}", map(_columns, names))


def forget_dropped(write: sqlite3.Connection, key: BookKey, metrics: Collection[str]) -> None:
    """Delete what left of a book, but for these metrics: one that is dropped loses its series."""
    write.execute(
        "DELETE FROM left_series WHERE account = ? AND dataset = ? AND metric NOT IN (SELECT value FROM json_each(?))",
        (*place_of(key), json.dumps(metrics)),
    )


def forget_all(write: sqlite3.Connection) -> None:
    """Delete everything that left."""
    write.execute("DELETE FROM left_series")


def has_old(read: sqlite3.Connection, now: datetime) -> bool:
    """Return whether some series left too long ago."""
    old = "SELECT 1 FROM left_series WHERE left_at < ? LIMIT 1"
    return read.execute(old, (seconds_of(now - REMEMBERED),)).fetchone() is not None


def forget_old(write: sqlite3.Connection, now: datetime, count: int) -> None:
    """Delete some of the series that left too long ago."""
    write.execute(
        "DELETE FROM left_series WHERE rowid IN (SELECT rowid FROM left_series WHERE left_at < ? LIMIT ?)",
        (seconds_of(now - REMEMBERED), count),
    )


def _columns(name: SeriesName) -> tuple[str, ...]:
    return (*name[:-1], json.dumps(name.values))
