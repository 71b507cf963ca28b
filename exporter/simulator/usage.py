"""The oracle: adds up the usage of an account's assets by any dimensions, in total or as far as it is visible."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from exporter.simulator.dataset import Cell, Dataset, Dimension, Level
from exporter.simulator.incident import Incident
from exporter.simulator.timeline import Timeline
from exporter.simulator.traffic import Stream, Traffic
from exporter.simulator.world import AccountModel, Asset, World

_END_OF_TIME = 1 << 40
_INCIDENT_FACTOR = 4

Values = tuple[str | int, ...]
Key = tuple[str | int, ...]
K = TypeVar("K")

UsageRows = dict[tuple[str, ...], dict[str, int]]
"""Usage by the values of some dimensions: the name of each measure and its amount."""


def epoch_minute(when: datetime) -> int:
    """Return the minute that contains ``when``."""
    return int(when.timestamp()) // 60


@dataclass(frozen=True, slots=True)
class Ask:
    """A query: the minutes from ``lo`` up to ``hi``, in steps of so many minutes (0: all in one).

    ``dimensions`` and ``measures`` are positions in the dataset's declaration. A row's key is the start of its step
    followed by the queried dimensions.
    """

    dataset: Dataset
    lo: int
    hi: int
    step: int
    dimensions: tuple[int, ...]
    measures: tuple[int, ...]
    accepts: Callable[[Values], bool] | None = None
    accepts_minute: Callable[[Values, int], bool] | None = None

    def between(self, lo: int, hi: int) -> "Ask":
        """Return the same query for other minutes."""
        return Ask(self.dataset, lo, hi, self.step, self.dimensions, self.measures, self.accepts, self.accepts_minute)


@dataclass(frozen=True, slots=True)
class _Source:
    stream: Stream
    dimensions: tuple[Dimension, ...]
    weights: tuple[tuple[int, int], ...]
    incident: Incident | None = None


@dataclass(frozen=True, slots=True)
class _Series:
    lo: int
    hi: int
    names: tuple[tuple[int, int, str], ...]
    sources: tuple[_Source, ...]
    levels: tuple[Level, ...]
    timeline: Timeline


class Usage:
    """The usage of one account's assets. It is rebuilt when an asset, the arrival or the end of usage changes."""

    def __init__(self, account: AccountModel, traffic: Traffic, world: World) -> None:
        self._account = account
        lateness = int(world.lateness.total_seconds())
        self._timeline = Timeline(traffic, lateness, world.arrival)
        self._timelines = {name: Timeline(traffic, lateness, curve) for name, curve in world.arrivals.items()}
        self._quiet_from = _END_OF_TIME if world.quiet_from is None else epoch_minute(world.quiet_from)
        self._series: dict[str, tuple[_Series, ...]] = {}

    def rows(self, ask: Ask, at: int | None) -> dict[Key, list[int]]:
        """Return events and the queried measures by key, as visible at epoch second ``at`` (None: everything).

        Events come first. Rows of storage datasets have 1 there, and maxima instead of sums.
        """
        if ask.dataset.levels is not None:
            return self._stored(ask, at)
        groups: dict[Key, list[int]] = {}
        for series in self._series_of(ask.dataset):
            for lo, hi, name in series.names:
                first, last = max(ask.lo, lo), min(ask.hi, hi)
                if at is not None:
                    last = min(last, at // 60)
                if first < last:
                    _add_sources(groups, ask.between(first, last), series, name, at)
        return groups

    def visible_until(self, dataset: Dataset, at: int) -> int:
        """Return the minute before which all usage of a dataset is visible at epoch second ``at``."""
        return (at - self._timeline_of(dataset).delay) // 60

    def _timeline_of(self, dataset: Dataset) -> Timeline:
        return self._timelines.get(dataset.name, self._timeline)

    def _stored(self, ask: Ask, at: int | None) -> dict[Key, list[int]]:
        hourly: dict[tuple[int, Values], list[int]] = {}
        for series in self._series_of(ask.dataset):
            lo, hi = max(ask.lo, series.lo), min(ask.hi, series.hi)
            if at is not None:
                hi = min(hi, (at - series.timeline.delay) // 60)
            for level in series.levels:
                values: Values = tuple(["" if value is None else value for value in level.dimensions])
                if ask.accepts is not None and not ask.accepts(values):
                    continue
                for hour in range(-(-lo // 60), -(-hi // 60)):
                    if ask.accepts_minute is not None and not ask.accepts_minute(values, hour * 60):
                        continue
                    self._merge(hourly, (hour * 60, values), level.sizes(hour), add=ask.dataset.levels_add_up)
        groups: dict[Key, list[int]] = {}
        for (minute, values), sizes in hourly.items():
            start = minute - minute % ask.step if ask.step else 0
            key = (start, *[values[index] for index in ask.dimensions])
            self._merge(groups, key, [1, *[sizes[index] for index in ask.measures]], add=False)
        return groups

    @staticmethod
    def _merge(groups: dict[K, list[int]], key: K, sizes: Sequence[int], *, add: bool) -> None:
        known = groups.get(key)
        if known is None:
            groups[key] = list(sizes)
        elif add:
            groups[key] = [a + b for a, b in zip(known, sizes, strict=True)]
        else:
            groups[key] = [max(a, b) for a, b in zip(known, sizes, strict=True)]

    def _series_of(self, dataset: Dataset) -> tuple[_Series, ...]:
        known = self._series.get(dataset.name)
        if known is None:
            known = tuple(self._build(dataset, asset) for asset in self._account.assets if asset.kind in dataset.kinds)
            self._series[dataset.name] = known
        return known

    def _build(self, dataset: Dataset, asset: Asset) -> _Series:
        lo = epoch_minute(max(asset.created, self._account.created))
        hi = _END_OF_TIME if asset.deleted is None else epoch_minute(asset.deleted)
        busy_until = min(hi, self._quiet_from)
        changes = [(lo, asset.name), *((epoch_minute(when), name) for when, name in asset.renames)]
        ends = [*(minute for minute, _ in changes[1:]), busy_until]
        names = tuple(
            (max(start, lo), min(end, busy_until), name) for (start, name), end in zip(changes, ends, strict=True)
        )
        cells = () if dataset.cells is None else dataset.cells(asset)
        levels = () if dataset.levels is None else tuple(dataset.levels(asset))
        sources = tuple(self._sources(dataset, asset, cells))
        return _Series(lo, hi, names, sources, levels, self._timeline_of(dataset))

    def _sources(self, dataset: Dataset, asset: Asset, cells: Sequence[Cell]) -> Iterator[_Source]:
        for number, cell in enumerate(cells):
            rate = asset.weight * cell.share
            key = f"{self._account.id}/{dataset.name}/{asset.id}/{number}/{rate}/{asset.growth}"
            if cell.share:
                yield _Source(Stream(key.encode(), rate, asset.growth), cell.dimensions, cell.weights)
            for incident in asset.incidents:
                if incident.mishap is cell.mishap:
                    yield _Source(_burst(asset, incident, key), cell.dimensions, cell.weights, incident)


def _burst(asset: Asset, incident: Incident, key: str) -> Stream:
    if incident.events:
        return Stream(f"{key}/incident/{incident.events}".encode(), incident.events * 1_000, is_steady=True)
    return Stream(f"{key}/incident".encode(), asset.weight * _INCIDENT_FACTOR * 1_000, asset.growth)


def _add_sources(groups: dict[Key, list[int]], ask: Ask, series: _Series, name: str, at: int | None) -> None:
    for source in series.sources:
        values = tuple([name if value is None else value for value in source.dimensions])
        if ask.accepts is not None and not ask.accepts(values):
            continue
        dimensions = tuple([values[index] for index in ask.dimensions])
        weights = [source.weights[index] for index in ask.measures]
        for start, events, noise in _buckets(ask, source, values, series.timeline, at):
            key = (start, *dimensions)
            row = groups.get(key)
            if row is None:
                groups[key] = [events, *[a * events + b * noise for a, b in weights]]
                continue
            row[0] += events
            for index, (a, b) in enumerate(weights, 1):
                row[index] += a * events + b * noise


def _buckets(
    ask: Ask, source: _Source, values: Values, timeline: Timeline, at: int | None
) -> Iterator[tuple[int, int, int]]:
    for first, last in _active(source.incident, ask.lo, ask.hi):
        if ask.accepts_minute is not None or ask.step == 1:
            step = ask.step
            for minute, events, noise in timeline.minutes(source.stream, first, last, at):
                if ask.accepts_minute is None or ask.accepts_minute(values, minute):
                    yield (minute - minute % step if step else 0), events, noise
            continue
        start = first - first % ask.step if ask.step else first
        while start < last:
            end = start + ask.step if ask.step else last
            events, noise = timeline.total(source.stream, max(start, first), min(end, last), at)
            if events:
                yield (start if ask.step else 0), events, noise
            start = end


def _active(incident: Incident | None, lo: int, hi: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of the range in which a source has events: all of it, or the bursts of its incident."""
    if incident is None:
        yield lo, hi
        return
    since, until = epoch_minute(incident.since), epoch_minute(incident.until)
    if incident.every is None:
        if max(since, lo) < min(until, hi):
            yield max(since, lo), min(until, hi)
        return
    every = int(incident.every.total_seconds()) // 60
    start = since + (lo - until) // every * every
    while start < hi:
        if max(start, lo) < min(start + until - since, hi):
            yield max(start, lo), min(start + until - since, hi)
        start += every
