"""Open hours and their settling: which answers replace which amounts, and when an hour becomes final.

Pure. An answer replaces the amounts of every hour it covers, so asking twice changes nothing. Hours settle in order.
Of a dataset that knows only days, each "hour" is a day: it stays open until it could be audited, and settles for good.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import zip_longest

from exporter.catalog.grain import BY_MINUTE, Grain
from exporter.ledger.reach import AUDIT_AFTER
from exporter.model import Amounts, Answer, RowKey, Rows

AGREEMENT = timedelta(minutes=5)
"""How much later a second answer must confirm the first before an hour settles."""

PATIENCE = timedelta(hours=6)
"""How long to wait for a second answer that agrees with a doubtful one, and for missing data."""

QUIET = timedelta(hours=24)
"""The time without data after which a dataset is quiet; one with more recent data may just be late."""


@dataclass(frozen=True, slots=True)
class OpenHour:
    """The known facts about an hour that is not final yet.

    ``rows`` is the last answer, ``peak`` the highest amounts of any answer. ``whole_since`` is the date of the first
    answer that covered the hour to its end (a day's: of the first that could be final). While due answers are doubtful,
    ``disputed_since`` is the date of the first such answer, and ``agreed_since`` that of the first of the latest ones,
    which all agree on these rows. Amounts that ``are_estimates`` differ from answer to answer, so only a difference of
    more than a tenth is significant.
    """

    rows: Rows
    peak: Rows
    whole_since: datetime | None = None
    agreed_since: datetime | None = None
    disputed_since: datetime | None = None
    are_estimates: bool = False


NOTHING_KNOWN = OpenHour({}, {})


@dataclass(frozen=True, slots=True)
class Settlement:
    """The effect of an answer on the open hours; ``revisions`` counts rows that fell and hours settled in dispute."""

    open: dict[datetime, OpenHour]
    settled: dict[datetime, Rows]
    open_from: datetime
    revisions: int


def settle(
    open_hours: Mapping[datetime, OpenHour],
    answer: Answer,
    settle_after: timedelta,
    newest: datetime | None = None,
    grain: Grain = BY_MINUTE,
) -> Settlement:
    """Apply an answer to the open hours. ``newest`` is the newest minute with data seen so far.

    An hour settles once two complete answers, ``AGREEMENT`` apart, agree: the later one is dated ``settle_after`` past
    the hour's end and is not lower than the earlier one. A single answer, as after an outage, may be wrong. An answer
    that is empty, or lower than an earlier one, must be repeated exactly. While no later data have been seen, an hour
    of a busy dataset waits for ``PATIENCE``: Cloudflare's pipeline may be stalled. Hours before the question's start
    (it was cut at Cloudflare's retention) settle with their last known amounts. Both answers about a day are dated
    ``settle_after`` past its end.
    """
    seen = max(filter(None, (answer.newest, *answer.hours)), default=None)
    newest = max(filter(None, (newest, seen)), default=None)
    first = grain.floor(answer.question.since)
    settled: dict[datetime, Rows] = {hour: known.rows for hour, known in open_hours.items() if hour < first}
    still_open: dict[datetime, OpenHour] = {}
    open_from = answer.question.since
    revisions = 0
    hour = first
    while hour < answer.question.until:
        before = open_hours.get(hour, NOTHING_KNOWN)
        are_estimates = before.are_estimates or hour in answer.sampled
        known, fallen = _replace(before, answer.hours.get(hour, {}), are_estimates)
        revisions += fallen
        end = hour + grain.unit
        if _is_whole(end, answer, settle_after, grain):
            known = replace(known, whole_since=before.whole_since or answer.date)
        if end <= answer.question.until and answer.date >= end + settle_after:
            known = _date_doubts(known, before, answer.date)
            is_borne_out = _is_borne_out(known, answer.date)
            is_ripe = is_borne_out or _is_out_of_patience(known, answer.date)
            if not still_open and is_ripe and (_is_past(end, seen, answer.date) or _is_quiet(end, newest)):
                settled[hour] = known.rows
                open_from = end
                revisions += not is_borne_out
                hour = end
                continue
        still_open[hour] = known
        hour = end
    return Settlement(still_open, settled, open_from, revisions)


def _is_whole(end: datetime, answer: Answer, settle_after: timedelta, grain: Grain) -> bool:
    """Return whether an answer can be the first of the two that agree on an hour, or a day, with this end."""
    is_late = not grain.settles_by_audit or answer.date >= end + settle_after
    return end <= answer.question.until and is_late


def whole_since(hour: datetime, until: datetime, answered: datetime, grain: Grain) -> datetime | None:
    """Return since when a stored hour is known to its end, if its last answer asked up to ``until``."""
    end = hour + grain.unit
    is_late = not grain.settles_by_audit or answered >= end + AUDIT_AFTER
    return answered if end <= until and is_late else None


def _replace(before: OpenHour, rows: Rows, are_estimates: bool) -> tuple[OpenHour, int]:
    """Return the hour with its new rows, and the number of rows lower than in the previous answer."""
    least = 9 if are_estimates else 10
    fallen = sum(_is_lower(rows.get(key), amounts, least) for key, amounts in before.rows.items())
    peak = rows
    if any(_is_lower(rows.get(key), amounts, least) for key, amounts in before.peak.items()):
        peak = _highest(before.peak, rows)
    return OpenHour(rows, peak, are_estimates=are_estimates), fallen


def _is_lower(now: Amounts | None, before: Amounts, least: int) -> bool:
    """Return whether any amount is less than ``least`` tenths of its previous value."""
    if now is None:
        return any(before)
    return now != before and any(10 * a < least * b for a, b in zip(now, before, strict=True))


def _is_same(known: OpenHour, before: OpenHour) -> bool:
    """Return whether two answers agree: to the unit, or for estimates within a tenth."""
    if not known.are_estimates:
        return known.rows == before.rows
    pairs = ((known.rows.get(key, ()), before.rows.get(key, ())) for key in known.rows.keys() | before.rows.keys())
    return all(10 * abs(a - b) <= max(a, b) for now, then in pairs for a, b in zip_longest(now, then, fillvalue=0))


def _highest(first: Rows, second: Rows) -> dict[RowKey, Amounts]:
    merged = dict(first)
    for key, amounts in second.items():
        known = merged.get(key)
        merged[key] = amounts if known is None else tuple(map(max, amounts, known))
    return merged


def _is_doubtful(known: OpenHour) -> bool:
    return not known.rows or known.peak is not known.rows


def _date_doubts(known: OpenHour, before: OpenHour, date: datetime) -> OpenHour:
    if not _is_doubtful(known):
        return known
    is_same = before.agreed_since is not None and _is_same(known, before)
    return replace(
        known,
        agreed_since=before.agreed_since if is_same else date,
        disputed_since=before.disputed_since or date,
    )


def _is_past(end: datetime, seen: datetime | None, date: datetime) -> bool:
    """Return whether the answer, with newest data at ``seen``, has data past an hour's end, or no longer needs any."""
    return (seen is not None and seen >= end) or date >= end + PATIENCE


def _is_quiet(end: datetime, newest: datetime | None) -> bool:
    """Return whether no data are expected, because there have been none for a long time."""
    return newest is None or end - newest > QUIET


def _is_borne_out(known: OpenHour, date: datetime) -> bool:
    first = known.agreed_since if _is_doubtful(known) else known.whole_since
    return first is not None and date >= first + AGREEMENT


def _is_out_of_patience(known: OpenHour, date: datetime) -> bool:
    return known.disputed_since is not None and date >= known.disputed_since + PATIENCE
