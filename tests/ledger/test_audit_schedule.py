"""Closed days as tables: what is asked of which day, when, and how far they have come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from exporter.catalog.dataset import Dataset
from exporter.ledger.audit_schedule import DayMark, DayPart, DayTask, Horizon, Portion, find_progress, find_tasks, judge
from exporter.ledger.counters import CounterState
from exporter.model import DayProgress
from tests.ledger.day_scene import SUNDAY, TUESDAY
from tests.ledger.factories import CALLS, MONDAY, SCOPE, at
from tests.ledger.gauge_scene import STOCK

UNMETERED = replace(CALLS, meters=())
MONTH = timedelta(days=31)
FINAL = DayMark(at("99:00"), at("98:00"), is_final=True)


def moment(text: str) -> datetime:
    """Return a moment, e.g. ``2025-10-20 10:30``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def counting(start: datetime, open_from: datetime, kept_from: datetime | None = None) -> CounterState:
    """Return a book that began at ``start`` and has settled everything up to ``open_from``."""
    return CounterState(start, open_from, open_from, open_from, open_from, kept_from=kept_from or start)


def told(task: DayTask) -> str:
    """Return a task in one line: the part of the day, what is asked, and from when on."""
    question = task.question
    return (
        f"{task.part.day:%d} {task.part.part} "
        f"{question.since:%d %H:%M}-{question.until:%d %H:%M} at {task.due:%d %H:%M}"
    )


@dataclass(frozen=True)
class Case:
    """When it is, how far back Cloudflare keeps data, what is counted, and which tasks there are, newest day first."""

    now: datetime
    retention: timedelta
    state: CounterState | None
    tasks: Sequence[str]
    dataset: Dataset = CALLS


TASKS = {
    "at once: what was before counting, the day of the start up to just that minute": Case(
        at("10:31"),
        timedelta(days=3),
        counting(at("10:30"), at("10:30")),
        [
            "20 before 20 00:00-20 10:30 at 20 10:30",
            "19 before 19 00:00-20 00:00 at 20 00:00",
            "18 before 18 00:00-19 00:00 at 19 00:00",
        ],
    ),
    "the day of the start has two parts once it is over": Case(
        at("25:00"),
        timedelta(days=2),
        counting(at("10:30"), at("24:00")),
        [
            "20 counted 20 10:30-21 00:00 at 22 02:00",
            "20 before 20 00:00-20 10:30 at 20 10:30",
        ],
    ),
    "later days are counted whole": Case(
        at("73:00"),
        timedelta(days=4),
        counting(at("10:30"), at("72:00")),
        [
            "22 counted 22 00:00-23 00:00 at 24 02:00",
            "21 counted 21 00:00-22 00:00 at 23 02:00",
            "20 counted 20 10:30-21 00:00 at 22 02:00",
            "20 before 20 00:00-20 10:30 at 20 10:30",
        ],
    ),
    "an hour that has not settled keeps its day back, however late it is": Case(
        at("73:00"),
        timedelta(days=4),
        counting(at("10:30"), at("47:00")),
        [
            "20 counted 20 10:30-21 00:00 at 22 02:00",
            "20 before 20 00:00-20 10:30 at 20 10:30",
        ],
    ),
    "a start at midnight leaves nothing before it on its day": Case(
        at("48:01"),
        timedelta(days=4),
        counting(at("24:00"), at("48:00")),
        [
            "21 counted 21 00:00-22 00:00 at 23 02:00",
            "20 before 20 00:00-21 00:00 at 21 00:00",
            "19 before 19 00:00-20 00:00 at 20 00:00",
        ],
    ),
    "days of which Cloudflare no longer has everything are left out, part by part": Case(
        at("73:00"),
        timedelta(days=3),
        counting(at("10:30"), at("72:00")),
        [
            "22 counted 22 00:00-23 00:00 at 24 02:00",
            "21 counted 21 00:00-22 00:00 at 23 02:00",
            "20 counted 20 10:30-21 00:00 at 22 02:00",
        ],
    ),
    "the oldest hour that can be asked may be the first of a day": Case(
        at("23:59"),
        timedelta(days=2),
        counting(at("10:30"), at("23:00")),
        [
            "20 before 20 00:00-20 10:30 at 20 10:30",
            "19 before 19 00:00-20 00:00 at 20 00:00",
        ],
    ),
    "nor is it, if it is just about to be forgotten": Case(
        at("24:00"),
        timedelta(days=2),
        counting(at("10:30"), at("23:00")),
        ["20 before 20 00:00-20 10:30 at 20 10:30"],
    ),
    "what was counted before anything was kept for it is not audited": Case(
        at("73:00"),
        timedelta(days=4),
        counting(at("10:30"), at("72:00"), kept_from=at("30:00")),
        [
            "22 counted 22 00:00-23 00:00 at 24 02:00",
            "20 before 20 00:00-20 10:30 at 20 10:30",
        ],
    ),
    "without meters nothing is filled in, but all that is counted is audited": Case(
        at("49:00"),
        timedelta(days=4),
        counting(at("10:30"), at("48:00")),
        [
            "21 counted 21 00:00-22 00:00 at 23 02:00",
            "20 counted 20 10:30-21 00:00 at 22 02:00",
        ],
        UNMETERED,
    ),
    "of what is stored every closed day is asked whole": Case(
        at("34:00"),
        timedelta(days=3),
        None,
        [
            "20 before 20 00:00-21 00:00 at 21 00:00",
            "19 before 19 00:00-20 00:00 at 20 00:00",
        ],
        STOCK,
    ),
    "of what is stored, but not billed, none": Case(at("34:00"), MONTH, None, [], replace(STOCK, meters=())),
    "usage that has not begun": Case(at("10:31"), MONTH, None, []),
    "over the turn of the year": Case(
        moment("2026-01-01 00:40"),
        timedelta(days=2),
        counting(moment("2026-01-01 00:30"), moment("2026-01-01 00:30")),
        [
            "01 before 01 00:00-01 00:30 at 01 00:30",
            "31 before 31 00:00-01 00:00 at 01 00:00",
        ],
    ),
    "over a leap day": Case(
        moment("2024-03-01 00:40"),
        timedelta(days=3),
        counting(moment("2024-03-01 00:00"), moment("2024-03-01 00:00")),
        [
            "29 before 29 00:00-01 00:00 at 01 00:00",
            "28 before 28 00:00-29 00:00 at 29 00:00",
        ],
    ),
}


