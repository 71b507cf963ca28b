"""What answers about a closed day change: late usage, daily sums, and peaks of what is stored."""

from collections.abc import Mapping, Sequence

import pytest

from exporter.ledger.audit import DayChange, audit, fill
from exporter.ledger.audit_schedule import DayMark, DayPart, Portion
from exporter.ledger.daily_sums import fold_days
from exporter.ledger.gauges import levels_of_day
from exporter.model import HOUR, UNKNOWN, Amounts, Answer, DailyKey, Question, RowKey
from tests.ledger.factories import CALLS, DAY, MONDAY, SCOPE, Usage, at, day_answer, row_key, rows
from tests.ledger.gauge_scene import STOCK, Stock, stock_rows

COUNTED = DayPart(MONDAY, Portion.COUNTED)
BEFORE = DayPart(MONDAY, Portion.BEFORE)

UNBILLED = ("w1", "unbilled")

Seen = tuple[str, Usage, Usage, Mapping[str, int], int, bool]
"""When an answer was dated and what it said; then what came late, the calls of each asset on that day, how many rows
are lower for good, and whether the day is final."""

AUDITED: dict[str, tuple[Usage, Sequence[Seen]]] = {
    "what was counted is borne out": (
        {"w1": 10},
        [("50:00", {"w1": 10}, {}, {"w1": 10}, 0, False), ("50:05", {"w1": 10}, {}, {"w1": 10}, 0, True)],
    ),
    "what is higher came late, once": (
        {"w1": 10, "w2": 3},
        [
            ("50:00", {"w1": 12, "w2": 3}, {"w1": 2}, {"w1": 12, "w2": 3}, 0, False),
            ("50:05", {"w1": 12, "w2": 3}, {}, {"w1": 12, "w2": 3}, 0, True),
        ],
    ),
    "what comes between the two answers came late too": (
        {"w1": 10},
        [("50:00", {"w1": 12}, {"w1": 2}, {"w1": 12}, 0, False), ("50:05", {"w1": 13}, {"w1": 1}, {"w1": 13}, 0, True)],
    ),
    "rows that were not known came late": (
        {"w1": 10},
        [("50:00", {"w1": 10, "w9": 4}, {"w9": 4}, {"w1": 10, "w9": 4}, 0, False)],
    ),
    "what is lower changes nothing until it is repeated": (
        {"w1": 10, "w2": 3},
        [
            ("50:00", {"w1": 8, "w2": 3}, {}, {"w1": 10, "w2": 3}, 0, False),
            ("50:30", {"w1": 8, "w2": 3}, {}, {"w1": 8, "w2": 3}, 1, True),
        ],
    ),
    "a wrongly empty answer is put right": (
        {"w1": 10},
        [("50:00", {}, {}, {"w1": 10}, 0, False), ("50:30", {"w1": 11}, {"w1": 1}, {"w1": 11}, 0, True)],
    ),
    "an empty answer that is repeated is taken": (
        {"w1": 10},
        [("50:00", {}, {}, {"w1": 10}, 0, False), ("50:30", {}, {}, {}, 1, True)],
    ),
    "what is higher counts beside what is lower": (
        {"w1": 10, "w2": 3},
        [
            ("50:00", {"w1": 8, "w2": 5}, {"w2": 2}, {"w1": 10, "w2": 5}, 0, False),
            ("50:30", {"w1": 8, "w2": 5}, {}, {"w1": 8, "w2": 5}, 1, True),
        ],
    ),
    "a figure that falls back counts once": (
        {"w1": 10},
        [
            ("50:00", {"w1": 14}, {"w1": 4}, {"w1": 14}, 0, False),
            ("50:05", {"w1": 12}, {}, {"w1": 14}, 0, False),
            ("50:35", {"w1": 14}, {}, {"w1": 14}, 0, True),
        ],
    ),
    "a day without usage": ({}, [("50:00", {}, {}, {}, 0, False), ("50:05", {}, {}, {}, 0, True)]),
}


