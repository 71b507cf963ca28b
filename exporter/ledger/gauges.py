"""Readings: the newest values of gauges, and daily peaks of what is stored. Pure but for ``merge``."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from exporter.catalog.dataset import Dataset
from exporter.catalog.timing import LOOK_BACK
from exporter.ledger.daily_sums import Metered, meter_by_hour, sum_assets
from exporter.ledger.lapses import estimate_lapsed
from exporter.ledger.roster import Entry, RosterKey, place_row
from exporter.ledger.series import SeriesKey, SeriesPlan
from exporter.model import UNKNOWN, Amounts, Answer, DailyKey, HourKey, Placement, RowKey, Rows


class Reading(NamedTuple):
    """The amounts of a row, and the start of their hour or window."""

    at: datetime
    amounts: Amounts


class GaugeState(NamedTuple):
    """The progress of a book of gauges; ``interval`` is that of asking, if it is longer than the dataset wants."""

    until: datetime
    last_success: datetime
    newest: datetime | None
    interval: timedelta = timedelta(0)


@dataclass(slots=True)
class Gauges:
    """The newest readings of one dataset of one account."""

    plan: SeriesPlan
    state: GaugeState | None = None
    rows: dict[RowKey, Reading] = field(default_factory=dict)

    @property
    def dataset(self) -> Dataset:
        """The dataset of the book."""
        return self.plan.dataset

    def merge(self, change: "GaugeChange") -> None:
        """Apply a committed change."""
        self.state = change.state
        self.rows.update(change.rows)
        for key in change.gone:
            self.rows.pop(key, None)

    def drop_assets(self, assets: Collection[str]) -> None:
        """Drop the readings of pruned assets."""
        self.rows = {key: reading for key, reading in self.rows.items() if key[0] not in assets}


@dataclass(frozen=True, slots=True)
class GaugeChange:
    """The changes of one answer to a book of gauges.

    ``levels`` are the stored amounts in each hour of the answer, from that hour's rows or earlier ones. ``metered`` are
    amounts by hour and meter: of assets from the hour's own rows, of the account from all. ``lapsed`` are the sums of
    days that were not read. A window is not ``is_stored``: after a restart it would be out of date.
    """

    state: GaugeState
    rows: dict[RowKey, Reading]
    gone: frozenset[RowKey]
    metered: dict[HourKey, int]
    levels: dict[datetime, Rows]
    is_stored: bool = True
    lapsed: dict[DailyKey, int] = field(default_factory=dict)

    @property
    def sums(self) -> Metered:
        """What it adds to hours and days."""
        return Metered(self.metered, self.lapsed)


class Presence(StrEnum):
    """Whether an asset exists: a stranger's state is shown while it is fresh, a deleted asset's is not."""

    THERE = "there"
    STRANGE = "strange"
    GONE = "gone"


def presence(kind: str, asset: str, roster: Mapping[RosterKey, Entry]) -> Presence:
    """Return whether an asset exists; rows without an asset are the account's own, which always does."""
    entry = roster.get((kind, asset))
    if not asset or (entry is not None and entry.standing.is_there):
        return Presence.THERE
    has_left = entry is not None and entry.standing.has_left and bool(entry.asset.name)
    return Presence.GONE if has_left else Presence.STRANGE


