"""What the oracle says, in the ledger's shapes."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from exporter.billing import USD
from exporter.catalog import DATASETS
from exporter.catalog.dataset import Dataset
from exporter.ledger.daily_sums import meter_hours
from exporter.model import DISPATCH_PREFIX, Amounts, DailyKey, RowKey
from exporter.pricing import PLACES, ListTariffs, load_card
from exporter.pricing.tariffs import billed_meter
from exporter.simulator import Simulator
from exporter.simulator.filters import read_filter
from tests.exactness.watcher import Kept

DAY = timedelta(days=1)

CARD = load_card()
TARIFFS = ListTariffs(lambda account_id: CARD)

USAGE = tuple(dataset for dataset in DATASETS.values() if dataset.is_counted)
"""The datasets whose usage is counted."""


def truth_of(
    simulator: Simulator, account_id: str, dataset: Dataset, since: datetime, until: datetime
) -> dict[RowKey, Amounts]:
    """Return what was used in [since, until), all-zero rows left out."""
    by = list(dict.fromkeys([*dataset.dimensions, *(name.partition("_")[0] for name, _ in dataset.only)]))
    asked = read_filter(dict(dataset.only), by)
    truth: dict[RowKey, Amounts] = {}
    for values, figures in simulator.used(account_id, dataset.name, since, until, by=by).items():
        if not asked.accepts(values):
            continue
        words = dict(zip(by, values, strict=True))
        kept = tuple(words[dimension] for dimension in dataset.words)
        asset = words[dataset.id_dimension] if dataset.id_dimension else ""
        if dataset.dispatch_dimension and words[dataset.dispatch_dimension]:
            asset = DISPATCH_PREFIX + words[dataset.dispatch_dimension]
        amounts = tuple(figures[entry.name] for entry in dataset.fields)
        truth[asset, kept] = added(truth.get((asset, kept)), amounts)
    return {key: amounts for key, amounts in truth.items() if any(amounts)}


def added(known: Amounts | None, more: Amounts) -> Amounts:
    """Return the sum of two rows."""
    return more if known is None else tuple(a + b for a, b in zip(known, more, strict=True))


def add_increases(increases: Counter[Kept], dataset: Dataset, truth: dict[RowKey, Amounts]) -> None:
    """Add by how much the series of a dataset have to grow, summed over all names."""
    for (_, words), amounts in truth.items():
        by_dimension = dict(zip(dataset.words, words, strict=True))
        labels = {label.name: label.value(by_dimension[label.dimension]) for label in dataset.labels}
        for metric in dataset.metrics:
            for part in metric.parts:
                kept = [(name, labels[name]) for name in metric.labels]
                kept += [(metric.split, part.word)] if metric.split else []
                increases[metric.name, tuple(kept)] += amounts[dataset.field_index[part.source]]


def add_list_cost(increases: Counter[Kept], dataset: Dataset, truth: dict[RowKey, Amounts], day: date) -> None:
    """Add by how much the list cost of a dataset's usage has to grow, at the prices of a day."""
    for (_, asset, meter), amount in meter_hours(dataset, {datetime.combine(day, time(), UTC): truth}).items():
        tariff = TARIFFS.find("", meter, day, is_dispatched=asset.startswith(DISPATCH_PREFIX))
        if tariff is not None:
            increases[_cost_series(dataset, tariff.meter)] += amount * tariff.price // (USD // 10**PLACES)


def cost_series(dataset: Dataset, meter: str) -> set[Kept]:
    """Return the series with the list cost of a dataset's meter, of scripts in a dispatch namespace and of others."""
    return {
        _cost_series(dataset, billed_meter(CARD, meter, is_dispatched=is_dispatched))
        for is_dispatched in (False, True)
        if meter in CARD.meters
    }


def _cost_series(dataset: Dataset, meter: str) -> Kept:
    kept = (("product", CARD.meters[meter].product), ("meter", meter), ("kind", dataset.kind))
    return "cloudflare_list_cost_usd_total", kept


def daily_truth(simulator: Simulator, account_id: str, since: date, until: date) -> dict[DailyKey, int]:
    """Return the daily sums of all usage meters on the days [since, until)."""
    sums: dict[DailyKey, int] = {}
    for start in days(since, until):
        for dataset in USAGE:
            truth = truth_of(simulator, account_id, dataset, start, start + DAY)
            for key, amount in meter_hours(dataset, {start: truth}).items():
                sums[key] = sums.get(key, 0) + amount
    return sums


def usage_meters(datasets: Iterable[Dataset]) -> frozenset[str]:
    """Return the ids of the meters and tallies with which datasets count usage."""
    return frozenset().union(*(dataset.counted_ids for dataset in datasets))


def days(since: date, until: date) -> Iterator[datetime]:
    """Return the midnights at which the days [since, until) start."""
    for number in range((until - since).days):
        yield datetime.combine(since + timedelta(days=number), time(), UTC)
