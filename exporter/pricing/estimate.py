"""Estimates: the cost of given quantities. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Any

from exporter.model import DAY, ExporterError
from exporter.pricing import RateCard, plain, quantity_text, to_cents
from exporter.pricing.card import Price, Rate
from exporter.pricing.cycle import CALENDAR_MONTH, Cycle, cycle_of
from exporter.pricing.money import MOST_DIGITS, add, to_usd
from exporter.pricing.rating import Consumption, Line, Terms, rate_usage

_LIMITED: Mapping[str, str] = {"day": "per day", "month": "per month", "total": "in total"}
"""The periods of a free plan's limits, in words."""


_SHOWN = 40
"""The beginning of an invalid quantity that is shown."""


class EstimateError(ExporterError):
    """Quantities, a change or a plan that are not valid."""


@dataclass(frozen=True, slots=True)
class EstimatedLine:
    """A line of an estimate; ``note`` is a remark for the reader."""

    meter: str
    unit: str
    line: Line
    note: str = ""

    @property
    def usd(self) -> Decimal:
        """Return the cost as an invoice prints it, in cents."""
        return to_cents(self.line.usd)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of usage: lines, the plan's subscriptions, and names without a price with the reason."""

    plan: str
    lines: tuple[EstimatedLine, ...]
    subscriptions: Mapping[str, Decimal]
    unpriced: Mapping[str, str]

    @property
    def total(self) -> Decimal:
        """Return the total as an invoice adds it up, from lines in cents."""
        return add([*(line.usd for line in self.lines), *map(to_cents, self.subscriptions.values())])


@dataclass(frozen=True, slots=True)
class EstimateRequest:
    """The terms of an estimate: the plan, the day whose prices apply (None: the newest, as of ``today``), and terms.

    ``subscriptions`` replaces those of the plan, e.g. by an account's own. The cycle has so many ``days``; None: those
    of the month.
    """

    plan: str
    today: date
    on: date | None = None
    terms: Terms = field(default_factory=Terms)
    subscriptions: Mapping[str, Decimal] | None = None
    days: int | None = None

    def cycle_with(self, day: date) -> Cycle:
        """Return the cycle whose included quantities hold for usage at the prices of a day."""
        return cycle_of(day, CALENDAR_MONTH) if self.days is None else Cycle(day, day + self.days * DAY)


def estimate(card: RateCard, usage: Mapping[str, Any], request: EstimateRequest) -> Estimate:
    """Return the cost of quantities, by meter or input of the card, in a billing cycle. Raises EstimateError."""
    plan = card.plans.get(request.plan)
    if plan is None:
        raise EstimateError(f"Unknown plan {request.plan}. Known plans: {', '.join(sorted(card.plans))}.")
    quantities, unpriced = _quantities(card, usage)
    lines: list[EstimatedLine] = []
    for meter, quantity in quantities.items():
        rate = card.meters[meter]
        price = rate.price_on(request.on) if request.on else rate.price_near(request.today)
        if price is None:
            unpriced[meter] = f"has no price on {request.on} ({_validity(rate)})"
        elif rate.product in plan.limits:
            lines.append(_limited(meter, rate, quantity))
        else:
            lines.append(_line(meter, rate, price, quantity, request))
    brought = {meter: card.meters[meter].prices[0].price for meter in plan.subscriptions}
    subscriptions = brought if request.subscriptions is None else request.subscriptions
    subscriptions = {meter: usd for meter, usd in subscriptions.items() if meter not in quantities}
    return Estimate(request.plan, tuple(lines), subscriptions, unpriced)


def _quantities(card: RateCard, usage: Mapping[str, Any]) -> tuple[dict[str, Fraction], dict[str, str]]:
    """Return the quantity of each meter, and the names without a price with the reason."""
    quantities: dict[str, Fraction] = {}
    unpriced: dict[str, str] = {}
    for name, value in usage.items():
        known = card.inputs.get(name)
        meter = known.meter if known else name
        if meter not in card.meters:
            unpriced[name] = "is not on the rate card"
            continue
        quantity = _number(name, value)
        if known:
            quantity *= Fraction(known.factor) / known.divisor
        quantities[meter] = quantities.get(meter, Fraction(0)) + quantity
    return quantities, unpriced


