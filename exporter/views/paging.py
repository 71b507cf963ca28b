"""Pages of a long list; each starts after a row, not at a number, so that added and removed rows shift none. Pure."""

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from exporter.costs.history import QueryError

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 1_000

ASCENDING, DESCENDING = "asc", "desc"

Key = tuple[str | int, ...]
"""The sort key of a row; no two rows have the same."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Paging:
    """The number of rows per page, and the ``cursor`` from the previous page (empty for the first page)."""

    limit: int = DEFAULT_LIMIT
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows in order. ``total`` counts the rows of all pages; ``cursor`` leads to the next (None: the last)."""

    rows: tuple[Row, ...]
    total: int
    cursor: str | None


def write_cursor(order: str, key: Key) -> str:
    """Return the cursor to the rows after one, in an order."""
    return base64.urlsafe_b64encode(json.dumps([order, *key], separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(order: str, cursor: str, like: Key) -> Key:
    """Return the key in a cursor, with the types of ``like``. Raises QueryError."""
    try:
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or [type(part) for part in found] != [type(part) for part in (order, *like)]:
        raise QueryError("Invalid cursor.", "Use next_cursor from the previous page, or none for the first.")
    if found[0] != order:
        raise QueryError("The cursor belongs to a query with another order.", "Repeat the query of the first page.")
    return tuple(found[1:])


@dataclass(frozen=True, slots=True)
class Order(Generic[Row]):
    """Rows with their keys, in order; ``name`` identifies the order, and a cursor is valid for one order only."""

    name: str
    keyed: tuple[tuple[Key, Row], ...]
    is_reversed: bool = False

    def page(self, paging: Paging, is_wanted: Callable[[Row], bool] = lambda row: True) -> Page[Row]:
        """Return a page of the wanted rows. Raises QueryError.

        Following the cursors returns every row that exists throughout with an unchanged key exactly once.
        """
        wanted = [pair for pair in self.keyed if is_wanted(pair[1])]
        start = self._start(wanted, paging.cursor) if paging.cursor and wanted else 0
        chosen = wanted[start : start + paging.limit]
        has_more = start + paging.limit < len(wanted)
        cursor = write_cursor(self.name, chosen[-1][0]) if has_more and chosen else None
        return Page(tuple(row for _, row in chosen), len(wanted), cursor)

    def _start(self, wanted: Sequence[tuple[Key, Row]], cursor: str) -> int:
        after = read_cursor(self.name, cursor, wanted[0][0])
        if self.is_reversed:
            return len(wanted) - bisect_left(wanted[::-1], after, key=lambda pair: pair[0])
        return bisect_right(wanted, after, key=lambda pair: pair[0])


def in_order(rows: Iterable[Row], key_of: Callable[[Row], Key], name: str, *, is_reversed: bool = False) -> Order[Row]:
    """Return rows sorted by a key, as an order with a name."""
    keyed = sorted(((key_of(row), row) for row in rows), key=lambda pair: pair[0], reverse=is_reversed)
    return Order(name, tuple(keyed), is_reversed)


def in_order_of_identity(
    rows: Iterable[Row], identity_of: Callable[[Row], Key], name: str, direction: str
) -> Order[Row]:
    """Return rows sorted by identity, ascending by default."""
    direction = direction or ASCENDING
    return in_order(rows, identity_of, f"{name} {direction}", is_reversed=direction == DESCENDING)


def in_order_of_value(
    rows: Iterable[Row],
    value_of: Callable[[Row], int | None],
    identity_of: Callable[[Row], Key],
    name: str,
    direction: str,
) -> Order[Row]:
    """Return rows sorted by a value, largest first by default; rows without a value come last."""
    sign = 1 if direction == ASCENDING else -1

    def key_of(row: Row) -> Key:
        value = value_of(row)
        return int(value is None), sign * (value or 0), *identity_of(row)

    return in_order(rows, key_of, f"{name} {direction or DESCENDING}")
