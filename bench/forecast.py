"""Measure the forecast's error on past billing cycles of the simulated account, forecast from days within them.

Daily usage comes from the oracle and is priced by the exporter's own code. A forecast sees only the days before it.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from bench.figure import Figure
from exporter.catalog import DATASETS
from exporter.ledger.daily_sums import fold_days, meter_hours
from exporter.ledger.gauges import levels_of_day
from exporter.model import HOUR, DailyKey, Placement
from exporter.pricing import AccountCosts, BilledAccount, Now, Spread, UsageTable, account_costs, load_card
from exporter.pricing.cycle import Cycle, Cycles, cycle_of
from exporter.pricing.forecast import HISTORY_DAYS
from exporter.pricing.rating import Terms
from exporter.pricing.terms import AccountTerms
from exporter.simulator import ManualClock, Simulator, demo_world
from tests.exactness.oracle import truth_of

ANCHOR_DAY = 14
LAST = date(2026, 10, 20)
"""A day of the newest cycle, which is not forecast; the cycles before it are."""

DAYS_IN = (7, 15, 23)
"""Days into a cycle at which a forecast is made."""

DAY = timedelta(days=1)


def measure_forecast(cycles: int = 3) -> list[Figure]:
    """Return the mean error in percent at three points of past cycles, and how often the truth was outside the band."""
    simulator = Simulator(demo_world(), ManualClock(_start(LAST)))
    account_id = next(iter(simulator.state.accounts))
    past = [cycle_of(LAST, ANCHOR_DAY)]
    for _ in range(cycles):
        past.append(cycle_of(past[-1].start - DAY, ANCHOR_DAY))
    first = past[-1].start - HISTORY_DAYS * DAY
    sums = {day: _used(simulator, account_id, day) for day in _days(first, past[0].start)}
    errors: dict[int, list[float]] = {days_in: [] for days_in in DAYS_IN}
    within = 0
    for cycle in past[1:]:
        truth = _costs(sums, cycle, cycle.end).amount.forecast
        for days_in in DAYS_IN:
            found = _costs(sums, cycle, cycle.start + days_in * DAY).amount
            errors[days_in].append(abs(float((found.forecast - truth) / truth)) * 100)
            within += found.low <= truth <= found.high
    figures = [
        Figure(f"forecast_error_after_{days_in}_days", round(sum(found) / len(found), 2), "percent", 10)
        for days_in, found in errors.items()
    ]
    outside = cycles * len(DAYS_IN) - within
    return [
        *figures,
        Figure("forecasts", cycles * len(DAYS_IN), "forecasts"),
        Figure("forecasts_outside_their_band", outside, "forecasts"),
    ]


def _costs(sums: dict[date, dict[DailyKey, int]], cycle: Cycle, today: date) -> AccountCosts:
    """Return the account's costs, computed from the days before ``today``."""
    card, now = load_card(), Now(cycle, _start(today))
    table = UsageTable(card, now)
    for day, used in sums.items():
        if day < today:
            table.add(used.items())
    terms = AccountTerms("workers_paid", "configuration", Cycles(ANCHOR_DAY), "configuration", Terms(), ())
    return account_costs(
        BilledAccount("demo", "Example"),
        card,
        terms,
        spread=Spread.APART,
        usage=table.usage(),
        outlooks=table.outlooks(),
        place=lambda kind, asset: Placement("all", asset),
        now=now,
    )


def _used(simulator: Simulator, account_id: str, day: date) -> dict[DailyKey, int]:
    """Return the daily sums of a day."""
    sums: dict[DailyKey, int] = {}
    for dataset in DATASETS.values():
        if dataset.meters and dataset.is_counted:
            hours = {_start(day): truth_of(simulator, account_id, dataset, _start(day), _start(day) + DAY)}
            found: Iterable[tuple[DailyKey, int]] = meter_hours(dataset, hours).items()
        elif dataset.meters:
            starts = [_start(day) + hour * HOUR for hour in range(24)]
            levels = {at: truth_of(simulator, account_id, dataset, at, at + HOUR) for at in starts}
            found = fold_days(levels_of_day(dataset, levels), max).items()
        else:
            continue
        for key, amount in found:
            sums[key] = sums.get(key, 0) + amount
    return sums


def _days(since: date, until: date) -> Iterator[date]:
    return (since + number * DAY for number in range((until - since).days))


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
