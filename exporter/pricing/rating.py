"""What the usage of one meter costs in a billing cycle, by the arithmetic of Cloudflare's invoices. Pure.

    billable = what exceeds the included quantity, per account and meter
    line     = billable, rounded up to whole blocks, times the price of a block

https://developers.cloudflare.com/r2/pricing/ and /durable-objects/platform/pricing/ state the rounding.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from exporter.pricing.card import Period, Price, Rate, Rounding
from exporter.pricing.cycle import Cycle
from exporter.pricing.money import to_usd

HALF = Fraction(1, 2)

Span = tuple[Price, date, date]
"""A price, and the days [from, until) on which it holds."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How usage is rated where Cloudflare leaves it open, or the user wants it otherwise.

    ``storage_month_days`` is by how many days the daily peaks of a GB-month are divided (None: those of the cycle).
    With ``is_proportional`` nothing is rounded up, without ``has_included`` nothing is included, and with
    ``pools_days`` what is included per day may be used on any day of the cycle.
    """

    storage_month_days: int | None = 30
    is_proportional: bool = False
    has_included: bool = True
    pools_days: bool = True

    def month_days(self, cycle: Cycle) -> int:
        """Give by how many days a cycle's daily peaks are divided."""
        return self.storage_month_days or cycle.length


@dataclass(frozen=True, slots=True)
class Consumption:
    """What was used of a meter on each UTC day, in its smallest units; ``unit`` of them make one unit of its rate."""

    days: Mapping[date, int]
    unit: int = 1

    def on(self, day: date) -> Fraction:
        """Give the quantity of a day, in the rate's unit."""
        return Fraction(self.days.get(day, 0), self.unit)

    def between(self, since: date, until: date) -> int:
        """Give the amount of the days [since, until)."""
        return sum([amount for day, amount in self.days.items() if since <= day < until])

    def with_days(self, days: Mapping[date, int]) -> "Consumption":
        """Give the same with more used on some days."""
        sums = dict(self.days)
        for day, amount in days.items():
            sums[day] = sums.get(day, 0) + amount
        return Consumption(sums, self.unit)

    def until(self, last: date) -> "Consumption":
        """Give the days up to and with one."""
        return Consumption({day: amount for day, amount in self.days.items() if day <= last}, self.unit)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a bill: quantities in the rate's unit; ``billed`` is ``billable`` after rounding; ``usd`` is exact."""

    quantity: Fraction
    included: Fraction
    billable: Fraction
    billed: Fraction
    usd: Decimal

    @property
    def used_ratio(self) -> Fraction | None:
        """Give how much of the included quantity is used; None if nothing is included."""
        return self.quantity / self.included if self.included else None


@dataclass(frozen=True, slots=True)
class _Piece:
    """What was used at one price within one period of its included quantity, after what was used before in it."""

    price: Price
    before: Fraction
    quantity: Fraction
    included: Fraction

    @property
    def billable(self) -> Fraction:
        reached = self.before + self.quantity
        return self._above(reached) - self._above(self.before)

    def _above(self, quantity: Fraction) -> Fraction:
        if self.price.rounding is Rounding.NEAREST:
            quantity = _nearest(quantity, Fraction(self.price.per))
        return max(quantity - self.included, Fraction(0))


def rate_usage(rate: Rate, used: Consumption, cycle: Cycle, terms: Terms) -> Line:
    """Give the line of a cycle. Some of the days that are ``used`` may be before it, or after it.

    A change of price within the cycle leaves the included quantity one: what was used first uses it up. The rest of the
    last block that was begun costs the lowest price that the cycle has, so that more usage never costs less.
    """
    spans = [(_rounded_as(price, terms), since, until) for price, since, until in rate.spans(cycle)]
    pieces = [(piece, piece.billable) for piece in _pieces(spans, used, cycle, terms) if piece.quantity]
    usd, billed = Fraction(0), Fraction(0)
    for per, rounding in dict.fromkeys((price.per, price.rounding) for price, _, _ in spans):
        alike = [each for each in pieces if (each[0].price.per, each[0].price.rounding) == (per, rounding)]
        if not alike:
            continue
        lowest = min(price.price for price, _, _ in spans if (price.per, price.rounding) == (per, rounding))
        block, exact = Fraction(per), sum((billable for _, billable in alike), Fraction(0))
        rounded = ceil(exact / block) * block if rounding in {Rounding.BLOCK, Rounding.UNIT} else exact
        usd += sum((Fraction(piece.price.price) * billable / block for piece, billable in alike), Fraction(0))
        usd += Fraction(lowest) * (rounded - exact) / block
        billed += rounded
    return Line(
        quantity=Fraction(used.between(cycle.start, cycle.end), used.unit),
        included=max((_included_at(price, cycle, terms) for price, _, _ in spans), default=Fraction(0)),
        billable=sum((billable for _, billable in pieces), Fraction(0)),
        billed=billed,
        usd=to_usd(usd),
    )


def _rounded_as(price: Price, terms: Terms) -> Price:
    return replace(price, rounding=Rounding.NONE) if terms.is_proportional else price


def _pieces(spans: Iterable[Span], used: Consumption, cycle: Cycle, terms: Terms) -> Iterator[_Piece]:
    """Cut the usage of a cycle wherever the price or the period of its included quantity changes."""
    spent: dict[object, int] = {}
    for price, since, until in spans:
        included = _included_at(price, cycle, terms)
        for period, amount in _by_period(price, used, since, until, terms).items():
            if period not in spent:
                spent[period] = _used_before(price, used, cycle, period)
            yield _Piece(price, Fraction(spent[period], used.unit), Fraction(amount, used.unit), included)
            spent[period] += amount


def _by_period(price: Price, used: Consumption, since: date, until: date, terms: Terms) -> dict[object, int]:
    """Give what was used from one day to another in each period of an included quantity, in order."""
    if price.included_per is Period.CYCLE:
        return {None: used.between(since, until)}
    sums: dict[object, int] = {}
    for day in sorted(day for day in used.days if since <= day < until):
        period = _period_of(price, day, terms)
        sums[period] = sums.get(period, 0) + used.days[day]
    return sums


def _period_of(price: Price, day: date, terms: Terms) -> object:
    """Give what tells the periods of an included quantity apart."""
    match price.included_per:
        case Period.DAY if not terms.pools_days:
            return day
        case Period.MONTH:
            return day.year, day.month
        case _:
            return None


def _used_before(price: Price, used: Consumption, cycle: Cycle, period: object) -> int:
    """Give what was used of a calendar month before the cycle began in it."""
    if price.included_per is not Period.MONTH:
        return 0
    earlier = (day for day in used.days if day < cycle.start and (day.year, day.month) == period)
    return sum(used.days[day] for day in earlier)


def _included_at(price: Price, cycle: Cycle, terms: Terms) -> Fraction:
    if not terms.has_included:
        return Fraction(0)
    is_pooled = price.included_per is Period.DAY and terms.pools_days
    return Fraction(price.included) * (cycle.length if is_pooled else 1)


def _nearest(quantity: Fraction, block: Fraction) -> Fraction:
    return floor(quantity / block + HALF) * block
