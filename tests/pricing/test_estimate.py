"""What given quantities would cost."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from exporter.pricing import load_card
from exporter.pricing.estimate import EstimateError, EstimateRequest, as_document, change, estimate
from exporter.pricing.rating import Terms

CARD = load_card()
BEFORE = date(2026, 11, 30)
AFTER = date(2026, 12, 1)
PAID = EstimateRequest("workers_paid", BEFORE, BEFORE)


def notes(today: date, on: date | None = None) -> dict[str, str]:
    """The note of each line of logs, whose prices change on 2026-12-01."""
    usage = {"workers_logs_events": 30_000_000, "observability_ingest_gb": 60}
    return {line.meter: line.note for line in estimate(CARD, usage, EstimateRequest("workers_paid", today, on)).lines}


def test_lines_come_in_the_order_asked_for() -> None:
    """Each has its quantity, what is included, what is billed and its dollars."""
    lines = estimate(CARD, {"kv_reads": 12_000_001, "workers_requests": 10_000_000}, PAID).lines
    assert [
        (each.meter, each.unit, each.line.quantity, each.line.included, each.line.billed, each.usd) for each in lines
    ] == [
        ("kv_reads", "keys", Fraction(12_000_001), Fraction(10_000_000), Fraction(3_000_000), Decimal("1.50")),
        ("workers_requests", "requests", Fraction(10_000_000), Fraction(10_000_000), Fraction(0), Decimal(0)),
    ]


def test_the_total_adds_up_cents() -> None:
    """An invoice rounds each line: 1.5 cents twice are four cents, not three."""
    given = estimate(CARD, {"r2_storage_gb_month": 11, "r2_ia_storage_gb_month": 1}, PAID)
    assert [line.line.usd for line in given.lines] == [Decimal("0.015"), Decimal("0.01")]
    assert [line.usd for line in given.lines] == [Decimal("0.02"), Decimal("0.01")]
    assert given.total == Decimal("5.03")


@pytest.mark.parametrize(
    ("value", "quantity"),
    [
        (5, Fraction(5)),
        (Decimal("1.1"), Fraction(11, 10)),
        (Fraction(1, 3), Fraction(1, 3)),
        ("1_000.5", Fraction(2001, 2)),
        ("1e3", Fraction(1000)),
        (0, Fraction(0)),
    ],
)
def test_quantities(value: object, quantity: Fraction) -> None:
    """Whole numbers, decimals, fractions and their text are taken exactly."""
    (line,) = estimate(CARD, {"workers_requests": value}, PAID).lines
    assert line.line.quantity == quantity


@pytest.mark.parametrize("value", [-1, Decimal("-0.1"), "many", "", "nan", "-Infinity", 1.5, True, None, [1]])
def test_what_is_no_quantity(value: object) -> None:
    """A float is refused too, for it may not be what was meant."""
    with pytest.raises(EstimateError) as caught:
        estimate(CARD, {"kv_reads": 1, "workers_requests": value}, PAID)
    assert str(caught.value) == (
        f"workers_requests: '{value}' is not a valid quantity: use a number >= 0 with at most 24 digits."
    )


def test_an_unknown_plan() -> None:
    """It is told with those that there are."""
    with pytest.raises(EstimateError, match=r"^Unknown plan platinum\. Known plans: addons, any, argo, "):
        estimate(CARD, {}, EstimateRequest("platinum", BEFORE))


def test_without_usage_there_are_subscriptions() -> None:
    """A plan costs what it costs; an account's own subscriptions stand instead of the plan's."""
    assert estimate(CARD, {}, PAID).total == 5
    own = EstimateRequest("workers_paid", BEFORE, subscriptions={"zone_plan_pro": Decimal("20.005")})
    assert as_document(estimate(CARD, {}, own))["subscriptions"] == {"zone_plan_pro": "20.01"}
    assert estimate(CARD, {}, own).total == Decimal("20.01")


def test_a_day_decides_which_prices_hold() -> None:
    """With a day no note is needed, for the price is that day's, whenever it is asked."""
    assert notes(AFTER, BEFORE) == {"workers_logs_events": ""}
    assert notes(BEFORE, AFTER) == {"observability_ingest_gb": ""}


