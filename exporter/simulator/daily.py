"""The billed usage of an account by day. A day of which everything is visible is added up only once."""

from datetime import datetime

from exporter.simulator.prices import Feed
from exporter.simulator.products import DATASETS
from exporter.simulator.usage import Ask, Usage, Values, epoch_minute

_DAY_MINUTES = 1_440
_MOST_DAYS = 1_000

Days = dict[int, int]
"""Amounts by the minute at which the day starts."""


class DailyUsage:
    """Adds up ``usage`` by day, and remembers the days that cannot change any more."""

    def __init__(self, usage: Usage) -> None:
        self._usage = usage
        self._known: dict[Feed, Days] = {}

    def amounts(self, feed: Feed, since: datetime, until: datetime, now: datetime, *, stored: bool) -> Days:
        """Return a feed's amounts as visible at ``now``, from midnight to midnight: a sum, or the peak if stored."""
        known, at = self._known.setdefault(feed, {}), int(now.timestamp())
        start, end = epoch_minute(since), min(epoch_minute(until), at // 60 + 1)
        last_final = self._usage.visible_until(DATASETS[feed.dataset], at) - _DAY_MINUTES
        days: Days = {}
        while start < end and start <= last_final and start in known:
            days[start] = known[start]
            start += _DAY_MINUTES
        found = self._summed(feed, start, end, at, stored)
        if len(known) > _MOST_DAYS:
            known.clear()
        known.update((day, found.get(day, 0)) for day in range(start, min(end, last_final + 1), _DAY_MINUTES))
        return days | found

    def _summed(self, feed: Feed, start: int, end: int, at: int, stored: bool) -> Days:
        dataset, counts = DATASETS[feed.dataset], feed.counts
        names = [measure.name for measure in dataset.measures]

        def accepts(values: Values) -> bool:
            return counts is None or counts(dict(zip(dataset.dimensions, values, strict=True)))

        ask = Ask(
            dataset,
            start,
            end,
            60 if stored else _DAY_MINUTES,
            # Storage rows are maxima: only those of single assets can be added up to the account's total.
            tuple(range(len(dataset.dimensions))) if stored else (),
            tuple(names.index(name) for name in feed.measures),
            accepts,
        )
        steps: Days = {}
        for key, row in self._usage.rows(ask, at).items():
            minute = int(key[0])
            steps[minute] = steps.get(minute, 0) + sum(row[1:])
        days: Days = {}
        for minute, used in steps.items():
            day = minute - minute % _DAY_MINUTES
            days[day] = max(days.get(day, 0), used)
        return days
