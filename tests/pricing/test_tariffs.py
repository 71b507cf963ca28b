"""List prices of the smallest units: of a request, a row, a millionth of a GB-second, a byte for an hour."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from exporter.billing import USD, Tariff
from exporter.catalog import METERS
from exporter.pricing import ListTariffs, Override, RateCard, load_card, with_overrides
from exporter.pricing.list_price import unit_price
from exporter.pricing.tariffs import billed_meter
from tests.pricing.factories import november

CARD = load_card()
ACME = "a" * 32
DAY = date(2026, 11, 15)

UNIT_PRICES: dict[str, Fraction] = {
    "workers_requests": Fraction(3, 10**7),  # 0.30 a million
    "workers_cpu_ms": Fraction(2, 10**8) / 1_000,  # 0.02 a million ms; counted in microseconds
    "r2_class_a": Fraction(45, 10**7),
    "d1_rows_read": Fraction(1, 10**9),
    "do_requests": Fraction(15, 10**8) / 20,  # 0.15 a million; counted in twentieths
    "do_duration_gb_s": Fraction(125, 10**7) / 10**6,  # 12.50 a million GB-s; counted in millionths
    "r2_ia_retrieval_gb": Fraction(1, 100) / 10**9,
    "r2_storage_gb_month": Fraction(15, 1_000) / 10**9 / 720,  # a GB for 30 days; counted in byte-hours
    "kv_storage_gb_month": Fraction(1, 2) / 10**9 / 720,
    "r2_retrieval_gb": Fraction(0),
}


@pytest.mark.parametrize("meter", UNIT_PRICES)
def test_what_the_smallest_unit_costs(meter: str) -> None:
    """A unit costs its part of the block, without what is included and without rounding up."""
    assert unit_price(CARD, meter, METERS[meter], DAY) == UNIT_PRICES[meter]


def find(meter: str, day: date = DAY, *, is_dispatched: bool = False, card: RateCard = CARD) -> Tariff | None:
    """The tariff of a meter."""
    return ListTariffs(lambda _: card).find(ACME, meter, day, is_dispatched=is_dispatched)


def test_a_tariff_is_a_whole_number() -> None:
    """The price is in the small parts of a dollar that list cost is counted in, rounded where it goes on for ever."""
    assert USD == 10**24
    assert find("workers_requests") == Tariff("workers_requests", 3 * 10**17)
    assert find("r2_storage_gb_month") == Tariff("r2_storage_gb_month", 20_833_333_333)


@pytest.mark.parametrize("meter", sorted(METERS.keys() & CARD.meters.keys() - {"r2_retrieval_gb"}))
def test_rounding_a_tariff_is_no_loss(meter: str) -> None:
    """Of every meter that is read, rounding the tariff changes the list cost by less than a billionth."""
    tariff = find(meter)
    assert tariff is not None
    exact = unit_price(CARD, meter, METERS[meter], DAY) * USD
    assert abs(tariff.price - exact) / exact < Fraction(1, 10**9)


@pytest.mark.parametrize(
    "meter",
    ["r2_retrieval_gb", "r2_class_unknown", "workers_requests_internal_error", "queues_operations", "no_such_meter"],
)
def test_what_is_free_has_no_tariff(meter: str) -> None:
    """What is free, not on the card, or not read, costs nothing at list price."""
    assert find(meter) is None


@pytest.mark.parametrize(
    ("meter", "billed"),
    [
        ("workers_requests", "wfp_requests"),
        ("workers_cpu_ms", "wfp_cpu_ms"),
        ("r2_class_a", "r2_class_a"),
        ("no_such_meter", "no_such_meter"),
    ],
)
def test_dispatched_scripts_have_meters_of_their_own(meter: str, billed: str) -> None:
    """What a script of a dispatch namespace uses is billed as Workers for Platforms where that has a meter."""
    assert billed_meter(CARD, meter, is_dispatched=True) == billed
    assert billed_meter(CARD, meter, is_dispatched=False) == meter


def test_a_dispatched_script_has_the_price_of_its_meter() -> None:
    """Workers for Platforms and Workers may have different prices."""
    card = with_overrides(CARD, [Override("wfp_requests", price=Decimal("0.60"))])
    assert find("workers_requests", is_dispatched=True, card=card) == Tariff("wfp_requests", 6 * 10**17)
    assert find("workers_requests", card=card) == Tariff("workers_requests", 3 * 10**17)


def test_a_tariff_changes_with_the_day() -> None:
    """Each day has the price that holds on it, and none where none does."""
    (price,) = CARD.meters["r2_class_a"].prices
    versions = (
        replace(price, valid_to=november(10)),
        replace(price, price=Decimal(9), valid_from=november(11), valid_to=november(20)),
    )
    card = replace(CARD, meters={"r2_class_a": replace(CARD.meters["r2_class_a"], prices=versions)})
    assert find("r2_class_a", november(10), card=card) == Tariff("r2_class_a", 45 * 10**17)
    assert find("r2_class_a", november(11), card=card) == Tariff("r2_class_a", 90 * 10**17)
    assert find("r2_class_a", november(21), card=card) is None


def test_each_account_has_its_own_tariffs() -> None:
    """The card is that of the account that is asked for."""
    cheaper = with_overrides(CARD, [Override("r2_class_a", discount=Decimal("0.5"))])
    tariffs = ListTariffs(lambda account_id: cheaper if account_id == ACME else CARD)
    found = [tariffs.find(each, "r2_class_a", DAY, is_dispatched=False) for each in (ACME, "b" * 32)]
    assert found == [Tariff("r2_class_a", 225 * 10**16), Tariff("r2_class_a", 45 * 10**17)]
