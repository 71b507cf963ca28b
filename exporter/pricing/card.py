"""The rate card: what each meter costs, in dated prices, and what plans there are.

``card.toml`` holds Cloudflare's list prices; the configuration can put other prices over them, or add meters.
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


class Rounding(StrEnum):
    """What billable usage is rounded to: up to whole blocks, not at all, to the nearest block before the quota is
    taken off, or up to whole things.
    """

    BLOCK = "block"
    NONE = "none"
    NEAREST = "nearest"
    UNIT = "unit"


class Basis(StrEnum):
    """How good a line's estimate is: usage and arithmetic are known, one of them is doubtful, or nothing is read."""

    EXACT = "exact"
    ESTIMATED = "estimated"
    UNPRICED = "unpriced"


class Period(StrEnum):
    """How long an included quantity lasts: a billing cycle, a UTC day, or a calendar month."""

    CYCLE = "cycle"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars ``per`` so many units above what is ``included``, on the days from ``valid_from`` to ``valid_to``.

    The rounding ``is_assumed`` where neither a page nor a bill says it.
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
        """Return whether this is the price on a day."""
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)

    def distance(self, day: date) -> timedelta:
        """Return how far a day is from the days on which this is the price."""
        first, last = self.valid_from or date.min, self.valid_to or date.max
        return first - day if day < first else day - last if day > last else timedelta(0)


@dataclass(frozen=True, slots=True)
class FreeLimit:
    """How much the Workers Free plan allows: per ``day``, per ``month``, or in ``total`` of what is stored."""

    amount: Decimal
    per: str


@dataclass(frozen=True, slots=True)
class Rate:
    """What the card says of a meter.

    ``invoice`` is how invoices print its line, ``source`` the page of Cloudflare's documentation, ``note`` why the
    usage that can be read may differ from what is billed, and ``dispatched`` the meter that counts the same for scripts
    of a dispatch namespace.
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

    def price_on(self, day: date) -> Price | None:
        """Return the price on a day; None if there is none."""
        return next((price for price in self.prices if price.holds_on(day)), None)

    def price_near(self, day: date) -> Price:
        """Return the price on a day, or else that of the nearest day which has one."""
        return min(self.prices, key=lambda price: price.distance(day))

    def spans(self, cycle: Cycle) -> list[tuple[Price, date, date]]:
        """Return the prices of a cycle in order, each with the days [from, until) on which it is valid."""
        found = []
        for price in sorted(self.prices, key=lambda each: each.valid_from or date.min):
            since = max(price.valid_from or cycle.start, cycle.start)
            until = min(price.valid_to, cycle.end - DAY) + DAY if price.valid_to else cycle.end
            if since < until:
                found.append((price, since, until))
        return found


@dataclass(frozen=True, slots=True)
class BillingPlan:
    """A plan: what it brings each cycle, and the products whose usage it limits instead of billing it."""

    subscriptions: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """A quantity that people know, and what of a meter it comes to: ``factor / divisor``."""

    meter: str
    factor: Decimal
    divisor: int = 1


class CardFault(NamedTuple):
    """What is wrong with a card: of which meter, and what."""

    meter: str
    text: str


@dataclass(frozen=True)
class RateCard:
    """All rates by meter, plans and inputs; ``version`` is the day as of which the prices were looked up."""

    version: date
    meters: Mapping[str, Rate]
    plans: Mapping[str, BillingPlan] = field(default_factory=dict)
    inputs: Mapping[str, Input] = field(default_factory=dict)

    @cached_property
    def meter_by_invoice(self) -> Mapping[str, str]:
        """Return the meter of each line that invoices print, by the line without its allowance."""
        return {strip_allowance(rate.invoice): meter for meter, rate in self.meters.items() if rate.invoice}

    @cached_property
    def read_meters(self) -> Mapping[str, Metering]:
        """Return the meters whose usage is read, and how."""
        dispatched = {rate.dispatched: METERS[meter] for meter, rate in self.meters.items() if rate.dispatched}
        return {meter: how for meter, how in {**METERS, **dispatched}.items() if meter in self.meters}

    def basis_of(self, meter: str) -> Basis:
        """Return how good the estimate of a meter's line is."""
        rate = self.meters.get(meter)
        if rate is None or meter not in self.read_meters or not rate.prices:
            return Basis.UNPRICED
        is_estimated = bool(rate.note) or any(price.is_assumed for price in rate.prices)
        return Basis.ESTIMATED if is_estimated else Basis.EXACT

    def faults(self) -> list[CardFault]:
        """Return what makes no sense: prices below zero, overlapping days, quantities that are none."""
        return [CardFault(meter, text) for meter, rate in self.meters.items() for text in _faults_of(rate)]


@cache
def load_card() -> RateCard:
    """Return the card that comes with the program; it is read once."""
    text = files("exporter.pricing").joinpath("card.toml").read_text(encoding="utf-8")
    return parse_card(text)


def parse_card(text: str) -> RateCard:
    """Read a card. Raises ValueError if it is none, or makes no sense."""
    card = TypeAdapter(RateCard).validate_python(tomllib.loads(text, parse_float=Decimal))
    faults = card.faults()
    if faults:
        raise ValueError("; ".join(f"{fault.meter}: {fault.text}" for fault in faults))
    return card


def strip_allowance(service: str) -> str:
    """Return a line of an invoice without the allowance in its last brackets, in lower case."""
    text = service.strip()
    if text.endswith(")") and " (" in text:
        text = text[: text.rindex(" (")]
    return text.strip().lower()


def _faults_of(rate: Rate) -> Iterable[str]:
    if not rate.prices:
        yield "has no price"
    for price in rate.prices:
        if price.price < 0 or price.included < 0 or price.per <= 0:
            yield "price and included must not be below 0, and per must be above 0"
        if (price.valid_from or date.min) > (price.valid_to or date.max):
            yield f"valid_from {price.valid_from} is after valid_to {price.valid_to}"
    ordered = sorted(rate.prices, key=lambda price: price.valid_from or date.min)
    for earlier, later in pairwise(ordered):
        if (earlier.valid_to or date.max) >= (later.valid_from or date.min):
            yield f"two prices hold on {later.valid_from or 'the same days'}"
