"""Rows: those of one key are added up, field by field."""

from exporter.model import Amounts, RowKey, merge_rows

FIRST: RowKey = ("w1", ("success",))
SECOND: RowKey = ("w1", ("error",))


def test_rows_of_one_key_are_added_field_by_field() -> None:
    """Merged rows hold the sum of what both say of a key, and what only one says as it is."""
    into: dict[RowKey, Amounts] = {FIRST: (1, 20)}
    merge_rows(into, {FIRST: (2, 30), SECOND: (5, 7)})
    assert into == {FIRST: (3, 50), SECOND: (5, 7)}


def test_merging_leaves_the_rows_that_are_added_as_they_are() -> None:
    """Only what is merged into changes, also by what is merged later."""
    into: dict[RowKey, Amounts] = {}
    rows: dict[RowKey, Amounts] = {FIRST: (1,)}
    merge_rows(into, rows)
    merge_rows(into, rows)
    assert (into, rows) == ({FIRST: (2,)}, {FIRST: (1,)})
