"""The engine gives the numbers of Cloudflare's own worked examples, to the cent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from exporter.pricing import Now, UsageTable, load_card
from exporter.pricing.estimate import Estimate, EstimatedLine, EstimateRequest, estimate
from exporter.pricing.rating import Consumption, Terms, rate_usage
from exporter.pricing.usage import consumption
from tests.pricing.factories import DAY, NOVEMBER, noon, november, read_numbers

CARD = load_card()
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Example:
    """A worked example, as examples.yaml explains it."""

    id: str
    source: str
    plan: str
    usage: Mapping[str, Any]
    lines: Mapping[str, Decimal]
    total_usd: Decimal | None
    rounding: str
    quota: str
    base: bool
    derived: Mapping[str, Decimal] | None = None
    cents: str = "half_up"

    @property
    def roundings(self) -> Sequence[bool]:
        """Whether nothing is rounded up; where it makes no difference, both ways."""
        return {"block": [False], "proportional": [True], "either": [False, True]}[self.rounding]

    @property
    def day(self) -> date:
        """The newest day of the prices that the example has."""
        return date(2026, 12, 1) if self.id.startswith("observability") else date(2026, 11, 30)

    def estimate(self, *, is_proportional: bool) -> Estimate:
        """What the engine makes of the usage."""
        terms = Terms(is_proportional=is_proportional, has_included=self.quota == "included")
        return estimate(CARD, self.usage, EstimateRequest(self.plan, self.day, self.day, terms))

    def printed(self, usd: Decimal, like: Decimal) -> Decimal:
        """Dollars as the page prints them: in cents, or more exactly where it prints more."""
        rounding = ROUND_DOWN if self.cents == "truncated" else ROUND_HALF_UP
        return usd.quantize(min(CENT, Decimal(1).scaleb(int(like.as_tuple().exponent))), rounding)


EXAMPLES = {each["id"]: Example(**each) for each in read_numbers(Path(__file__).with_name("examples.yaml"))}

METERED = {
    "r2-gb-month-constant-1",
    "r2-gb-month-constant-3",
    "r2-gb-month-mixed",
    "r2-rounding-operations",
    "r2-rounding-storage",
    "do-rounding-rule",
    "browser-hours-rounding",
    "cache-reserve-gb-month",
}
"""These say how usage is measured and rounded, in words or units of their own; each has a test of its own."""

OFF_THE_CARD = {
    "threshold-billing": "says when an invoice is sent, not what usage costs",
    "ai-gateway-credits": "credits are bought, and no usage",
    "do-kv-request-units": "the analytics count units of 4 KB already",
    "queues-chunks": "the size of messages is not read",
    "vectorize-dims-queried": "vectors and queries are not on the card, only the dimensions that they come to",
}
"""Of these nothing is on the card, for a reason."""

PRICED = {name: each for name, each in EXAMPLES.items() if name not in METERED | OFF_THE_CARD.keys()}

DERIVED = {
    "do_requests": ("do_requests", "quantity"),
    "billable_requests": ("do_requests", "billable"),
    "billed_requests": ("do_requests", "billed"),
    "do_duration_gb_s": ("do_duration_gb_s", "quantity"),
    "billable_gb_s": ("do_duration_gb_s", "billable"),
    "billed_gb_s": ("do_duration_gb_s", "billed"),
    "billed_operations": ("queues_operations", "billed"),
    "billed_retrieval_gb": ("r2_ia_retrieval_gb", "billed"),
}
"""Of which line a derived quantity is, and which of its quantities."""


def each_way(examples: Mapping[str, Example]) -> pytest.MarkDecorator:
    """Run a test for each example; where rounding makes no difference, both with it and without."""
    cases = {
        f"{name}-{'proportional' if each else 'block'}": (example, each)
        for name, example in examples.items()
        for each in example.roundings
    }
    return pytest.mark.parametrize(("example", "is_proportional"), cases.values(), ids=list(cases))


def lines_of(given: Estimate) -> Mapping[str, EstimatedLine]:
    """The lines of a quote, by meter."""
    return {line.meter: line for line in given.lines}


def test_every_example_is_tested() -> None:
    """Each of the fifty examples is priced, measured, or has a reason why it is neither; none is two of these."""
    assert len(EXAMPLES) == 50
    assert METERED | OFF_THE_CARD.keys() <= EXAMPLES.keys()
    assert METERED.isdisjoint(OFF_THE_CARD)
    assert len(PRICED) == 37


@pytest.mark.parametrize("name", OFF_THE_CARD)
def test_what_has_no_price_is_said_to_have_none(name: str) -> None:
    """Nothing of the examples that are left out is on the card, and a quote says so of each quantity."""
    example = EXAMPLES[name]
    quoted = example.estimate(is_proportional=False)
    assert quoted.lines == ()
    assert dict(quoted.unpriced) == dict.fromkeys(example.usage, "is not on the rate card")


@each_way(PRICED)
def test_a_line_costs_what_the_example_says(example: Example, is_proportional: bool) -> None:
    """Each line that an example prints comes out to the cent, and more exactly where it is printed so."""
    quoted = example.estimate(is_proportional=is_proportional)
    exact = dict(quoted.subscriptions) | {meter: line.line.usd for meter, line in lines_of(quoted).items()}
    given = {meter: example.printed(exact[meter], usd) for meter, usd in example.lines.items()}
    assert given == dict(example.lines)


@each_way(PRICED)
def test_lines_add_up_to_the_total(example: Example, is_proportional: bool) -> None:
    """The lines that an example prints, each in cents, come to its total; with the subscription if that has it."""
    quoted = example.estimate(is_proportional=is_proportional)
    usd = {meter: line.line.usd for meter, line in lines_of(quoted).items() if meter in example.lines}
    if example.base:
        usd |= quoted.subscriptions
    assert sum([example.printed(each, CENT) for each in usd.values()], Decimal(0)) == example.total_usd


@each_way({name: example for name, example in PRICED.items() if example.derived})
def test_quantities_are_those_that_the_example_derives(example: Example, is_proportional: bool) -> None:
    """What an example prints on the way to its dollars is what the line says: used, billable, billed."""
    lines = lines_of(example.estimate(is_proportional=is_proportional))
    for name, quantity in (example.derived or {}).items():
        meter, which = DERIVED[name]
        assert getattr(lines[meter].line, which) == Fraction(quantity), name


def test_examples_of_one_rounding_need_it() -> None:
    """The other rounding gives another total, so that an example of one rounding tells them apart."""
    same = []
    for name, example in PRICED.items():
        if example.rounding == "either":
            continue
        lines = lines_of(example.estimate(is_proportional=example.rounding == "block"))
        other = {meter: example.printed(line.line.usd, example.lines[meter]) for meter, line in lines.items()}
        if other.items() <= example.lines.items():
            same.append(name)
    assert same == []


@pytest.mark.parametrize(
    ("name", "gb_months", "digits"),
    [
        ("r2-gb-month-constant-1", Fraction(1), 0),
        ("r2-gb-month-constant-3", Fraction(3), 0),
        ("r2-gb-month-mixed", Fraction(80, 30), 10),
    ],
)
def test_daily_peaks_make_gb_months(name: str, gb_months: Fraction, digits: int) -> None:
    """The peaks of a cycle of 30 days, taken from an asset's daily sums, come to the GB-months that are printed."""
    example = EXAMPLES[name]
    table = UsageTable(CARD, Now(NOVEMBER, noon(30)))
    day = NOVEMBER.start
    for gigabytes, days in example.usage["r2_daily_peak_gb_days"]:
        for _ in range(int(days)):
            table.add([((day, "bucket", "r2_storage_gb_month"), int(gigabytes) * 10**9)])
            day += DAY
    assert day == NOVEMBER.end
    terms = Terms(has_included=False)
    stored = consumption(CARD, "r2_storage_gb_month", table.usage().days["r2_storage_gb_month"], NOVEMBER, terms)
    line = rate_usage(CARD.meters["r2_storage_gb_month"], stored, NOVEMBER, terms)
    assert line.quantity == gb_months
    printed = (example.derived or {})["r2_storage_gb_month"]
    assert Decimal(round(line.quantity * 10**digits)).scaleb(-digits) == printed


