"""What a false time put into the future: how books are brought back from it, once Cloudflare's time is known. Pure.

No usage is counted twice: what settled stays settled, and an hour that settled before it was over gets the rest of its
usage by the audit of its day. Hours that had not begun settled empty, so they are opened again. Counting that began in
the future has counted nothing, and begins anew.
"""

from dataclasses import replace
from datetime import datetime

from exporter.catalog.grain import Grain
from exporter.ledger.audit_schedule import DayMark, DayPart, after_retiring
from exporter.ledger.counters import CounterChange, Counters, CounterState
from exporter.ledger.daily_sums import NOTHING_METERED
from exporter.ledger.gauges import GaugeChange, Gauges, GaugeState
from exporter.ledger.hours import OpenHour
from exporter.ledger.series import Birth
from exporter.ledger.store.change import Retirement
from exporter.model import MINUTE, ceil_day, floor_minute

TOLERANCE = 10 * MINUTE
"""How far a time may be ahead that is not false: Cloudflare's clock may step back a little, which is waited out."""


def is_ahead(book: Counters | Gauges, now: datetime) -> bool:
    """Return whether anything that a book knows of its own progress is in the future."""
    latest = now + TOLERANCE
    if isinstance(book, Gauges):
        readings = book.state
        return readings is not None and max(filter(None, (readings.last_success, readings.newest))) > latest
    state = book.state
    if state is None:
        return False
    times = (state.until, state.published_until, state.last_success, state.newest, state.hold and state.hold.at)
    is_open_ahead = state.open_from > _end_of_unit(book.dataset.grain, latest)
    return max(filter(None, times)) > latest or is_open_ahead or begins_in_future(book, now)


def begins_in_future(book: Counters, now: datetime) -> bool:
    """Return whether counting began at a false time, so that nothing can have been counted."""
    return book.state is not None and book.state.start > book.dataset.grain.ceil_step(now + TOLERANCE)


def bring_back(book: Counters, state: CounterState, now: datetime) -> CounterChange:
    """Return the change that makes a book's progress end ``now``; its totals and series stay what they are."""
    until, grain = floor_minute(now), book.dataset.grain
    is_open_ahead = state.open_from > _end_of_unit(grain, now + TOLERANCE)
    brought = state._replace(
        open_from=_end_of_unit(grain, until) if is_open_ahead else state.open_from,
        until=min(state.until, until),
        published_until=min(state.published_until, until),
        last_success=min(state.last_success, now),
        newest=min(state.newest, until) if state.newest else None,
        hold=Birth(min(state.hold.at, now), state.hold.commit_number) if state.hold else None,
        joined={name: min(since, ceil_day(until)) for name, since in state.joined.items()},
    )
    hours = {hour: _brought_back(hour, known, grain, now) for hour, known in book.open.items() if hour < until}
    return CounterChange(brought, {}, hours, {}, NOTHING_METERED, book.waiting, book.reported_since)


def end_false_start(start: datetime, marks: dict[DayPart, DayMark], now: datetime) -> Retirement:
    """Return the remains of a book that began in the future: the days before today that were filled in."""
    kept = {
        part: mark
        for part, mark in after_retiring(marks, start).items()
        if part.day < now.date() and mark.answered <= now + TOLERANCE
    }
    return Retirement(start, NOTHING_METERED, kept, keeps_left=True)


def bring_gauges_back(book: Gauges, state: GaugeState, now: datetime) -> GaugeChange:
    """Return the change that makes readings end ``now``; those of later hours are not true."""
    newest = min(state.newest, floor_minute(now)) if state.newest else None
    brought = GaugeState(min(state.until, now), min(state.last_success, now), newest)
    gone = frozenset(key for key, reading in book.rows.items() if reading.at > now)
    return GaugeChange(brought, {}, gone, {}, {})


def believable(mark: DayMark | None, now: datetime) -> DayMark | None:
    """Return a mark, unless it is of the future and not final: then the day was as good as never asked about."""
    return None if mark is not None and not mark.is_final and mark.answered > now + TOLERANCE else mark


def shown_until(until: datetime, latest: datetime) -> datetime:
    """Return a time as it is shown, if the ``latest`` can be true."""
    return until if until <= latest + TOLERANCE else latest


def shown(book: Counters, latest: datetime | None) -> CounterState | None:
    """Return a book's state as it is shown: none of its times is later than the ``latest`` that can be true."""
    state = book.state
    if state is None or latest is None or not is_ahead(book, latest):
        return state
    return state._replace(
        start=min(state.start, book.dataset.grain.ceil_step(latest)),
        until=min(state.until, latest),
        published_until=min(state.published_until, latest),
        last_success=min(state.last_success, latest),
        newest=min(state.newest, latest) if state.newest else None,
    )


def shown_gauges(book: Gauges, latest: datetime | None) -> GaugeState | None:
    """Return the state of gauges as it is shown, likewise."""
    state = book.state
    if state is None or latest is None or not is_ahead(book, latest):
        return state
    return GaugeState(
        min(state.until, latest), min(state.last_success, latest), min(state.newest, latest) if state.newest else None
    )


def _brought_back(hour: datetime, known: OpenHour, grain: Grain, now: datetime) -> OpenHour:
    """Return an open hour without dates of the future, nor one of an answer before its end: it waits for others."""
    whole, agreed, disputed = known.whole_since, known.agreed_since, known.disputed_since
    return replace(
        known,
        whole_since=whole if whole is not None and hour + grain.unit <= whole <= now else None,
        agreed_since=agreed if agreed is not None and agreed <= now else None,
        disputed_since=disputed if disputed is not None and disputed <= now else None,
    )


def _end_of_unit(grain: Grain, moment: datetime) -> datetime:
    """Return the start of the first hour, or day, that has not begun."""
    floored = grain.floor(moment)
    return floored if floored == moment else floored + grain.unit
