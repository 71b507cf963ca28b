"""The rate card: what is on it, which price holds when, what makes no sense, and prices of one's own over it."""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exporter.catalog import METERS
from exporter.pricing import Basis, Override, RateCard, Rounding, load_card, with_overrides
from exporter.pricing.card import Period, Price, Rate, parse_card, strip_allowance
from exporter.pricing.cycle import Cycle
from tests.pricing.factories import NOVEMBER, november, rate, read_numbers

CARD = load_card()

UNBILLED = {
    "workers_requests_internal_error",
    "workers_cpu_ms_internal_error",
    "r2_class_unknown",
    "r2_class_a_unauthorized",
    "r2_class_b_unauthorized",
    "r2_class_unknown_unauthorized",
}
"""Ids of our own, for what may not be billed."""

NOT_BILLED_YET = {"analytics_engine_writes", "analytics_engine_reads"}
"""Their prices are announced, and 0 until they hold."""


def reference() -> Mapping[str, Mapping[str, Any]]:
    """The rate card of the reference, which is not ours to keep in the repository. Skips the test without it."""
    beside = Path(__file__).parents[3] / "shared" / "reference" / "rate-card.yaml"
    path = Path(os.environ.get("CLOUDFLARE_RATE_CARD", beside))
    if not path.is_file():
        pytest.skip(f"the reference's rate card is not at {path}; CLOUDFLARE_RATE_CARD may name another place")
    meters: Mapping[str, Mapping[str, Any]] = read_numbers(path)["meters"]
    return meters


def as_reference(rate: Rate) -> dict[str, Any]:
    """A rate of ours as the reference puts it down."""
    (price,) = rate.prices
    included = {Period.DAY: "included_per_day"}.get(price.included_per, "included")
    own: dict[str, Any] = {
        "price": price.price,
        "per": price.per,
        included: price.included,
        "rounding": f"{price.rounding}{'?' if price.is_assumed else ''}",
    }
    if rate.invoice:
        own["invoice"] = rate.invoice
    if price.valid_from:
        own["valid_from"] = price.valid_from.isoformat()
    if price.valid_to:
        own["valid_to"] = price.valid_to.isoformat()
    if price.included_per is Period.MONTH:
        own["period"] = "calendar_month"
    return own


def test_the_card_is_that_of_the_reference() -> None:
    """Meters, prices, blocks, what is included, roundings, days and lines of invoices are the reference's."""
    theirs = {
        meter: {name: each[name] for name in each if name not in {"note", "prepaid"}}
        for meter, each in reference().items()
    }
    ours = {meter: as_reference(each) for meter, each in CARD.meters.items()}
    # The reference says that this line exists, but not what invoices call it.
    assert ours["wfp_subscription"].pop("invoice") == "Workers for Platforms"
    assert {meter: theirs[meter]["price"] for meter in sorted(NOT_BILLED_YET)} == {
        "analytics_engine_reads": Decimal("1.00"),
        "analytics_engine_writes": Decimal("0.25"),
    }
    for meter in NOT_BILLED_YET:
        assert ours[meter].pop("price") == 0
        del theirs[meter]["price"]
    assert ours == theirs


def test_the_card_makes_sense() -> None:
    """Nothing on the card that comes with the program contradicts itself, and it says as of when it is."""
    assert CARD.faults() == []
    assert CARD.version == date(2026, 11, 21)


def test_what_is_read_is_on_the_card() -> None:
    """Each meter that the catalog reads has a price, but for the ids of our own of what may not be billed."""
    assert METERS.keys() - CARD.meters.keys() == UNBILLED
    assert CARD.read_meters.keys() == METERS.keys() - UNBILLED | {"wfp_requests", "wfp_cpu_ms"}


def test_scripts_of_a_dispatch_namespace_are_read_as_workers_are() -> None:
    """The meters of Workers for Platforms are read in the units of those of Workers."""
    assert CARD.read_meters["wfp_requests"] == METERS["workers_requests"]
    assert CARD.read_meters["wfp_cpu_ms"] == METERS["workers_cpu_ms"]


