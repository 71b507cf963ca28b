"""The hours of days in the ledger's file: one row a day for each asset and meter of a dataset.

A row holds 24 amounts, packed by the width of the largest. What a day's hours leave of its daily sum, the rest, is not
stored: it follows from the daily sums, so that no change of them can miss it. Rows are in the order of their days, and
keys in that in which they were first written: a day is written at the end of the table and deleted from its beginning.
"""

import sqlite3
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from operator import add
from typing import NamedTuple

from exporter.ledger.day_hours import HOURS, KEPT_HOURS, DayHours, day_hours
from exporter.model import DailyKey, HourKey

_SHAPES = {width: struct.Struct(f"<{HOURS}{code}") for width, code in ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))}

_Amounts = tuple[int, ...]

_NOTHING: _Amounts = (0,) * HOURS


class _Stored(NamedTuple):
    """The hours that are stored of one day, asset and meter of a dataset."""

    hours: _Amounts = _NOTHING
    is_stored: bool = False


def merge_hours(
    write: sqlite3.Connection, place: tuple[str, str], amounts: Mapping[HourKey, int], *, is_stored: bool
) -> None:
    """Add amounts to the hours of an account's dataset, or raise the levels of those of a stored quantity to them.

    Hours that are too old beside the newest are deleted.
    """
    days: dict[int, dict[tuple[str, str], list[tuple[int, int]]]] = {}
    for (hour, asset, meter), amount in amounts.items():
        days.setdefault(hour.toordinal(), {}).setdefault((asset, meter), []).append((hour.hour, amount))
    combine = max if is_stored else add
    for day, changed in days.items():
        _add_keys(write, place, changed, is_stored)
        rows = []
        for number, asset, meter, packed in _of_day(write, place, day, {asset for asset, _ in changed}):
            told = changed.get((asset, meter))
            if told is None:
                continue
            hours = list(unpack(packed)) if packed else list(_NOTHING)
            for position, amount in told:
                hours[position] = combine(hours[position], amount)
            now = pack(hours)
            if now != packed:
                rows.append((day, number, now))
        write.executemany("INSERT OR REPLACE INTO hour_row VALUES (?, ?, ?)", rows)
    if days:
        delete_before(write, max(days) - KEPT_HOURS)


def _of_day(
    write: sqlite3.Connection, place: tuple[str, str], day: int, assets: Collection[str]
) -> list[tuple[int, str, str, bytes | None]]:
    """Return number, asset, meter and amounts of a dataset's rows of a day: of one asset, or, for speed, of all."""
    values = (day, *place, *assets) if len(assets) == 1 else (day, *place)
    return write.execute(
        "SELECT id, asset, meter, amounts FROM hour_key LEFT JOIN hour_row ON day = ? AND key = id "
        f"WHERE account = ? AND dataset = ?{' AND asset = ?' if len(assets) == 1 else ''}",
        values,
    ).fetchall()


def _add_keys(
    write: sqlite3.Connection, place: tuple[str, str], which: Iterable[tuple[str, str]], is_stored: bool
) -> None:
    """Number the assets and meters that have none yet."""
    write.executemany(
        "INSERT OR IGNORE INTO hour_key VALUES (NULL, ?, ?, ?, ?, ?)",
        [(*place, asset, meter, int(is_stored)) for asset, meter in which],
    )


def load_hours(
    read: sqlite3.Connection, account: str, asset: str, since: date, until: date
) -> dict[DailyKey, DayHours]:
    """Return the settled hours of an asset on the days in [since, until), over all datasets, with their rests."""
    sums = dict(_sums(read, account, asset, since, until))
    stored = dict(_stored(read, account, asset, since, until))
    found: dict[DailyKey, DayHours] = {}
    for place in sums.keys() | stored.keys():
        _, day, meter = place
        hours, is_stored = stored.get(place, _Stored())
        told = day_hours(hours, sums.get(place, 0), is_stored=is_stored)
        key = (day, asset, meter)
        found[key] = found[key].plus(told) if key in found else told
    return found


