"""Which zones are asked from the same hour on, and that each gets nothing but what it asked for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalog.dataset import Dataset
from exporter.catalog.grain import BY_DAY, BY_HOUR, BY_MINUTE, BY_MOMENT, Grain
from exporter.catalog.timing import Counter, HourlyGauge, Instant, Window
from exporter.cloudflare.joint_questions import MOST_APART, join_questions, take_own
from exporter.model import HOUR, MINUTE, Answer, Question, Scope
from tests.zones import OPERATIONS

ACCOUNT = "a" * 32
NOON = datetime(2025, 10, 20, 12, tzinfo=UTC)
UNTIL = NOON + 17 * MINUTE

Start = tuple[int, int]
"""How long before noon a zone is asked from, in hours and minutes."""


def question(number: int, start: Start, **fields: bool) -> Question:
    """A question about a zone."""
    since = NOON - timedelta(hours=start[0], minutes=start[1])
    return Question(Scope(ACCOUNT, f"{number:032x}"), OPERATIONS.key, since, UNTIL, **fields)


def spans(*starts: Start, dataset: Dataset = OPERATIONS, likeness: object = None, **fields: bool) -> list[Start]:
    """From when on zones are asked, of which each would be asked from such a start."""
    asked = [(dataset, question(number, start, **fields)) for number, start in enumerate(starts)]
    found = join_questions(asked, lambda one: likeness and one.scope.zone_id)
    assert [one.questions[0] for one in found] == [question for _, question in asked]
    return [((NOON - one.asked.since) // HOUR, (NOON - one.asked.since) % HOUR // MINUTE) for one in found]


def test_zones_whose_open_hours_are_close_are_asked_alike() -> None:
    """They are asked from the first hour on, if that is two hours off at most."""
    assert spans((3, 0), (5, 0), (4, 0), (2, 0), (0, 0)) == [(5, 0), (5, 0), (5, 0), (2, 0), (2, 0)]


def test_the_hour_in_which_counting_begins_is_asked_for_its_zones_alone() -> None:
    """From a minute within it on: neither are others asked from there, nor these from before."""
    assert spans((3, 0), (2, 43), (2, 0), (2, 43)) == [(3, 0), (2, 43), (3, 0), (2, 43)]


def test_zones_with_other_limits_are_asked_apart() -> None:
    """Other limits, or other cuts, make another node anyway."""
    assert spans((3, 0), (2, 0), likeness="limits") == [(3, 0), (2, 0)]


@pytest.mark.parametrize("fields", [{"by_day": True}, {"is_overview": True}])
def test_what_is_no_sum_of_hours_is_asked_as_it_is(fields: dict[str, bool]) -> None:
    """A day is a day, and an overview does not tell hours."""
    assert spans((3, 0), (2, 0), **fields) == [(3, 0), (2, 0)]


@pytest.mark.parametrize(
    ("grain", "expected"),
    [(BY_MINUTE, (3, 0)), (BY_HOUR, (3, 0)), (BY_DAY, (2, 0)), (BY_MOMENT, (2, 0))],
    ids=["minute", "hour", "day", "moment"],
)
def test_only_what_tells_hours_is_asked_from_an_earlier_one_on(grain: Grain, expected: Start) -> None:
    """Days cannot be taken apart, and what has no hours is asked in an alias for each."""
    assert spans((3, 0), (2, 0), dataset=replace(OPERATIONS, timing=Counter(grain))) == [(3, 0), expected]


def test_windows_and_instants_are_asked_as_they_are() -> None:
    """Figures of a span belong to that span; a stored quantity is read hour by hour."""
    bare = replace(OPERATIONS, meters=(), tallies=())
    assert spans((3, 0), (2, 0), dataset=replace(bare, timing=Window())) == [(3, 0), (2, 0)]
    assert spans((3, 0), (2, 0), dataset=replace(bare, timing=Instant())) == [(3, 0), (2, 0)]
    assert spans((3, 0), (2, 0), dataset=replace(bare, timing=HourlyGauge())) == [(3, 0), (3, 0)]


def test_the_account_itself_is_asked_as_it_is() -> None:
    """Only zones share an alias."""
    asked = [(OPERATIONS, replace(question(1, (back, 0)), scope=Scope(ACCOUNT))) for back in (3, 2)]
    assert [one.asked for one in join_questions(asked, lambda _: None)] == [question for _, question in asked]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from([0, 0, 0, 13, 47])), min_size=1, max_size=60))
def test_no_zone_gets_more_than_it_asked_for(starts: list[Start]) -> None:
    """No zone is asked from later on, or from more than two hours earlier, and one more start has one more span."""
    asked = [(OPERATIONS, question(number, start)) for number, start in enumerate(starts)]
    found = join_questions(asked, lambda _: None)
    hours = [NOON - HOUR * back for back in range(-2, 50)]
    for one in found:
        (question_of,) = one.questions
        assert timedelta(0) <= question_of.since - one.asked.since <= MOST_APART
        answer = Answer(one.asked, UNTIL, {hour: {} for hour in hours if hour >= one.asked.since})
        own = take_own(question_of, answer)
        assert own.question == question_of
        assert list(own.hours) == [hour for hour in hours if hour >= question_of.since]
    whole = sorted({since for _, question in asked if not (since := question.since).minute})
    spans = sorted({one.asked.since for one in found if not one.asked.since.minute})
    # As few as can be: each begins with a start that is too far from the one before.
    assert set(spans) <= set(whole)
    assert all(later - earlier > MOST_APART for earlier, later in pairwise(spans))


def test_what_was_not_asked_for_is_dropped() -> None:
    """Hours before the zone's own, that they are estimates, and what is newest among them."""
    asked, own = question(1, (3, 0)), question(1, (2, 0))
    rows = {("1", ("A", "success")): (5,)}
    hours = {NOON - back * HOUR: rows for back in (3, 2, 1)}
    answer = Answer(asked, UNTIL, hours, NOON - HOUR, Decimal(3), frozenset(hours))
    found = take_own(own, answer)
    assert found == Answer(
        own,
        UNTIL,
        {NOON - back * HOUR: rows for back in (2, 1)},
        NOON - HOUR,
        Decimal(3),
        frozenset({NOON - 2 * HOUR, NOON - HOUR}),
    )
    assert take_own(own, replace(answer, newest=NOON - 3 * HOUR)).newest is None
    assert take_own(asked, answer) == answer