@pytest.mark.parametrize("case", AUDITED)
def test_an_audit_adds_what_came_late_and_sets_the_day(case: str) -> None:
    """Each series of answers about what was counted gives what the table says."""
    counted, expected = AUDITED[case]
    kept: Mapping[RowKey, Amounts] = rows(counted)
    mark: DayMark | None = None
    for clock, said, late, calls, revisions, is_final in expected:
        change = audit(CALLS, COUNTED, mark, day_answer(MONDAY, clock, said), kept)
        assert change.part == COUNTED
        assert change.late == rows(late)
        assert change.daily == {(MONDAY, asset, "calls"): amount for asset, amount in calls.items()}
        assert (change.revisions, change.mark.is_final) == (revisions, is_final)
        kept, mark = change.kept, change.mark
    assert kept == {} or not is_final


def test_an_audit_meters_each_row_by_its_labels() -> None:
    """The sums of the day are those of the rows, whatever meter they belong to."""
    change = audit(CALLS, COUNTED, None, day_answer(MONDAY, "50:00", {"w1": 5, UNBILLED: 4}), rows({UNBILLED: 1}))
    assert change.daily == {(MONDAY, "w1", "calls"): 5, (MONDAY, "w1", "calls_unbilled"): 4}
    assert change.late == {row_key("w1"): (5,), row_key(UNBILLED): (3,)}


def test_an_estimate_is_late_only_beyond_a_tenth() -> None:
    """Sampled answers differ each time: counters stay for less, and the day has what was said last."""
    kept = rows({"w1": 100, "w2": 100})
    first = audit(CALLS, COUNTED, None, day_answer(MONDAY, "50:00", {"w1": 105, "w2": 130}, are_estimates=True), kept)
    assert first.late == rows({"w2": 30})
    assert first.daily == {(MONDAY, "w1", "calls"): 100, (MONDAY, "w2", "calls"): 130}
    again = day_answer(MONDAY, "50:05", {"w1": 94, "w2": 128}, are_estimates=True)
    second = audit(CALLS, COUNTED, first.mark, again, first.kept)
    assert (second.late, second.revisions, second.mark.is_final) == ({}, 0, True)
    assert second.daily == {(MONDAY, "w1", "calls"): 94, (MONDAY, "w2", "calls"): 128}


Filled = tuple[str, Usage, Mapping[str, int], bool]
"""When an answer was dated and what it said; then the calls of each asset on that day, and whether it is final."""

FILLED: dict[str, tuple[Mapping[str, int], Sequence[Filled]]] = {
    "a day of which nothing is known": (
        {},
        [("50:00", {"w1": 10}, {"w1": 10}, False), ("50:05", {"w1": 10}, {"w1": 10}, True)],
    ),
    "a day that is asked while it still grows": (
        {},
        [
            ("20:00", {"w1": 7}, {"w1": 7}, False),
            ("24:30", {"w1": 9}, {"w1": 9}, False),
            ("50:00", {"w1": 10}, {"w1": 10}, False),
            ("50:05", {"w1": 10}, {"w1": 10}, True),
        ],
    ),
    "what is known is set, not added to": (
        {"w1": 9, "w2": 2},
        [
            ("50:00", {"w1": 10, "w2": 2}, {"w1": 10, "w2": 2}, False),
            ("50:05", {"w1": 10, "w2": 2}, {"w1": 10, "w2": 2}, True),
        ],
    ),
    "a wrongly empty answer is put right": (
        {"w1": 9},
        [("50:00", {}, {"w1": 9}, False), ("50:30", {"w1": 9}, {"w1": 9}, True)],
    ),
    "what is lower counts once it is repeated": (
        {"w1": 9, "w2": 2},
        [("50:00", {"w1": 8}, {"w1": 9, "w2": 2}, False), ("50:30", {"w1": 8}, {"w1": 8}, True)],
    ),
}