@pytest.mark.parametrize("case", TASKS)
def test_what_is_asked_of_closed_days(case: str) -> None:
    """What is to be asked, in which bounds and when at the earliest, is as the table says."""
    given = TASKS[case]
    tasks = find_tasks(SCOPE, given.dataset, given.state, {}, Horizon(given.now, given.retention))
    assert [told(task) for task in tasks] == given.tasks
    assert all(task.question.by_day and task.question.dataset == given.dataset.key for task in tasks)


@pytest.mark.parametrize("days_later", [0, 1, 2])
def test_a_month_before_counting_is_filled_in(days_later: int) -> None:
    """All 31 days before the day of the start are there at first; who comes late no longer finds the oldest."""
    start = moment("2025-10-20 10:30")
    now = start + timedelta(days=days_later)
    tasks = find_tasks(SCOPE, CALLS, counting(start, start), {}, Horizon(now, timedelta(days=90)))
    filled = [task.part.day for task in tasks if task.part.part is Portion.BEFORE]
    oldest = max(date(2025, 9, 19), now.date() - timedelta(days=32))
    assert filled == [MONDAY - timedelta(days=back) for back in range((MONDAY - oldest).days + 1)]


def test_a_month_of_what_is_stored_moves_on_with_time() -> None:
    """What is stored is never counted, so that each day that ends is asked."""
    tasks = find_tasks(SCOPE, STOCK, None, {}, Horizon(at("24:00"), timedelta(days=90)))
    assert (tasks[0].part.day, tasks[-1].part.day, len(tasks)) == (MONDAY, date(2025, 9, 20), 31)


Due = tuple[DayPart, DayMark | None, str]

SUNDAY_BEFORE = DayPart(SUNDAY, Portion.BEFORE)
MONDAY_BEFORE = DayPart(MONDAY, Portion.BEFORE)
MONDAY_COUNTED = DayPart(MONDAY, Portion.COUNTED)
TUESDAY_COUNTED = DayPart(TUESDAY, Portion.COUNTED)

DUE: dict[str, Due] = {
    "never asked": (SUNDAY_BEFORE, None, "00:00"),
    "asked before all of it had settled": (SUNDAY_BEFORE, DayMark(at("00:29")), "00:30"),
    "asked once it had settled": (SUNDAY_BEFORE, DayMark(at("00:30")), "26:00"),
    "the day of the start, asked at once": (MONDAY_BEFORE, DayMark(at("10:31")), "11:00"),
    "the day of the start, asked once it had settled": (MONDAY_BEFORE, DayMark(at("11:00")), "50:00"),
    "answered when it could have been final": (SUNDAY_BEFORE, DayMark(at("26:00"), at("26:00")), "26:05"),
    "answered lower than what is known": (
        SUNDAY_BEFORE,
        DayMark(at("26:05"), at("26:00"), "digest", at("26:05")),
        "26:35",
    ),
    "counted, never asked": (MONDAY_COUNTED, None, "50:00"),
    "counted, answered once": (MONDAY_COUNTED, DayMark(at("50:07"), at("50:07")), "50:12"),
    "counted, answered lower": (MONDAY_COUNTED, DayMark(at("50:07"), at("50:07"), "digest", at("50:07")), "50:37"),
}


@pytest.mark.parametrize("case", DUE)
def test_when_a_day_is_asked_again(case: str) -> None:
    """The next question waits for late data, and for the time after which a second answer says something."""
    part, mark, due = DUE[case]
    marks = {part: mark} if mark else {}
    tasks = find_tasks(SCOPE, CALLS, counting(at("10:30"), at("72:00")), marks, Horizon(at("73:00"), timedelta(days=5)))
    (task,) = [task for task in tasks if task.part == part]
    assert (task.due, task.is_new) == (at(due), mark is None)