def test_without_workers_none_of_them_are_read() -> None:
    """A program that lacks a meter of Workers lacks that of a dispatch namespace, too, and reads the others."""
    others = {meter: how for meter, how in METERS.items() if meter != "workers_cpu_ms"}
    read = replace(CARD, metering=others).read_meters
    assert read.keys() == CARD.read_meters.keys() - {"workers_cpu_ms", "wfp_cpu_ms"}


def test_what_plans_name_is_there() -> None:
    """Subscriptions of a plan are on the card, products that one limits have meters, and inputs lead to meters."""
    products = {rate.product for rate in CARD.meters.values()}
    for plan in CARD.plans.values():
        assert all(CARD.meters[meter].unit == "subscriptions" for meter in plan.subscriptions)
        assert set(plan.limits) <= products
    assert {each.meter for each in CARD.inputs.values()} <= CARD.meters.keys()
    assert {rate.dispatched for rate in CARD.meters.values()} - {""} <= CARD.meters.keys()


def test_a_free_plan_limits_what_the_card_has_free_limits_of() -> None:
    """Each rate with a limit on the free plan is of a product that the plan limits; Images have a free plan of own."""
    limited = {rate.product for rate in CARD.meters.values() if rate.free}
    assert limited - set(CARD.plans["workers_free"].limits) == {"images"}


def test_lines_of_invoices_are_told_apart() -> None:
    """No two meters have the same line of an invoice, so that each is found by it, whatever its allowance says."""
    assert len(CARD.meter_by_invoice) == len([rate for rate in CARD.meters.values() if rate.invoice])
    found = {line: CARD.meter_by_invoice.get(strip_allowance(line)) for line in LINES}
    assert found == LINES


LINES = {
    "Workers Standard Requests (first 10M are included)": "workers_requests",
    "Workers Standard Requests (First 20M are included)": "workers_requests",
    "  r2 data storage  ": "r2_storage_gb_month",
    "KV Storage (GB, First GB is included)": "kv_storage_gb_month",
    "Durable Objects Compute Duration (GB*S, First 400,000 GB*S is included)": "do_duration_gb_s",
    "Cloudflare Pro Plan (example1.com, example2.com)": "zone_plan_pro",
    "Workers Paid": "workers_paid_subscription",
    "R2 Paid": None,
}

ALLOWANCES = {
    "Dynamic Workers (First 1,000 are included)": "dynamic workers",
    "Regular Twitch Neurons (RTN)": "regular twitch neurons",
    "One (a) two (b)": "one (a) two",
    "R2 Infrequent Access - Storage": "r2 infrequent access - storage",
    "(all of it)": "(all of it)",
    "GB(included)": "gb(included)",
    " Spaced  (out) ": "spaced",
    "": "",
}


@pytest.mark.parametrize("line", ALLOWANCES)
def test_an_allowance_is_stripped(line: str) -> None:
    """What is in the last brackets of a line goes, in lower case; brackets that are not apart, or all, stay."""
    assert strip_allowance(line) == ALLOWANCES[line]


BASES = {
    "r2_class_a": Basis.EXACT,
    "do_duration_gb_s": Basis.EXACT,
    "d1_rows_read": Basis.ESTIMATED,
    "workers_requests": Basis.ESTIMATED,
    "wfp_requests": Basis.ESTIMATED,
    "queues_operations": Basis.UNPRICED,
    "workers_static_asset_requests": Basis.UNPRICED,
    "r2_class_unknown": Basis.UNPRICED,
    "no_such_meter": Basis.UNPRICED,
}


@pytest.mark.parametrize("meter", BASES)
def test_how_good_an_estimate_is(meter: str) -> None:
    """Exact is what is read and has neither a note nor an assumed rounding; what is not read has no estimate."""
    assert CARD.basis_of(meter) is BASES[meter]


