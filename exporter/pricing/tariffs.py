"""Tariffs: the list prices with which the ledger counts list cost, from the rate card of each account."""

from collections.abc import Callable
from datetime import date

from exporter.billing import USD, Tariff
from exporter.pricing.card import RateCard
from exporter.pricing.list_price import unit_price


class ListTariffs:
    """The tariffs on the rate card of each account."""

    def __init__(self, card_of: Callable[[str], RateCard]) -> None:
        self._card_of = card_of

    def find(self, account_id: str, meter: str, day: date, *, is_dispatched: bool) -> Tariff | None:
        """Return the tariff of a meter on a day; None if the meter is free or not on the rate card."""
        card = self._card_of(account_id)
        how = card.metering.get(meter)
        if how is None or meter not in card.meters:
            return None
        billed = billed_meter(card, meter, is_dispatched=is_dispatched)
        price = unit_price(card, billed, how, day)
        return Tariff(billed, round(price * USD)) if price else None


def billed_meter(card: RateCard, meter: str, *, is_dispatched: bool) -> str:
    """Return the meter that bills the usage: scripts of a dispatch namespace have meters of their own."""
    rate = card.meters.get(meter)
    return rate.dispatched if is_dispatched and rate is not None and rate.dispatched else meter
