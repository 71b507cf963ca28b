"""The rate card: the dated prices of each meter, and the plans.

``card.toml`` holds Cloudflare's list prices; the configuration can override prices and add meters.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache, cached_property
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

from pydantic import TypeAdapter

from exporter.catalog import METERS
from exporter.catalog.entry import Metering
from exporter.model import DAY
from exporter.pricing.cycle import Cycle

SUBSCRIPTIONS = "subscriptions"
"""The unit of the meters that are subscriptions."""


class Rounding(StrEnum):
    """Rounding of billable usage: up to whole blocks, none, to the nearest block before the included quantity is
    subtracted, or up to whole units.
    """

    BLOCK = "block"
    NONE = "none"
    NEAREST = "nearest"
    UNIT = "unit"


class Basis(StrEnum):
    """How reliable a line's estimate is: usage and arithmetic are known, one of them is doubtful, or there is none."""

    EXACT = "exact"
    ESTIMATED = "estimated"
    UNPRICED = "unpriced"


class Period(StrEnum):
    """The period of an included quantity: a billing cycle, a UTC day, or a calendar month."""

    CYCLE = "cycle"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for each ``per`` units above ``included``, on the days from ``valid_from`` to ``valid_to``.

    The rounding ``is_assumed`` if it is documented neither on a page nor on a bill.
    """

    price: Decimal
    per: Decimal
    included: Decimal = Decimal(0)
    included_per: Period = Period.CYCLE
    rounding: Rounding = Rounding.BLOCK
    is_assumed: bool = False
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Return whether this price applies on a day."""
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)

    def distance(self, day: date) -> timedelta:
        """Return the distance of a day from the days on which this price applies."""
        first, last = self.valid_from or date.min, self.valid_to or date.max
        return first - day if day < first else day - last if day > last else timedelta(0)


@dataclass(frozen=True, slots=True)
class FreeLimit:
    """A limit of the Workers Free plan: per ``day``, per ``month``, or in ``total`` for stored quantities."""

    amount: Decimal
    per: str


@dataclass(frozen=True, slots=True)
class Rate:
    """A meter's entry on the card.

    ``invoice`` is its line as printed on invoices, ``source`` the page of Cloudflare's documentation, ``note`` why the
    readable usage may differ from the billed one, ``dispatched`` the corresponding meter for scripts of a dispatch
    namespace, and ``successor`` the meter that is billed in its place after its last price. ``plan_ids`` and
    ``plan_names`` are the ids of the rate plans that a subscription may have, and further names of it, in lower case.
    """

    product: str
    name: str
    unit: str
    source: str
    prices: tuple[Price, ...]
    invoice: str = ""
    note: str = ""
    free: FreeLimit | None = None
    dispatched: str = ""
    plan_ids: tuple[str, ...] = ()
    plan_names: tuple[str, ...] = ()
    successor: str = ""

    @property
    def ends(self) -> date | None:
        """The last day that has a price; None if there is none."""
        last = max((price.valid_to or date.max for price in self.prices), default=date.max)
        return None if last == date.max else last

    def price_on(self, day: date) -> Price | None:
        """Return the price on a day, or None."""
        return next((price for price in self.prices if price.holds_on(day)), None)

    def price_near(self, day: date) -> Price:
        """Return the price on a day, or else the one of the nearest day that has one."""
        return min(self.prices, key=lambda price: price.distance(day))

    def spans(self, cycle: Cycle) -> list[tuple[Price, date, date]]:
        """Return the prices of a cycle in order, each with the days [from, until) on which it applies."""
        found = []
        for price in sorted(self.prices, key=lambda each: each.valid_from or date.min):
            since = max(price.valid_from or cycle.start, cycle.start)
            until = min(price.valid_to, cycle.end - DAY) + DAY if price.valid_to else cycle.end
            if since < until:
                found.append((price, since, until))
        return found


@dataclass(frozen=True, slots=True)
class BillingPlan:
    """A plan: the subscriptions that it includes, and the products whose usage it limits instead of billing it."""

    subscriptions: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """A quantity as people know it, and its meter; the meter's quantity is ``factor / divisor`` times as large."""

    meter: str
    factor: Decimal
    divisor: int = 1


