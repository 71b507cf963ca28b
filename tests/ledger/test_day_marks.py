"""Marks of closed days as tables: when an answer is final, and what is known when counting begins anew."""

from collections.abc import Mapping, Sequence
from datetime import date

import pytest

from exporter.ledger.audit_schedule import (
    Comparison,
    DayMark,
    DayPart,
    Portion,
    after_retiring,
    compare,
    digest_of,
    judge,
)
from exporter.model import Amounts
from tests.ledger.day_scene import SUNDAY, TUESDAY
from tests.ledger.factories import MONDAY, at

MONDAY_BEFORE = DayPart(MONDAY, Portion.BEFORE)
MONDAY_COUNTED = DayPart(MONDAY, Portion.COUNTED)
SUNDAY_BEFORE = DayPart(SUNDAY, Portion.BEFORE)
TUESDAY_COUNTED = DayPart(TUESDAY, Portion.COUNTED)

HEARD_ONCE = DayMark(at("20:00"))
FINAL = DayMark(at("99:00"), at("98:00"), is_final=True)

FetchedAlerts = tuple[str, str, bool]
"""When an answer was dated, its digest if it is lower than what is known, and whether it is final."""

JUDGED: dict[str, Sequence[FetchedAlerts]] = {
    "two answers five minutes apart": [("50:00", "", False), ("50:04", "", False), ("50:05", "", True)],
    "what was said before 26 hours does not count": [("49:59", "", False), ("50:04", "", False), ("50:09", "", True)],
    "a lower one is repeated exactly": [("50:00", "a", False), ("50:04", "a", False), ("50:05", "a", True)],
    "a lower second one has to be repeated too": [("50:00", "", False), ("50:05", "a", False), ("50:35", "a", True)],
    "a lower one, and another": [
        ("50:00", "a", False),
        ("50:30", "b", False),
        ("50:34", "b", False),
        ("50:35", "b", True),
    ],
    "lower ones that differ each time are taken after six hours": [
        ("50:00", "a", False),
        ("52:00", "b", False),
        ("55:59", "a", False),
        ("56:00", "b", True),
    ],
    "a lower one is put right by the next": [("50:00", "a", False), ("50:30", "", True)],
    "a lower one that is put right at once still needs a second": [
        ("50:00", "a", False),
        ("50:04", "", False),
        ("50:05", "", True),
    ],
    "a lower one after one that was not begins anew": [
        ("50:00", "a", False),
        ("50:04", "", False),
        ("50:08", "a", False),
        ("50:13", "a", True),
    ],
    "a lower one before 26 hours says nothing": [("49:50", "a", False), ("50:00", "a", False), ("50:05", "a", True)],
}


@pytest.mark.parametrize("case", JUDGED)
def test_a_second_answer_makes_a_day_final(case: str) -> None:
    """Each series of answers is final where the table says, and each is remembered by its date."""
    mark: DayMark | None = None
    seen: list[FetchedAlerts] = []
    for clock, digest, _ in JUDGED[case]:
        mark = judge(mark, at("50:00"), at(clock), bool(digest), digest)
        assert mark.answered == at(clock)
        seen.append((clock, digest, mark.is_final))
    assert seen == JUDGED[case]


Figures = Mapping[str, Amounts]
Compared = tuple[Figures, Figures, dict[str, Amounts], int]

EXACT: dict[str, Compared] = {
    "the same": ({"w1": (3, 4)}, {"w1": (3, 4)}, {}, 0),
    "nothing and nothing": ({}, {}, {}, 0),
    "higher in one field": ({"w1": (3, 4)}, {"w1": (3, 6)}, {"w1": (0, 2)}, 0),
    "a row that was not known": ({}, {"w1": (3, 0)}, {"w1": (3, 0)}, 0),
    "a row of zeros that was not known": ({}, {"w1": (0, 0)}, {}, 0),
    "lower by one": ({"w1": (1_000, 4)}, {"w1": (999, 4)}, {}, 1),
    "a row that is gone": ({"w1": (3, 4), "w2": (1, 1)}, {"w2": (1, 1)}, {}, 1),
    "higher in one field and lower in another": ({"w1": (3, 4)}, {"w1": (5, 3)}, {"w1": (2, 0)}, 1),
    "some higher, some lower": (
        {"w1": (3, 0), "w2": (9, 0), "w3": (2, 0)},
        {"w1": (4, 0), "w2": (8, 0), "w3": (1, 0)},
        {"w1": (1, 0)},
        2,
    ),
}

