"""Damage to the ledger's file: bytes that are others or missing, and valid tables with invalid values."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

NO_TEXT = "\ue000"
"""Stands for a text that is no UTF-8: half of a surrogate pair."""

VALUES: tuple[Any, ...] = (
    *(None, -1, 0, 1, 2**40, 2**62, -(2**62), 4_102_444_800, 253_402_300_800, 1.5, 1e300, float("inf")),
    *("", " ", "x", "0", "7", "-7", "1e400", "0.5", "9" * 30, "9" * 5_000, "٣", "\0", "NaN", "null", "true", "{"),
    *("[]", "[1]", "[-1]", "[0.5]", '["a"]', "[null]", "[[1]]", "[true]", "[NaN]", "[1e400]", "[", "[],[]", "1,[2]"),
    *("{}", '{"a": 1}', '{"a": -1e300}', '{"a": null}', '["\\ud83d"]', "[" * 100_000, f"[{'9' * 5_000}]"),
    *("2025-10-20", "2025-13-45", "0000-00-00", "0001-01-01", "9999-12-31", "2025-10-20T05", "2025-10-20T99"),
    *("listed", "counted", "worker", "workersInvocationsAdaptive", b"", b"\xff", b"\0" * 24, b"\xff" * 192, NO_TEXT),
)
"""Values that one column or another does not have."""

YEARS = 10**11
"""Seconds until a time of which no year has four digits."""

Row = tuple[Any, ...]
Change = Callable[[Any], Any]

CHANGES: tuple[Change, ...] = (
    lambda value: -value if isinstance(value, int) else f"-{value}",
    lambda value: value + 86_400 if isinstance(value, int) else value,
    lambda value: value + YEARS if isinstance(value, int) else value,
    lambda value: value[:-1] if isinstance(value, str | bytes) else value,
    lambda value: value * 2 if isinstance(value, str | bytes) else value,
    lambda value: value.encode() if isinstance(value, str) else value,
    lambda value: value.replace("[", "[-") if isinstance(value, str) else value,
    lambda value: value.replace(", ", ".5, ") if isinstance(value, str) else value,
    lambda value: None,
)
"""What may become of a value."""


def wrong_values(file: Path) -> st.SearchStrategy[Mapping[str, Sequence[Row]]]:
    """Tables of a ledger with one to three changes of rows that no exporter makes; the database itself stays valid."""
    tables = _read(file)

    @st.composite
    def build(draw: st.DrawFn) -> Mapping[str, Sequence[Row]]:
        changed: dict[str, list[Row]] = {}
        for _ in range(draw(st.integers(1, 3))):
            table = draw(st.sampled_from(sorted(tables)))
            changed[table] = _change(draw, changed.get(table, tables[table]))
        return changed

    return build()


def write_rows(file: Path, changed: Mapping[str, Sequence[Row]]) -> None:
    """Give tables of a ledger other rows."""
    with closing(sqlite3.connect(file, isolation_level=None)) as write:
        write.execute("PRAGMA ignore_check_constraints = ON")
        write.execute("BEGIN")
        for table, rows in changed.items():
            write.execute(f"DELETE FROM {table}")
            for row in rows:
                values = ", ".join("CAST(X'EDA0BD' AS TEXT)" if value == NO_TEXT else "?" for value in row)
                kept = [value for value in row if value != NO_TEXT]
                with suppress(sqlite3.IntegrityError):  # A key that must be a number, and is none.
                    write.execute(f"INSERT OR IGNORE INTO {table} VALUES ({values})", kept)
        write.execute("COMMIT")


def wrong_bytes(content: bytes) -> st.SearchStrategy[bytes]:
    """A file that differs from another in some bytes, or ends early."""
    places = st.integers(0, max(len(content) - 1, 0))
    return st.one_of(
        st.lists(st.tuples(places, st.binary(min_size=1, max_size=40)), min_size=1, max_size=8).map(
            lambda put: _put(content, put)
        ),
        places.map(lambda end: content[:end]),
        places.map(lambda start: content[:start] + bytes(min(4_096, len(content) - start)) + content[start + 4_096 :]),
        st.binary(max_size=40),
    )


def _read(file: Path) -> dict[str, list[Row]]:
    with closing(sqlite3.connect(file)) as read:
        names = [name for (name,) in read.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        tables = {name: read.execute(f"SELECT * FROM {name}").fetchall() for name in names}
    return {name: rows for name, rows in tables.items() if rows}


def _change(draw: st.DrawFn, rows: Sequence[Row]) -> list[Row]:
    if not rows:
        return []
    number = draw(st.integers(0, len(rows) - 1), label="row")
    row = rows[number]
    column = draw(st.integers(0, len(row) - 1), label="column")
    kind = draw(st.sampled_from(("set", "set", "set all", "change", "change", "copy", "double", "delete", "empty")))
    if kind == "empty":
        return []
    if kind == "delete":
        return [*rows[:number], *rows[number + 1 :]]
    if kind == "set all":
        value = draw(st.sampled_from(VALUES))
        return [_with(each, column, value) for each in rows]
    if kind == "change":
        changed = _with(row, column, draw(st.sampled_from(CHANGES))(row[column]))
    elif kind == "copy":
        other = rows[draw(st.integers(0, len(rows) - 1))]
        changed = _with(row, column, other[draw(st.integers(0, len(other) - 1))])
    else:
        changed = _with(row, column, draw(st.sampled_from(VALUES)))
    return [*rows[:number], *([row] if kind == "double" else []), changed, *rows[number + 1 :]]


def _with(row: Row, column: int, value: Any) -> Row:
    return (*row[:column], value, *row[column + 1 :])


def _put(content: bytes, put: Sequence[tuple[int, bytes]]) -> bytes:
    changed = bytearray(content)
    for at, some in put:
        changed[at : at + len(some)] = some
    return bytes(changed[: len(content)])
