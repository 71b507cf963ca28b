"""Usage as on bills: an account's daily usage of each meter, and the share of each asset. Pure.

Quantities are integers in the meter's smallest unit. The amount of a stored quantity on a day is its peak in bytes: the
account's is the highest hourly sum over all assets, which may be less than the sum of the assets' own peaks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from exporter.catalog.entry import estimated_id
from exporter.model import DAY, DISPATCH_PREFIX, DailyKey
from exporter.pricing.card import RateCard
from exporter.pricing.cycle import Cycle
from exporter.pricing.forecast import HISTORY_DAYS, History, Now, Outlooks, outlook
from exporter.pricing.rating import Consumption, Terms
from exporter.pricing.tariffs import billed_meter

Key = TypeVar("Key", str, date)

Days = dict[date, int]
"""Amounts by day."""

Assets = dict[str, int]
"""Amounts by asset id."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of a cycle so far, by meter.

    ``days`` are the account's daily amounts, ``assets`` the assets' sums over the cycle, and ``today`` today's part of
    these. ``estimated`` are the days of the cycle on which a stored quantity, or a part of it, was not read.
    """

    days: Mapping[str, Days] = field(default_factory=dict)
    assets: Mapping[str, Assets] = field(default_factory=dict)
    today: Mapping[str, Assets] = field(default_factory=dict)
    estimated: Mapping[str, frozenset[date]] = field(default_factory=dict)


class UsageTable:
    """A table that adds up daily sums; meters that are not on the card are left out.

    Days before the cycle count for the history behind forecasts, and for included quantities of a calendar month.
    """

    def __init__(self, card: RateCard, now: Now) -> None:
        self._card = card
        self._now = now
        self._meters = card.read_meters
        self._days: dict[str, Days] = {}
        self._peaks: dict[str, Days] = {}
        self._assets: dict[str, Assets] = {}
        self._today: dict[str, Assets] = {}
        self._history = History(now.today - DAY)
        self._billed: dict[tuple[str, bool], str | None] = {}
        self._estimates = {estimated_id(meter): meter for meter, how in self._meters.items() if how.is_stored}
        self._estimated: dict[str, set[date]] = {}

    def add(self, entries: Iterable[tuple[DailyKey, int]]) -> None:
        """Add daily sums with keys (day, asset, meter)."""
        cycle, today = self._now.cycle, self._now.today
        days: dict[date, tuple[bool, int | None]] = {}
        for (day, asset, counted), amount in entries:
            meter = self._billed_as(counted, asset.startswith(DISPATCH_PREFIX))
            if meter is None:
                if counted in self._estimates:
                    self._estimated.setdefault(self._estimates[counted], set()).add(day)
                continue
            if not asset and self._meters[meter].is_stored:
                _add(self._peaks.setdefault(meter, {}), day, amount)
                continue
            if day not in days:
                days[day] = cycle.start <= day < cycle.end, self._history.place_of(day)
            is_in_cycle, place = days[day]
            _add(self._days.setdefault(meter, {}), day, amount)
            if place is not None:
                self._history.add(place, meter, asset, amount)
            if is_in_cycle:
                _add(self._assets.setdefault(meter, {}), asset, amount)
            if day == today:
                _add(self._today.setdefault(meter, {}), asset, amount)

    def forget_history(self) -> None:
        """Drop the assets' daily history, once the outlooks have been computed."""
        self._history = History(self._now.today - DAY)

    def copy(self) -> "UsageTable":
        """Return an independent copy that shares only the history."""
        other = UsageTable(self._card, self._now)
        other._days, other._peaks = _copied(self._days), _copied(self._peaks)
        other._assets, other._today = _copied(self._assets), _copied(self._today)
        other._estimated = {meter: set(days) for meter, days in self._estimated.items()}
        other._history = self._history
        return other

    def usage(self) -> Usage:
        """Return the usage added so far."""
        cycle, today = self._now.cycle, self._now.today
        alone = {meter: self._peaks[meter] for meter in self._peaks.keys() - self._days.keys()}
        whole = {
            meter: {"": sum(peak for day, peak in peaks.items() if cycle.start <= day < cycle.end)}
            for meter, peaks in alone.items()
        }
        now = {meter: {"": peaks[today]} for meter, peaks in alone.items() if today in peaks}
        estimated = {
            meter: frozenset(day for day in days if cycle.start <= day < cycle.end)
            for meter, days in self._estimated.items()
        }
        return Usage(self._account_days(), whole | self._assets, now | self._today, estimated)

    def outlooks(self) -> Outlooks:
        """Return the outlooks for the days to come, from the last full ones."""
        stored = {meter for meter, how in self._meters.items() if how.is_stored}
        window = self._history.window()
        totals = {meter: [days.get(day, 0) for day in window] for meter, days in self._account_days().items()}
        amounts = {meter: {"": totals[meter]} for meter in self._peaks} | self._history.amounts()
        return Outlooks(
            {meter: outlook(days, is_stored=meter in stored) for meter, days in totals.items()},
            {
                meter: {asset: outlook(days, is_stored=meter in stored) for asset, days in assets.items()}
                for meter, assets in amounts.items()
            },
            {
                meter: {asset: days[-1] for asset, days in assets.items()}
                for meter, assets in amounts.items()
                if meter in stored
            },
        )

    def _account_days(self) -> dict[str, Days]:
        return {meter: self._days.get(meter, {}) | self._peaks.get(meter, {}) for meter in self._days | self._peaks}

    def _billed_as(self, meter: str, is_dispatched: bool) -> str | None:
        key = (meter, is_dispatched)
        if key not in self._billed:
            billed = billed_meter(self._card, meter, is_dispatched=is_dispatched)
            self._billed[key] = billed if billed in self._meters else None
        return self._billed[key]


def first_day(now: Now) -> date:
    """Return the first day whose usage matters for a cycle."""
    return min(now.cycle.start.replace(day=1), now.today - HISTORY_DAYS * DAY)


def consumption(card: RateCard, meter: str, days: Mapping[date, int], cycle: Cycle, terms: Terms) -> Consumption:
    """Return amounts by day with the unit of the meter's rate: for stored bytes, the GB-month."""
    how = card.read_meters[meter]
    return Consumption(days, how.scale * terms.month_days(cycle) if how.is_stored else how.scale)


def _add(sums: dict[Key, int], key: Key, amount: int) -> None:
    sums[key] = sums.get(key, 0) + amount


def _copied(tables: dict[str, dict[Key, int]]) -> dict[str, dict[Key, int]]:
    return {meter: dict(table) for meter, table in tables.items()}
