"""Daily sums: each asset's usage of each meter on each UTC day. Pure."""

from collections.abc import Mapping
from datetime import date, datetime

from exporter.catalog.entry import Dataset, Meter
from exporter.model import DailyKey, Rows

KEPT_DAYS = 400
"""13 months and some days: a year can be compared with the previous one."""


def meter_hours(dataset: Dataset, hours: Mapping[datetime, Rows]) -> dict[DailyKey, int]:
    """Return the amounts that the rows of some hours add to the daily sums, in each meter's smallest unit."""
    sums: dict[DailyKey, int] = {}
    weights: dict[tuple[str, ...], list[tuple[str, int, int]]] = {}
    for hour, rows in hours.items():
        day = hour.date()
        for (asset, words), amounts in rows.items():
            if words not in weights:
                weights[words] = [
                    (meter.id, dataset.field_index[meter.source], meter.weight)
                    for meter in counting_meters(dataset, words)
                ]
            for meter_id, position, weight in weights[words]:
                if amounts[position] > 0:
                    key = (day, asset, meter_id)
                    sums[key] = sums.get(key, 0) + weight * amounts[position]
    return sums


def add_daily(
    sums: dict[DailyKey, int], more: Mapping[DailyKey, int], since: date = date.min, until: date = date.max
) -> None:
    """Add the amounts of days in [since, until) to daily sums."""
    for key, amount in more.items():
        if since <= key[0] < until:
            sums[key] = sums.get(key, 0) + amount


def counting_meters(dataset: Dataset, words: tuple[str, ...]) -> list[Meter]:
    """Return the meters that count rows with these words."""
    by_dimension = dict(zip(dataset.words, words, strict=True))
    labels = {label.name: label.value(by_dimension[label.dimension]) for label in dataset.labels}
    return [meter for meter in dataset.meters if _counts(meter, labels)]


def _counts(meter: Meter, labels: Mapping[str, str]) -> bool:
    return all(labels[name] in values for name, values in meter.where.items()) and not any(
        labels[name] in values for name, values in meter.unless.items()
    )
