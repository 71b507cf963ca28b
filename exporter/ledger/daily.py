"""Daily sums: what each asset used of each meter on each UTC day. Pure."""

from collections.abc import Mapping
from datetime import date, datetime

from exporter.catalog.entry import Dataset, Meter
from exporter.model import Rows

DailyKey = tuple[date, str, str]
"""UTC day, asset id and meter id."""

KEPT_DAYS = 400
"""13 months and some days: a year can be compared with the one before."""


def meter_hours(dataset: Dataset, hours: Mapping[datetime, Rows]) -> dict[DailyKey, int]:
    """Give what the rows of some hours add to the daily sums, in each meter's smallest unit."""
    names = [label.name for label in dataset.labels]
    sums: dict[DailyKey, int] = {}
    weights: dict[tuple[str, ...], list[tuple[str, int, int]]] = {}
    for hour, rows in hours.items():
        day = hour.date()
        for (asset, values), amounts in rows.items():
            if values not in weights:
                labels = dict(zip(names, values, strict=True))
                weights[values] = [
                    (meter.id, dataset.field_index[meter.source], meter.weight)
                    for meter in dataset.meters
                    if _counts(meter, labels)
                ]
            for meter_id, position, weight in weights[values]:
                if amounts[position] > 0:
                    key = (day, asset, meter_id)
                    sums[key] = sums.get(key, 0) + weight * amounts[position]
    return sums


def _counts(meter: Meter, labels: Mapping[str, str]) -> bool:
    return all(labels[name] in values for name, values in meter.where.items()) and not any(
        labels[name] in values for name, values in meter.unless.items()
    )