class CardFault(NamedTuple):
    """A fault of a card: the meter, and what is wrong."""

    meter: str
    text: str


@dataclass(frozen=True)
class RateCard:
    """All rates by meter, plans and inputs; ``version`` is the day on which the prices were looked up.

    ``metering`` is how the catalog's meters are read.
    """

    version: date
    meters: Mapping[str, Rate]
    plans: Mapping[str, BillingPlan] = field(default_factory=dict)
    inputs: Mapping[str, Input] = field(default_factory=dict)
    metering: Mapping[str, Metering] = field(default_factory=lambda: METERS)

    @cached_property
    def meter_by_invoice(self) -> Mapping[str, str]:
        """Return the meters by the lines that invoices print, without their allowances."""
        return {strip_allowance(rate.invoice): meter for meter, rate in self.meters.items() if rate.invoice}

    @cached_property
    def meter_by_subscription(self) -> Mapping[str, str]:
        """Return the meters of subscriptions by their names, in lower case."""
        found = {meter: rate for meter, rate in self.meters.items() if rate.unit == SUBSCRIPTIONS}
        by_line = {strip_allowance(rate.invoice): meter for meter, rate in found.items() if rate.invoice}
        return by_line | {name: meter for meter, rate in found.items() for name in rate.plan_names}

    @cached_property
    def meter_by_plan_id(self) -> Mapping[str, str]:
        """Return the meters of subscriptions by the ids of their rate plans."""
        return {plan_id: meter for meter, rate in self.meters.items() for plan_id in rate.plan_ids}

    @cached_property
    def read_meters(self) -> Mapping[str, Metering]:
        """Return the meters whose usage is read, and how it is read."""
        dispatched = {
            rate.dispatched: self.metering[meter]
            for meter, rate in self.meters.items()
            if rate.dispatched and meter in self.metering
        }
        return {meter: how for meter, how in {**self.metering, **dispatched}.items() if meter in self.meters}

    def basis_of(self, meter: str) -> Basis:
        """Return how reliable the estimate of a meter's line is."""
        rate = self.meters.get(meter)
        if rate is None or meter not in self.read_meters or not rate.prices:
            return Basis.UNPRICED
        is_estimated = bool(rate.note) or any(price.is_assumed for price in rate.prices)
        return Basis.ESTIMATED if is_estimated else Basis.EXACT

    def faults(self) -> list[CardFault]:
        """Return the card's faults: negative prices, overlapping days, impossible quantities, unknown successors."""
        faults = [CardFault(meter, text) for meter, rate in self.meters.items() for text in _faults_of(rate)]
        return faults + [
            CardFault(meter, f"successor {rate.successor} is not on the card")
            for meter, rate in self.meters.items()
            if rate.successor and rate.successor not in self.meters
        ]


@cache
def load_card() -> RateCard:
    """Return the card that is part of the package; it is read once."""
    text = files("exporter.pricing").joinpath("card.toml").read_text(encoding="utf-8")
    return parse_card(text)


def parse_card(text: str) -> RateCard:
    """Parse a card. Raises ValueError if it is malformed or inconsistent."""
    card = TypeAdapter(RateCard).validate_python(tomllib.loads(text, parse_float=Decimal))
    faults = card.faults()
    if faults:
        raise ValueError("; ".join(f"{fault.meter}: {fault.text}" for fault in faults))
    return card


def strip_allowance(service: str) -> str:
    """Return an invoice line without the allowance in its last brackets, in lower case."""
    text = service.strip()
    if text.endswith(")") and " (" in text:
        text = text[: text.rindex(" (")]
    return text.strip().lower()


def _faults_of(rate: Rate) -> Iterable[str]:
    if not rate.prices:
        yield "has no price"
    for price in rate.prices:
        if price.price < 0 or price.included < 0 or price.per <= 0:
            yield "price and included must be at least 0, and per must be above 0"
        if (price.valid_from or date.min) > (price.valid_to or date.max):
            yield f"valid_from {price.valid_from} is after valid_to {price.valid_to}"
    ordered = sorted(rate.prices, key=lambda price: price.valid_from or date.min)
    for earlier, later in pairwise(ordered):
        if (earlier.valid_to or date.max) >= (later.valid_from or date.min):
            yield f"two prices apply on {later.valid_from or 'the same days'}"
