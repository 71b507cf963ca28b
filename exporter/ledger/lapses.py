"""Days without a reading of what is stored and has no history: they count as the last reading before them. Pure."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import estimated_id
from exporter.ledger.daily_sums import KEPT_DAYS, meter_by_hour, sum_assets
from exporter.model import DAY, Amounts, DailyKey, RowKey


def estimate_lapsed(
    dataset: Dataset, rows: Mapping[RowKey, tuple[datetime, Amounts]], newest: datetime, until: datetime
) -> dict[DailyKey, int]:
    """Return the daily sums of the days that ended between the ``newest`` hour known and the hour ``until``.

    ``rows`` are the last readings, each with its hour. On the day of the newest hour only assets that were not read
    lack a sum; on those after it the account does, too. Each sum is there a second time, under the id that says that
    it is an estimate. Days before the first reading have none.
    """
    lapsed: dict[DailyKey, int] = {}
    for day in _days(newest.date(), until.date()):
        start = datetime.combine(day, time(), newest.tzinfo)
        held = {key: amounts for key, (at, amounts) in rows.items() if at.date() < day}
        levels = meter_by_hour(dataset, {start: held})
        if day > newest.date():
            levels |= sum_assets(levels)
        for (_, asset, meter), amount in levels.items():
            lapsed[day, asset, meter] = lapsed[day, asset, estimated_id(meter)] = amount
    return lapsed


def _days(since: date, until: date) -> Iterator[date]:
    day = max(since, until - timedelta(days=KEPT_DAYS))
    while day < until:
        yield day
        day += DAY
