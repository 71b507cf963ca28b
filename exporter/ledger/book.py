"""A book: everything the ledger knows of one dataset of one account, and what an answer changes in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from exporter.catalog.entry import Dataset
from exporter.ledger.daily import DailyKey, meter_hours
from exporter.ledger.hours import OpenHour, settle
from exporter.ledger.series import Birth, Held, Placement, Plan, Series, SeriesKey, attribute, find_births
from exporter.ledger.totals import Row, accrue
from exporter.model import Answer, RowKey

JUMP = timedelta(minutes=5)
"""An answer that moves ``until`` further than this publishes its births before its values."""


class BookState(NamedTuple):
    """Where a book stands. ``published_until`` stays behind ``until`` while the births of a jump are held."""

    start: datetime
    open_from: datetime
    until: datetime
    published_until: datetime
    last_success: datetime
    newest: datetime | None = None
    hold: Birth | None = None


@dataclass(slots=True)
class Book:
    """The figures of one dataset of one account, in memory; changed only by ``merge`` and ``drop_series``."""

    plan: Plan
    state: BookState | None = None
    rows: dict[RowKey, Row] = field(default_factory=dict)
    open: dict[datetime, OpenHour] = field(default_factory=dict)
    series: dict[Placement, dict[SeriesKey, Series]] = field(default_factory=dict)
    waiting: set[RowKey] = field(default_factory=set)

    @property
    def dataset(self) -> Dataset:
        """Give the dataset that is kept."""
        return self.plan.dataset

    def merge(self, change: "BookChange") -> None:
        """Take a change over, once it has been committed."""
        self.state = change.state
        self.rows.update(change.rows)
        self.open = change.open
        for (placement, key), series in change.series.items():
            self.series.setdefault(placement, {})[key] = series
        self.waiting = change.waiting

    def drop_series(self, placements: Iterable[Placement]) -> None:
        """Forget the series of placements to which no asset maps any more."""
        for placement in placements:
            self.series.pop(placement, None)

    def find_waiting(self) -> None:
        """Work out which rows have amounts that no series got yet (after loading)."""
        self.waiting = {
            key
            for key, row in self.rows.items()
            if any(row.total[part.field] > got for part, got in zip(self.plan.parts, row.attributed, strict=True))
        }


@dataclass(frozen=True, slots=True)
class BookChange:
    """What one answer changes in one book. ``gap`` is time that no question ever covered."""

    state: BookState
    rows: dict[RowKey, Row]
    open: dict[datetime, OpenHour]
    series: dict[tuple[Placement, SeriesKey], Series]
    daily: dict[DailyKey, int]
    waiting: set[RowKey]
    revisions: int = 0
    gap: timedelta = timedelta(0)


def start_book(plan: Plan, answer: Answer, listed: Iterable[Placement], revision: int) -> BookChange:
    """Begin a book: the first question that was answered ends where counting starts; known assets are born at zero."""
    until = answer.question.until
    state = BookState(until, until, until, until, answer.date, answer.newest)
    births = find_births(plan, {}, {}, listed, {})
    return BookChange(state, {}, {}, _bear(births, Birth(answer.date, revision)), {}, set())


def advance(
    book: Book,
    state: BookState,
    answer: Answer,
    *,
    placements: Mapping[str, Placement],
    listed: Iterable[Placement],
    scraped: int,
    revision: int,
) -> BookChange:
    """Apply an answer: settle hours, raise totals, bear series, and let series grow.

    ``placements`` gives where each asset's rows go (strangers are missing), ``listed`` the placements of all known
    assets, ``scraped`` the newest revision a scrape was answered with, ``revision`` the one this change becomes.
    """
    plan = book.plan
    settlement = settle(book.open, answer, plan.dataset.settle)
    changed = accrue(book.rows, settlement, len(plan.dataset.fields), len(plan.parts))
    active = {key: book.rows[key] for key in book.waiting} | changed
    birth = Birth(answer.date, revision)
    births = _bear(find_births(plan, active, placements, listed, book.series), birth)
    held = Held(answer.date, scraped)
    hold = state.hold
    if hold is None and births and answer.question.until - state.published_until > JUMP:
        hold = birth
    elif hold is not None and held.is_over(hold):
        hold = None
    growth = attribute(plan, active, placements, book.series, None if hold else held)
    next_state = _next_state(state, answer, settlement.open_from, hold)
    return BookChange(
        state=next_state,
        rows=changed | growth.rows,
        open=settlement.open,
        series=births | growth.series,
        daily=meter_hours(plan.dataset, settlement.settled),
        waiting=growth.waiting,
        revisions=settlement.revisions,
        gap=max(answer.question.since - state.until, timedelta(0)),
    )


def _next_state(state: BookState, answer: Answer, open_from: datetime, hold: Birth | None) -> BookState:
    """Give the state after an answer."""
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


def meter_open_hours(dataset: Dataset, open_hours: Mapping[datetime, OpenHour]) -> dict[DailyKey, int]:
    """Give what open hours add to the daily sums, now or when their book ends (a changed dataset, a reset)."""
    return meter_hours(dataset, {hour: known.rows for hour, known in open_hours.items()})


def _bear(births: Iterable[tuple[Placement, SeriesKey]], birth: Birth) -> dict[tuple[Placement, SeriesKey], Series]:
    return {which: Series(0, birth) for which in sorted(births)}
