"""Questions about datasets that tell time less finely than by the minute: their text, their pieces, their rows."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from exporter.catalog.dataset import Dataset
from exporter.catalog.grain import BY_DAY, BY_HOUR, BY_MINUTE, BY_MOMENT, Grain
from exporter.catalog.timing import Counter
from exporter.cloudflare import USUAL_LIMITS
from exporter.cloudflare.documents import MOST_ALIASES, Piece, build_document, take_batch, whole_piece
from exporter.cloudflare.splits import Splits, split_piece
from exporter.model import Answer, Question, format_time
from tests.cloudflare.conftest import Scene
from tests.cloudflare.table import Table, answered
from tests.cloudflare.test_analytics import EXAMPLE, SCOPE, connect
from tests.grains import BUILDS, DAILY, HOURLY, MOMENTARY

ACCOUNT = "a" * 32


def at(hour: int, minute: int = 0, day: int = 20) -> datetime:
    """A moment of the day, or of another."""
    return datetime(2025, 10, day, hour, minute, tzinfo=UTC)


def pieces(
    dataset: Dataset, since: datetime, until: datetime, *, by_day: bool = False, asks_newest: bool = False
) -> tuple[Piece, ...]:
    """The pieces in which a question is asked."""
    question = Question(SCOPE, dataset.key, since, until, by_day, asks_newest=asks_newest)
    return Splits().pieces(ACCOUNT, dataset, question, USUAL_LIMITS)


def ranges(found: tuple[Piece, ...]) -> list[str]:
    """The time ranges of pieces."""
    return [f"{piece.since:%d %H:%M}-{piece.until:%d %H:%M}" for piece in found]


GRAINS: dict[str, tuple[Grain, str, str, str]] = {
    "minute": (BY_MINUTE, "20 10:00", "20 10:17", "20 10:17"),
    "moment": (BY_MOMENT, "20 10:00", "20 10:17", "20 10:17"),
    "hour": (BY_HOUR, "20 10:00", "20 10:00", "20 11:00"),
    "day": (BY_DAY, "20 00:00", "20 00:00", "21 00:00"),
}


@pytest.mark.parametrize("name", GRAINS)
def test_units_and_steps(name: str) -> None:
    """A unit starts on a whole one in UTC; a question can begin and end on whole steps only."""
    grain, *expected = GRAINS[name]
    found = (grain.floor(at(10, 17)), grain.floor_step(at(10, 17)), grain.ceil_step(at(10, 17)))
    assert [f"{moment:%d %H:%M}" for moment in found] == expected
    assert grain.ceil_step(at(0)) == grain.floor(at(0)) == at(0)


def test_hours_are_asked_by_hours() -> None:
    """The running hour is asked to its end; the newest minute, which nobody knows, is not asked for."""
    document = build_document(ACCOUNT, pieces(HOURLY, at(9), at(10, 17)))
    assert (
        "      usage_0: vectorizeQueriesAdaptiveGroups(limit: 10000, filter: "
        "{datetimeHour_geq: $since_0, datetimeHour_lt: $until_0}) {\n"
        "        dimensions { datetimeHour vectorizeIndexId } sum { queriedVectorDimensions }\n"
    ) in document.text
    assert document.variables == {
        "account": ACCOUNT,
        "since_0": "2025-10-20T09:00:00Z",
        "until_0": "2025-10-20T11:00:00Z",
    }
    assert "datetimeMinute" not in document.text


def test_days_are_asked_by_dates() -> None:
    """The running day is asked to its end."""
    document = build_document(ACCOUNT, pieces(DAILY, at(0, day=19), at(10, 17)))
    assert "$since_0: Date!, $until_0: Date!" in document.text
    assert (
        "{date_geq: $since_0, date_lt: $until_0}) {\n"
        "        dimensions { date } sum { requests } avg { sampleInterval }\n"
    ) in document.text
    assert document.variables == {"account": ACCOUNT, "since_0": "2025-10-19", "until_0": "2025-10-21"}
    assert "datetime" not in document.text


def test_moments_are_asked_an_alias_an_hour() -> None:
    """No time is selected but the newest moment's, and the question of a running hour is one alias and that."""
    asked = pieces(MOMENTARY, at(8, 41), at(10, 17), asks_newest=True)
    assert ranges(asked) == ["20 08:41-20 09:00", "20 09:00-20 10:00", "20 10:00-20 10:17"]
    assert [piece.newest_since for piece in asked] == [None, None, at(8, 41)]
    text = build_document(ACCOUNT, asked).text
    assert (
        text.count("{datetime_geq: $since_") == text.count("dimensions { locationId resolverDecision } count avg") == 3
    )
    assert "{datetime_geq: $newest_since_2, datetime_lt: $until_2}, orderBy: [datetime_DESC]" in text
    assert text.count("dimensions { datetime }") == text.count("orderBy") == 1
    assert len(pieces(BUILDS, at(10), at(10, 17))) == 1


