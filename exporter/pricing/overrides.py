"""The user's prices in place of the card's: contracts, discounts, and meters that the card lacks. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from exporter.model import DAY
from exporter.pricing.card import Price, Rate, RateCard, Rounding


@dataclass(frozen=True, slots=True)
class Override:
    """A price of the user in place of the card's; fields that are None stay as on the card.

    ``discount`` is the share that is taken off the card's price.
    """

    meter: str
    account: str = ""
    price: Decimal | None = None
    discount: Decimal | None = None
    per: Decimal | None = None
    included: Decimal | None = None
    rounding: Rounding | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    product: str = "custom"
    unit: str = "units"


def with_overrides(card: RateCard, overrides: Iterable[Override], account_names: Iterable[str] = ()) -> RateCard:
    """Return the card of an account with the user's prices; ``account_names`` are the account's names."""
    names = frozenset(account_names)
    meters = dict(card.meters)
    for override in overrides:
        if not override.account or override.account in names:
            meters[override.meter] = _override(meters.get(override.meter), override)
    return replace(card, meters=meters)


def _override(rate: Rate | None, override: Override) -> Rate:
    since, until = override.valid_from or date.min, override.valid_to or date.max
    if rate is None:
        price = _changed(Price(Decimal(0), Decimal(1)), override)
        return Rate(override.product, override.meter, override.unit, "", (price,))
    prices: list[Price] = []
    next_day: date | None = since
    for price in _in_order(rate.prices):
        first, last = price.valid_from or date.min, price.valid_to or date.max
        if first < since:
            prices.append(_dated(price, first, min(last, since - DAY)))
        if first <= until and since <= last:
            begins, ends = max(first, since), min(last, until)
            prices += _on_free_days(rate, override, next_day, begins)
            prices.append(_dated(_changed(price, override), begins, ends))
            next_day = ends + DAY if ends < date.max else None
        if until < last:
            prices.append(_dated(price, max(first, until + DAY), last))
    prices += _on_free_days(rate, override, next_day, until + DAY if until < date.max else None)
    return replace(rate, prices=tuple(_in_order(prices)))


def _in_order(prices: Iterable[Price]) -> list[Price]:
    return sorted(prices, key=lambda price: price.valid_from or date.min)


def _dated(price: Price, first: date, last: date) -> Price:
    return replace(price, valid_from=None if first == date.min else first, valid_to=None if last == date.max else last)


def _on_free_days(rate: Rate, override: Override, since: date | None, until: date | None) -> list[Price]:
    """Return the price for days [since, until) on which the card has none; a discount alone gives no price."""
    if override.price is None or since is None or (until is not None and since >= until):
        return []
    last = date.max if until is None else until - DAY
    return [_dated(_changed(rate.price_near(since), override), since, last)]


def _changed(price: Price, override: Override) -> Price:
    amount = price.price if override.price is None else override.price
    if override.discount is not None:
        amount *= 1 - override.discount
    return replace(
        price,
        price=amount,
        per=price.per if override.per is None else override.per,
        included=price.included if override.included is None else override.included,
        rounding=price.rounding if override.rounding is None else override.rounding,
        is_assumed=price.is_assumed and override.rounding is None,
        valid_from=override.valid_from,
        valid_to=override.valid_to,
    )
