"""Pages of a long list: after a row rather than a number of rows, so that what comes and goes shifts nothing. Pure."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from exporter.books import QueryError

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 1_000

Key = tuple[str | int, ...]
"""Where a row stands; no two rows have the same."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Paging:
    """How many rows are wanted, and after which: ``cursor`` is what the page before gave, empty for the first."""

    limit: int = DEFAULT_LIMIT
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows in order. ``total`` counts the rows of all pages, and ``cursor`` leads to the next (None: the last)."""

    rows: tuple[Row, ...]
    total: int
    cursor: str | None


def write_cursor(order: str, key: Key) -> str:
    """Give the cursor that leads to what follows a row in an order."""
    return base64.urlsafe_b64encode(json.dumps([order, *key], separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(order: str, cursor: str, like: Key) -> Key:
    """Give the key of the row that a cursor stands for; it has the types of ``like``. Raises QueryError."""
    try:
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or [type(part) for part in found] != [type(part) for part in (order, *like)]:
        raise QueryError("The cursor is none that a page gave.", "Leave it out to begin with the first page.")
    if found[0] != order:
        raise QueryError("The cursor is of a question with another order.", "Ask the same question for each page.")
    return tuple(found[1:])


def page_of(
    rows: Iterable[Row], key_of: Callable[[Row], Key], order: str, paging: Paging, *, is_reversed: bool = False
) -> Page[Row]:
    """Give the page of some rows, which may come in any order. Raises QueryError.

    Going on from page to page gives every row that is there all the while, and whose key stays, exactly once.
    """
    keyed = sorted(((key_of(row), row) for row in rows), key=lambda pair: pair[0], reverse=is_reversed)
    start = 0
    if paging.cursor:
        like = keyed[0][0] if keyed else ()
        after = read_cursor(order, paging.cursor, like) if keyed else ()
        start = sum(1 for key, _ in keyed if (key >= after if is_reversed else key <= after))
    return _page(keyed, start, order, paging.limit)


def _page(keyed: Sequence[tuple[Key, Row]], start: int, order: str, limit: int) -> Page[Row]:
    chosen = keyed[start : start + limit]
    has_more = start + limit < len(keyed)
    return Page(
        tuple(row for _, row in chosen), len(keyed), write_cursor(order, chosen[-1][0]) if has_more and chosen else None
    )