def test_a_note_or_an_assumed_rounding_makes_an_estimate() -> None:
    """One of the two is enough, and a meter whose prices are gone has no estimate at all."""
    bases = [
        (Price(Decimal(1), Decimal(1)), "", Basis.EXACT),
        (Price(Decimal(1), Decimal(1)), "may be more", Basis.ESTIMATED),
        (Price(Decimal(1), Decimal(1), is_assumed=True), "", Basis.ESTIMATED),
    ]
    for price, note, basis in bases:
        card = RateCard(date(2026, 11, 21), {"r2_class_a": Rate("r2", "A", "operations", "", (price,), note=note)})
        assert card.basis_of("r2_class_a") is basis
    assert RateCard(date(2026, 11, 21), {"r2_class_a": rate()}).basis_of("r2_class_a") is Basis.UNPRICED


@pytest.mark.parametrize(
    ("meter", "day", "price"),
    [
        ("workers_logs_events", date(2020, 1, 1), "0.60"),
        ("workers_logs_events", date(2026, 11, 30), "0.60"),
        ("workers_logs_events", date(2026, 12, 1), None),
        ("observability_ingest_gb", date(2026, 11, 30), None),
        ("observability_ingest_gb", date(2026, 12, 1), "0.25"),
        ("observability_storage_gb_month", date(2026, 11, 30), None),
        ("observability_storage_gb_month", date(2099, 1, 1), "0.10"),
        ("workflows_steps", date(2026, 8, 9), None),
        ("workflows_steps", date(2026, 8, 10), "0.80"),
    ],
)
def test_a_price_holds_from_its_first_day_to_its_last(meter: str, day: date, price: str | None) -> None:
    """Observability takes over from Workers Logs on the first of December 2026, and not a day sooner or later."""
    found = CARD.meters[meter].price_on(day)
    assert (found.price if found else None) == (Decimal(price) if price else None)


FIRST = Price(Decimal(1), Decimal(1), valid_to=november(10))
SECOND = Price(Decimal(2), Decimal(1), valid_from=november(13), valid_to=november(20))


@pytest.mark.parametrize(
    ("day", "on", "near"),
    [(1, "1", "1"), (10, "1", "1"), (11, None, "1"), (12, None, "2"), (13, "2", "2"), (30, None, "2")],
)
def test_the_nearest_price_is_found_where_none_holds(day: int, on: str | None, near: str) -> None:
    """Of a day without a price the nearest one is given, by days."""
    known = rate(FIRST, SECOND)
    found = known.price_on(november(day))
    assert (str(found.price) if found else None) == on
    assert str(known.price_near(november(day)).price) == near


def test_a_price_may_hold_to_the_end_of_time() -> None:
    """The last day that there is may be the last day of a price."""
    forever = Price(Decimal(1), Decimal(1), valid_from=date.min, valid_to=date.max)
    assert rate(forever).spans(NOVEMBER) == [(forever, november(1), date(2026, 12, 1))]


def test_a_cycle_is_cut_where_prices_change() -> None:
    """The spans of a cycle are in order, each of the days on which its price holds; days without one are left out."""
    assert rate(SECOND, FIRST).spans(NOVEMBER) == [
        (FIRST, november(1), november(11)),
        (SECOND, november(13), november(21)),
    ]
    assert rate(FIRST, SECOND).spans(Cycle(november(11), november(13))) == []
    forever = Price(Decimal(1), Decimal(1))
    assert rate(forever).spans(NOVEMBER) == [(forever, november(1), date(2026, 12, 1))]


SENSELESS = {
    "a negative price": ("{ price = -0.01, per = 1 }", "price and included must be at least 0"),
    "less than nothing included": ("{ price = 1, per = 1, included = -1 }", "price and included must be at least 0"),
    "per nothing": ("{ price = 1, per = 0 }", "per must be above 0"),
    "per less than nothing": ("{ price = 1, per = -1 }", "per must be above 0"),
    "valid backwards": (
        "{ price = 1, per = 1, valid_from = 2026-11-02, valid_to = 2026-11-01 }",
        "valid_from 2026-11-02 is after valid_to 2026-11-01",
    ),
    "a day with two prices": (
        "{ price = 1, per = 1, valid_to = 2026-11-10 }, { price = 2, per = 1, valid_from = 2026-11-10 }",
        "two prices apply on 2026-11-10",
    ),
    "two prices for ever": ("{ price = 1, per = 1 }, { price = 2, per = 1 }", "two prices apply on the same days"),
    "no price": ("", "has no price"),
    "an unknown rounding": ('{ price = 1, per = 1, rounding = "down" }', "queues_operations"),
    "a price that is no number": ('{ price = "much", per = 1 }', "queues_operations"),
}


