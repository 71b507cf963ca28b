"""List prices of the smallest units, as the ledger counts list cost: without included quantities and without blocks."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction

from exporter.billing import USD, Tariff
from exporter.catalog import METERS
from exporter.catalog.entry import Metering
from exporter.pricing.card import RateCard

HOURS_A_DAY = 24
HOURS_A_MONTH = 30 * HOURS_A_DAY
"""A GB-month is a gigabyte for 30 days (https://developers.cloudflare.com/r2/pricing/)."""


class ListTariffs:
    """Finds tariffs on the card of each account."""

    def __init__(self, card_of: Callable[[str], RateCard]) -> None:
        self._card_of = card_of

    def find(self, account_id: str, meter: str, day: date, *, is_dispatched: bool) -> Tariff | None:
        """Return the tariff of a meter on a day; None if it is free, or not on the card."""
        card, how = self._card_of(account_id), METERS.get(meter)
        if how is None or meter not in card.meters:
            return None
        billed = billed_meter(card, meter, is_dispatched=is_dispatched)
        price = unit_price(card, billed, how, day)
        return Tariff(billed, round(price * USD)) if price else None


def billed_meter(card: RateCard, meter: str, *, is_dispatched: bool) -> str:
    """Return the meter under which usage is billed: scripts of a dispatch namespace have meters of their own."""
    rate = card.meters.get(meter)
    return rate.dispatched if is_dispatched and rate is not None and rate.dispatched else meter


def unit_price(card: RateCard, meter: str, how: Metering, day: date) -> Fraction:
    """Return what the smallest unit of a meter costs in dollars on a day; of stored bytes, in an hour."""
    rate = card.meters.get(meter)
    price = rate.price_on(day) if rate else None
    if price is None:
        return Fraction(0)
    units = how.scale * HOURS_A_MONTH if how.is_stored else how.scale
    return Fraction(price.price) / Fraction(price.per) / units