def test_whole_gigabyte_months_are_billed() -> None:
    """1.1 GB-months are billed as two."""
    example = EXAMPLES["r2-rounding-storage"]
    line = lines_of(example.estimate(is_proportional=False))["r2_storage_gb_month"].line
    assert (line.billed, line.usd) == ((example.derived or {})["billed_gb_month_before_free_tier"], Decimal("0.03"))


def test_whole_millions_of_operations_are_billed() -> None:
    """A million and one operations are billed as two million; with what is included, as one, for 4.50 dollars."""
    example = EXAMPLES["r2-rounding-operations"]
    line = lines_of(example.estimate(is_proportional=False))["r2_class_a"].line
    assert line.billed == (example.derived or {})["billed_operations_before_free_tier"]
    real = estimate(CARD, example.usage, EstimateRequest(example.plan, example.day, example.day))
    assert (lines_of(real)["r2_class_a"].line.billed, real.total) == (1_000_000, Decimal("4.50"))


def test_whole_millions_of_gigabyte_seconds_are_billed() -> None:
    """Half a million billable GB-seconds are billed as a million, for 12.50 dollars."""
    example = EXAMPLES["do-rounding-rule"]
    terms = Terms(has_included=example.quota == "included")
    usage = {"do_duration_gb_s": example.usage["billable_gb_s"]}
    quoted = estimate(CARD, usage, EstimateRequest(example.plan, example.day, example.day, terms))
    line = lines_of(quoted)["do_duration_gb_s"]
    assert line.line.billed == (example.derived or {})["billed_gb_s"]
    assert line.usd == example.lines["do_duration_gb_s"] == example.total_usd


