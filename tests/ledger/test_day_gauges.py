"""Unique counts: the gauge of a day, the newest complete one or the running one, and never a counter."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field
from exporter.model import RETENTION, Answer
from tests.grains import DAILY, UNIQUES, UNIQUES_SO_FAR
from tests.ledger.factories import ACCOUNT, CALLS, SCOPE, Scene, at


def asked(dataset: Dataset, clock: str, retention: timedelta = RETENTION) -> str:
    """Return the days that are asked at a moment."""
    question = dataset.question(SCOPE, at(clock), None, retention)
    return f"{question.since:%d %H:%M}-{question.until:%d %H:%M}"


@pytest.mark.parametrize("clock", ["24:00", "24:01", "40:17", "47:59"])
def test_days_are_asked_whole(clock: str) -> None:
    """The one that ended last, or the one that runs."""
    assert asked(UNIQUES, clock) == "20 00:00-21 00:00"
    assert asked(UNIQUES_SO_FAR, clock) == "21 00:00-22 00:00"


def test_a_forgotten_day_is_not_asked() -> None:
    """With a retention of a day and a half yesterday's begin is forgotten at noon: the question is empty."""
    assert asked(UNIQUES, "34:00", timedelta(hours=48)) == "20 00:00-21 00:00"
    assert asked(UNIQUES, "37:00", timedelta(hours=36)) == "21 00:00-21 00:00"
    assert asked(UNIQUES_SO_FAR, "37:00", timedelta(hours=36)) == "21 00:00-22 00:00"


class DayScene(Scene):
    """A ledger that is told of unique visitors."""

    def __init__(self) -> None:
        super().__init__(None, [UNIQUES, UNIQUES_SO_FAR])

    def tell(self, dataset: Dataset, clock: str, visitors: int | None) -> None:
        """Apply the unique visitors of the day that is asked at a moment; None: no rows."""
        question = dataset.question(SCOPE, at(clock), None)
        rows = {} if visitors is None else {question.since: {("", ()): (visitors,)}}
        self.ledger.apply(ACCOUNT.id, [Answer(question, at(clock), rows)], 0)

    def shown(self, dataset: Dataset, now: datetime) -> Sequence[int]:
        """Return what is published of a dataset."""
        books = self.ledger.publication(now).books
        return [amount for book in books if book.dataset is dataset for _, _, amount in book.series]


def test_a_complete_day_is_shown_until_the_next_is() -> None:
    """Later answers refine it; another day replaces it, also by nothing."""
    scene = DayScene()
    scene.tell(UNIQUES, "24:02", 90)
    scene.tell(UNIQUES, "25:02", 100)
    assert scene.shown(UNIQUES, at("47:59")) == [100]
    scene.tell(UNIQUES, "48:02", 70)
    assert scene.shown(UNIQUES, at("48:03")) == [70]
    scene.tell(UNIQUES, "72:02", None)
    assert scene.shown(UNIQUES, at("72:03")) == []


def test_a_complete_day_is_not_shown_for_another() -> None:
    """While Cloudflare is away it leaves a few hours after the next day has ended."""
    scene = DayScene()
    scene.tell(UNIQUES, "25:02", 100)
    assert scene.shown(UNIQUES, at("51:00")) == [100]
    assert scene.shown(UNIQUES, at("51:01")) == []


def test_the_running_day_is_shown_while_it_is_fresh() -> None:
    """It begins anew at midnight, and leaves twenty minutes after its last answer."""
    scene = DayScene()
    scene.tell(UNIQUES_SO_FAR, "34:00", 40)
    assert scene.shown(UNIQUES_SO_FAR, at("34:20")) == [40]
    assert scene.shown(UNIQUES_SO_FAR, at("34:21")) == []
    scene.tell(UNIQUES_SO_FAR, "47:59", 100)
    scene.tell(UNIQUES_SO_FAR, "48:01", 1)
    assert scene.shown(UNIQUES_SO_FAR, at("48:02")) == [1]


def test_what_does_not_add_up_cannot_be_counted() -> None:
    """Visitors of two days are not those of both: such a field is refused where the dataset is built."""
    with pytest.raises(ValueError, match=r"^httpRequests1dGroups: uniques cannot be counted"):
        replace(DAILY, fields=(Field("requests"), Field("uniques", "uniq")))
    with pytest.raises(ValueError, match=r"^calls: most cannot be counted"):
        replace(CALLS, fields=(Field("most", "max"),))


def test_help_says_which_day_it_is() -> None:
    """So does the path of the field."""
    (metric,) = UNIQUES.metrics
    assert UNIQUES.describe(metric) == "Visitors (httpRequests1dGroups uniq.uniques; of the newest complete day, UTC)."
    assert "of the running day, UTC" in UNIQUES_SO_FAR.describe(metric)
