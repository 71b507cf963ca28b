"""Instants: the newest reading of each asset, absent once it is older than three intervals of asking."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, gauge
from exporter.catalog.timing import Instant
from exporter.model import Answer, Rows
from tests.ledger.factories import ACCOUNT, KIND, SCOPE, Scene, at, worker

MINUTE = timedelta(minutes=1)

BACKLOG = Dataset(
    name="backlog",
    version=1,
    timing=Instant(),
    min_interval=5 * MINUTE,
    kind=KIND,
    id_dimension="tag",
    fields=(Field("messages", "avg"),),
    metrics=(gauge("cloudflare_backlog_messages", "Messages that wait.", "messages"),),
)

Readings = Mapping[str, Mapping[str, int]]
"""Messages by asset, by the minute of the reading."""


class InstantScene(Scene):
    """A ledger that is told of backlogs."""

    def __init__(self) -> None:
        super().__init__(None, [BACKLOG])
        self.list("09:59", worker("w1", "shop"), worker("w2", "api"))

    def tell(self, clock: str, readings: Readings) -> None:
        """Apply an answer of this moment."""
        question = BACKLOG.question(SCOPE, at(clock), None)
        hours: dict[datetime, Rows] = {
            at(minute): {(asset, ()): (messages,) for asset, messages in there.items()}
            for minute, there in readings.items()
        }
        self.ledger.apply(ACCOUNT.id, [Answer(question, at(clock), hours)], 0)

    def shown(self, clock: str) -> Mapping[str, int]:
        """Return what is published at a moment, by asset."""
        (book,) = self.ledger.publication(at(clock)).books
        return {placement.asset: amount for placement, _, amount in book.series}


def test_the_newest_minutes_are_asked() -> None:
    """Those in which a reading is not too old, grouped by the minute."""
    question = BACKLOG.question(SCOPE, at("12:34"), None)
    assert (question.since, question.until) == (at("12:19"), at("12:34"))
    assert BACKLOG.timing.group(by_day=False) == "datetimeMinute"


def test_the_newest_reading_of_each_asset_counts() -> None:
    """Also if it is of an earlier minute than another asset's, or came with an earlier answer."""
    scene = InstantScene()
    scene.tell("10:10", {"10:05": {"w1": 1, "w2": 7}, "10:08": {"w1": 3}})
    assert scene.shown("10:10") == {"shop": 3, "api": 7}
    scene.tell("10:15", {"10:06": {"w1": 2, "w2": 8}})
    assert scene.shown("10:15") == {"shop": 3, "api": 8}
    scene.tell("10:16", {"10:08": {"w1": 4}})
    assert scene.shown("10:16") == {"shop": 4, "api": 8}


def test_an_old_reading_is_absent() -> None:
    """To the minute, whether answers come without it or none come at all; what was never read is not 0."""
    scene = InstantScene()
    scene.tell("10:10", {"10:04": {"w1": 1}, "10:09": {"w2": 7}})
    assert scene.shown("10:19") == {"shop": 1, "api": 7}
    assert scene.shown("10:20") == {"api": 7}
    scene.tell("10:21", {})
    assert scene.shown("10:24") == {"api": 7}
    assert scene.shown("10:25") == {}
    scene.tell("10:30", {"10:14": {"w1": 9}})
    assert scene.shown("10:30") == {}


@pytest.mark.parametrize("interval", [0, 5])
def test_a_reading_that_expires_too_soon_is_refused(interval: int) -> None:
    """An asset that is asked every five minutes, as any that is idle, would be absent between two answers."""
    with pytest.raises(ValueError, match=r"^backlog: readings expire within three intervals of asking"):
        replace(BACKLOG, timing=Instant(expires=14 * MINUTE), min_interval=interval * MINUTE)


def test_help_says_how_old_it_may_be() -> None:
    """So that nobody takes a gap for 0."""
    (metric,) = BACKLOG.metrics
    assert (
        BACKLOG.describe(metric) == "Messages that wait (backlog avg.messages; newest reading, of the last 15 minutes)."
    )