def test_browser_time_is_rounded_to_the_nearest_hour() -> None:
    """A minute a day for 30 days is half an hour, which is billed as an hour; a second less is none."""
    example = EXAMPLES["browser-hours-rounding"]
    seconds = example.usage["browser_seconds"]
    assert example.usage["browser_seconds_per_day"] * example.usage["days"] == seconds
    billed = [hours_billed(example, seconds), hours_billed(example, seconds - 1)]
    assert billed == [(example.derived or {})["browser_hours_billed_before_quota"], 0]


def hours_billed(example: Example, seconds: Decimal) -> Fraction:
    """Return the browser hours that so many seconds are billed as."""
    terms = Terms(has_included=False)
    quoted = estimate(
        CARD, {"browser_seconds": seconds}, EstimateRequest(example.plan, example.day, example.day, terms)
    )
    return lines_of(quoted)["browser_hours"].line.billed


@pytest.mark.parametrize("halves", [1, 2])
def test_half_a_month_of_twice_as_much_is_one_gb_month(halves: int) -> None:
    """2 GB for 15 days are a GB-month of Cache Reserve, and so is half of that for twice the days."""
    example = EXAMPLES["cache-reserve-gb-month"]
    gigabytes, days = int(example.usage["gb"]) // halves, int(example.usage["days"]) * halves
    stored = Consumption({november(day): gigabytes * 10**9 for day in range(1, days + 1)}, 30 * 10**9)
    line = rate_usage(CARD.meters["cache_reserve_storage_gb_month"], stored, NOVEMBER, Terms())
    assert line.quantity == (example.derived or {})["cache_reserve_storage_gb_month"]
    assert line.usd == Decimal("0.015")


def test_a_plan_is_one_of_the_cards() -> None:
    """Every plan that an example names is on the card."""
    assert {example.plan for example in EXAMPLES.values()} <= CARD.plans.keys()