ESTIMATED: dict[str, Compared] = {
    "within a tenth": ({"w1": (100, 90)}, {"w1": (90, 100)}, {}, 0),
    "more than a tenth higher": ({"w1": (100, 89)}, {"w1": (112, 89)}, {"w1": (12, 0)}, 0),
    "more than a tenth lower": ({"w1": (100, 89)}, {"w1": (89, 89)}, {}, 1),
    "where there was nothing, something": ({}, {"w1": (1, 0)}, {"w1": (1, 0)}, 0),
    "where there was something, nothing": ({"w1": (1, 0)}, {}, {}, 1),
}


@pytest.mark.parametrize("case", EXACT)
def test_exact_figures_are_compared_to_the_unit(case: str) -> None:
    """Every field of every row counts by itself."""
    known, said, higher, lower = EXACT[case]
    assert compare(known, said, are_estimates=False) == Comparison(higher, lower)


@pytest.mark.parametrize("case", ESTIMATED)
def test_estimates_are_compared_beyond_a_tenth(case: str) -> None:
    """A tenth of the larger figure means nothing."""
    known, said, higher, lower = ESTIMATED[case]
    assert compare(known, said, are_estimates=True) == Comparison(higher, lower)


def test_only_the_same_answer_has_the_same_digest() -> None:
    """The order of rows says nothing; every row and every figure does."""
    digest = digest_of({"w1": (3, 4), "w2": (5, 6)})
    assert digest == digest_of({"w2": (5, 6), "w1": (3, 4)})
    others: tuple[Figures, ...] = ({"w1": (3, 4)}, {"w1": (3, 4), "w2": (6, 5)}, {"w1": (5, 6), "w2": (3, 4)}, {})
    assert len({digest, *map(digest_of, others)}) == 5


OPEN_MARK = DayMark(at("50:00"), at("50:00"))

RETIRED: dict[str, tuple[dict[DayPart, DayMark], set[DayPart]]] = {
    "whole days before counting stay as they were": (
        {SUNDAY_BEFORE: FINAL, DayPart(date(2025, 10, 18), Portion.BEFORE): HEARD_ONCE},
        {SUNDAY_BEFORE, DayPart(date(2025, 10, 18), Portion.BEFORE)},
    ),
    "an audited day is one that was filled in": ({TUESDAY_COUNTED: FINAL}, {DayPart(TUESDAY, Portion.BEFORE)}),
    "a counted day that no audit was kept for is filled in anew": (
        {TUESDAY_COUNTED: DayMark(at("20:00"), is_final=True)},
        set(),
    ),
    "a day whose audit was not final is filled in anew": ({TUESDAY_COUNTED: OPEN_MARK}, set()),
    "the day of the start is final if both of its parts are": (
        {MONDAY_BEFORE: FINAL, MONDAY_COUNTED: FINAL},
        {MONDAY_BEFORE},
    ),
    "it is not if what was before counting is not": ({MONDAY_BEFORE: OPEN_MARK, MONDAY_COUNTED: FINAL}, set()),
    "nor if it was never asked": ({MONDAY_COUNTED: FINAL}, set()),
    "nor if what was counted is not": ({MONDAY_BEFORE: FINAL, MONDAY_COUNTED: OPEN_MARK}, set()),
    "nor if that was never asked": ({MONDAY_BEFORE: FINAL}, set()),
}


@pytest.mark.parametrize("case", RETIRED)
def test_what_is_known_of_closed_days_when_counting_begins_anew(case: str) -> None:
    """What was counted is then before counting: only what is final as a whole is not asked again."""
    marks, kept = RETIRED[case]
    assert set(after_retiring(marks, at("10:30"))) == kept


def test_a_start_at_midnight_has_no_day_of_two_parts() -> None:
    """Nothing was before it, so that its audit alone makes the day final."""
    assert after_retiring({MONDAY_COUNTED: FINAL}, at("00:00")) == {MONDAY_BEFORE: FINAL}
