"""Arrival curves: how much of a minute is visible when."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from exporter.simulator import LONG_INVOCATIONS, USUAL_ARRIVAL, Curve, Simulator, Worker
from exporter.simulator.products import DATASETS
from tests.simulator.client import ACCOUNT, HOUR, MINUTE, NINE, WORKERS

UNTIL = datetime(2026, 6, 1, 10, 4, tzinfo=UTC)
FAR = datetime(2030, 1, 1, tzinfo=UTC)
CURVES = (USUAL_ARRIVAL, LONG_INVOCATIONS, Curve(((0, 1_000),)), Curve(((0, 1), (7, 2), (90_000, 1_000))))


def requests(simulator: Simulator, since: datetime, until: datetime, at: datetime) -> int:
    """Requests of Workers that are visible at a time."""
    return simulator.visible(ACCOUNT, WORKERS, since, until, at).get((), {}).get("requests", 0)


def used(simulator: Simulator, since: datetime, until: datetime) -> int:
    """Requests of Workers that there were."""
    return simulator.used(ACCOUNT, WORKERS, since, until)[()]["requests"]


@pytest.mark.parametrize(
    ("seconds", "thousandths"),
    [(59, 0), (60, 300), (179, 300), (180, 500), (599, 500), (600, 990), (1_499, 990), (1_500, 1_000), (9_999, 1_000)],
)
def test_a_minute_follows_the_curve(simulate: Callable[..., Simulator], seconds: int, thousandths: int) -> None:
    """Of a busy minute exactly the thousandths of the curve are visible at each of its steps, and no more between."""
    simulator = simulate(arrival=USUAL_ARRIVAL)
    simulator.add(ACCOUNT, Worker(id="9" * 32, name="busy", weight=1_000_000))
    visible = requests(simulator, NINE, NINE + MINUTE, NINE + MINUTE + timedelta(seconds=seconds))
    assert visible / used(simulator, NINE, NINE + MINUTE) == pytest.approx(thousandths / 1_000, abs=0.0001)


def test_single_events_follow_the_curve(simulate: Callable[..., Simulator]) -> None:
    """Of minutes with few events each about so many have arrived as the curve says."""
    simulator = simulate(arrival=USUAL_ARRIVAL)
    for seconds, thousandths in USUAL_ARRIVAL.steps:
        visible = sum(
            requests(simulator, minute, minute + MINUTE, minute + MINUTE + timedelta(seconds=seconds))
            for minute in (NINE + number * MINUTE for number in range(180))
        )
        assert visible / used(simulator, NINE, NINE + 3 * HOUR) == pytest.approx(thousandths / 1_000, abs=0.03)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("dataset", sorted(DATASETS))
def test_everything_arrives(simulate: Callable[..., Simulator], curve: Curve, dataset: str) -> None:
    """All that was used is visible once the curve is complete, and before the end of the first minute nothing is."""
    simulator = simulate(arrival=curve)
    by = (*DATASETS[dataset].dimensions, "datetimeHour")
    everything = simulator.used(ACCOUNT, dataset, NINE, UNTIL, by=by)
    assert everything
    complete = UNTIL + timedelta(seconds=curve.delay)
    assert simulator.visible(ACCOUNT, dataset, NINE, UNTIL, complete, by=by) == everything
    assert simulator.visible(ACCOUNT, dataset, NINE, UNTIL, FAR, by=by) == everything
    assert simulator.visible(ACCOUNT, dataset, NINE, UNTIL, NINE + timedelta(seconds=59), by=by) == {}


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("dataset", sorted(name for name, dataset in DATASETS.items() if dataset.cells))
def test_sums_agree_however_they_are_cut(simulate: Callable[..., Simulator], curve: Curve, dataset: str) -> None:
    """Minutes, hours, days and the whole range add up to the same, in each figure, while data are still arriving."""
    simulator = simulate(arrival=curve)
    for at in (UNTIL + timedelta(seconds=30), UNTIL - timedelta(minutes=9), UNTIL + HOUR, UNTIL + 30 * HOUR):
        whole = simulator.visible(ACCOUNT, dataset, NINE - 30 * HOUR, UNTIL, at)
        for by in ("datetimeMinute", "datetimeHour", "date"):
            parts = simulator.visible(ACCOUNT, dataset, NINE - 30 * HOUR, UNTIL, at, by=(by,))
            assert {(): {name: sum(row[name] for row in parts.values()) for name in whole[()]}} == whole


def test_long_invocations(simulate: Callable[..., Simulator]) -> None:
    """A part of an hour's invocations comes two hours late, and is filed under the hour in which they began."""
    simulator = simulate(arrivals={WORKERS: LONG_INVOCATIONS})
    ten = NINE + HOUR
    hour = used(simulator, NINE, ten)
    soon = requests(simulator, NINE, ten, ten + timedelta(minutes=10))
    assert 0.97 * hour < soon < hour
    assert requests(simulator, NINE, ten, ten + timedelta(minutes=59)) == soon
    assert soon < requests(simulator, NINE, ten, ten + timedelta(minutes=90)) < hour
    assert requests(simulator, NINE, ten, ten + 2 * HOUR) == hour
    by_hour = simulator.visible(ACCOUNT, WORKERS, NINE, ten + HOUR, ten + 3 * HOUR, by=("datetimeHour",))
    assert by_hour["2026-06-01T09:00:00Z",]["requests"] == hour


