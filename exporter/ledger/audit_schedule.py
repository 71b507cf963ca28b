"""Closed days: which of them to ask about once more, when, and when the answers about a day are final. Pure.

A day on which counting began has two parts. Usage before counting fills only the daily sums; counted usage is compared
with the settled figures of the ledger. Both are asked once usage that comes hours late has arrived, and are final when
a second answer confirms the first.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from hashlib import blake2b
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

from exporter.catalog.dataset import Dataset
from exporter.ledger.counters import CounterState
from exporter.ledger.hours import AGREEMENT, PATIENCE
from exporter.ledger.reach import final_from
from exporter.model import DAY, HOUR, Amounts, Choice, DayProgress, Question, Scope, floor_hour

FILLED_DAYS = 31
"""The number of days before counting began that are filled in; no billing cycle is longer."""

DISPUTE_PACE = timedelta(minutes=30)
"""The pause between questions about a day whose answer was lower than the known figures."""

Key = TypeVar("Key")

_Span = tuple[datetime, datetime]


class Portion(StrEnum):
    """A part of a day: the time that the counters cover, or the time before counting began."""

    BEFORE = "before"
    COUNTED = "counted"


class DayPart(NamedTuple):
    """One part of one UTC day; what is counted of it may be cut at further hours, each of which begins a part."""

    day: date
    part: Portion
    hour: int = 0

    @property
    def start(self) -> datetime:
        """The start of the day, or of the part that it was cut into."""
        return start_of(self.day) + self.hour * HOUR


class DayMark(NamedTuple):
    """The state of the answers about a part of a day, by their dates.

    ``answered`` is the newest, ``first`` the first that could be final. An answer lower than the known figures leaves
    its ``digest``; ``repeated_since`` is the date since which it has been repeated. ``meters`` are the meters and
    tallies that all answers since the ``first`` spoke of (None: nothing is known to be lacking). A part that is final
    and lacks some is asked about these ``alone``: then the dates and the digest are those of the answers about them.
    """

    answered: datetime
    first: datetime | None = None
    digest: str = ""
    repeated_since: datetime | None = None
    is_final: bool = False
    meters: frozenset[str] | None = None
    alone: frozenset[str] = frozenset()

    def lacks(self, dataset: Dataset) -> frozenset[str]:
        """Return the meters and tallies of a dataset that the figures lack, though they are final."""
        if not self.is_final or self.meters is None:
            return frozenset()
        return dataset.counted_ids - self.meters


class DayTask(NamedTuple):
    """A part of a day to ask about, from ``due`` on; ``is_new`` if it has never been asked about.

    One that is final is asked about some meters and tallies ``alone``.
    """

    due: datetime
    question: Question
    part: DayPart
    is_new: bool
    alone: frozenset[str] = frozenset()

    def choosing(self, choices: tuple[Choice, ...]) -> "DayTask":
        """Return the same, asked by what held in its time; what was never counted has no words that matter."""
        if not choices or self.part.part is not Portion.COUNTED:
            return self
        return self._replace(question=replace(self.question, choices=choices))


def start_of(day: date) -> datetime:
    """Return the UTC midnight at which a day starts."""
    return datetime.combine(day, time(), UTC)


class Horizon(NamedTuple):
    """The current time, and how far back Cloudflare keeps data."""

    now: datetime
    retention: timedelta

    @property
    def oldest(self) -> datetime:
        """The oldest time that can be asked about."""
        return floor_hour(self.now - self.retention) + HOUR


def find_tasks(
    scope: Scope, dataset: Dataset, state: CounterState | None, marks: Mapping[DayPart, DayMark], horizon: Horizon
) -> list[DayTask]:
    """Return the tasks of the closed days of a scope's dataset, the newest day first.

    A usage dataset has a ``state`` once counting has begun. Days out of reach can no longer be asked about.
    """
    tasks = (
        _task(dataset, part, Question(scope, dataset.key, *span, by_day=True), marks.get(part), horizon)
        for part, span in _parts(dataset, state, marks, horizon.now)
        if span[0] >= horizon.oldest and _has_settled(part, span[1], state)
    )
    return [task for task in tasks if task is not None]


def find_progress(
    dataset: Dataset,
    state: CounterState | None,
    marks: Mapping[DayPart, DayMark],
    tasks: list[DayTask],
    horizon: Horizon,
) -> DayProgress:
    """Return the progress of the closed days; ``tasks`` are those that ``find_tasks`` returned.

    Days out of reach count as final.
    """
    now = horizon.now
    yesterday = (now - DAY).date()
    is_usage = dataset.is_counted
    unfilled = len({task.part.day for task in tasks if _is_unfilled(task, is_usage=is_usage, yesterday=yesterday)})
    if state is None:
        return DayProgress(None, unfilled)
    if dataset.grain.settles_by_audit:
        return DayProgress(state.open_from, unfilled)
    audited = state.kept_from
    for part, (since, until) in reversed(list(_parts(dataset, state, marks, now))):
        mark = marks.get(part)
        if part.part is Portion.COUNTED and since >= audited:
            if since >= horizon.oldest and (mark is None or not mark.is_final):
                break
            audited = until
    return DayProgress(audited, unfilled)


def _is_unfilled(task: DayTask, *, is_usage: bool, yesterday: date) -> bool:
    is_before = task.part.part is Portion.BEFORE and (is_usage or task.part.day < yesterday)
    return task.is_new and (bool(task.alone) or is_before)


def _parts(
    dataset: Dataset, state: CounterState | None, marks: Mapping[DayPart, DayMark], now: datetime
) -> Iterator[tuple[DayPart, _Span]]:
    """Yield the parts of the days that may need asking, newest first, with the time that each spans.

    Usage that was counted before any was kept for an audit has a part only with a mark.
    """
    is_usage = dataset.is_counted
    if is_usage and state is None:
        return
    start = state.start if state else now
    kept_from = state.kept_from if state else now
    is_metered = bool(dataset.counted_ids)
    is_audited = is_usage and not dataset.grain.settles_by_audit
    cuts = sorted(part for part in marks if part.part is Portion.COUNTED and part.hour)
    for back in range(FILLED_DAYS + 2):
        day = now.date() - timedelta(days=back)
        since, until = start_of(day), start_of(day) + DAY
        counted = DayPart(day, Portion.COUNTED)
        is_kept = max(since, start) >= kept_from or counted in marks
        if is_audited and until > start and is_kept:
            parts = _cut(counted, (max(since, start), until), cuts)
            yield from ((part, span) for part, span in reversed(parts) if span[1] <= now)
        ended = min(until, start)
        if is_metered and since < ended <= now and (is_usage or until <= now) and _is_filled(day, start):
            yield DayPart(day, Portion.BEFORE), (since, ended)


def _cut(whole: DayPart, span: _Span, cuts: Iterable[DayPart]) -> list[tuple[DayPart, _Span]]:
    """Return the parts into which what is counted of a day was cut, oldest first."""
    parts = [whole, *(cut for cut in cuts if cut.day == whole.day)]
    bounds = [span[0], *(part.start for part in parts[1:]), span[1]]
    return list(zip(parts, pairwise(bounds), strict=True))


def _is_filled(day: date, start: datetime) -> bool:
    return start.date() - day <= timedelta(days=FILLED_DAYS)


def _has_settled(part: DayPart, until: datetime, state: CounterState | None) -> bool:
    return part.part is Portion.BEFORE or state is None or state.open_from >= until


def _task(
    dataset: Dataset, part: DayPart, question: Question, mark: DayMark | None, horizon: Horizon
) -> DayTask | None:
    until = question.until
    last = final_from(question.since, start_of(part.day) + DAY, horizon.retention)
    alone = mark.lacks(dataset) if mark is not None else frozenset()
    if mark is not None and mark.is_final and not alone:
        return None
    if alone and mark is not None and mark.alone != alone:
        return DayTask(last, question, part, is_new=True, alone=alone)
    if mark is not None and mark.first is not None:
        due = mark.answered + (DISPUTE_PACE if mark.digest else AGREEMENT)
    elif part.part is Portion.COUNTED:
        due = last
    elif mark is None:
        due = until
    elif mark.answered < until + dataset.timing.settle:
        due = until + dataset.timing.settle
    else:
        due = last
    return DayTask(due, question, part, mark is None, alone)


@dataclass(frozen=True, slots=True)
class Comparison(Generic[Key]):
    """The difference of an answer from the known figures: the excess of higher rows, and the number of lower rows."""

    higher: dict[Key, Amounts]
    lower: int


def compare(known: Mapping[Key, Amounts], said: Mapping[Key, Amounts], *, are_estimates: bool) -> Comparison[Key]:
    """Compare row by row: to the unit, or for estimates beyond a tenth."""
    higher: dict[Key, Amounts] = {}
    lower = 0
    for key in known.keys() | said.keys():
        before, now = known.get(key), said.get(key)
        width = len(before or now or ())
        before, now = before or (0,) * width, now or (0,) * width
        if before == now:
            continue
        more = tuple([b - a if _exceeds(b, a, are_estimates) else 0 for a, b in zip(before, now, strict=True)])
        if any(more):
            higher[key] = more
        lower += any(_exceeds(a, b, are_estimates) for a, b in zip(before, now, strict=True))
    return Comparison(higher, lower)


def _exceeds(more: int, less: int, are_estimates: bool) -> bool:
    return 9 * more > 10 * less if are_estimates else more > less


def judge(
    mark: DayMark | None,
    due: datetime,
    answered: datetime,
    is_lower: bool,
    digest: str,
    *,
    meters: frozenset[str] | None = None,
) -> DayMark:
    """Return the mark of a part of a day after an answer that spoke of some ``meters`` and tallies.

    The answer is final if the part is ``due``, the answer is not the first and it is not lower than the known figures.
    A lower answer must be repeated exactly, or is accepted after hours. The same rule settles an hour, for the same
    reason: a single answer may be wrong.
    """
    if answered < due:
        return DayMark(answered)
    first = mark.first if mark is not None and mark.first is not None else answered
    if mark is not None and mark.first is not None:
        meters = _common(mark.meters, meters)
    if not is_lower:
        return DayMark(answered, first, is_final=answered >= first + AGREEMENT, meters=meters)
    if mark is None or not mark.digest:
        # Patience is with lower answers: while none came, a day may have passed since the first answer.
        first = answered
    is_repeated = mark is not None and mark.digest == digest and mark.repeated_since is not None
    since = mark.repeated_since if is_repeated and mark is not None and mark.repeated_since else answered
    is_final = answered >= since + AGREEMENT or answered >= first + PATIENCE
    return DayMark(answered, first, digest, since, is_final, meters)


def _common(some: frozenset[str] | None, others: frozenset[str] | None) -> frozenset[str] | None:
    return others if some is None else some if others is None else some & others


def digest_of(rows: Mapping[Key, Amounts]) -> str:
    """Return a digest of the rows: equal for two answers only if their rows are."""
    text = repr(sorted((repr(key), amounts) for key, amounts in rows.items()))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def after_retiring(marks: Mapping[DayPart, DayMark], start: datetime) -> dict[DayPart, DayMark]:
    """Return the marks that stay valid when the counters that began at ``start`` end and counting restarts.

    All of their time is then before counting; a day with any part not yet final is filled in once more.
    """
    kept: dict[DayPart, DayMark] = {}
    for part, mark in marks.items():
        is_whole = start_of(part.day) + DAY <= start
        if part.part is Portion.BEFORE and is_whole:
            kept[part] = mark
        elif part.part is Portion.COUNTED and _is_final(part.day, marks, start):
            before = DayPart(part.day, Portion.BEFORE)
            meters = _common(mark.meters, marks[before].meters) if before in marks else mark.meters
            kept[before] = mark._replace(meters=meters, alone=frozenset())
    return kept


def _is_answered(mark: DayMark) -> bool:
    """Return whether figures are final by answers, not because none were kept to compare with them."""
    return mark.is_final and mark.first is not None


def _is_final(day: date, marks: Mapping[DayPart, DayMark], start: datetime) -> bool:
    """Return whether all parts counted of a day are final, and the one before ``start`` is final or empty.

    The last of what is counted goes to the end of the day, and is not asked before.
    """
    before = marks.get(DayPart(day, Portion.BEFORE))
    is_before_final = start <= start_of(day) or (before is not None and before.is_final)
    counted = (mark for part, mark in marks.items() if part.day == day and part.part is Portion.COUNTED)
    return is_before_final and all(map(_is_answered, counted))
