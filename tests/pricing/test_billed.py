"""Cloudflare's own bill beside the estimate, with the traps that it is known to have."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from exporter.billing import BilledDay, BillingFacts
from exporter.model import DAY
from exporter.pricing import BilledLine, billed_lines, load_card, month_days_of
from exporter.pricing.cycle import Cycle, Cycles, cycle_of
from tests.pricing.factories import NOVEMBER, november

CARD = load_card()
CLASS_A = "R2 Storage Class A Operations (First 1M included)"
STORAGE = "R2 Data Storage (First 10GB-Month included)"


def billed(day: int, cost: str | None, service: str = CLASS_A) -> BilledDay:
    """What was billed of a line on a day of November."""
    return BilledDay(service, november(day), None if cost is None else Decimal(cost), Decimal(1_000))


def lines(*days: BilledDay, estimates: Mapping[str, str] | None = None, cycle: Cycle = NOVEMBER) -> list[BilledLine]:
    """The billed lines of a cycle, beside these estimates by meter."""
    known = estimates or {}

    def estimate(meter: str, _: date) -> Decimal | None:
        return Decimal(known[meter]) if meter in known else None

    return list(billed_lines(CARD, BillingFacts(billed=days), cycle, estimate))


def test_days_and_zones_are_added_up() -> None:
    """Each row is of a day and a zone; the line is the sum of them all."""
    (line,) = lines(billed(3, "4.50"), billed(3, "0.25"), billed(9, "4.50"), billed(9, "0.000000001"))
    assert line.usd == Decimal("9.250000001")


def test_the_newest_day_is_not_compared() -> None:
    """It is incomplete, so that billed and estimated are compared up to the day before, and shown with it."""
    (line,) = lines(billed(3, "4.50"), billed(8, "4.50"), billed(9, "0.10"), estimates={"r2_class_a": "10"})
    assert line == BilledLine(CLASS_A, "r2_class_a", Decimal("9.10"), Decimal("9.00"), Decimal(10))
    assert line.ratio == Decimal("0.9")


def test_the_newest_day_is_that_of_the_whole_bill() -> None:
    """A line whose own newest day is earlier is complete on it."""
    (first, _) = lines(billed(8, "4.50"), billed(9, "1", STORAGE), estimates={"r2_class_a": "5"})
    assert (first.service, first.compared, first.ratio) == (CLASS_A, Decimal("4.50"), Decimal("0.9"))


def test_a_newest_day_without_a_cost_is_the_newest_all_the_same() -> None:
    """What has been heard of a day without its cost shows that the days before it are complete."""
    (line,) = lines(billed(8, "4.50"), billed(9, None), estimates={"r2_class_a": "5"})
    assert (line.usd, line.compared) == (Decimal("4.50"), Decimal("4.50"))


def test_what_is_estimated_is_asked_up_to_the_last_complete_day() -> None:
    """The estimate is that of the same days as what is compared."""
    asked: list[tuple[str, date]] = []

    def estimate(meter: str, day: date) -> Decimal | None:
        asked.append((meter, day))
        return None

    facts = BillingFacts(billed=(billed(3, "1"), billed(9, "1"), billed(9, "1", "Zaraz Loads")))
    billed_lines(CARD, facts, NOVEMBER, estimate)
    assert asked == [("r2_class_a", november(8))]


RATIOS: dict[str, tuple[str, str | None, str | None]] = {
    "as estimated": ("4.50", "4.50", "1"),
    "twice as much": ("9", "4.50", "2"),
    "nothing is billed, which may not be known": ("0", "4.50", None),
    "nothing is estimated": ("4.50", "0", None),
    "the estimate is not known": ("4.50", None, None),
}


@pytest.mark.parametrize("case", RATIOS)
def test_the_ratio_of_billed_and_estimated(case: str) -> None:
    """There is one only if both are known and something."""
    cost, estimate, ratio = RATIOS[case]
    estimates = {} if estimate is None else {"r2_class_a": estimate}
    (line,) = lines(billed(3, cost), billed(9, "1"), estimates=estimates)
    assert line.ratio == (None if ratio is None else Decimal(ratio))


def test_a_line_is_found_by_its_name_without_the_allowance() -> None:
    """Another allowance is the same line; one that is not on the card has no meter and no estimate."""
    services = ["r2 storage class a operations (First 2M included)", "R2 Data Storage", "Zaraz Loads", "R2"]
    found = lines(*(billed(3, "1", service) for service in services), estimates={"r2_class_a": "1", "": "1"})
    assert [(line.service, line.meter) for line in found] == [
        (services[0], "r2_class_a"),
        (services[1], "r2_storage_gb_month"),
        (services[2], ""),
        (services[3], ""),
    ]
    assert [line.estimated for line in found] == [Decimal(1), None, None, None]


def test_other_cycles_are_not_of_this_bill() -> None:
    """Days before a cycle or after it are left out, and so is a line that has only such days, or none with a cost."""
    before = BilledDay(CLASS_A, date(2026, 10, 31), Decimal(7), None)
    after = BilledDay(CLASS_A, date(2026, 12, 1), Decimal(9), None)
    alone = BilledDay(STORAGE, date(2026, 10, 31), Decimal(7), None)
    found = lines(before, billed(1, "1"), billed(30, "2"), after, alone, billed(3, None, "Zaraz Loads"))
    assert [(line.service, line.usd, line.compared) for line in found] == [(CLASS_A, Decimal(3), Decimal(3))]


def test_without_a_bill_there_are_no_lines() -> None:
    """An account that offers none has none."""
    assert lines() == []


OCTOBER = cycle_of(date(2026, 10, 1))
FEBRUARY = cycle_of(date(2027, 2, 1))


def storage(cycle: Cycle, consumed: list[str | None], service: str = STORAGE) -> BillingFacts:
    """What was consumed on the days of a cycle, the first ones first."""
    return BillingFacts(
        billed=tuple(
            BilledDay(service, cycle.start + number * DAY, None, None if each is None else Decimal(each))
            for number, each in enumerate(consumed)
        )
    )


def stored(gigabytes: int) -> Callable[[str, date], Fraction | None]:
    """The same peak of Standard storage every day."""
    return lambda meter, _: Fraction(gigabytes) if meter == "r2_storage_gb_month" else None


MONTH_DAYS: dict[str, tuple[BillingFacts, int, int | None]] = {
    "31 in a cycle of 31 days": (storage(OCTOBER, ["10", "10", "10"]), 310, 31),
    "30 in a cycle of 31 days": (storage(OCTOBER, ["10", "10", "10"]), 300, 30),
    "28 in a cycle of 28 days": (storage(FEBRUARY, ["10"] * 5), 280, 28),
    "30 in a cycle of 28 days": (storage(FEBRUARY, ["10"] * 5), 300, 30),
    "30 in a cycle of 30 days": (storage(NOVEMBER, ["10"] * 5), 300, 30),
    "31 in a cycle of 30 days is none of these": (storage(NOVEMBER, ["10"] * 5), 310, None),
    "measured to a hundredth": (storage(OCTOBER, ["10.05", "9.95", "10.09"]), 310, 31),
    "halfway between": (storage(OCTOBER, ["10"] * 5), 305, None),
    "two days are too few": (storage(OCTOBER, ["10", "10"]), 310, None),
    "two days are too few among others": (storage(OCTOBER, ["10", "10", "7", "7", "7"]), 310, None),
    "the most days decide": (storage(OCTOBER, ["10.333", "10.333", "10.333", "10", "10", "10", "10"]), 310, 31),
    "as many say 30": (storage(OCTOBER, ["10.333", "10.333", "10.333", "10", "10", "10"]), 310, 30),
    "nothing is said of what was consumed": (storage(OCTOBER, [None, None, None, "0", "0", "0"]), 310, None),
    "nothing was stored": (storage(OCTOBER, ["10"] * 5), 0, None),
    "what is not stored does not say": (storage(OCTOBER, ["10"] * 5, CLASS_A), 310, None),
    "what is on no card does not say": (storage(OCTOBER, ["10"] * 5, "Zaraz Loads"), 310, None),
    "there is no bill": (BillingFacts(), 310, None),
}


@pytest.mark.parametrize("case", MONTH_DAYS)
def test_the_days_of_a_gb_month_show_on_the_bill(case: str) -> None:
    """A day's peak by what was consumed of it is the length of the month, if three days agree on one."""
    facts, gigabytes, expected = MONTH_DAYS[case]
    assert month_days_of(CARD, facts, stored(gigabytes), cycles=Cycles(1)) == expected


def test_the_length_of_a_cycle_is_that_of_the_accounts_own() -> None:
    """With cycles from the fourteenth on, the first days of November are in one of 31 days."""
    facts = storage(NOVEMBER, ["10"] * 5)
    assert month_days_of(CARD, facts, stored(310), cycles=Cycles(14)) == 31
    assert month_days_of(CARD, facts, stored(310), cycles=Cycles(1)) is None