def pack(amounts: list[int]) -> bytes:
    """Encode the amounts of a day in as many bytes each as the largest needs."""
    bits = max(amounts).bit_length()
    for width, shape in _SHAPES.items():
        if bits <= 8 * width:
            return shape.pack(*amounts)
    width = (bits + 7) // 8
    return b"".join(amount.to_bytes(width, "little") for amount in amounts)


def unpack(packed: bytes) -> _Amounts:
    """Decode the amounts of a day. Raises ValueError."""
    width, left = divmod(len(packed), HOURS)
    if left or not width:
        raise ValueError(f"{len(packed)} bytes are not the amounts of a day")
    if width in _SHAPES:
        return _SHAPES[width].unpack(packed)
    return tuple(int.from_bytes(packed[at : at + width], "little") for at in range(0, len(packed), width))


def delete_before(write: sqlite3.Connection, oldest: int) -> None:
    """Delete the hours of days before the ``oldest``, and the assets and meters without any others."""
    if write.execute("DELETE FROM hour_row WHERE day < ?", (oldest,)).rowcount:
        days = ", ".join(map(str, _days(write, oldest, date.max.toordinal())))
        write.execute(
            f"DELETE FROM hour_key WHERE NOT EXISTS (SELECT 1 FROM hour_row WHERE day IN ({days}) AND key = id)"
        )


_Place = tuple[str, date, str]
"""Dataset, day and meter."""


def _stored(
    read: sqlite3.Connection, account: str, asset: str, since: date, until: date
) -> Iterator[tuple[_Place, _Stored]]:
    days = ", ".join(map(str, _days(read, since.toordinal(), until.toordinal())))
    for dataset in _datasets(read, "hour_key", account):
        for day, meter, is_stored, packed in read.execute(
            "SELECT day, meter, is_stored, amounts FROM hour_key JOIN hour_row ON key = id "
            f"WHERE account = ? AND dataset = ? AND asset = ? AND day IN ({days})",
            (account, dataset, asset),
        ):
            yield (dataset, date.fromordinal(day), meter), _Stored(unpack(packed), bool(is_stored))


def _days(read: sqlite3.Connection, since: int, until: int) -> Iterator[int]:
    """Yield the days in [since, until) with hours, with one key lookup each."""
    while (found := read.execute("SELECT min(day) FROM hour_row WHERE day >= ?", (since,)).fetchone()[0]) is not None:
        if found >= until:
            return
        yield found
        since = found + 1


def _sums(read: sqlite3.Connection, account: str, asset: str, since: date, until: date) -> Iterator[tuple[_Place, int]]:
    """Yield the daily sums of an asset, over all starts of counting."""
    for dataset in _datasets(read, "daily", account):
        sums: dict[tuple[str, str], int] = {}
        for day, counted_from in _starts(read, account, dataset, since, until):
            for meter, amount in read.execute(
                "SELECT meter, amount FROM daily "
                "WHERE account = ? AND dataset = ? AND day = ? AND counted_from = ? AND asset = ?",
                (account, dataset, day, counted_from, asset),
            ):
                sums[day, meter] = sums.get((day, meter), 0) + int(amount)
        for (day, meter), amount in sums.items():
            yield (dataset, date.fromisoformat(day), meter), amount


def _starts(
    read: sqlite3.Connection, account: str, dataset: str, since: date, until: date
) -> Iterator[tuple[str, int]]:
    """Yield the days with sums and their starts of counting, with one key lookup each, in place of a scan of assets."""
    place = (str(since), -1)
    while found := read.execute(
        "SELECT day, counted_from FROM daily WHERE account = ? AND dataset = ? AND (day, counted_from) > (?, ?) "
        "AND day < ? ORDER BY day, counted_from LIMIT 1",
        (account, dataset, *place, str(until)),
    ).fetchone():
        place = found
        yield place


def _datasets(read: sqlite3.Connection, table: str, account: str) -> Iterator[str]:
    """Yield the datasets of an account in a table, with one key lookup each."""
    name = ""
    while name is not None:
        name = read.execute(
            f"SELECT min(dataset) FROM {table} WHERE account = ? AND dataset > ?", (account, name)
        ).fetchone()[0]
        if name is not None:
            yield name