def test_without_a_day_a_note_says_when_the_price_holds() -> None:
    """A price that is not that of today is named with its days, before the change and after it."""
    assert notes(BEFORE) == {
        "workers_logs_events": "",
        "observability_ingest_gb": "price valid from 2026-12-01",
    }
    assert notes(AFTER) == {
        "workers_logs_events": "price valid until 2026-11-30",
        "observability_ingest_gb": "",
    }


@pytest.mark.parametrize("today", [date(2025, 1, 1), BEFORE, AFTER, date(2030, 1, 1)])
def test_the_newest_price_is_found_whenever_it_is_asked(today: date) -> None:
    """Costs do not depend on the day on which the question is put."""
    usage = {"workers_logs_events": 30_000_000, "observability_ingest_gb": 60}
    given = estimate(CARD, usage, EstimateRequest("workers_paid", today))
    assert [line.usd for line in given.lines] == [Decimal("6.00"), Decimal("2.50")]


def test_terms() -> None:
    """Nothing included, nothing rounded up."""
    terms = Terms(is_proportional=True, has_included=False)
    (line,) = estimate(
        CARD, {"workers_requests": 1_500_000}, EstimateRequest("workers_paid", BEFORE, terms=terms)
    ).lines
    assert (line.line.included, line.usd) == (Fraction(0), Decimal("0.45"))


def test_what_is_included_each_day_is_included_each_day_of_a_month() -> None:
    """Workers AI: 10,000 neurons a day; November has 30 days."""
    (line,) = estimate(CARD, {"workers_ai_neurons": 301_000}, PAID).lines
    assert line.line.included == 300_000
    assert (line.line.billed, line.usd) == (Fraction(1_000), Decimal("0.01"))


def test_inputs_of_one_meter_are_added_up() -> None:
    """Connections are requests, and so is every twentieth message."""
    usage = {"do_requests": 1, "do_ws_connections": 2, "do_ws_incoming_messages": 30, "browser_seconds": 5_400}
    lines = {line.meter: line.line.quantity for line in estimate(CARD, usage, PAID).lines}
    assert lines == {"do_requests": Fraction("4.5"), "browser_hours": Fraction("1.5")}


@pytest.mark.parametrize(
    ("text", "quantity"),
    [("x2", 200), ("x0.5", 50), ("x0", 0), ("+10%", 110), ("-10%", 90), ("-100%", 0), ("-250%", 0), ("7", 7)],
)
def test_a_change(text: str, quantity: int) -> None:
    """Times, percents, or another number; less than nothing is nothing."""
    assert change({"kv_reads": 100}, {"kv_reads": text}) == {"kv_reads": quantity}


def test_a_glob_changes_all_that_it_matches() -> None:
    """Changes apply one after the other, and the others stay."""
    before = {"kv_reads": 100, "kv_writes": "1_0", "r2_class_a": 5}
    assert change(before, {"kv_*": "x2", "kv_writes": "+50%"}) == {"kv_reads": 200, "kv_writes": 30, "r2_class_a": 5}
    assert before == {"kv_reads": 100, "kv_writes": "1_0", "r2_class_a": 5}


def test_a_change_adds_what_was_not_there() -> None:
    """A meter of its own begins at nothing; a glob that matches nothing is a mistake."""
    assert change({}, {"kv_reads": "5"}) == {"kv_reads": 5}
    assert change({}, {"kv_reads": "x2"}) == {"kv_reads": 0}
    with pytest.raises(EstimateError, match=r"^kv_\*: matches no meter that is used\.$"):
        change({"r2_class_a": 5}, {"kv_*": "x2"})