@pytest.mark.parametrize("case", FILLED)
def test_a_fill_sets_the_day(case: str) -> None:
    """Each series of answers about what was before counting gives the sums of the table, and touches no counter."""
    before, expected = FILLED[case]
    known: Mapping[DailyKey, int] = calls(before)
    mark: DayMark | None = None
    for clock, said, daily, is_final in expected:
        change = fill(CALLS, BEFORE, mark, day_answer(MONDAY, clock, said), known)
        assert change == DayChange(BEFORE, change.mark, calls(daily), about=CALLS.counted_ids)
        assert change.mark.is_final == is_final
        known, mark = change.daily, change.mark


def test_an_estimated_fill_is_final_within_a_tenth() -> None:
    """Two sampled answers are never the same; the second one holds."""
    first = fill(CALLS, BEFORE, None, day_answer(MONDAY, "50:00", {"w1": 100}, are_estimates=True), {})
    second = fill(CALLS, BEFORE, first.mark, day_answer(MONDAY, "50:05", {"w1": 95}, are_estimates=True), first.daily)
    assert (second.daily, second.mark.is_final) == (calls({"w1": 95}), True)


def calls(amounts: Mapping[str, int]) -> dict[DailyKey, int]:
    """Return the daily sums of the calls of some assets."""
    return {(MONDAY, asset, "calls"): amount for asset, amount in amounts.items()}


PEAKS: dict[str, tuple[Mapping[str, Stock], Mapping[str, int]]] = {
    "nothing stored": ({}, {}),
    "the highest hour of each asset, and of all together": (
        {"09": {"w1": 5, "w2": 1}, "10": {"w1": 2, "w2": 3}, "11": {"w1": 1, "w2": 2}},
        {"w1": 5, "w2": 3, "": 6},
    ),
    "a row holds until the next of its asset": (
        {"09": {"w1": 5, "w2": 1}, "10": {"w2": 3}, "11": {"w1": 1, "w2": 9}},
        {"w1": 5, "w2": 9, "": 10},
    ),
    "the first row of the day holds for the hours before it": (
        {"03": {"w1": 5}, "10": {"w1": 1}, "12": {"w2": 4}},
        {"w1": 5, "w2": 4, "": 9},
    ),
    "label sets and fields of one meter add up": ({"09": {"w1": (5, 2), "w1/cold": (1, 1)}}, {"w1": 9, "": 9}),
    "what the plan does not say is nothing": ({"09": {"w1": (5, UNKNOWN)}}, {"w1": 5, "": 5}),
}


@pytest.mark.parametrize("case", PEAKS)
def test_the_peaks_of_a_day_that_is_over(case: str) -> None:
    """Storage is billed by the day's peak: that of each asset, and of the account as the sum over all in any hour."""
    hours, expected = PEAKS[case]
    levels = levels_of_day(STOCK, {at(f"{hour}:00"): stock_rows(stock) for hour, stock in hours.items()})
    assert fold_days(levels, max) == stored(expected)


def test_a_fill_raises_peaks_and_never_lowers_them() -> None:
    """The hours before the day, which the answer does not hold, may have told more; that is no contradiction."""
    known = stored({"w1": 9, "w2": 1, "": 10})
    question = Question(SCOPE, STOCK.key, DAY, DAY + 24 * HOUR, by_day=True)
    hours = {at("09:00"): stock_rows({"w1": 5, "w2": 4})}
    first = fill(STOCK, BEFORE, None, Answer(question, at("50:00"), hours), known)
    mark = DayMark(at("50:00"), at("50:00"), meters=frozenset({"stock"}))
    peaks, levels = stored({"w1": 9, "w2": 4, "": 10}), levels_of_day(STOCK, hours)
    assert first == DayChange(BEFORE, mark, peaks, levels=levels, about=STOCK.counted_ids)
    second = fill(STOCK, BEFORE, first.mark, Answer(question, at("50:05"), hours), first.daily)
    assert (second.daily, second.mark.is_final) == (first.daily, True)


def stored(amounts: Mapping[str, int]) -> dict[DailyKey, int]:
    """Return the daily sums of what assets, and the account, store."""
    return {(MONDAY, asset, "stock"): amount for asset, amount in amounts.items()}