def one_meter(prices: str) -> str:
    """A card with one meter that has these prices."""
    return f"""version = "2026-11-21"
[meters.queues_operations]
product = "queues"
name = "Operations"
unit = "operations"
source = ""
prices = [{prices}]
"""


@pytest.mark.parametrize("case", SENSELESS)
def test_a_card_that_makes_no_sense_is_refused(case: str) -> None:
    """What is wrong is said, and of which meter."""
    prices, fault = SENSELESS[case]
    with pytest.raises(ValueError, match="queues_operations") as refused:
        parse_card(one_meter(prices))
    assert fault in str(refused.value)


def test_a_successor_has_to_be_on_the_card() -> None:
    """A slip in its name would hide that a price has ended."""
    text = one_meter("{ price = 1, per = 1, valid_to = 2026-11-10 }").replace(
        "source =", 'successor = "queue"\nsource ='
    )
    with pytest.raises(ValueError, match="queues_operations: successor queue is not on the card"):
        parse_card(text)


def test_a_card_is_read_without_floats() -> None:
    """Numbers are as they are written, and versions that meet without a day between them are all right."""
    card = parse_card(
        one_meter(
            "{ price = 0.1, per = 1_000, included = 10, valid_to = 2026-11-10 },"
            '{ price = 3, per = 0.5, rounding = "none", is_assumed = true, valid_from = 2026-11-11 }'
        )
    )
    assert card.meters["queues_operations"].prices == (
        Price(Decimal("0.1"), Decimal(1_000), Decimal(10), valid_to=november(10)),
        Price(Decimal(3), Decimal("0.5"), rounding=Rounding.NONE, is_assumed=True, valid_from=november(11)),
    )


METER = "queues_operations"
LISTED = Price(Decimal("0.40"), Decimal(1_000_000), Decimal(1_000_000), is_assumed=True)
PLAIN = RateCard(date(2026, 11, 21), {METER: Rate("queues", "Operations", "operations", "", (LISTED,))})


def overridden(*overrides: Override, card: RateCard = PLAIN, names: tuple[str, ...] = ()) -> tuple[Price, ...]:
    """The prices of the meter with others over them."""
    return with_overrides(card, overrides, names).meters[METER].prices


OVERRIDES: dict[str, tuple[Override, Price]] = {
    "a price": (
        Override(METER, price=Decimal("0.30")),
        Price(Decimal("0.30"), Decimal(1_000_000), Decimal(1_000_000), is_assumed=True),
    ),
    "a price of nothing": (
        Override(METER, price=Decimal(0)),
        Price(Decimal(0), Decimal(1_000_000), Decimal(1_000_000), is_assumed=True),
    ),
    "a discount": (
        Override(METER, discount=Decimal("0.15")),
        Price(Decimal("0.3400"), Decimal(1_000_000), Decimal(1_000_000), is_assumed=True),
    ),
    "a block": (
        Override(METER, per=Decimal(1_000)),
        Price(Decimal("0.40"), Decimal(1_000), Decimal(1_000_000), is_assumed=True),
    ),
    "what is included": (
        Override(METER, included=Decimal(0)),
        Price(Decimal("0.40"), Decimal(1_000_000), Decimal(0), is_assumed=True),
    ),
    "a rounding, which is then not assumed": (
        Override(METER, rounding=Rounding.NONE),
        Price(Decimal("0.40"), Decimal(1_000_000), Decimal(1_000_000), rounding=Rounding.NONE),
    ),
}


@pytest.mark.parametrize("case", OVERRIDES)
def test_an_override_changes_what_it_says(case: str) -> None:
    """What an override does not say stays as the card has it, and the card itself is not changed."""
    override, price = OVERRIDES[case]
    assert overridden(override) == (price,)
    assert PLAIN.meters[METER].prices == (LISTED,)


