"""Rating: the cost of one meter's usage in a billing cycle, by the arithmetic of Cloudflare's invoices. Pure.

    billable = usage above the included quantity, per account and meter
    line     = billable, rounded up to whole blocks, times the price of a block

https://developers.cloudflare.com/r2/pricing/ and /durable-objects/platform/pricing/ state the rounding.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from exporter.pricing.card import Period, Price, Rate, Rounding
from exporter.pricing.cycle import Cycle
from exporter.pricing.money import ZERO, to_usd


@dataclass(frozen=True, slots=True)
class Terms:
    """Choices where Cloudflare's arithmetic is not documented, or the user wants another.

    ``storage_month_days`` is the number of days by which the daily peaks of a GB-month are divided (None: those of the
    cycle). With ``is_proportional`` nothing is rounded up, without ``has_included`` nothing is included, and with
    ``pools_days`` daily allowances may be used on any day of the cycle.
    """

    storage_month_days: int | None = 30
    is_proportional: bool = False
    has_included: bool = True
    pools_days: bool = True

    def month_days(self, cycle: Cycle) -> int:
        """Return the number of days by which a cycle's daily peaks are divided."""
        return self.storage_month_days or cycle.length


@dataclass(frozen=True, slots=True)
class Consumption:
    """The usage of a meter on each UTC day in its smallest units; ``unit`` of them make one unit of its rate."""

    days: Mapping[date, int]
    unit: int = 1

    def between(self, since: date, until: date) -> int:
        """Return the amount of the days [since, until)."""
        return _between(self.days, since, until)

    def with_days(self, days: Mapping[date, int]) -> "Consumption":
        """Return the consumption with amounts added on some days."""
        sums = dict(self.days)
        for day, amount in days.items():
            sums[day] = sums.get(day, 0) + amount
        return Consumption(sums, self.unit)

    def until(self, last: date) -> "Consumption":
        """Return the consumption through a day."""
        return Consumption({day: amount for day, amount in self.days.items() if day <= last}, self.unit)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a bill; quantities are in the rate's unit, ``billed`` is ``billable`` rounded, ``usd`` is exact."""

    quantity: Fraction
    included: Fraction
    billable: Fraction
    billed: Fraction
    usd: Decimal

    @property
    def used_ratio(self) -> Fraction | None:
        """Return the used share of the included quantity; None if nothing is included."""
        return self.quantity / self.included if self.included else None


class _Span(NamedTuple):
    """A price on the days [since, until), with its included quantity and its block in whole parts of a unit."""

    price: Price
    since: date
    until: date
    included: int
    block: int

    def billable(self, before: int, amount: int) -> int:
        """Return the part of an amount that exceeds the included quantity, after ``before`` has been used."""
        return self._above(before + amount) - self._above(before)

    def _above(self, amount: int) -> int:
        if self.price.rounding is Rounding.NEAREST:
            amount = (2 * amount + self.block) // (2 * self.block) * self.block
        return max(amount - self.included, 0)

    def is_like(self, other: "_Span") -> bool:
        """Return whether a block begun at one price may be completed at the other."""
        return (self.block, self.price.rounding) == (other.block, other.price.rounding)


