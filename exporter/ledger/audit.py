"""The effect of an answer about a closed day: late usage is added, daily sums are set. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from exporter.catalog.dataset import Dataset
from exporter.ledger.audit_schedule import Comparison, DayMark, DayPart, compare, digest_of, judge, start_of
from exporter.ledger.daily_sums import fold_days, meter_hours
from exporter.ledger.gauges import levels_of_day
from exporter.ledger.reach import final_from
from exporter.ledger.totals import sum_rows
from exporter.model import DAY, Amounts, Answer, DailyKey, HourKey, RowKey, Rows


@dataclass(frozen=True, slots=True)
class DayChange:
    """The changes that one answer makes to a part of a day.

    ``daily`` are the part's sums afterwards, or if the day has several that are counted (``is_added``) by how much they
    change. ``kept`` are the figures to keep until it is final, ``late`` the usage that was not counted yet, and
    ``revisions`` the number of rows that are lower for good. ``levels`` are stored amounts by hour. Only sums of the
    meters and tallies that it is ``about`` are set; a change of some of them ``alone`` touches nothing else.
    """

    part: DayPart
    mark: DayMark
    daily: dict[DailyKey, int]
    kept: dict[RowKey, Amounts] = field(default_factory=dict)
    late: dict[RowKey, Amounts] = field(default_factory=dict)
    revisions: int = 0
    levels: dict[HourKey, int] = field(default_factory=dict)
    alone: frozenset[str] = frozenset()
    about: frozenset[str] = frozenset()
    is_added: bool = False


def audit(
    dataset: Dataset,
    part: DayPart,
    mark: DayMark | None,
    answer: Answer,
    kept: Mapping[RowKey, Amounts],
    *,
    meters: frozenset[str] | None = None,
) -> DayChange:
    """Compare an answer about counted usage, by some ``meters`` and tallies, with the ``kept`` figures of the same."""
    start = start_of(part.day)
    said = answer.hours.get(start, {})
    found = compare(kept, said, are_estimates=bool(answer.sampled))
    is_added = bool(part.hour) or answer.question.until < start + DAY
    # A day that was cut is not asked about single meters later: Cloudflare has forgotten it by then.
    known = None if is_added else meters
    digest = digest_of(said) if found.lower else ""
    judged = judge(mark, due_of(part, answer), answer.date, bool(found.lower), digest, meters=known)
    raised = sum_rows((kept, found.higher))
    figures: Rows = said if judged.is_final else raised
    sums = meter_hours(dataset, {start: figures})
    daily = _differences(sums, meter_hours(dataset, {start: kept})) if is_added else sums
    about = dataset.counted_ids if meters is None else meters
    return DayChange(
        part,
        judged,
        {key: amount for key, amount in daily.items() if key[2] in about},
        kept={} if judged.is_final else raised,
        late=found.higher,
        revisions=found.lower if judged.is_final else 0,
        about=about,
        is_added=is_added,
    )


def due_of(part: DayPart, answer: Answer) -> datetime:
    """Return from when on an answer about a part of a day can be final."""
    return final_from(answer.question.since, start_of(part.day) + DAY, answer.retention)


def _differences(now: Mapping[DailyKey, int], before: Mapping[DailyKey, int]) -> dict[DailyKey, int]:
    return {key: now.get(key, 0) - before.get(key, 0) for key in now.keys() | before}


def fill(
    dataset: Dataset, part: DayPart, mark: DayMark | None, answer: Answer, known: Mapping[DailyKey, int]
) -> DayChange:
    """Compare an answer about usage before counting began, or about stored amounts, with the ``known`` sums."""
    levels: dict[HourKey, int] = {}
    if dataset.timing.is_stored:
        levels = levels_of_day(dataset, answer.hours)
        said = fold_days(levels, max)
    else:
        said = meter_hours(dataset, _only(answer, start_of(part.day)))
    known = {key: amount for key, amount in known.items() if key[2] in dataset.counted_ids}
    amounts = {key: (amount,) for key, amount in said.items()}
    found = compare({key: (amount,) for key, amount in known.items()}, amounts, are_estimates=bool(answer.sampled))
    if dataset.timing.is_stored:
        # The amount stored in an hour without a row of its own is known only from earlier hours.
        found = Comparison(found.higher, 0)
    digest = digest_of(amounts) if found.lower else ""
    judged = judge(mark, due_of(part, answer), answer.date, bool(found.lower), digest, meters=dataset.counted_ids)
    if judged.is_final and dataset.is_counted:
        return DayChange(part, judged, said, about=dataset.counted_ids)
    highest = {key: max(said.get(key, 0), known.get(key, 0)) for key in said.keys() | known}
    return DayChange(part, judged, highest, levels=levels, about=dataset.counted_ids)


def _only(answer: Answer, start: datetime) -> dict[datetime, Rows]:
    return {start: answer.hours[start]} if start in answer.hours else {}
