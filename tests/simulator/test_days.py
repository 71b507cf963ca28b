"""Days: grouped by date, over the borders of hours, days, months and years."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from exporter.simulator import (
    USUAL_ARRIVAL,
    AccountModel,
    Documents,
    ManualClock,
    Simulator,
    TokenModel,
    Traffic,
    World,
)
from exporter.simulator.dataset import Dataset
from exporter.simulator.products import DATASETS
from exporter.simulator.traffic import Stream
from tests.simulator.client import ACCOUNT, HOUR, MINUTE, OF_ACCOUNTS, TOKEN, WORKERS, Client, iso

DAY = timedelta(days=1)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
BORDERS = {
    "a day": datetime(2025, 11, 12, tzinfo=UTC),
    "a month": datetime(2025, 12, 1, tzinfo=UTC),
    "a year": NEW_YEAR,
    "a leap day": datetime(2024, 2, 29, tzinfo=UTC),
    "a leap year's March": datetime(2024, 3, 1, tzinfo=UTC),
}
COUNTED = sorted(name for name, dataset in OF_ACCOUNTS.items() if dataset.cells)
STORED = sorted(name for name, dataset in DATASETS.items() if dataset.levels)


def figures(row: dict[str, Any], dataset: Dataset) -> dict[str, int]:
    """The figures of a row as the oracle has them."""
    group = row["max" if dataset.levels else "sum"]
    found = {
        measure.name: round(Decimal(str(group[measure.name])) * measure.scale)
        for measure in dataset.measures
        if measure.shown
    }
    return {**found, "count": row["count"]} if dataset.count else found


def by_date(client: Client, dataset: Dataset, limits: str) -> dict[tuple[str, ...], dict[str, int]]:
    """The rows of a dataset by all its dimensions and the date."""
    by = ("date", *dataset.dimensions)
    group = "max" if dataset.levels else "sum"
    shown = " ".join(measure.name for measure in dataset.measures if measure.shown)
    rows = client.rows(
        f"{dataset.name}(limit: 10000, filter: {{{limits}}}) {{"
        f" dimensions {{ {' '.join(by)} }} {group} {{ {shown} }} {'count' if dataset.count else ''} }}"
    )
    return {tuple(str(row["dimensions"][name]) for name in by): figures(row, dataset) for row in rows}


def limits_of(time: str, since: datetime, until: datetime) -> str:
    """A filter for a range of times, without its braces."""
    return f'{time}_geq: "{iso(since)}", {time}_lt: "{iso(until)}"'


@pytest.mark.parametrize("border", BORDERS.values(), ids=BORDERS)
@pytest.mark.parametrize("name", COUNTED)
def test_dates_within_minutes(
    name: str, border: datetime, client: Client, simulator: Simulator, clock: ManualClock
) -> None:
    """Grouped by date, each side of midnight has the usage of its minutes: parts of days and a whole one."""
    since, until = border - timedelta(hours=5, minutes=13), border + DAY + timedelta(minutes=47)
    clock.set(until + HOUR)
    dataset = DATASETS[name]
    rows = by_date(client, dataset, limits_of("datetimeMinute", since, until))
    assert rows == simulator.used(ACCOUNT, name, since, until, by=("date", *dataset.dimensions))
    assert {key[0] for key in rows} == {f"{day:%Y-%m-%d}" for day in (border - DAY, border, border + DAY)}
    for day, start, end in ((border - DAY, since, border), (border, border, border + DAY)):
        alone = simulator.used(ACCOUNT, name, start, end, by=dataset.dimensions)
        assert {key[1:]: row for key, row in rows.items() if key[0] == f"{day:%Y-%m-%d}"} == alone


@pytest.mark.parametrize("border", BORDERS.values(), ids=BORDERS)
@pytest.mark.parametrize("name", [*COUNTED, *STORED])
def test_dates_within_hours(
    name: str, border: datetime, client: Client, simulator: Simulator, clock: ManualClock
) -> None:
    """Grouped by date within whole hours, every dataset has the sums of those hours, or their maxima."""
    since, until = border - 3 * HOUR, border + DAY + 2 * HOUR
    clock.set(until + HOUR)
    dataset = DATASETS[name]
    rows = by_date(client, dataset, limits_of("datetimeHour", since, until))
    assert rows
    assert rows == simulator.used(ACCOUNT, name, since, until, by=("date", *dataset.dimensions))


@pytest.mark.parametrize("name", STORED)
def test_a_days_maximum_is_of_its_hours(name: str, simulator: Simulator) -> None:
    """The stored size of a day is the largest of its hours, and of the account the largest hourly sum."""
    dataset = DATASETS[name]
    hours = simulator.used(ACCOUNT, name, NEW_YEAR - DAY, NEW_YEAR, by=("datetimeHour", *dataset.dimensions))
    days = simulator.used(ACCOUNT, name, NEW_YEAR - DAY, NEW_YEAR, by=("date", *dataset.dimensions))
    for (_, *key), day in days.items():
        of_key = [row for (_, *other), row in hours.items() if other == key]
        assert len(of_key) == 24
        assert day == {measure: max(row[measure] for row in of_key) for measure in day}


@pytest.mark.parametrize(
    ("condition", "before", "after"),
    [
        ('date: "2025-12-31"', DAY, 0 * DAY),
        ('date_geq: "2025-12-30", date_lt: "2026-01-01"', 2 * DAY, 0 * DAY),
        ('date_geq: "2025-12-31", date_leq: "2026-01-01"', DAY, DAY),
        ('date_gt: "2025-12-30", date_lt: "2026-01-02"', DAY, DAY),
        ('date_in: ["2025-12-31", "2026-01-01"]', DAY, DAY),
        ('datetimeHour_gt: "2025-12-31T22:00:00Z", datetimeHour_leq: "2026-01-01T00:00:00Z"', HOUR, HOUR),
        ('datetimeHour_in: ["2025-12-31T23:00:00Z", "2026-01-01T00:00:00Z"]', HOUR, HOUR),
        ('datetimeMinute_geq: "2026-01-01T00:30:00+01:00", date_leq: "2025-12-31"', HOUR / 2, 0 * DAY),
        ('datetime_geq: "2025-12-31T23:59:00Z", datetime_lt: "2026-01-01T00:01:00Z"', MINUTE, MINUTE),
        ('date_geq: "2025-12-31", datetimeMinute_lt: "2026-01-01T00:41:00Z"', DAY, 41 * MINUTE),
    ],
)
def test_filters_at_a_border(
    simulator: Simulator, clock: ManualClock, condition: str, before: timedelta, after: timedelta
) -> None:
    """Filters by date, hour and minute mean whole days, hours and minutes in UTC, so long before and after new year."""
    clock.set(NEW_YEAR + 3 * DAY)
    dataset = DATASETS[WORKERS]
    by = ("date", *dataset.dimensions)
    expected = simulator.used(ACCOUNT, WORKERS, NEW_YEAR - before, NEW_YEAR + after, by=by)
    assert by_date(Client(simulator), dataset, condition) == expected


def test_a_day_before_its_end(simulate: Callable[..., Simulator], clock: ManualClock) -> None:
    """The running day, late data and all, is the sum of what is visible of its hours; the day before is complete."""
    simulator = simulate(arrival=USUAL_ARRIVAL)
    now = clock.now()
    today = now.replace(hour=0, minute=0, second=0)
    dataset = DATASETS[WORKERS]
    since, until = today - DAY, now.replace(second=0)
    rows = by_date(Client(simulator), dataset, limits_of("datetimeMinute", since, until))
    by = ("date", *dataset.dimensions)
    assert rows == simulator.visible(ACCOUNT, WORKERS, since, until, now, by=by)
    assert rows != simulator.used(ACCOUNT, WORKERS, since, until, by=by)
    before = {key: row for key, row in rows.items() if key[0] == f"{since:%Y-%m-%d}"}
    assert before == simulator.used(ACCOUNT, WORKERS, since, today, by=by)


class CountingTraffic(Traffic):
    """Traffic that counts how often it is asked for an hour, or makes one up."""

    asked = 0

    def hour(self, stream: Stream, hour: int) -> Any:
        """The sixty minutes of an hour."""
        self.asked += 1
        return super().hour(stream, hour)

    def entropy(self, stream: Stream, hour: int, purpose: bytes, length: int) -> bytes:
        """What an hour is made from."""
        self.asked += 1
        return super().entropy(stream, hour, purpose, length)


@pytest.mark.parametrize("fields", [{}, {"lateness": timedelta(minutes=20)}, {"arrival": USUAL_ARRIVAL}])
def test_settled_days_are_added_up_once(
    account: AccountModel, clock: ManualClock, documents: Documents, fields: dict[str, Any]
) -> None:
    """A question about a month of whole days that has been asked before looks at none of their hours again."""
    traffic = CountingTraffic(1)
    world = World(accounts=(account,), tokens=(TokenModel(token=TOKEN),), **fields)
    client = Client(Simulator(world, clock, traffic=traffic, documents=documents))
    today = clock.now().replace(hour=0, minute=0, second=0)
    limits = limits_of("datetimeMinute", today - 30 * DAY, today)
    first = [by_date(client, DATASETS[name], limits) for name in COUNTED]
    asked = traffic.asked
    assert asked > 30 * 24 * len(COUNTED)
    clock.advance(MINUTE)
    assert [by_date(client, DATASETS[name], limits) for name in COUNTED] == first
    assert traffic.asked == asked