class Rating:
    """The prices of a rate in a cycle, for usage in smallest units of which ``unit`` make one of the rate's."""

    def __init__(self, rate: Rate, cycle: Cycle, terms: Terms, unit: int = 1) -> None:
        self._cycle = cycle
        self._terms = terms
        self._unit = unit
        spans = [(_rounded_as(price, terms), since, until) for price, since, until in rate.spans(cycle)]
        included = [_included_at(price, cycle, terms) for price, _, _ in spans]
        blocks = [Fraction(price.per) for price, _, _ in spans]
        # Smallest units are divided so that blocks and included quantities become integers.
        self._cut = lcm(*((quantity * unit).denominator for quantity in (*included, *blocks)))
        self._parts = unit * self._cut
        self._included = max(included, default=Fraction(0))
        self._spans = [
            _Span(*span, int(quantity * self._parts), int(block * self._parts))
            for span, quantity, block in zip(spans, included, blocks, strict=True)
        ]

    def line(self, days: Mapping[date, int]) -> Line:
        """Return the line of the cycle. ``days`` are amounts by UTC day, possibly also outside the cycle.

        If the price changes within the cycle, the included quantity is shared: earlier usage uses it up first. The rest
        of the last begun block costs the lowest price of the cycle, so that more usage never costs less (except if
        usage is rounded to the nearest block and the price rises within the cycle).
        """
        billable = list(self._billable(days))
        usd, billed = Fraction(0), 0
        for number, span in enumerate(self._spans):
            if any(span.is_like(earlier) for earlier in self._spans[:number]):
                continue
            alike = [(each.price.price, amount) for each, amount in billable if each.is_like(span)]
            exact = sum([amount for _, amount in alike])
            is_rounded_up = span.price.rounding in {Rounding.BLOCK, Rounding.UNIT}
            rounded = -(-exact // span.block) * span.block if is_rounded_up else exact
            for price, amount in alike:
                usd += Fraction(price) * Fraction(amount, span.block)
            if rounded != exact:
                lowest = min(each.price.price for each in self._spans if each.is_like(span))
                usd += Fraction(lowest) * Fraction(rounded - exact, span.block)
            billed += rounded
        return Line(
            quantity=Fraction(_between(days, self._cycle.start, self._cycle.end), self._unit),
            included=self._included,
            billable=Fraction(sum([amount for _, amount in billable]), self._parts),
            billed=Fraction(billed, self._parts),
            usd=to_usd(usd) if usd else ZERO,
        )

    def _billable(self, days: Mapping[date, int]) -> Iterator[tuple[_Span, int]]:
        """Yield the billable amount at each price, in each period of an included quantity."""
        spent: dict[object, int] = {}
        for span in self._spans:
            for period, amount in self._by_period(span, days).items():
                before = spent[period] if period in spent else self._used_before(span.price, days, period)
                spent[period] = before + amount
                billable = span.billable(before * self._cut, amount * self._cut)
                if billable:
                    yield span, billable

    def _by_period(self, span: _Span, days: Mapping[date, int]) -> dict[object, int]:
        """Return the usage in each period of an included quantity, in order."""
        if span.price.included_per is Period.CYCLE:
            return {None: _between(days, span.since, span.until)}
        sums: dict[object, int] = {}
        for day in sorted(day for day in days if span.since <= day < span.until):
            period = _period_of(span.price, day, self._terms)
            sums[period] = sums.get(period, 0) + days[day]
        return sums

    def _used_before(self, price: Price, days: Mapping[date, int], period: object) -> int:
        """Return the usage of a calendar month before the cycle began in it."""
        if price.included_per is not Period.MONTH:
            return 0
        earlier = (day for day in days if day < self._cycle.start and (day.year, day.month) == period)
        return sum(days[day] for day in earlier)


def rate_usage(rate: Rate, used: Consumption, cycle: Cycle, terms: Terms) -> Line:
    """Return the line of a meter in a cycle."""
    return Rating(rate, cycle, terms, used.unit).line(used.days)


def _between(days: Mapping[date, int], since: date, until: date) -> int:
    return sum([amount for day, amount in days.items() if since <= day < until])


def _rounded_as(price: Price, terms: Terms) -> Price:
    return replace(price, rounding=Rounding.NONE) if terms.is_proportional else price


def _period_of(price: Price, day: date, terms: Terms) -> object:
    """Return a key of the period of an included quantity that a day is in."""
    match price.included_per:
        case Period.DAY if not terms.pools_days:
            return day
        case Period.MONTH:
            return day.year, day.month
        case _:
            return None


def _included_at(price: Price, cycle: Cycle, terms: Terms) -> Fraction:
    if not terms.has_included:
        return Fraction(0)
    is_pooled = price.included_per is Period.DAY and terms.pools_days
    return Fraction(price.included) * (cycle.length if is_pooled else 1)
