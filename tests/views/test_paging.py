"""Pages: whatever comes and goes between them, what stays is told once."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.costs.history import QueryError
from exporter.views.paging import Key, Paging, in_order, read_cursor, write_cursor

ROWS = st.lists(st.tuples(st.integers(-3, 3), st.text(max_size=2)), unique=True, max_size=12)


def pages(versions: Sequence[list[tuple[int, str]]], limit: int, is_reversed: bool) -> list[tuple[int, str]]:
    """The rows of all pages, each of a newer version of the list; the last version stays."""
    found: list[tuple[int, str]] = []
    cursor, number = "", 0
    while True:
        rows = versions[min(number, len(versions) - 1)]
        page = in_order(rows, _key, "these", is_reversed=is_reversed).page(Paging(limit, cursor))
        assert page.total == len(rows)
        found += page.rows
        if page.cursor is None:
            return found
        cursor, number = page.cursor, number + 1


def _key(row: tuple[int, str]) -> Key:
    return row


@given(ROWS, st.integers(1, 5), st.booleans())
def test_pages_are_the_whole_in_order(rows: list[tuple[int, str]], limit: int, is_reversed: bool) -> None:
    """In either direction, whatever the limit, and however the rows came."""
    assert pages([rows], limit, is_reversed) == sorted(rows, reverse=is_reversed)


@given(st.lists(ROWS, min_size=1, max_size=6), st.integers(1, 4), st.booleans())
def test_what_stays_is_told_exactly_once(versions: list[list[tuple[int, str]]], limit: int, is_reversed: bool) -> None:
    """Rows that come and go meanwhile neither double nor hide those that stay."""
    found = pages(versions, limit, is_reversed)
    staying = set(versions[0]).intersection(*versions)
    assert len(set(found)) == len(found)
    assert staying <= set(found)


@given(st.text(max_size=5), st.lists(st.integers() | st.text(max_size=5), max_size=5))
def test_a_cursor_is_read_as_it_was_written(order: str, parts: list[int | str]) -> None:
    """Whatever names are like."""
    key = tuple(parts)
    assert read_cursor(order, write_cursor(order, key), key) == key


@given(st.text(max_size=40))
def test_a_cursor_that_was_made_up_is_refused(text: str) -> None:
    """It never is another error."""
    with pytest.raises(QueryError):
        read_cursor("these", text, (0, ""))


def test_a_cursor_of_an_empty_list_ends() -> None:
    """When everything is gone there is nothing more."""
    page = in_order([], _key, "these").page(Paging(1, write_cursor("these", (0, ""))))
    assert (page.rows, page.total, page.cursor) == ((), 0, None)
