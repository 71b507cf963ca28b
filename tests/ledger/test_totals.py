"""Totals: settled and open hours added up, never falling."""

from collections.abc import Mapping

import pytest

from exporter.ledger.totals import RowTotals, accrue
from exporter.model import RowKey
from tests.ledger.factories import at, row_key
from tests.ledger.test_hours import Hours

CASES: dict[str, list[tuple[str, Mapping[str, int], int]]] = {
    "an answer replaces the one before": [
        ("09:10", {"09": 3}, 3),
        ("09:11", {"09": 5}, 5),
        ("09:11", {"09": 5}, 5),
    ],
    "open hours are added up": [
        ("09:59", {"09": 10}, 10),
        ("10:10", {"09": 10, "10": 3}, 13),
    ],
    "a settled hour is counted once": [
        ("10:00", {"09": 10}, 10),
        ("10:30", {"09": 10, "10": 2}, 12),
        ("10:31", {"10": 3}, 13),
    ],
    "a lower answer does not let it fall": [
        ("10:00", {"09": 10}, 10),
        ("10:01", {"09": 4}, 10),
        ("10:02", {"09": 12}, 12),
    ],
    "after an hour settled lower, growth is hidden until it passes the highest": [
        ("10:00", {"09": 10}, 10),
        ("10:30", {"09": 8, "10": 1}, 10),
        ("10:35", {"09": 8, "10": 2}, 10),
        ("10:36", {"10": 3}, 11),
    ],
    "a wrongly empty answer costs nothing": [
        ("10:00", {"09": 10}, 10),
        ("10:30", {}, 10),
        ("10:31", {"09": 10, "10": 2}, 12),
    ],
}


@pytest.mark.parametrize("case", CASES)
def test_a_total_never_falls(case: str) -> None:
    """After each answer the total is the highest that settled and open hours came to."""
    hours = Hours(at("09:00"))
    known: dict[RowKey, RowTotals] = {}
    totals = []
    for clock, usage, _ in CASES[case]:
        known |= accrue(known, hours.hear(clock, usage), fields=1, parts=1)
        totals.append(known[row_key("w1")].total[0] if known else 0)
    assert totals == [total for _, _, total in CASES[case]]


def test_only_rows_that_change_are_given() -> None:
    """A row whose total stands is not written again."""
    hours = Hours(at("09:00"))
    known = accrue({}, hours.hear("09:10", {"09": 3}), fields=1, parts=1)
    assert known == {row_key("w1"): RowTotals((0,), (3,), (0,))}
    assert accrue(known, hours.hear("09:11", {"09": 3}), fields=1, parts=1) == {}
