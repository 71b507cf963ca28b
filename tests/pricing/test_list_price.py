"""List price: the one figure, whether it is asked for a cycle, its days, its assets or the ledger's counter."""

from decimal import Decimal
from fractions import Fraction

from exporter.billing import USD
from exporter.catalog import METERS
from exporter.pricing import ListTariffs, Override, Spread, with_overrides
from exporter.pricing.list_price import list_price, unit_price
from exporter.pricing.money import add
from tests.pricing.cost_scene import CARD, WORKERS_PAID, compute, every_day, items_of, line_of, terms
from tests.pricing.factories import noon, november

REQUESTS, STORAGE = "workers_requests", "r2_storage_gb_month"
MILLION = 1_000_000
RISES_ON = november(11)
RISEN = with_overrides(CARD, (Override(REQUESTS, price=Decimal("0.60"), valid_from=RISES_ON),), ())
DAYS = {november(day): MILLION for day in range(1, 21)}


def test_each_day_has_the_price_of_its_day() -> None:
    """Ten days at 0.30 and ten at 0.60 for a million."""
    assert list_price(RISEN, REQUESTS, METERS[REQUESTS], DAYS) == Decimal("9.00")


def test_a_days_stored_bytes_cost_a_thirtieth_of_a_gb_month() -> None:
    """A gigabyte stored for a day costs a thirtieth of the price of a GB-month."""
    price = CARD.meters[STORAGE].price_on(november(1))
    assert price is not None
    expected = Fraction(price.price) / Fraction(price.per) / 30
    assert abs(Fraction(list_price(CARD, STORAGE, METERS[STORAGE], {november(1): 10**9})) - expected) < Fraction(
        1, 10**15
    )


def test_what_has_no_price_costs_nothing() -> None:
    """A meter that the card does not know is free, and so is a day without usage."""
    assert list_price(CARD, "made_up", METERS[REQUESTS], DAYS) == 0
    assert list_price(CARD, REQUESTS, METERS[REQUESTS], {november(1): 0}) == 0


def test_total_days_assets_and_counter_agree_where_a_price_changes_within_the_cycle() -> None:
    """A line, its assets' shares, its days and the ledger's counter come to one list price."""
    costs = compute(
        [*every_day(REQUESTS, "shop-web", DAYS), *every_day(REQUESTS, "blog-web", DAYS)],
        until=noon(20),
        how=terms(subscriptions=(WORKERS_PAID,)),
        card=RISEN,
        spread=Spread.USAGE,
    )
    tariffs = ListTariffs(lambda account_id: RISEN)
    counted = 0
    for day, amount in DAYS.items():
        tariff = tariffs.find("a" * 32, REQUESTS, day, is_dispatched=False)
        assert tariff is not None
        counted += 2 * amount * tariff.price
    total = line_of(costs, REQUESTS).amount.list_price
    assert total == Decimal("18.00")
    assert total == add([costs.list_price_on(day) for day in DAYS])
    assert total == add([item.amount.list_price for item in items_of(costs, REQUESTS).values()])
    assert total == Decimal(counted) / USD


def test_a_tariff_is_the_unit_price() -> None:
    """What the ledger counts by is the unit price of the day, in the ledger's units of a dollar."""
    for day in (RISES_ON, november(10)):
        tariff = ListTariffs(lambda account_id: RISEN).find("a" * 32, REQUESTS, day, is_dispatched=False)
        assert tariff is not None
        assert tariff.price == round(unit_price(RISEN, REQUESTS, METERS[REQUESTS], day) * USD)
