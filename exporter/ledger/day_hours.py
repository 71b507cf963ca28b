"""The hours of a day: an asset's usage of a meter on one UTC day, by hour, and what is not known by hour. Pure."""

from datetime import date
from operator import add
from typing import NamedTuple

from exporter.ledger.daily_sums import Metered
from exporter.model import DailyKey

HOURS = 24

KEPT_HOURS = 31
"""The number of days before the newest one whose hours are kept; no billing cycle is longer."""


class DayHours(NamedTuple):
    """One day of an asset and meter, in the meter's smallest unit.

    ``hours`` are the amounts of its 24 hours. Of usage, hours and ``rest`` add up to the daily sum: the rest is what an
    audit added (or, below 0, took away), what was used before counting began, and all of a day whose hours are no
    longer kept. Of a stored quantity, an hour is the highest level that was said for it (0: none was said, and that
    of the hour before may still hold); the highest of hours and rest is the daily sum, which is the day's peak, and the
    rest is 0 where an hour has it.
    """

    hours: tuple[int, ...] = (0,) * HOURS
    rest: int = 0

    def plus(self, other: "DayHours") -> "DayHours":
        """Return the sum of two datasets that feed one meter."""
        return DayHours(tuple(map(add, self.hours, other.hours)), self.rest + other.rest)


def day_hours(hours: tuple[int, ...], daily_sum: int, *, is_stored: bool) -> DayHours:
    """Return the hours of a day with the rest that its daily sum leaves."""
    if is_stored:
        return DayHours(hours, daily_sum if daily_sum > max(hours) else 0)
    return DayHours(hours, daily_sum - sum(hours))


def add_hours(days: dict[DailyKey, DayHours], more: Metered, since: date = date.min, until: date = date.max) -> None:
    """Add the amounts of hours of days in [since, until); those of whole days belong to the rest."""
    for key, amount in more.days.items():
        if since <= key[0] < until:
            known = days.get(key, DayHours())
            days[key] = known._replace(rest=known.rest + amount)
    for (hour, asset, meter), amount in more.hours.items():
        day = hour.date()
        if since <= day < until:
            known = days.get((day, asset, meter), DayHours())
            hours = list(known.hours)
            hours[hour.hour] += amount
            days[day, asset, meter] = known._replace(hours=tuple(hours))
