"""What a dataset is read from: what may be declared, and what follows from it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from exporter.catalog import meters_of
from exporter.catalog.dataset import Dataset
from exporter.catalog.timing import USUAL_COUNTER, DayGauge, Instant, Timing, Window
from exporter.model import Question, Scope
from tests.readings import BACKLOG, RUNS, SIZE, STREAM
from tests.zones import OPERATIONS, QUERIES, QUERIES_BY_ACCOUNT

NOON = datetime(2025, 10, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize("timing", [USUAL_COUNTER, Window(), DayGauge()], ids=["counter", "window", "day"])
def test_what_has_no_history_is_not_counted(timing: Timing) -> None:
    """A resource tells only of its own moment, from which nothing of a span follows."""
    with pytest.raises(ValueError, match="d1Database: what tells only of its own moment is a stored quantity or an"):
        replace(SIZE, timing=timing)


def test_readings_live_for_three_intervals() -> None:
    """An instant that is asked too seldom is refused where it is declared."""
    with pytest.raises(ValueError, match="queueMetrics: readings expire within three intervals"):
        replace(BACKLOG, timing=Instant(expires=timedelta(minutes=14)))


@pytest.mark.parametrize(
    ("dataset", "is_of_account", "is_of_zones", "is_spread"),
    [
        (BACKLOG, False, False, True),
        (STREAM, True, False, True),
        (RUNS, True, False, True),
        (OPERATIONS, False, True, False),
        (QUERIES_BY_ACCOUNT, False, True, False),
    ],
    ids=lambda each: each.key if isinstance(each, Dataset) else "",
)
def test_rows_without_an_id_belong_to_what_is_read(
    dataset: Dataset, is_of_account: bool, is_of_zones: bool, is_spread: bool
) -> None:
    """To the asset, the account or the zone; what takes a request an asset is not part of a refresh."""
    reads = dataset.reads
    assert (reads.is_of_account, reads.is_of_zones, reads.is_spread) == (is_of_account, is_of_zones, is_spread)


def test_days_are_asked_about_only_where_there_is_a_history() -> None:
    """What is stored and read by REST has meters, but no closed days."""
    assert SIZE.timing.is_metered and not SIZE.has_days and SIZE.is_estimated
    assert not BACKLOG.timing.is_metered and not BACKLOG.is_estimated
    assert OPERATIONS.has_days and not OPERATIONS.is_estimated
    assert not meters_of((SIZE,))["d1_storage_gb_month"].is_of_account


def test_a_question_is_of_the_moment() -> None:
    """It covers the minute at which it is asked, whatever was read before."""
    asked = SIZE.question(Scope("a"), NOON, NOON - timedelta(hours=3))
    assert asked == Question(Scope("a"), "d1Database", NOON - timedelta(hours=3), NOON + timedelta(hours=1))
    assert BACKLOG.question(Scope("a"), NOON, None).until == NOON


def test_help_says_where_a_value_is_from() -> None:
    """The path in the response, and of when it is."""
    assert SIZE.describe(SIZE.metrics[0]) == "Size of a database (d1Database file_size; newest reading)."
    assert RUNS.describe(RUNS.metrics[0]) == (
        "Instances that run (workflows instances.running; newest reading, of the last 15 minutes)."
    )


def test_a_node_of_the_account_tells_zones_apart() -> None:
    """Its rows have the id of their zone, also in an overview; no single row tells the newest minute of each."""
    assert (QUERIES.reads.is_zone_node, QUERIES_BY_ACCOUNT.reads.is_zone_node) == (True, False)
    assert QUERIES_BY_ACCOUNT.of_all_zones.dimensions == ("zoneTag", "queryType", "responseCode")
    assert QUERIES_BY_ACCOUNT.of_all_zones.overview.dimensions == ("zoneTag",)
    assert (QUERIES.asks_newest, QUERIES_BY_ACCOUNT.asks_newest) == (True, False)
    assert (QUERIES.dimensions, QUERIES.overview.dimensions) == (("queryType", "responseCode"), ())
