"""Which answers settle an hour, as a table of what Cloudflare said when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from exporter.ledger.hours import OpenHour, Settlement, settle
from exporter.model import Answer
from tests.ledger.factories import answer, at, rows

SETTLE = timedelta(minutes=30)

Said = tuple[str, Mapping[str, int]]
"""When Cloudflare answered, and what the one asset used in each hour; hours that are not there are empty."""


@dataclass
class Hours:
    """Open hours that follow one answer after another, each asked from the oldest open hour."""

    open_from: datetime
    open: dict[datetime, OpenHour] = field(default_factory=dict)

    def asked(self, clock: str, usage: Mapping[str, int]) -> Answer:
        """Return an answer to the question that is to be asked now."""
        return answer(self.open_from, clock, {hour: {"w1": amount} for hour, amount in usage.items()})

    def hear(self, clock: str, usage: Mapping[str, int]) -> Settlement:
        """Apply an answer."""
        return self.hear_of(self.asked(clock, usage), None)

    def hear_of(self, said: Answer, newest: datetime | None) -> Settlement:
        """Apply an answer, with the newest minute with data that was seen before."""
        settlement = settle(self.open, said, SETTLE, newest)
        self.open, self.open_from = settlement.open, settlement.open_from
        return settlement


def summed(settlement: Settlement) -> dict[str, int]:
    """Return what settled, by hour."""
    return {f"{hour:%H}": sum(amount for (amount,) in found.values()) for hour, found in settlement.settled.items()}


def hear_all(since: str, said: Sequence[Said]) -> tuple[list[tuple[str, dict[str, int]]], int]:
    """Return what settled when, and how many revisions there were."""
    hours = Hours(at(since))
    settled: list[tuple[str, dict[str, int]]] = []
    revisions = 0
    for clock, usage in said:
        settlement = hours.hear(clock, usage)
        revisions += settlement.revisions
        if settlement.settled:
            settled.append((clock, summed(settlement)))
    return settled, revisions


STEADY = {"09": 10}
AFTER_OUTAGE = {"09": 10, "10": 20}

CASES: dict[str, tuple[Sequence[Said], list[tuple[str, dict[str, int]]], int]] = {
    "seen each minute, it settles half an hour after its end": (
        [("10:00", STEADY), ("10:29", STEADY), ("10:30", STEADY)],
        [("10:30", {"09": 10})],
        0,
    ),
    "an answer before its end does not begin the agreement": (
        [("09:59", STEADY), ("10:31", STEADY), ("10:35", STEADY), ("10:36", STEADY)],
        [("10:36", {"09": 10})],
        0,
    ),
    "a first look after an outage waits five minutes for a second": (
        [("12:29", AFTER_OUTAGE), ("12:33", AFTER_OUTAGE), ("12:34", AFTER_OUTAGE)],
        [("12:34", {"09": 10, "10": 20})],
        0,
    ),
    "what the second look adds is taken": (
        [("12:29", AFTER_OUTAGE), ("12:34", {"09": 11, "10": 20})],
        [("12:34", {"09": 11, "10": 20})],
        0,
    ),
    "an empty answer waits for a second that agrees": (
        [("10:00", STEADY), ("10:30", {}), ("10:34", {}), ("10:35", {})],
        [("10:35", {"09": 0})],
        1,
    ),
    "an hour that never had rows waits too": (
        [("10:00", {}), ("10:30", {}), ("10:34", {}), ("10:35", {})],
        [("10:35", {"09": 0})],
        0,
    ),
    "a wrongly empty answer is put right by the next": (
        [("10:00", STEADY), ("10:30", {}), ("10:31", STEADY)],
        [("10:31", {"09": 10})],
        1,
    ),
    "a lower answer waits for a second that agrees": (
        [("10:00", STEADY), ("10:30", {"09": 8}), ("10:34", {"09": 8}), ("10:35", {"09": 8})],
        [("10:35", {"09": 8})],
        1,
    ),
    "a second answer that is lower too but another does not agree": (
        [("10:00", STEADY), ("10:30", {"09": 8}), ("10:35", {"09": 7}), ("10:39", {"09": 7}), ("10:40", {"09": 7})],
        [("10:40", {"09": 7})],
        2,
    ),
    "a doubtful answer is taken after six hours and counted": (
        [("10:00", STEADY), ("10:30", {"09": 8}), ("13:30", {"09": 7}), ("16:29", {"09": 8}), ("16:30", {"09": 7})],
        [("16:30", {"09": 7, "10": 0, "11": 0, "12": 0})],
        4,
    ),
    "hours settle in order": (
        [
            ("11:00", {"09": 10, "10": 5}),
            ("11:30", {"09": 9, "10": 5}),
            ("11:34", {"09": 9, "10": 5}),
            ("11:35", {"09": 9, "10": 5}),
        ],
        [("11:35", {"09": 9, "10": 5})],
        1,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_hour_settles_when_it_is_borne_out(case: str) -> None:
    """Each series of answers settles the hours at the answer, with the amounts and the revisions of the table."""
    said, settled, revisions = CASES[case]
    assert hear_all("09:00", said) == (settled, revisions)


Standing = tuple[str, Mapping[str, int], str | None]
"""When Cloudflare answered, what was used in each hour, and the newest minute that it said holds data."""

PART_OF_IT = {"09": 6}

STANDING: dict[str, tuple[str | None, Sequence[Standing], list[tuple[str, dict[str, int]]]]] = {
    "an hour waits until later data are seen, and is whole then": (
        None,
        [
            ("10:00", PART_OF_IT, "09:40"),
            ("10:30", PART_OF_IT, "09:40"),
            ("12:00", PART_OF_IT, "09:40"),
            ("13:00", AFTER_OUTAGE, "12:58"),
        ],
        [("13:00", {"09": 10, "10": 20})],
    ),
    "an empty answer that is repeated is not taken while data stand still": (
        None,
        [("10:00", STEADY, "09:59"), ("10:30", {}, None), ("10:35", {}, None), ("13:00", STEADY, "10:00")],
        [("13:00", {"09": 10})],
    ),
    "data of the minute that ends the hour are later": (
        None,
        [("10:00", STEADY, "09:59"), ("10:30", STEADY, "09:59"), ("10:31", STEADY, "10:00")],
        [("10:31", {"09": 10})],
    ),
    "rows of a later hour are, if the newest minute is not known": (
        None,
        [("10:00", STEADY, None), ("10:30", STEADY, None), ("10:31", AFTER_OUTAGE, None)],
        [("10:31", {"09": 10})],
    ),
    "six hours after its end an hour waits no longer": (
        None,
        [("10:00", PART_OF_IT, "09:40"), ("15:59", PART_OF_IT, "09:40"), ("16:00", PART_OF_IT, "09:40")],
        [("16:00", {"09": 6})],
    ),
    "a dataset that had data a day before waits": (
        "-10:00",
        [("10:00", {}, None), ("10:30", {}, None), ("10:35", {}, None)],
        [],
    ),
    "one that has been quiet for a day does not": (
        "-09:59",
        [("10:00", {}, None), ("10:30", {}, None), ("10:35", {}, None)],
        [("10:35", {"09": 0})],
    ),
    "a pipeline that falls back behind the hour's end empties it, and is waited for": (
        None,
        [
            ("10:20", {"09": 10, "10": 4}, "10:19"),
            ("10:30", {}, "07:29"),
            ("10:36", {}, "07:35"),
            ("12:00", {"09": 6}, "09:30"),
            ("13:20", {"09": 10, "10": 9}, "10:19"),
        ],
        [("13:20", {"09": 10})],
    ),
    "nor one that never had any": (
        None,
        [("10:00", {}, None), ("10:30", {}, None), ("10:35", {}, None)],
        [("10:35", {"09": 0})],
    ),
}


@pytest.mark.parametrize("case", STANDING)
def test_an_hour_of_a_pipeline_that_stands_still_waits(case: str) -> None:
    """Hours settle at the answers of the table, given the newest minute with data that was seen before."""
    before, said, expected = STANDING[case]
    newest = moment(before)
    hours = Hours(at("09:00"))
    settled = []
    for clock, usage, said_newest in said:
        settlement = hours.hear_of(replace(hours.asked(clock, usage), newest=moment(said_newest)), newest)
        newest = max(filter(None, (newest, moment(said_newest))), default=None)
        if settlement.settled:
            settled.append((clock, summed(settlement)))
    assert settled == expected


def moment(clock: str | None) -> datetime | None:
    """Return a moment of the day that may be none; a minus stands for the day before."""
    if clock is None:
        return None
    return at(clock.removeprefix("-")) - timedelta(days=clock.startswith("-"))


def test_an_open_hour_is_asked_again_from_its_start() -> None:
    """The next question starts where the first open hour starts, or at the start of counting within it."""
    hours = Hours(at("09:41"))
    assert [(hours.hear(clock, STEADY), hours.open_from)[1] for clock in ("09:50", "10:20", "10:30")] == [
        at("09:41"),
        at("09:41"),
        at("10:00"),
    ]


def test_an_hour_of_another_dataset_settles_by_its_own_delay() -> None:
    """The delay after an hour's end is the dataset's own."""
    asked = [answer(at("09:00"), clock, {"09": {"w1": 10}}) for clock in ("10:00", "11:59", "12:00")]
    known: dict[datetime, OpenHour] = {}
    settled = []
    for each in asked:
        settlement = settle(known, each, timedelta(hours=2))
        known = settlement.open
        settled.append(list(settlement.settled))
    assert settled == [[], [], [at("09:00")]]


def test_a_question_cut_at_retention_settles_older_hours_as_known() -> None:
    """Hours that can no longer be asked keep their last amounts."""
    hours = Hours(at("09:00"))
    hours.hear("10:10", {"09": 10, "10": 4})
    settlement = settle(hours.open, answer(at("14:00"), "14:20", {"14": {"w1": 7}}), SETTLE)
    assert settlement.settled == {at("09:00"): rows({"w1": 10}), at("10:00"): rows({"w1": 4})}
    assert list(settlement.open) == [at("14:00")]
    assert settlement.open_from == at("14:00")


def test_an_answer_does_not_change_what_was_known_before() -> None:
    """The open hours given are left as they were."""
    before = {at("09:00"): OpenHour(rows({"w1": 10}), rows({"w1": 10}))}
    settle(before, answer(at("09:00"), "10:30", {"09": {"w1": 3}}), SETTLE)
    assert before == {at("09:00"): OpenHour(rows({"w1": 10}), rows({"w1": 10}))}


def test_asking_twice_changes_nothing() -> None:
    """The same answer again leaves the same open hours and counts no revision."""
    hours = Hours(at("09:00"))
    first = hours.hear("10:10", {"09": 10, "10": 4})
    second = hours.hear("10:10", {"09": 10, "10": 4})
    assert (second.open, second.settled, second.revisions) == (first.open, {}, 0)