def test_a_curve_of_one_dataset(simulate: Callable[..., Simulator]) -> None:
    """A dataset's own curve stands over that of all, and a curve over the lateness."""
    simulator = simulate(
        lateness=HOUR, arrival=Curve(((120, 1_000),)), arrivals={WORKERS: Curve(((300, 500), (600, 1_000)))}
    )
    databases = "d1AnalyticsAdaptiveGroups"
    complete = simulator.used(ACCOUNT, databases, NINE, NINE + MINUTE)
    assert simulator.visible(ACCOUNT, databases, NINE, NINE + MINUTE, NINE + 2 * MINUTE) == {}
    assert simulator.visible(ACCOUNT, databases, NINE, NINE + MINUTE, NINE + 3 * MINUTE) == complete
    assert requests(simulator, NINE, NINE + MINUTE, NINE + 3 * MINUTE) == 0
    assert 0 < requests(simulator, NINE, NINE + MINUTE, NINE + 6 * MINUTE) < used(simulator, NINE, NINE + MINUTE)
    assert requests(simulator, NINE, NINE + MINUTE, NINE + 11 * MINUTE) == used(simulator, NINE, NINE + MINUTE)


def test_stored_sizes_arrive_whole(simulate: Callable[..., Simulator]) -> None:
    """An hour's stored sizes are visible once the curve is complete, and not before."""
    simulator = simulate(arrival=USUAL_ARRIVAL)
    sizes = "d1StorageAdaptiveGroups"
    complete = NINE + MINUTE + timedelta(seconds=USUAL_ARRIVAL.delay)
    assert simulator.visible(ACCOUNT, sizes, NINE, NINE + HOUR, complete - timedelta(seconds=1)) == {}
    assert simulator.visible(ACCOUNT, sizes, NINE, NINE + HOUR, complete) == simulator.used(
        ACCOUNT, sizes, NINE, NINE + HOUR
    )


def test_arrival_can_be_changed(simulator: Simulator) -> None:
    """Another curve holds for what there is already, and none again means within the lateness."""
    minute, soon = NINE + MINUTE, NINE + 2 * MINUTE
    simulator.set_arrival(USUAL_ARRIVAL)
    assert 0 < requests(simulator, NINE, minute, soon) < used(simulator, NINE, minute)
    simulator.set_arrival(None)
    assert requests(simulator, NINE, minute, soon) == used(simulator, NINE, minute)


@pytest.mark.parametrize(
    "steps",
    [
        (),
        ((60, 300),),
        ((60, 300), (60, 1_000)),
        ((60, 500), (120, 400), (180, 1_000)),
        ((-1, 300), (60, 1_000)),
        ((0, -1), (60, 1_000)),
        ((60, 1_001), (120, 1_000)),
    ],
)
def test_impossible_curves(steps: tuple[tuple[int, int], ...]) -> None:
    """A curve that ends early, goes back, or begins before the minute's end is refused."""
    with pytest.raises(ValueError, match="arrival curve"):
        Curve(steps)
