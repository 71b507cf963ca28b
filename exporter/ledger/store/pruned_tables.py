"""Pruning in the ledger's file: which assets daily sums and kept rows name, and the deletion of what nothing names."""

import sqlite3
from collections.abc import Iterable
from datetime import date

from exporter.ledger.pruning import BATCH, Pruned
from exporter.ledger.roster import is_asset_id
from exporter.ledger.store.encoding import place_of
from exporter.ledger.store.hour_tables import delete_before
from exporter.ledger.store.left_series import forget_old
from exporter.model import ZONE, DailyKey, Scope

DATASETS = (
    "WITH RECURSIVE datasets (name) AS (SELECT min(dataset) FROM daily WHERE account = ?1 UNION ALL SELECT (SELECT "
    "min(dataset) FROM daily WHERE account = ?1 AND dataset > name) FROM datasets WHERE name IS NOT NULL)"
)
"""The datasets of an account, with one key lookup each; with them, SQLite finds days by index among a year of sums."""


def note_newest(write: sqlite3.Connection, account: str, sums: Iterable[DailyKey]) -> None:
    """Note the newest day of each asset's daily sums, without which finding it would read a year of them."""
    newest: dict[str, date] = {}
    for day, asset, _ in sums:
        if is_asset_id(asset):
            newest[asset] = max(day, newest.get(asset, day))
    write.executemany(
        "INSERT INTO newest_sum VALUES (?, ?, ?) ON CONFLICT (account, asset) DO UPDATE SET day = excluded.day "
        "WHERE excluded.day > newest_sum.day",
        [(account, asset, str(day)) for asset, day in newest.items()],
    )


def find_oldest_day(read: sqlite3.Connection, account: str) -> date | None:
    """Return the oldest day of an account's daily sums."""
    first = "(SELECT min(day) FROM daily WHERE account = ?1 AND dataset = name)"
    (day,) = read.execute(f"{DATASETS} SELECT min({first}) FROM datasets", (account,)).fetchone()
    return date.fromisoformat(day) if day is not None else None


def find_named(read: sqlite3.Connection, account: str, since: date) -> set[str]:
    """Return the ids of an account's assets with kept rows, or with daily sums on a day from ``since`` on."""
    found = read.execute(
        "SELECT asset FROM newest_sum WHERE account = ?1 AND day >= ?2 "
        # The account's own rows, and those of its zones.
        "UNION SELECT asset FROM kept_row WHERE account = ?1 OR account > ?1 || '/' AND account < ?1 || '0'",
        (account, str(since)),
    )
    return {asset for (asset,) in found}


def prune(write: sqlite3.Connection, pruned: Pruned) -> None:
    """Delete what is pruned, and a batch of the series that left too long ago."""
    account = pruned.account_id
    assets = [(account, kind, asset) for kind, asset in pruned.assets]
    write.executemany("DELETE FROM asset WHERE account = ? AND kind = ? AND id = ?", assets)
    write.executemany("DELETE FROM used WHERE account = ? AND kind = ? AND asset = ?", assets)
    ids = [(account, asset) for _, asset in pruned.assets]
    write.executemany("DELETE FROM newest_sum WHERE account = ? AND asset = ?", ids)
    zones = [(Scope(account, asset).text,) for kind, asset in pruned.assets if kind == ZONE]
    write.executemany("DELETE FROM ended_book WHERE account = ?", zones)
    for key, gone in pruned.books.items():
        rows = [(*place_of(key), asset) for asset in gone]
        for table in ("row", "reading"):
            write.executemany(f"DELETE FROM {table} WHERE account = ? AND dataset = ? AND asset = ?", rows)
    if pruned.day is not None:
        write.execute(
            f"{DATASETS} DELETE FROM daily WHERE account = ?1 AND dataset IN (SELECT name FROM datasets) AND day = ?2",
            (account, str(pruned.day)),
        )
        delete_before(write, pruned.day.toordinal() + 1)
    forget_old(write, pruned.now, BATCH)
