"""The values that columns may have: every table of the schema has its conditions, and a new ledger fulfils them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from exporter.ledger.store.columns import COLUMNS, check_columns
from exporter.ledger.store.database import open_file

ACCOUNT = ("INSERT INTO account VALUES (?, ?, ?)", ("a", "Example", "Example"))
DAILY = ("INSERT INTO daily VALUES (?, ?, ?, ?, ?, ?, ?)", ("a", "d", "2025-10-20", 0, "x", "m", "7"))
ROW = (
    "INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?)",
    ("a", "d", "x", '["ok"]', "[0, 1]", "[18446744073709551616]", "[]"),
)


@pytest.fixture
def ledger() -> Iterator[sqlite3.Connection]:
    """A ledger in memory with a few rows."""
    with closing(open_file(None)) as connection:
        for statement, values in (ACCOUNT, DAILY, ROW):
            connection.execute(statement, values)
        yield connection


def test_every_table_has_conditions(ledger: sqlite3.Connection) -> None:
    """On columns that it has."""
    tables = {name for (name,) in ledger.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert set(COLUMNS) == tables
    for table, columns in COLUMNS.items():
        assert set(columns) <= {row[1] for row in ledger.execute(f"PRAGMA table_info({table})")}, table


def test_valid_rows_pass(ledger: sqlite3.Connection) -> None:
    """Figures may exceed 64 bits, and lists may be empty."""
    check_columns(ledger)


@pytest.mark.parametrize(
    "wrong",
    [
        "row SET settled = NULL",
        "account SET label = X'41'",
        "daily SET amount = '-7'",
        "daily SET amount = ''",
        "daily SET day = '2025-02-30'",
        "daily SET day = '0000-01-01'",
        "daily SET day = 'soon'",
        "daily SET asset = CAST('7' AS BLOB)",
        "row SET total = '[-1]'",
        "row SET total = '[0.5]'",
        "row SET total = '[[1]]'",
        "row SET total = '1,[2]'",
        "row SET labels = '{}'",
    ],
)
def test_what_the_exporter_would_not_write_is_found(ledger: sqlite3.Connection, wrong: str) -> None:
    """The error names table and column."""
    ledger.execute(f"UPDATE {wrong}")
    table, _, column, *_ = wrong.split()
    with pytest.raises(ValueError, match=rf"^{table}\.{column} has an invalid value$"):
        check_columns(ledger)
