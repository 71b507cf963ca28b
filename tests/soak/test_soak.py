"""The soak, for two simulated hours and two schedules: it runs, and all is exact; a difference would show."""

import asyncio
from pathlib import Path

import pytest

from soak.fuzz import check_fuzz, fuzzes
from soak.many import Run, failures, schedules
from soak.run import Course, soak
from soak.table import ComparedRow, as_text


@pytest.mark.timeout(300)
def test_two_bad_hours_leave_no_difference(tmp_path: Path) -> None:
    """Faults every other minute and four restarts: every metric and every daily sum is the oracle's."""
    told: list[str] = []
    course = Course(minutes=120, restarts=4, minutes_between_faults=2)
    lines = asyncio.run(soak(tmp_path, 5, course, told.append))
    assert len(told) == 5
    assert [line for line in lines if line.difference] == []
    assert sum(line.expected > 0 for line in lines) > 30
    assert {line.name for line in lines} >= {"cloudflare_worker_requests_total", "daily sums of workers_requests"}


def test_a_difference_shows() -> None:
    """The table has what was expected, what came of it and the difference, in the metric's unit."""
    lines = [
        ComparedRow("cloudflare_one_total", 3, 3, 0),
        ComparedRow("cloudflare_other_seconds_total", 5_500_000, 0, 1, 1_000_000),
    ]
    header, one, other = as_text(lines).splitlines()
    assert header.split() == ["metric", "expected", "actual", "difference"]
    assert one.split() == ["cloudflare_one_total", "3", "3", "0"]
    assert other.split() == ["cloudflare_other_seconds_total", "5.5", "0", "0.000001"]


def test_there_are_a_thousand_schedules() -> None:
    """Those of a seed are followed twelve at a time, each once."""
    runs = list(schedules(1))
    assert len(runs) * 12 >= 1_000
    assert len({run.name for run in runs}) == len(runs)


def test_every_file_of_fuzzes_has_a_run() -> None:
    """One that is added is run as well."""
    assert {run.name for run in fuzzes(1)} >= {"fuzz of billing", "fuzz of lists", "fuzz of settings"}


FUZZ = """
from hypothesis import given, strategies
from tests.fuzz.budget import FACTOR, fuzzed

@fuzzed(20)
@given(strategies.integers(0, 100_000))
def test_it(number):
    assert FACTOR == 3 and number != {number}
"""


def test_a_fuzz_tries_more_and_fails_with_how_to_do_it_again(tmp_path: Path) -> None:
    """The number of examples is a multiple of the tests', and what does not hold is told."""
    file = tmp_path / "test_it.py"
    file.write_text(FUZZ.replace("{number}", "-1"))
    check_fuzz(file, 1, times=3)
    file.write_text(FUZZ.replace("{number}", "0"))
    with pytest.raises(AssertionError) as caught:
        check_fuzz(file, 1, times=3)
    notes = "".join(caught.value.__notes__)
    assert "number=0" in notes and "again: FUZZ_FACTOR=3" in notes and "--hypothesis-seed=1" in notes


def refuse() -> None:
    """Fail as a schedule does."""
    error = AssertionError("3 exceeds 2")
    error.add_note("again: so")
    raise error


def test_a_run_that_fails_is_told() -> None:
    """The others go on; the one is counted, with what is wrong and how it is made again."""
    told: list[str] = []
    assert failures([Run("bad", refuse), Run("good", list)], told.append) == 1
    assert sorted(told) == ["bad: AssertionError('3 exceeds 2')\nagain: so", "good: exact"]