def _number(name: str, value: Any) -> Fraction:
    if isinstance(value, Fraction):
        return value
    try:
        number = Decimal(str(value).replace("_", "")) if not isinstance(value, bool | float) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or number < 0 or _digits(number) > MOST_DIGITS:
        raise _invalid(name, str(value))
    return Fraction(number)


def _digits(number: Decimal) -> int:
    """Return the digits of a finite number that is written without an exponent."""
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    return max(len(digits) + max(exponent, 0), -exponent) if number else 1


def _invalid(name: str, text: str) -> EstimateError:
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return EstimateError(
        f"{name}: '{shown}' is not a valid quantity: use a number >= 0 with at most {MOST_DIGITS} digits."
    )


def _line(meter: str, rate: Rate, price: Price, quantity: Fraction, request: EstimateRequest) -> EstimatedLine:
    first = price.valid_from or price.valid_to or request.today
    day = request.on or (request.today if price.holds_on(request.today) else first)
    alone = Rate(rate.product, rate.name, rate.unit, rate.source, (price,), rate.invoice)
    used = Consumption({day: quantity.numerator}, quantity.denominator)
    line = rate_usage(alone, used, request.cycle_with(day), request.terms)
    note = "" if price.holds_on(request.on or request.today) else f"price {_validity_of(price)}"
    return EstimatedLine(meter, rate.unit, line, note)


def _limited(meter: str, rate: Rate, quantity: Fraction) -> EstimatedLine:
    nothing = Fraction(0)
    limit = rate.free
    note = f"limited to {plain_number(limit.amount)} {_LIMITED[limit.per]}" if limit else "not billed on this plan"
    return EstimatedLine(meter, rate.unit, Line(quantity, nothing, nothing, nothing, to_usd(nothing)), note)


def plain_number(number: Decimal) -> str:
    """Return a number with commas between thousands."""
    return f"{number:,f}"


def _validity(rate: Rate) -> str:
    return "; ".join(_validity_of(price) for price in rate.prices)


def _validity_of(price: Price) -> str:
    since = f"from {price.valid_from}" if price.valid_from else ""
    until = f"until {price.valid_to}" if price.valid_to else ""
    return f"valid {since} {until}".replace("  ", " ").strip()


def is_glob(name: str) -> bool:
    """Return whether a name stands for all meters that match it."""
    return any(sign in name for sign in "*?[")


def change(quantities: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
    """Return quantities with changes applied: ``x2``, ``+10%``, ``-10%`` or a new number; names may be globs.

    Raises EstimateError.
    """
    changed = dict(quantities)
    for pattern, text in changes.items():
        names = [name for name in changed if fnmatchcase(name, pattern)]
        if not names and is_glob(pattern):
            raise EstimateError(f"{pattern}: matches no meter that is used.")
        for name in names or [pattern]:
            changed[name] = _changed(name, Fraction(_number(name, changed.get(name, 0))), text)
            if changed[name] >= 10**MOST_DIGITS:
                raise _invalid(name, text)
    return changed


def _changed(name: str, quantity: Fraction, text: str) -> Fraction:
    if text.startswith("x"):
        return quantity * _number(name, text[1:])
    if text[:1] in {"+", "-"}:
        if not text.endswith("%"):
            raise EstimateError(f"{name}: '{text}' is not a valid change: use x2, +10%, -10% or a number.")
        share = _number(name, text[1:-1]) / 100
        return max(quantity * (1 + share if text[0] == "+" else 1 - share), Fraction(0))
    return _number(name, text)


def as_document(given: Estimate) -> dict[str, Any]:
    """Return an estimate as JSON, with dollars as text in cents."""
    return {
        "plan": given.plan,
        "lines": {line.meter: plain(line.usd) for line in given.lines},
        "subscriptions": {meter: plain(to_cents(usd)) for meter, usd in given.subscriptions.items()},
        "total_usd": plain(given.total),
        "unpriced": dict(given.unpriced),
        "details": {
            line.meter: {
                "quantity": quantity_text(line.line.quantity),
                "included": quantity_text(line.line.included),
                "billed": quantity_text(line.line.billed),
                "unit": line.unit,
                "exact_usd": plain(line.line.usd),
                "note": line.note,
            }
            for line in given.lines
        },
    }
