"""Usage: what happened, and what is visible of it when."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from exporter.simulator import AccountModel, Incident, ManualClock, Simulator, Traffic, Worker
from exporter.simulator.products import DATASETS
from tests.simulator.client import ACCOUNT, WORKERS

SINCE = datetime(2026, 6, 1, 7, 17, tzinfo=UTC)
UNTIL = datetime(2026, 6, 1, 10, 4, tzinfo=UTC)
FAR = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("dataset", sorted(DATASETS))
def test_everything_becomes_visible(late_simulator: Simulator, dataset: str) -> None:
    """In the far future all that was used is visible, and before the end of the first minute nothing is."""
    by = DATASETS[dataset].dimensions
    used = late_simulator.used(ACCOUNT, dataset, SINCE, UNTIL, by=by)
    assert used
    assert late_simulator.visible(ACCOUNT, dataset, SINCE, UNTIL, FAR, by=by) == used
    too_early = SINCE + timedelta(seconds=59)
    assert late_simulator.visible(ACCOUNT, dataset, SINCE, UNTIL, too_early, by=by) == {}


@pytest.mark.parametrize("dataset", sorted(name for name, dataset in DATASETS.items() if dataset.cells))
@pytest.mark.parametrize("at", [UNTIL + timedelta(seconds=30), UNTIL - timedelta(minutes=9), FAR])
def test_sums_agree_however_they_are_cut(late_simulator: Simulator, dataset: str, at: datetime) -> None:
    """Minutes, hours, days and the whole range add up to the same, at every time of asking."""
    whole = late_simulator.visible(ACCOUNT, dataset, SINCE, UNTIL, at)
    for by in ("datetimeMinute", "datetimeFifteenMinutes", "datetimeHour", "date"):
        parts = late_simulator.visible(ACCOUNT, dataset, SINCE, UNTIL, at, by=(by,))
        total = {name: sum(row[name] for row in parts.values()) for name in whole[()]}
        assert {(): total} == whole


def test_visible_only_grows(late_simulator: Simulator) -> None:
    """What is visible grows from nothing to everything within the lateness, and portions of a minute come apart."""
    since, until = datetime(2026, 6, 1, 9, tzinfo=UTC), datetime(2026, 6, 1, 9, 1, tzinfo=UTC)
    seen = [
        late_simulator.visible(ACCOUNT, WORKERS, since, until, until + timedelta(minutes=late)).get((), {})
        for late in range(21)
    ]
    requests = [row.get("requests", 0) for row in seen]
    assert requests == sorted(requests)
    assert len(set(requests)) > 3
    assert requests[-1] == late_simulator.used(ACCOUNT, WORKERS, since, until)[()]["requests"]


def test_same_seed_same_usage(simulate: Callable[..., Simulator]) -> None:
    """A restarted simulator tells the same; another seed tells something else."""
    by = ("scriptTag", "status", "datetimeMinute")
    first = simulate(seed=3).used(ACCOUNT, WORKERS, SINCE, UNTIL, by=by)
    assert simulate(seed=3).used(ACCOUNT, WORKERS, SINCE, UNTIL, by=by) == first
    assert simulate(seed=4).used(ACCOUNT, WORKERS, SINCE, UNTIL, by=by) != first


def test_traffic_can_be_shared(simulate: Callable[..., Simulator], account: AccountModel, clock: ManualClock) -> None:
    """Simulators that share their traffic tell what each would tell alone."""
    alone = simulate(lateness=timedelta(minutes=5)).used(ACCOUNT, WORKERS, SINCE, UNTIL)
    traffic, world = Traffic(1), simulate().state.world
    assert [Simulator(world, clock, traffic=traffic).used(ACCOUNT, WORKERS, SINCE, UNTIL) for _ in range(2)] == [
        alone,
        alone,
    ]


def test_quiet(simulator: Simulator) -> None:
    """No usage begins at or after the quiet time, while stored data stay."""
    simulator.set_quiet_from(SINCE + timedelta(minutes=5))
    by = ("datetimeMinute",)
    assert len(simulator.used(ACCOUNT, WORKERS, SINCE, UNTIL, by=by)) == 5
    assert simulator.used(ACCOUNT, "d1StorageAdaptiveGroups", SINCE, UNTIL)


def test_incident(simulator: Simulator) -> None:
    """During an incident most invocations throw; before and after it nothing is changed."""
    start, end = SINCE + timedelta(minutes=20), SINCE + timedelta(minutes=30)
    by = ("scriptTag", "datetimeMinute")
    before = simulator.used(ACCOUNT, WORKERS, SINCE, UNTIL, by=by)
    simulator.start_incident(ACCOUNT, "1" * 32, start, end)
    after = simulator.used(ACCOUNT, WORKERS, SINCE, UNTIL, by=by)
    changed = {key for key in after if after[key] != before.get(key)}
    assert len(changed) == 10
    burst = simulator.used(ACCOUNT, WORKERS, start, end, by=("scriptTag",))[("1" * 32,)]
    assert burst["errors"] > burst["requests"] // 2


def test_recurring_incident(simulate: Callable[..., Simulator], account: AccountModel) -> None:
    """A recurring incident is the same burst every time, from long before its first time on."""
    start = datetime(2026, 6, 1, 0, 4, tzinfo=UTC)
    incident = Incident(since=start, until=start + timedelta(minutes=6), every=timedelta(minutes=15))
    worker = Worker(id="9" * 32, name="checkout", weight=100, incidents=(incident,))
    simulator = simulate()
    simulator.add(ACCOUNT, worker)
    since = datetime(2026, 5, 30, 8, tzinfo=UTC)
    rows = simulator.used(ACCOUNT, WORKERS, since, since + timedelta(hours=1), by=("scriptTag", "datetimeMinute"))
    failing = sorted(
        int(minute[14:16]) for (tag, minute), row in rows.items() if tag == "9" * 32 and row["errors"] > 50
    )
    assert failing == [*range(4, 10), *range(19, 25), *range(34, 40), *range(49, 55)]


def test_errors_are_three_outcomes(simulator: Simulator) -> None:
    """Errors are the requests with an outcome that is neither success nor a client that went away."""
    day = timedelta(days=1)
    for (status,), row in simulator.used(ACCOUNT, WORKERS, SINCE - day, SINCE, by=("status",)).items():
        assert row["errors"] == (0 if status in {"success", "clientDisconnected"} else row["requests"])
        assert row["clientDisconnects"] == (row["requests"] if status == "clientDisconnected" else 0)


def test_storage_grows(simulator: Simulator) -> None:
    """Stored quantities are hourly maxima that grow; the KV-backed objects of an account are one sum."""
    rows = simulator.used(ACCOUNT, "r2StorageAdaptiveGroups", SINCE, UNTIL, by=("bucketName", "datetimeHour"))
    assert {bucket for bucket, _ in rows} == {"media", "eu_private"}
    sizes = [row["payloadSize"] for (bucket, _), row in sorted(rows.items()) if bucket == "media"]
    assert len(sizes) == 3
    assert sizes == sorted(set(sizes))
    assert set(simulator.used(ACCOUNT, "durableObjectsStorageGroups", SINCE, UNTIL)[()]) == {"storedBytes"}
