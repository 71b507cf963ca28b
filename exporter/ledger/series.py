"""Exposed series: each is born, at zero or where it left, and grows by the increases of the rows placed in it. Pure.

The amount that a row has not yet given to a series stays with the row (``attributed`` behind ``total``), so it follows
the asset through renames, waits for a stranger's placement, and is never lost with a series that is dropped.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Label
from exporter.ledger.left_series import Recall, SeriesName
from exporter.ledger.signature import metric_name, signature_of
from exporter.ledger.totals import RowTotals
from exporter.model import Placement, RowKey

UNSCRAPED = timedelta(minutes=5)
"""How long a birth waits for a scrape of its zero."""


class SeriesKey(NamedTuple):
    """The key of a series within its dataset: the metric's position and the values of its labels (and split)."""

    metric: int
    values: tuple[str, ...]


class Birth(NamedTuple):
    """The time (Cloudflare's) and the commit in which a series, or a held publication, was first published."""

    at: datetime
    commit_number: int


class Series(NamedTuple):
    """The exposed amount; ``birth`` is set while the series is held at the amount that it was born with."""

    amount: int
    birth: Birth | None


PlacedSeries = Mapping[Placement, Mapping[SeriesKey, Series]]


class SeriesPart(NamedTuple):
    """How one part of a metric reads a row: the positions of its field and its labels."""

    metric: int
    field: int
    labels: tuple[int, ...]
    word: tuple[str, ...]


@dataclass(frozen=True)
class SeriesPlan:
    """A dataset's metrics, resolved to positions."""

    dataset: Dataset

    @cached_property
    def signature(self) -> str:
        """The names behind all positions, as they are stored with a book."""
        return signature_of(self.dataset)

    @cached_property
    def parts(self) -> tuple[SeriesPart, ...]:
        """The parts of all metrics, in the order of a row's attributed amounts."""
        position = {label.name: index for index, label in enumerate(self.dataset.labels)}
        return tuple(
            SeriesPart(
                index,
                self.dataset.field_index[part.source],
                tuple(position[name] for name in metric.labels),
                (part.word,) if metric.split else (),
            )
            for index, metric in enumerate(self.dataset.metrics)
            for part in metric.parts
        )

    @cached_property
    def zeros(self) -> tuple[SeriesKey, ...]:
        """The series that every known asset has from the beginning."""
        return tuple(
            SeriesKey(index, values) for index, metric in enumerate(self.dataset.metrics) for values in metric.zeros
        )

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics in signatures."""
        return tuple(map(metric_name, self.dataset.metrics))

    @cached_property
    def _labels(self) -> tuple[tuple[int, Label], ...]:
        """The labels, each with the position of its word."""
        return tuple((self.dataset.words.index(label.dimension), label) for label in self.dataset.labels)

    def keys(self, words: tuple[str, ...]) -> tuple[SeriesKey, ...]:
        """Return the series that a row with these words feeds, part by part."""
        values = [label.value(words[position]) for position, label in self._labels]
        return tuple(
            SeriesKey(part.metric, tuple([values[index] for index in part.labels]) + part.word) for part in self.parts
        )

    def name(self, account: str, placement: Placement, key: SeriesKey) -> SeriesName:
        """Return the names of a series of the account with this label."""
        return SeriesName(account, self.dataset.key, *placement, self.metrics[key.metric], key.values)


class BirthHold(NamedTuple):
    """The decision whether a birth is over, so that what was published then may grow.

    ``date`` is the current time, ``scraped`` the newest commit that a scrape was answered with, ``since`` the date of
    the first answer that this process applied to the dataset: while no exporter ran, no birth could be scraped.
    """

    date: datetime
    scraped: int
    since: datetime

    def is_over(self, birth: Birth) -> bool:
        """Return whether a scrape was answered with the birth, or five minutes have passed."""
        return self.scraped >= birth.commit_number or self.is_too_long(birth)

    def is_too_long(self, birth: Birth) -> bool:
        """Return whether the birth could have been scraped for more than five minutes."""
        return self.date > max(birth.at, self.since) + UNSCRAPED


def find_births(
    plan: SeriesPlan,
    rows: Mapping[RowKey, RowTotals],
    placements: Mapping[str, Placement],
    known: Iterable[Placement],
    series: PlacedSeries,
) -> set[tuple[Placement, SeriesKey]]:
    """Return the missing series: the zeros of ``known`` placements, and those that placed rows feed."""
    births = {(placement, key) for placement in known for key in plan.zeros if key not in series.get(placement, {})}
    for (asset, words), row in rows.items():
        placement = placements.get(asset)
        if placement is None:
            continue
        there = series.get(placement, {})
        for part, key, attributed in zip(plan.parts, plan.keys(words), row.attributed, strict=True):
            if row.total[part.field] > attributed and key not in there:
                births.add((placement, key))
    return births


class Born(NamedTuple):
    """The series of some births, and the names of those that came back."""

    series: dict[tuple[Placement, SeriesKey], Series]
    returned: frozenset[SeriesName] = frozenset()


def bear(
    plan: SeriesPlan, births: Iterable[tuple[Placement, SeriesKey]], birth: Birth, account: str, recall: Recall
) -> Born:
    """Return new series of the account with this label: at the amount with which they left, or else at zero."""
    names = {which: plan.name(account, *which) for which in sorted(births)}
    left = recall(names.values(), birth.at) if names else {}
    return Born({which: Series(left.get(name, 0), birth) for which, name in names.items()}, frozenset(left))


@dataclass(frozen=True, slots=True)
class Growth:
    """The changes of attribution: rows with more attributed, series with a new amount, and rows still waiting."""

    rows: dict[RowKey, RowTotals]
    series: dict[tuple[Placement, SeriesKey], Series]
    waiting: set[RowKey]


def attribute(
    plan: SeriesPlan,
    rows: Mapping[RowKey, RowTotals],
    placements: Mapping[str, Placement],
    series: PlacedSeries,
    held: BirthHold | None,
) -> Growth:
    """Return each placed row's increase to its series, unless the series is held; with ``held`` None all wait."""
    grown = Growth({}, {}, set())
    for row_key, row in rows.items():
        asset, words = row_key
        placement = placements.get(asset)
        if placement is None or held is None:
            if _is_waiting(plan, row):
                grown.waiting.add(row_key)
            continue
        there = series.get(placement, {})
        attributed = list(row.attributed)
        for index, (part, key) in enumerate(zip(plan.parts, plan.keys(words), strict=True)):
            increase = row.total[part.field] - attributed[index]
            if not increase:
                continue
            entry = grown.series.get((placement, key)) or there.get(key)
            if entry is None or (entry.birth is not None and not held.is_over(entry.birth)):
                grown.waiting.add(row_key)
                continue
            grown.series[placement, key] = Series(entry.amount + increase, None)
            attributed[index] = row.total[part.field]
        if tuple(attributed) != row.attributed:
            grown.rows[row_key] = row._replace(attributed=tuple(attributed))
    return grown


def _is_waiting(plan: SeriesPlan, row: RowTotals) -> bool:
    return any(row.total[part.field] > attributed for part, attributed in zip(plan.parts, row.attributed, strict=True))
