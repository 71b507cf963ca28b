"""Billing cycles: anchored months that follow each other without a gap."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.pricing.cycle import Cycle, Cycles, anchor_of, cycle_of
from tests.pricing.factories import always

DAYS = st.dates(date(1999, 1, 1), date(2101, 12, 31))
ANCHORS = st.integers(1, 31)


@pytest.mark.parametrize("anchor_day", range(1, 32))
def test_a_cycle_begins_on_its_anchor(anchor_day: int) -> None:
    """In a month that has the day, a new cycle begins on it, and the day before is the last of the one before."""
    anchor = date(2026, 10, anchor_day)
    cycle = cycle_of(anchor, anchor_day)
    assert cycle.start == anchor
    assert cycle_of(anchor - timedelta(days=1), anchor_day).end == anchor


CYCLES: dict[str, tuple[date, int, date, date, int]] = {
    "a calendar month": (date(2026, 11, 17), 1, date(2026, 11, 1), date(2026, 12, 1), 30),
    "before the anchor": (date(2026, 11, 13), 14, date(2026, 10, 14), date(2026, 11, 14), 31),
    "on the anchor": (date(2026, 11, 14), 14, date(2026, 11, 14), date(2026, 12, 14), 30),
    "over the turn of the year": (date(2027, 1, 3), 4, date(2026, 12, 4), date(2027, 1, 4), 31),
    "the shortest one": (date(2026, 2, 20), 4, date(2026, 2, 4), date(2026, 3, 4), 28),
    "over a leap day": (date(2028, 2, 20), 4, date(2028, 2, 4), date(2028, 3, 4), 29),
    "the 31st in February is its last day": (date(2027, 2, 28), 31, date(2027, 2, 28), date(2027, 3, 31), 31),
    "the day before is still January's": (date(2027, 2, 27), 31, date(2027, 1, 31), date(2027, 2, 28), 28),
    "the 30th in a leap year's February": (date(2028, 2, 29), 30, date(2028, 2, 29), date(2028, 3, 30), 30),
    "the 29th in a leap year": (date(2028, 2, 28), 29, date(2028, 1, 29), date(2028, 2, 29), 31),
    "the 29th in a common year": (date(2027, 3, 1), 29, date(2027, 2, 28), date(2027, 3, 29), 29),
    "the 31st in a month of 30 days": (date(2026, 11, 30), 31, date(2026, 11, 30), date(2026, 12, 31), 31),
    "the first of the calendar": (date(1, 1, 3), 14, date(1, 1, 1), date(1, 1, 14), 13),
    "the last of the calendar": (date(9999, 12, 20), 14, date(9999, 12, 14), date(9999, 12, 31), 17),
    "no leap day in 2100": (date(2100, 3, 1), 31, date(2100, 2, 28), date(2100, 3, 31), 31),
}


@pytest.mark.parametrize("case", CYCLES)
def test_the_cycle_of_a_day(case: str) -> None:
    """An anchor that a month does not have is its last day, and the next month has it again."""
    day, anchor_day, start, end, length = CYCLES[case]
    cycle = cycle_of(day, anchor_day)
    assert cycle == Cycle(start, end)
    assert cycle.length == length


@always(200)
@given(DAYS, ANCHORS)
def test_a_day_is_in_its_cycle(day: date, anchor_day: int) -> None:
    """Every day of a cycle has that cycle and no other, and there are 28 to 31 of them."""
    cycle = cycle_of(day, anchor_day)
    assert cycle.start <= day < cycle.end
    assert 28 <= cycle.length <= 31
    days = list(cycle.days())
    assert len(days) == cycle.length
    assert {cycle_of(each, anchor_day) for each in days} == {cycle}


@always(50)
@given(DAYS, ANCHORS)
def test_cycles_tile_time(day: date, anchor_day: int) -> None:
    """Going back three years, each cycle ends where the next one begins, and there are twelve a year."""
    cycles = [cycle_of(day, anchor_day)]
    for _ in range(36):
        cycles.append(cycle_of(cycles[-1].start - timedelta(days=1), anchor_day))
    assert all(earlier.end == later.start for later, earlier in pairwise(cycles))
    assert (cycles[-1].start.year, cycles[-1].start.month) == (cycles[0].start.year - 3, cycles[0].start.month)


@always(500)
@given(DAYS, ANCHORS)
def test_the_anchor_is_told_by_a_period(day: date, anchor_day: int) -> None:
    """A short month cuts at most one end of a period, so that both ends together always tell the day."""
    period = cycle_of(day, anchor_day)
    found = anchor_of(period)
    assert cycle_of(day, found) == period
    assert found == anchor_day


@always(300)
@given(DAYS, ANCHORS, st.integers(-1500, 1500))
def test_cycles_around_a_period_are_those_of_its_anchor(day: date, anchor_day: int, distance: int) -> None:
    """What Cloudflare says of one period changes no other, in leap years and others."""
    period = cycle_of(day, anchor_day)
    other = day + timedelta(days=distance)
    assert Cycles(anchor_of(period), period).of(other) == cycle_of(other, anchor_day)


@always(300)
@given(DAYS, ANCHORS, st.integers(1, 62))
def test_cycles_around_any_period_tile_time(start: date, anchor_day: int, length: int) -> None:
    """Whatever a period is like, cycles before and after it leave no day out and have none twice."""
    period = Cycle(start, start + timedelta(days=length))
    for anchor in {anchor_day, anchor_of(period)}:
        cycles = Cycles(anchor, period)
        assert {cycles.of(day) for day in period.days()} == {period}
        found = [period]
        for _ in range(15):
            found.append(cycles.of(found[-1].end))
            found.insert(0, cycles.of(found[0].start - timedelta(days=1)))
        assert all(earlier.end == later.start for earlier, later in pairwise(found))
        for each in found:
            assert {cycles.of(day) for day in (each.start, each.end - timedelta(days=1))} == {each}


def test_a_cycle_in_moments_and_days() -> None:
    """A cycle begins and ends at midnight UTC, and its end belongs to the next one."""
    cycle = Cycle(date(2026, 2, 27), date(2026, 3, 2))
    assert cycle.starts_at == datetime(2026, 2, 27, tzinfo=UTC)
    assert cycle.ends_at == datetime(2026, 3, 2, tzinfo=UTC)
    assert list(cycle.days()) == [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]