def dated(price: str, since: int | None, until: int | None) -> Price:
    """The price that is listed, with another amount and days."""
    return Price(
        Decimal(price),
        LISTED.per,
        LISTED.included,
        is_assumed=True,
        valid_from=november(since) if since else None,
        valid_to=november(until) if until else None,
    )


DATES: dict[str, tuple[tuple[int | None, int | None], list[Price]]] = {
    "days in between cut it in two": (
        (10, 19),
        [dated("0.40", None, 9), dated("0.1", 10, 19), dated("0.40", 20, None)],
    ),
    "one day": ((10, 10), [dated("0.40", None, 9), dated("0.1", 10, 10), dated("0.40", 11, None)]),
    "from a day on": ((10, None), [dated("0.40", None, 9), dated("0.1", 10, None)]),
    "up to a day": ((None, 19), [dated("0.1", None, 19), dated("0.40", 20, None)]),
}


@pytest.mark.parametrize("case", DATES)
def test_an_override_of_some_days_leaves_the_others(case: str) -> None:
    """Before and after its days the card's price holds on."""
    (since, until), prices = DATES[case]
    override = Override(
        METER,
        price=Decimal("0.1"),
        valid_from=november(since) if since else None,
        valid_to=november(until) if until else None,
    )
    card = with_overrides(PLAIN, [override])
    assert list(card.meters[METER].prices) == prices
    assert card.faults() == []


def test_an_override_that_goes_over_a_change_of_price_keeps_the_change() -> None:
    """A discount from before a change to after it lowers both prices, each on its days."""
    card = RateCard(date(2026, 11, 21), {METER: rate(dated("1", None, 14), dated("2", 15, None))})
    override = Override(METER, discount=Decimal("0.5"), valid_from=november(10), valid_to=november(19))
    assert overridden(override, card=card) == (
        dated("1", None, 9),
        dated("0.5", 10, 14),
        dated("1.0", 15, 19),
        dated("2", 20, None),
    )


@pytest.mark.parametrize(("day", "prices"), [(14, [(1, 13), (5, 14), (2, None)]), (15, [(1, 14), (5, 15), (2, None)])])
def test_an_override_of_one_day_beside_a_change(day: int, prices: list[tuple[int, int | None]]) -> None:
    """The last day of a price and the first of the next can have a price of their own."""
    card = RateCard(date(2026, 11, 21), {METER: rate(dated("1", None, 14), dated("2", 15, None))})
    own = Override(METER, price=Decimal(5), valid_from=november(day), valid_to=november(day))
    found = overridden(own, card=card)
    assert [(price.price, price.valid_to.day if price.valid_to else None) for price in found] == prices


def test_of_several_overrides_the_last_counts() -> None:
    """Each goes over what the ones before it left."""
    half = Override(METER, discount=Decimal("0.5"))
    assert overridden(Override(METER, price=Decimal(2)), half)[0].price == 1
    assert overridden(half, Override(METER, price=Decimal(2)))[0].price == 2


def test_an_override_may_be_of_one_account() -> None:
    """A price of an account holds for who goes by its name or id; one of none holds for all."""
    own = Override(METER, account="acme", price=Decimal(9))
    assert overridden(own, names=("a" * 32, "acme"))[0].price == 9
    assert overridden(own, names=("b" * 32, "other")) == (LISTED,)
    assert overridden(own) == (LISTED,)


def test_an_override_may_add_a_meter() -> None:
    """A meter that is not on the card comes with its own product and unit; what it does not say is included is not."""
    card = with_overrides(PLAIN, [Override("seats", price=Decimal(7), per=Decimal(1), product="support", unit="seats")])
    assert card.meters["seats"] == Rate("support", "seats", "seats", "", (Price(Decimal(7), Decimal(1)),))
    assert card.meters[METER] == PLAIN.meters[METER]
    assert card.faults() == []


def test_backward_days_of_an_override_are_a_fault() -> None:
    """Days that end before they begin are found, of meters of the card and of added ones."""
    backwards = Override(METER, price=Decimal(1), valid_from=november(20), valid_to=november(10))
    card = with_overrides(PLAIN, [backwards, replace(backwards, meter="seats")])
    assert {fault.meter for fault in card.faults()} == {METER, "seats"}