def test_a_day_of_moments_fits_into_a_document() -> None:
    """It takes 24 aliases, and a month as many documents as it needs."""
    day = pieces(MOMENTARY, at(0), at(0, day=21), by_day=True)
    assert len(day) == 24
    assert take_batch(day) == (list(day), [])
    month = pieces(BUILDS, at(0, day=1), at(0, day=31))
    first, rest = take_batch(month)
    assert (len(first), len(rest)) == (MOST_ALIASES, 720 - MOST_ALIASES)


def test_a_page_of_hours_is_never_cut_below_an_hour() -> None:
    """Then only ids are left, and where these don't help, nothing."""
    assert ranges(split_piece(Piece(HOURLY, at(8), at(11)), [])) == ["20 08:00-20 09:00", "20 09:00-20 11:00"]
    hour = Piece(HOURLY, at(10), at(11))
    assert split_piece(hour, ["a", "b"]) == (replace(hour, id_below="b"), replace(hour, id_from="b"))
    assert split_piece(hour, ["a", "a"]) == ()


def test_a_page_of_days_is_never_cut_below_a_day() -> None:
    """Days are halved on a midnight, and ids within one."""
    several = Piece(DAILY, at(0, day=18), at(0, day=21))
    assert ranges(split_piece(several, [])) == ["18 00:00-19 00:00", "19 00:00-21 00:00"]
    by_id = Piece(replace(HOURLY, timing=Counter(BY_DAY)), at(0), at(0, day=21))
    assert [piece.id_below for piece in split_piece(by_id, ["a", "b"])] == ["b", None]
    assert split_piece(by_id, ["a"]) == ()


def test_a_page_of_moments_is_cut_by_the_minute() -> None:
    """Within an hour the ids come first, as for every dataset."""
    hour = Piece(MOMENTARY, at(10), at(11))
    assert split_piece(hour, ["a", "b"])[0].id_below == "b"
    assert ranges(split_piece(hour, ["a"])) == ["20 10:00-20 10:30", "20 10:30-20 11:00"]


def test_limits_cut_on_whole_steps() -> None:
    """However short a plan's longest question, no piece is shorter than what can be asked."""
    limits = replace(USUAL_LIMITS, longest=timedelta(minutes=150))
    hours = Splits().pieces(ACCOUNT, HOURLY, Question(SCOPE, HOURLY.key, at(4), at(9, 30)), limits)
    assert ranges(hours) == ["20 04:00-20 06:00", "20 06:00-20 08:00", "20 08:00-20 10:00"]
    days = Splits().pieces(ACCOUNT, DAILY, Question(SCOPE, DAILY.key, at(0, day=19), at(9, 30)), limits)
    assert ranges(days) == ["19 00:00-20 00:00", "20 00:00-21 00:00"]


def test_sampled_pieces_are_asked_again_as_finely_as_possible() -> None:
    """Hours of what tells hours, quarters of an hour of what tells moments; a day can't be asked in parts."""
    splits = Splits()
    assert (
        len(splits.refine(ACCOUNT, whole_piece(HOURLY, Question(SCOPE, HOURLY.key, at(8), at(10)), USUAL_LIMITS))) == 2
    )
    assert splits.refine(ACCOUNT, Piece(HOURLY, at(8), at(9))) == ()
    assert len(splits.refine(ACCOUNT, Piece(MOMENTARY, at(8), at(9)))) == 4
    assert splits.refine(ACCOUNT, Piece(DAILY, at(0), at(0, day=21))) == ()


