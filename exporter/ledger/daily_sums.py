"""Daily sums: each asset's usage of each meter, and its tallies, on each UTC day. Pure."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from operator import add
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Meter, Tally, tally_id
from exporter.ledger.folding import not_yet
from exporter.model import DAY, DailyKey, HourKey, Rows

Unit = TypeVar("Unit", bound=date)

KEPT_DAYS = 400
"""13 months and some days: a year can be compared with the previous one."""


ALL_ALONG: Mapping[str, datetime] = MappingProxyType({})
"""What words and fields have joined if all were counted from the beginning."""


def meter_hours(
    dataset: Dataset, hours: Mapping[datetime, Rows], joined: Mapping[str, datetime] = ALL_ALONG
) -> dict[DailyKey, int]:
    """Return the amounts that the rows of some hours add to the daily sums, in each meter's smallest unit.

    Tallies come beside meters, under ids of their own. ``joined`` are the words and fields that were not counted from
    the beginning, each with the time since when.
    """
    return _meter(dataset, hours, datetime.date, joined)


def meter_by_hour(
    dataset: Dataset, hours: Mapping[datetime, Rows], joined: Mapping[str, datetime] = ALL_ALONG
) -> dict[HourKey, int]:
    """Return the amounts of some hours, each by itself, in each meter's smallest unit."""
    return _meter(dataset, hours, _itself, joined)


def sum_assets(levels: Mapping[HourKey, int]) -> dict[HourKey, int]:
    """Return the sums over all assets, under the empty asset id."""
    total: dict[HourKey, int] = {}
    for (hour, _, meter), amount in levels.items():
        total[hour, "", meter] = total.get((hour, "", meter), 0) + amount
    return total


def fold_days(amounts: Mapping[HourKey, int], combine: Callable[[int, int], int]) -> dict[DailyKey, int]:
    """Return the amounts of hours, combined over each day."""
    days: dict[DailyKey, int] = {}
    for (hour, asset, meter), amount in amounts.items():
        key = (hour.date(), asset, meter)
        days[key] = combine(amount, days.get(key, 0))
    return days


class Metered(NamedTuple):
    """Amounts of meters by hour, and of a dataset that knows only days by day."""

    hours: Mapping[HourKey, int] = MappingProxyType({})
    days: Mapping[DailyKey, int] = MappingProxyType({})

    def sums(self, combine: Callable[[int, int], int] = add) -> dict[DailyKey, int]:
        """Return the amounts combined over each day."""
        return {**fold_days(self.hours, combine), **self.days}

    def touched(self) -> set[date]:
        """Return the days whose sums change."""
        return {hour.date() for hour, _, _ in self.hours} | {day for day, _, _ in self.days}

    def of(self, asset: str) -> "Metered":
        """Return the amounts of one asset."""
        return Metered(
            {key: amount for key, amount in self.hours.items() if key[1] == asset},
            {key: amount for key, amount in self.days.items() if key[1] == asset},
        )


NOTHING_METERED = Metered()


def meter_settled(
    dataset: Dataset, hours: Mapping[datetime, Rows], joined: Mapping[str, datetime] = ALL_ALONG
) -> Metered:
    """Return the amounts of what settles as one: hours, or days."""
    if dataset.grain.unit < DAY:
        return Metered(meter_by_hour(dataset, hours, joined))
    return Metered(days=meter_hours(dataset, hours, joined))


def _itself(hour: datetime) -> datetime:
    return hour


def _meter(
    dataset: Dataset,
    hours: Mapping[datetime, Rows],
    unit_of: Callable[[datetime], Unit],
    joined: Mapping[str, datetime],
) -> dict[tuple[Unit, str, str], int]:
    sums: dict[tuple[Unit, str, str], int] = {}
    known: dict[frozenset[str], dict[tuple[str, ...], list[tuple[str, int, int]]]] = {}
    for hour, rows in hours.items():
        unit, missing = unit_of(hour), not_yet(joined, hour)
        weights = known.setdefault(missing, {})
        for (asset, words), amounts in rows.items():
            if words not in weights:
                weights[words] = [*_meter_weights(dataset, words, missing), *_tally_weights(dataset, words)]
            for meter_id, position, weight in weights[words]:
                if amounts[position] > 0:
                    key = (unit, asset, meter_id)
                    sums[key] = sums.get(key, 0) + weight * amounts[position]
    return sums


def add_daily(
    sums: dict[DailyKey, int], more: Mapping[DailyKey, int], since: date = date.min, until: date = date.max
) -> None:
    """Add the amounts of days in [since, until) to daily sums."""
    for key, amount in more.items():
        if since <= key[0] < until:
            sums[key] = sums.get(key, 0) + amount


def counted_meters(dataset: Dataset, missing: frozenset[str]) -> list[Meter]:
    """Return the meters that read none of the words and fields that are ``missing``."""
    if not missing:
        return list(dataset.meters)
    dimensions = {label.name: label.dimension for label in dataset.labels}
    return [
        meter
        for meter in dataset.meters
        if missing.isdisjoint({meter.source, *(dimensions[name] for name in (*meter.where, *meter.unless))})
    ]


def counting_meters(dataset: Dataset, words: tuple[str, ...], missing: frozenset[str] = frozenset()) -> list[Meter]:
    """Return the meters that count rows with these words, some of which may be ``missing``, as fields may."""
    labels = _labels(dataset, words)
    return [meter for meter in counted_meters(dataset, missing) if _counts(meter, labels)]


def _labels(dataset: Dataset, words: tuple[str, ...]) -> dict[str, str]:
    by_dimension = dict(zip(dataset.words, words, strict=True))
    return {label.name: label.read(by_dimension[label.dimension]) for label in dataset.labels}


def _meter_weights(dataset: Dataset, words: tuple[str, ...], missing: frozenset[str]) -> Iterator[tuple[str, int, int]]:
    """Yield the meters that count rows with these words: id, position of the field, and its weight."""
    for meter in counting_meters(dataset, words, missing):
        yield meter.id, dataset.field_index[meter.source], meter.weight


def _tally_weights(dataset: Dataset, words: tuple[str, ...]) -> Iterator[tuple[str, int, int]]:
    """Yield the tallies that count rows with these words, like meters."""
    labels = _labels(dataset, words)
    for tally in dataset.tallies:
        if not tally.label or labels[tally.label].startswith(tally.starts):
            for source in tallied_fields(dataset, tally):
                yield tally_id(dataset.kind, tally.tallied), dataset.field_index[source], 1


def tallied_fields(dataset: Dataset, tally: Tally) -> list[str]:
    """Return the fields of the counter that a tally adds."""
    return [part.source for metric in dataset.metrics if metric.name == tally.metric for part in metric.parts]


def _counts(meter: Meter, labels: Mapping[str, str]) -> bool:
    return all(labels[name] in values for name, values in meter.where.items()) and not any(
        labels[name] in values for name, values in meter.unless.items()
    )
