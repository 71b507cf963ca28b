"""The list price of usage: each day's amount at that day's price, without included quantities and blocks. Pure."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction

from exporter.catalog.entry import Metering
from exporter.pricing.card import RateCard
from exporter.pricing.money import add, to_usd

HOURS_A_DAY = 24
HOURS_A_MONTH = 30 * HOURS_A_DAY
"""A GB-month is a gigabyte for 30 days (https://developers.cloudflare.com/r2/pricing/)."""


def unit_price(card: RateCard, meter: str, how: Metering, day: date) -> Fraction:
    """Return the dollars of a meter's smallest unit on a day; for stored bytes, of one hour."""
    rate = card.meters.get(meter)
    price = rate.price_on(day) if rate else None
    if price is None:
        return Fraction(0)
    units = how.scale * HOURS_A_MONTH if how.is_stored else how.scale
    return Fraction(price.price) / Fraction(price.per) / units


def list_price(card: RateCard, meter: str, how: Metering, days: Mapping[date, int]) -> Decimal:
    """Return the dollars of daily amounts in the meter's smallest units; a stored amount counts for its whole day.

    Each day is rounded to the last place on its own, so that days add up exactly.
    """
    hours = HOURS_A_DAY if how.is_stored else 1
    return add([to_usd(amount * hours * unit_price(card, meter, how, day)) for day, amount in days.items() if amount])
