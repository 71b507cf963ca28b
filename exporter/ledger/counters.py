"""A book: everything the ledger knows about one dataset of one account, and how an answer changes it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import add
from types import MappingProxyType
from typing import NamedTuple

from exporter.catalog.dataset import Dataset
from exporter.ledger.daily_sums import ALL_ALONG, NOTHING_METERED, Metered, meter_settled
from exporter.ledger.hours import OpenHour, Settlement, settle
from exporter.ledger.keeping import NOTHING_KEPT, Kept, keep
from exporter.ledger.left_series import Departure, Recall, SeriesName
from exporter.ledger.reach import settle_delay
from exporter.ledger.series import Birth, BirthHold, Born, Series, SeriesKey, SeriesPlan, attribute, bear, find_births
from exporter.ledger.totals import RowTotals, accrue
from exporter.model import Amounts, Answer, Placement, RowKey, Rows

JUMP = 2
"""An answer that moves ``until`` by more than this many intervals of asking publishes its births before its values."""


class CounterState(NamedTuple):
    """The state of a book. ``published_until`` stays behind ``until`` while the births of a jump are held.

    Amounts that settle from ``kept_from`` on are kept until the day's audit. ``revisions``, ``gap`` and ``late`` (per
    field) are counted since ``start``: rows that fell, time that no question covered, and usage that audits added.
    ``joined`` are the words (by dimension) and fields that came with a later release, each with the midnight from which
    it is counted. ``cut_on`` is the newest day of which hours are kept, and audited, one by one.
    """

    start: datetime
    open_from: datetime
    until: datetime
    published_until: datetime
    last_success: datetime
    kept_from: datetime
    newest: datetime | None = None
    hold: Birth | None = None
    revisions: int = 0
    gap: timedelta = timedelta(0)
    late: Amounts = ()
    joined: Mapping[str, datetime] = MappingProxyType({})
    cut_on: date | None = None


@dataclass(slots=True)
class Counters:
    """The figures of one dataset of one account, in memory.

    Only ``merge``, ``take_over`` and the ``drop`` methods change them.
    ``reported_since`` is the date of the first answer that this process applied.
    """

    plan: SeriesPlan
    state: CounterState | None = None
    rows: dict[RowKey, RowTotals] = field(default_factory=dict)
    open: dict[datetime, OpenHour] = field(default_factory=dict)
    series: dict[Placement, dict[SeriesKey, Series]] = field(default_factory=dict)
    waiting: set[RowKey] = field(default_factory=set)
    reported_since: datetime | None = None

    @property
    def dataset(self) -> Dataset:
        """The dataset of the book."""
        return self.plan.dataset

    def merge(self, change: "CounterChange") -> None:
        """Apply a committed change."""
        self.state = change.state
        self.rows.update(change.rows)
        self.open = change.open
        self.take_over(change.series)
        self.waiting = change.waiting
        self.reported_since = change.reported_since

    def take_over(self, inherited: Mapping[tuple[Placement, SeriesKey], Series]) -> None:
        """Set series to what they are with those of a book that ended."""
        for (placement, key), series in inherited.items():
            self.series.setdefault(placement, {})[key] = series

    def drop_series(self, departure: Departure) -> None:
        """Drop the series of placements that no asset has any more, and of words that are not kept."""
        for placement in departure.placements:
            self.series.pop(placement, None)
        for placement, which in departure.series:
            there = self.series.get(placement, {})
            there.pop(SeriesKey(*which), None)
            if not there:
                self.series.pop(placement, None)

    def drop_assets(self, assets: Collection[str]) -> None:
        """Drop the rows of pruned assets; the series that they fed stay as they are."""
        self.rows = {key: row for key, row in self.rows.items() if key[0] not in assets}

    def held_assets(self) -> set[str]:
        """Return the ids of the assets that open hours or waiting rows name."""
        rows = (key for hour in self.open.values() for key in (*hour.rows, *hour.peak))
        return {asset for asset, _ in (*rows, *self.waiting)}

    def find_waiting(self) -> None:
        """Find the rows with amounts that no series has received yet (after loading)."""
        fields = [part.field for part in self.plan.parts]
        # Nearly all are the same: they are compared at once, a hundred thousand one by one would take long.
        different = [
            (key, row) for key, row in self.rows.items() if [*map(row.total.__getitem__, fields)] != [*row.attributed]
        ]
        self.waiting = {
            key
            for key, row in different
            if any(row.total[field] > got for field, got in zip(fields, row.attributed, strict=True))
        }


@dataclass(frozen=True, slots=True)
class CounterChange:
    """The changes of one answer to one book.

    ``settled`` are the hours that it settles, ``metered`` their amounts by meter, and ``kept`` their rows for audits;
    ``gap`` is time that no question covered. ``returned`` are those of the born series that came back.
    """

    state: CounterState
    rows: dict[RowKey, RowTotals]
    open: dict[datetime, OpenHour]
    series: dict[tuple[Placement, SeriesKey], Series]
    metered: Metered
    waiting: set[RowKey]
    reported_since: datetime | None
    settled: Mapping[datetime, Rows] = field(default_factory=dict)
    kept: Kept = NOTHING_KEPT
    gap: timedelta = timedelta(0)
    returned: frozenset[SeriesName] = frozenset()


@dataclass(frozen=True, slots=True)
class PublishContext:
    """The placements in which a change is published, and the newest commit that was scraped.

    ``placements`` are by asset id (strangers have none), ``listed`` those of all known assets. ``scraped`` is the
    newest commit that a scrape was answered with, ``commit_number`` the number that this change will have. ``account``
    is the account's label, ``recall`` returns what left.
    """

    placements: Mapping[str, Placement]
    listed: Iterable[Placement]
    scraped: int
    commit_number: int
    account: str
    recall: Recall

    def bear(self, plan: SeriesPlan, births: Iterable[tuple[Placement, SeriesKey]], at: datetime) -> Born:
        """Return the series of some births at a time."""
        return bear(plan, births, Birth(at, self.commit_number), self.account, self.recall)


def start_counters(plan: SeriesPlan, answer: Answer, context: PublishContext) -> CounterChange:
    """Begin a book: counting starts at the end of the first answered question; series of known assets are born.

    What tells only whole hours or days is counted from the next of them on.
    """
    until = answer.question.until
    start = plan.dataset.grain.ceil_step(until)
    state = CounterState(start, start, until, until, answer.date, kept_from=start, newest=answer.newest)
    born = context.bear(plan, find_births(plan, {}, {}, context.listed, {}), answer.date)
    return CounterChange(state, {}, {}, born.series, NOTHING_METERED, set(), answer.date, returned=born.returned)


def settle_answer(book: Counters, state: CounterState, answer: Answer) -> Settlement:
    """Return what an answer does to the open hours of a book."""
    grain = book.dataset.grain
    return settle(
        book.open, answer, settle_delay(book.dataset.timing.settle, answer.retention, grain), state.newest, grain
    )


def advance(
    book: Counters, state: CounterState, answer: Answer, settlement: Settlement, context: PublishContext
) -> CounterChange:
    """Return the changes of an answer that settles hours: raised totals, births, and growth of series."""
    plan = book.plan
    changed, active, births = _find_active(book, settlement, context)
    birth = Birth(answer.date, context.commit_number)
    reported_since = book.reported_since or answer.date
    held = BirthHold(answer.date, context.scraped, reported_since)
    is_incomplete = bool(births) or any(asset not in context.placements for asset, _ in active)
    hold = _hold(state, answer, birth, held, is_incomplete=is_incomplete)
    growth = attribute(plan, active, context.placements, book.series, None if hold else held)
    born = context.bear(plan, births, answer.date)
    gap = max(answer.question.since - max(state.until, state.start, state.open_from), timedelta(0))
    next_state = _next_state(state, answer, settlement.open_from, hold)
    kept = NOTHING_KEPT
    if not plan.dataset.grain.settles_by_audit:
        kept = keep(settlement.settled, state.kept_from, state.cut_on, answer.retention)
        next_state = next_state._replace(cut_on=kept.cuts[-1].date() if kept.cuts else state.cut_on)
    return CounterChange(
        state=next_state._replace(revisions=state.revisions + settlement.revisions, gap=state.gap + gap),
        rows=changed | growth.rows,
        open=settlement.open,
        series=born.series | growth.series,
        metered=meter_settled(plan.dataset, settlement.settled, state.joined),
        waiting=growth.waiting,
        reported_since=reported_since,
        settled=settlement.settled,
        kept=kept,
        gap=gap,
        returned=born.returned,
    )


class LateUsage(NamedTuple):
    """The findings of audits: late usage of settled hours by the start of the day, and the number of rows revised down.

    ``date`` is that of the newest answer.
    """

    rows: Mapping[datetime, Rows]
    revisions: int
    date: datetime


def add_late(book: Counters, state: CounterState, late: LateUsage, context: PublishContext) -> CounterChange:
    """Return the changes of late usage, found by audits in settled hours.

    The audit itself sets the daily sums and the kept figures of the days.
    """
    plan = book.plan
    settlement = Settlement(book.open, dict(late.rows), state.open_from, 0)
    changed, active, births = _find_active(book, settlement, context)
    reported_since = book.reported_since or late.date
    held = None if state.hold else BirthHold(late.date, context.scraped, reported_since)
    growth = attribute(plan, active, context.placements, book.series, held)
    born = context.bear(plan, births, late.date)
    totals = state.late or (0,) * len(plan.dataset.fields)
    for rows in late.rows.values():
        for amounts in rows.values():
            totals = tuple(map(add, totals, amounts))
    return CounterChange(
        state=state._replace(revisions=state.revisions + late.revisions, late=totals),
        rows=changed | growth.rows,
        open=book.open,
        series=born.series | growth.series,
        metered=NOTHING_METERED,
        waiting=growth.waiting,
        reported_since=reported_since,
        returned=born.returned,
    )


def _hold(state: CounterState, answer: Answer, birth: Birth, held: BirthHold, *, is_incomplete: bool) -> Birth | None:
    """Return the birth since which a jump's values are held back: until their assets are placed and zeros were scraped.

    Neither wait lasts longer than a birth waits for a scrape.
    """
    hold = state.hold
    if hold is None:
        is_jump = answer.question.until - state.published_until > JUMP * answer.question.interval
        return birth if is_jump and is_incomplete else None
    if is_incomplete and not held.is_too_long(hold):
        return hold._replace(commit_number=birth.commit_number)
    return None if held.is_over(hold) else hold


def _find_active(
    book: Counters, settlement: Settlement, context: PublishContext
) -> tuple[dict[RowKey, RowTotals], dict[RowKey, RowTotals], set[tuple[Placement, SeriesKey]]]:
    """Return the rows that a settlement changes, the same with the waiting rows, and the births they need."""
    plan = book.plan
    changed = accrue(book.rows, settlement, len(plan.dataset.fields), len(plan.parts))
    active = {key: book.rows[key] for key in book.waiting} | changed
    return changed, active, find_births(plan, active, context.placements, context.listed, book.series)


def _next_state(state: CounterState, answer: Answer, open_from: datetime, hold: Birth | None) -> CounterState:
    """Return the state after an answer."""
    newest = max(filter(None, (state.newest, answer.newest)), default=None)
    until = answer.question.until
    return state._replace(
        open_from=open_from,
        until=until,
        published_until=state.published_until if hold else until,
        last_success=answer.date,
        newest=newest,
        hold=hold,
    )


def meter_open_hours(
    dataset: Dataset, open_hours: Mapping[datetime, OpenHour], joined: Mapping[str, datetime] = ALL_ALONG
) -> Metered:
    """Return the amounts of open hours, as they settle also when their book ends (changed dataset, reset)."""
    return meter_settled(dataset, {hour: known.rows for hour, known in open_hours.items()}, joined)
