"""How often a dataset is asked, by how recently it had data."""

from datetime import UTC, datetime, timedelta

import pytest

from exporter.catalog import DATASETS
from exporter.catalog.dataset import Dataset
from exporter.catalog.timing import SLOW_PACE
from exporter.poller.pace import Pace, Turn, pace_of, pause_of, turn_of
from tests.grains import DAILY

NOON = datetime(2025, 10, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
USAGE = DATASETS["kvOperationsAdaptiveGroups"]
STATE = DATASETS["kvStorageAdaptiveGroups"]


@pytest.mark.parametrize(
    ("dataset", "newest", "now", "pace"),
    [
        (USAGE, None, NOON, Pace.IDLE),
        (USAGE, NOON, NOON, Pace.EACH_REFRESH),
        # Only the hour may be known: its data can be as late as its end.
        (USAGE, NOON, NOON + 3 * HOUR, Pace.EACH_REFRESH),
        (USAGE, NOON + 59 * MINUTE, NOON + 3 * HOUR, Pace.EACH_REFRESH),
        (USAGE, NOON, NOON + 3 * HOUR + MINUTE, Pace.SLOW),
        (USAGE, NOON, NOON + 25 * HOUR, Pace.SLOW),
        (USAGE, NOON, NOON + 25 * HOUR + MINUTE, Pace.IDLE),
        (STATE, NOON, NOON + 3 * HOUR + MINUTE, Pace.SLOW),
        (DAILY, NOON.replace(hour=0), NOON + 14 * HOUR, Pace.EACH_REFRESH),
        (DAILY, NOON.replace(hour=0), NOON + 14 * HOUR + MINUTE, Pace.SLOW),
        (DAILY, NOON.replace(hour=0), NOON + 36 * HOUR + MINUTE, Pace.IDLE),
    ],
)
def test_the_pace_follows_the_newest_data(dataset: Dataset, newest: datetime | None, now: datetime, pace: Pace) -> None:
    """Within two hours each refresh, within a day slowly, later or never idle."""
    assert pace_of(dataset, newest, now) is pace


@pytest.mark.parametrize(
    ("dataset", "pace", "minutes"),
    [
        (USAGE, Pace.EACH_REFRESH, 0),
        (USAGE, Pace.SLOW, 5),
        (USAGE, Pace.IDLE, 5),
        (STATE, Pace.EACH_REFRESH, 5),
        (STATE, Pace.IDLE, 5),
    ],
)
def test_the_pause_is_that_of_the_pace_or_the_datasets_own(dataset: Dataset, pace: Pace, minutes: int) -> None:
    """Whichever is longer."""
    assert pause_of(dataset, pace) == minutes * MINUTE


@pytest.mark.parametrize(
    ("pace", "pause", "seconds", "turn"),
    [
        (Pace.EACH_REFRESH, timedelta(0), None, Turn.MUST),
        (Pace.EACH_REFRESH, timedelta(0), 1, Turn.MUST),
        (Pace.SLOW, SLOW_PACE, None, Turn.MUST),
        (Pace.SLOW, SLOW_PACE, 269, Turn.NOT_YET),
        (Pace.SLOW, SLOW_PACE, 270, Turn.MUST),
        (Pace.IDLE, SLOW_PACE, None, Turn.MUST),
        (Pace.IDLE, SLOW_PACE, 149, Turn.NOT_YET),
        (Pace.IDLE, SLOW_PACE, 150, Turn.MAY),
        (Pace.IDLE, SLOW_PACE, 269, Turn.MAY),
        (Pace.IDLE, SLOW_PACE, 270, Turn.MUST),
    ],
)
def test_the_turn_comes_with_the_pause(pace: Pace, pause: timedelta, seconds: int | None, turn: Turn) -> None:
    """With refreshes a minute apart; a dataset that was never answered must be asked."""
    answered = None if seconds is None else NOON - timedelta(seconds=seconds)
    assert turn_of(pace, pause, answered, NOON, MINUTE) is turn


def test_no_pace_is_slower_than_what_rules_and_panels_reckon_with() -> None:
    """They look back over three of the longest intervals that the catalog gives a dataset."""
    for dataset in DATASETS.values():
        slowest = max(pause_of(dataset, pace) for pace in Pace)
        assert (dataset.longest_interval, dataset.shortest_window) == (slowest, 3 * slowest)