def read(book: Gauges, answer: Answer, find: Callable[[str], Presence]) -> GaugeChange:
    """Return the changes of an answer: of a window it replaces all readings, else older ones of the same row."""
    newest = book.state.newest if book.state else None
    state = GaugeState(answer.question.until, answer.date, max(answer.hours, default=newest), answer.interval)
    if not book.dataset.timing.is_stored:
        return _read_passing(book, answer, state)
    current = dict(book.rows)
    metered: dict[HourKey, int] = {}
    levels: dict[datetime, Rows] = {}
    lapsed: dict[DailyKey, int] = {}
    for hour in sorted(answer.hours):
        if book.dataset.is_estimated and newest is not None and newest < hour:
            held = {key: reading for key, reading in current.items() if _is_kept(find(key[0]), reading, answer.date)}
            lapsed |= estimate_lapsed(book.dataset, held, newest, hour)
            levels.setdefault(newest, {key: reading.amounts for key, reading in held.items()})
        newest = max(newest or hour, hour)
        for key, amounts in answer.hours[hour].items():
            if key not in current or current[key].at <= hour:
                current[key] = Reading(hour, amounts)
        _raise(metered, meter_by_hour(book.dataset, {hour: answer.hours[hour]}))
        levels[hour] = {
            key: reading.amounts for key, reading in current.items() if _is_kept(find(key[0]), reading, hour)
        }
        _raise(metered, sum_assets(meter_by_hour(book.dataset, {hour: levels[hour]})))
    gone = frozenset(key for key, reading in current.items() if not _is_kept(find(key[0]), reading, answer.date))
    changed = {key: reading for key, reading in current.items() if key not in gone and book.rows.get(key) != reading}
    return GaugeChange(state, changed, gone & book.rows.keys(), metered, levels, lapsed=lapsed)


def _read_passing(book: Gauges, answer: Answer, state: GaugeState) -> GaugeChange:
    """Return the changes of an answer about what is shown for a while only."""
    rows: dict[RowKey, Reading] = {} if book.dataset.timing.is_whole else dict(book.rows)
    for at in sorted(answer.hours):
        read_at = {key: Reading(at, amounts) for key, amounts in answer.hours[at].items()}
        rows |= {key: reading for key, reading in read_at.items() if key not in rows or rows[key].at <= at}
    rows = {key: reading for key, reading in rows.items() if not _is_over(book.dataset, reading.at, state, answer.date)}
    return GaugeChange(state, rows, frozenset(book.rows.keys() - rows.keys()), {}, {}, is_stored=False)


def levels_of_day(dataset: Dataset, hours: Mapping[datetime, Rows]) -> dict[HourKey, int]:
    """Return the levels in the hours of a closed day: of each asset, and of the account as the sum over all assets.

    A row's amounts hold until the next row of its key; the first row of the day also holds for the hours before it.
    """
    levels: dict[HourKey, int] = {}
    current: dict[RowKey, Amounts] = {}
    for hour in sorted(hours, reverse=True):
        current.update(hours[hour])
    for hour in sorted(hours):
        current.update(hours[hour])
        _raise(levels, meter_by_hour(dataset, {hour: hours[hour]}))
        _raise(levels, sum_assets(meter_by_hour(dataset, {hour: current})))
    return levels


def _is_kept(presence: Presence, reading: Reading, now: datetime) -> bool:
    is_fresh = now - reading.at <= LOOK_BACK
    return presence is Presence.THERE or (presence is Presence.STRANGE and is_fresh)


def _is_over(dataset: Dataset, at: datetime, state: GaugeState, now: datetime) -> bool:
    """Return whether a reading is too old to be shown; where asking takes long, it lives for three intervals."""
    life = dataset.timing.life(dataset.min_interval)
    return life is not None and now - dataset.timing.time_of(at, state.last_success) > max(life, 3 * state.interval)


def _raise(known: dict[HourKey, int], levels: Mapping[HourKey, int]) -> None:
    for key, amount in levels.items():
        known[key] = max(known.get(key, 0), amount)


def current_readings(
    book: Gauges, roster: Mapping[RosterKey, Entry], now: datetime | None
) -> dict[tuple[Placement, SeriesKey], int]:
    """Return readings as published; those of assets that share a placement are combined as the timing says."""
    known: dict[tuple[Placement, SeriesKey], list[int]] = {}
    for (asset, words), reading in book.rows.items():
        if book.state and now is not None and _is_over(book.dataset, reading.at, book.state, now):
            continue
        placement = place_row(book.dataset.kind, asset, roster)
        if placement is None or presence(book.dataset.kind, asset, roster) is Presence.GONE:
            continue
        for part, key in zip(book.plan.parts, book.plan.keys(words), strict=True):
            amount = reading.amounts[part.field]
            if amount != UNKNOWN:
                known.setdefault((placement, key), []).append(amount)
    return {which: book.dataset.timing.combine(amounts) for which, amounts in known.items()}