def row(amount: int, **dimensions: str) -> dict[str, Any]:
    """A row with all fields of the datasets here."""
    return {
        "dimensions": {"locationId": "here", "resolverDecision": 10, "vectorizeIndexId": "here", **dimensions},
        "sum": {"queriedVectorDimensions": amount, "requests": amount},
        "count": amount,
        "avg": {"sampleInterval": 1},
    }


def ask(scene: Scene, table: Table, dataset: Dataset, question: Question) -> Answer:
    """The answer to a question."""
    outcome = asyncio.run(connect(scene, table).ask(EXAMPLE, [(dataset, question)]))[question]
    assert isinstance(outcome, Answer), outcome
    return outcome


def by_hour(answer: Answer) -> dict[str, int]:
    """The first amounts of an answer, by the time that they are filed under."""
    return {f"{hour:%d %H:%M}": sum(row[0] for row in rows.values()) for hour, rows in answer.hours.items()}


def test_rows_of_moments_belong_to_the_hour_of_their_piece(scene: Scene) -> None:
    """Also where the first hour is asked from a minute on; the newest of them is told to the minute."""
    table = Table()
    newest = [{"dimensions": {"datetime": format_time(at(10, 14)).replace(":00Z", ":31Z")}}]
    table.fail(lambda _: answered({"usage_0": [row(3)], "usage_1": [row(4)], "usage_2": [], "newest_2": newest}))
    outcome = ask(scene, table, MOMENTARY, Question(SCOPE, MOMENTARY.key, at(8, 41), at(10, 17), asks_newest=True))
    assert by_hour(outcome) == {"20 08:00": 3, "20 09:00": 4}
    assert (outcome.newest, outcome.sample_interval) == (at(10, 14), Decimal(1))


def test_moments_of_a_closed_day_belong_to_the_day(scene: Scene) -> None:
    """Its pieces are an hour each and add up."""
    table = Table()
    table.fail(lambda aliases: answered({alias: [row(2)] for alias in aliases}))
    question = Question(SCOPE, MOMENTARY.key, at(9, 41), at(0, day=21), by_day=True)
    assert by_hour(ask(scene, table, MOMENTARY, question)) == {"20 00:00": 30}
    assert [len(aliases) for aliases in table.asked] == [15]


def test_rows_without_any_dimension_are_the_accounts(scene: Scene) -> None:
    """Where nothing is grouped by, an alias has one row, and the selection no empty braces."""
    table = Table()
    table.fail(lambda _: answered({"usage_0": [{"sum": {"buildMinutes": 2.5}}], "newest_0": []}))
    outcome = ask(scene, table, BUILDS, Question(SCOPE, BUILDS.key, at(10), at(10, 17)))
    assert outcome.hours == {at(10): {("", ()): (2_500_000,)}}


def test_the_newest_hour_with_rows_is_the_newest_data(scene: Scene) -> None:
    """So is the newest day."""
    table = Table()
    hours = [row(1, datetimeHour="2025-10-20T08:00:00Z"), row(1, datetimeHour="2025-10-20T09:00:00Z")]
    table.fail(lambda _: answered({"usage_0": hours, "usage_1": []}))
    assert ask(scene, table, HOURLY, Question(SCOPE, HOURLY.key, at(8), at(10, 17))).newest == at(9)
    days = Table()
    days.fail(lambda _: answered({"usage_0": [row(1, date="2025-10-19")]}))
    assert ask(scene, days, DAILY, Question(SCOPE, DAILY.key, at(0, day=19), at(10, 17))).newest == at(0, day=19)


def test_many_pieces_are_not_taken_for_full_pages(scene: Scene) -> None:
    """Weeks of moments are hundreds of pieces from the start; a full page among them is still cut."""
    table = Table()
    filled = replace(USUAL_LIMITS, page_size=2)

    def page(aliases: dict[str, str]) -> Any:
        is_full = len(table.asked) == 16
        return answered({alias: [row(1)] * (2 if is_full and alias == "usage_0" else 1) for alias in aliases})

    table.fail(page)
    question = Question(SCOPE, BUILDS.key, at(0, day=1), at(10))
    named = replace(MOMENTARY, name=BUILDS.name, reports_sampling=False)
    asked = connect(scene, table).ask(EXAMPLE, [(named, question)], {BUILDS.key: filled})
    outcome = asyncio.run(asked)[question]
    assert isinstance(outcome, Answer), outcome
    assert sum(by_hour(outcome).values()) == 466 + 1