def test_what_is_final_is_not_asked_again() -> None:
    """The parts of a day are final apart from each other."""
    state = counting(at("10:30"), at("48:00"))
    known = {MONDAY_BEFORE: FINAL, SUNDAY_BEFORE: FINAL}
    tasks = find_tasks(SCOPE, CALLS, state, known, Horizon(at("50:00"), timedelta(days=4)))
    assert [task.part for task in tasks] == [TUESDAY_COUNTED, MONDAY_COUNTED]
    known |= {MONDAY_COUNTED: FINAL, TUESDAY_COUNTED: FINAL}
    assert find_tasks(SCOPE, CALLS, state, known, Horizon(at("50:00"), timedelta(days=4))) == []


HEARD_ONCE = DayMark(at("20:00"))
STATE = counting(at("10:30"), at("72:00"))
AUDITED = {MONDAY_COUNTED: FINAL, TUESDAY_COUNTED: FINAL}

Progress = tuple[Dataset, CounterState | None, Mapping[DayPart, DayMark], tuple[str | None, int]]

PROGRESS: dict[str, Progress] = {
    "nothing is counted yet": (CALLS, None, {}, (None, 0)),
    "nothing is audited or filled in yet": (CALLS, STATE, {}, ("10:30", 2)),
    "days that were answered once are filled in": (
        CALLS,
        STATE,
        {MONDAY_BEFORE: HEARD_ONCE},
        ("10:30", 1),
    ),
    "an audit that was answered once is not final": (CALLS, STATE, {MONDAY_COUNTED: HEARD_ONCE}, ("10:30", 2)),
    "the day of the start is audited": (CALLS, STATE, {MONDAY_COUNTED: FINAL}, ("24:00", 2)),
    "a later day is audited before an earlier one": (CALLS, STATE, {TUESDAY_COUNTED: FINAL}, ("10:30", 2)),
    "both are": (CALLS, STATE, AUDITED, ("48:00", 2)),
    "what was kept only from later on is audited from the first whole day on": (
        CALLS,
        counting(at("10:30"), at("72:00"), kept_from=at("12:00")),
        {TUESDAY_COUNTED: FINAL},
        ("48:00", 2),
    ),
    "without meters nothing is to be filled in": (UNMETERED, STATE, {}, ("10:30", 0)),
    "of what is stored yesterday is not from before counting": (STOCK, None, {}, (None, 3)),
}


@pytest.mark.parametrize("case", PROGRESS)
def test_how_far_the_closed_days_have_come(case: str) -> None:
    """Audited is everything before the first day that is not final; a day that was heard of once is filled in."""
    dataset, state, marks, (audited, unfilled) = PROGRESS[case]
    horizon = Horizon(at("72:30"), timedelta(days=5))
    tasks = find_tasks(SCOPE, dataset, state, marks, horizon)
    expected = DayProgress(at(audited) if audited else None, unfilled)
    assert find_progress(dataset, state, marks, tasks, horizon) == expected


def test_audited_days_stay_audited_for_ever() -> None:
    """After months only the newest days are looked at, and the time goes on from them."""
    start, now = moment("2025-06-01 10:30"), moment("2025-10-20 03:00")
    marks = {DayPart(now.date() - timedelta(days=back), Portion.COUNTED): FINAL for back in range(2, 40)}
    state, horizon = counting(start, now), Horizon(now, timedelta(days=90))
    tasks = find_tasks(SCOPE, CALLS, state, marks, horizon)
    assert find_progress(CALLS, state, marks, tasks, horizon) == DayProgress(moment("2025-10-19 00:00"), 0)


def test_what_is_out_of_reach_holds_nothing_up() -> None:
    """Away for longer than Cloudflare keeps data: the days that nobody audited cannot change any more."""
    start, horizon = moment("2025-10-01 10:30"), Horizon(moment("2025-10-20 12:00"), timedelta(days=3))
    state = counting(start, moment("2025-10-20 11:00"))
    tasks = find_tasks(SCOPE, CALLS, state, {}, horizon)
    assert [told(task) for task in tasks] == [
        "19 counted 19 00:00-20 00:00 at 21 02:00",
        "18 counted 18 00:00-19 00:00 at 20 02:00",
    ]
    assert find_progress(CALLS, state, {}, tasks, horizon) == DayProgress(moment("2025-10-18 00:00"), 0)


def test_patience_is_with_lower_answers() -> None:
    """One lower answer is not believed, however long ago the first answer was; those of six hours are."""
    first = judge(None, at("50:00"), at("50:00"), False, "")
    lower = judge(first, at("50:00"), at("58:00"), True, "some")
    assert (lower.is_final, lower.digest) == (False, "some")
    assert not judge(lower, at("50:00"), at("58:30"), True, "others").is_final
    assert judge(lower, at("50:00"), at("64:00"), True, "others").is_final
