"""What usage costs: the arithmetic of invoices, by hand and over random cards, terms and usage."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.pricing import Rounding, load_card
from exporter.pricing.card import Period, Price, Rate
from exporter.pricing.cycle import Cycle, cycle_of
from exporter.pricing.rating import Consumption, Line, Terms, rate_usage
from exporter.pricing.usage import consumption
from tests.pricing.factories import NOVEMBER, always, november, rate, used

CARD = load_card()
OCTOBER = Cycle(date(2026, 10, 1), date(2026, 11, 1))
FEBRUARY = Cycle(date(2027, 2, 1), date(2027, 3, 1))

ROUNDED_UP = (Rounding.BLOCK, Rounding.UNIT)

CYCLES = st.integers(1, 31).map(lambda anchor_day: cycle_of(date(2026, 11, 17), anchor_day))
DATES = st.dates(date(2026, 10, 1), date(2026, 12, 31))
CONSUMPTIONS = st.builds(
    Consumption, st.dictionaries(DATES, st.integers(0, 5_000), max_size=12), st.sampled_from([1, 20, 30])
)
TERMS = st.builds(
    Terms,
    is_proportional=st.booleans(),
    has_included=st.booleans(),
    pools_days=st.booleans(),
)


def prices(rounding: st.SearchStrategy[Rounding]) -> st.SearchStrategy[Price]:
    """Prices of small blocks, so that the usage of a day may be less than one, or many."""
    return st.builds(
        Price,
        price=st.decimals(0, 3, places=3),
        per=st.sampled_from([Decimal("0.5"), Decimal(1), Decimal(7), Decimal(1_000)]),
        included=(st.just(0) | st.integers(0, 100) | st.integers(0, 4_000)).map(Decimal),
        included_per=st.sampled_from(Period),
        rounding=rounding,
    )


def dated(versions: Sequence[Price], cuts: Sequence[date]) -> Rate:
    """A rate whose versions follow each other: each cut is the first day of the next."""
    firsts = [None, *cuts]
    lasts = [*(cut - timedelta(days=1) for cut in cuts), None]
    return rate(
        *(
            replace(price, valid_from=first, valid_to=last)
            for price, first, last in zip(versions, firsts, lasts, strict=True)
        )
    )


def rates(*roundings: Rounding) -> st.SearchStrategy[Rate]:
    """Rates of one to three versions that need not have anything in common."""
    each = prices(st.sampled_from(roundings))
    return st.lists(DATES, max_size=2, unique=True).flatmap(
        lambda cuts: st.lists(each, min_size=len(cuts) + 1, max_size=len(cuts) + 1).map(
            lambda versions: dated(versions, sorted(cuts))
        )
    )


SINGLE_RATES = prices(st.sampled_from(Rounding)).map(rate)


@always(200)
@given(rates(Rounding.BLOCK, Rounding.NONE, Rounding.UNIT) | SINGLE_RATES, CONSUMPTIONS, CYCLES, TERMS, DATES)
def test_more_usage_never_costs_less(known: Rate, before: Consumption, cycle: Cycle, terms: Terms, day: date) -> None:
    """However prices, blocks and quotas change within a cycle, usage of any day in addition lowers no line."""
    line = rate_usage(known, before, cycle, terms)
    for amount in (1, 13, 900, 20_000):
        more = rate_usage(known, before.with_days({day: amount}), cycle, terms)
        assert more.usd >= line.usd
        line = more


@always(200)
@given(SINGLE_RATES, CONSUMPTIONS, CYCLES, TERMS, st.lists(DATES, max_size=2, unique=True))
def test_versions_of_one_price_cost_as_one(
    known: Rate, usage: Consumption, cycle: Cycle, terms: Terms, cuts: list[date]
) -> None:
    """A card that puts a price down in several versions gives the same line, to the last place."""
    (price,) = known.prices
    several = dated([price] * (len(cuts) + 1), sorted(cuts))
    assert rate_usage(several, usage, cycle, terms) == rate_usage(known, usage, cycle, terms)


@always(200)
@given(rates(*Rounding), CONSUMPTIONS, CYCLES, st.booleans())
def test_what_is_included_costs_nothing(known: Rate, usage: Consumption, cycle: Cycle, pools_days: bool) -> None:
    """As long as each day uses its part of what is included, in every version, nothing is billed."""
    least = min(price.included // price.per * price.per for price in known.prices)
    whole = rate(*(replace(price, included=least) for price in known.prices))
    most = int(least * usage.unit) // max(len(usage.days), 1)
    small = Consumption({day: min(amount, most) for day, amount in usage.days.items()}, usage.unit)
    line = rate_usage(whole, small, cycle, Terms(pools_days=pools_days))
    assert (line.billable, line.billed, line.usd) == (0, 0, 0)
    assert line.quantity == Fraction(small.between(cycle.start, cycle.end), small.unit)


@always(200)
@given(rates(*ROUNDED_UP), st.sampled_from(ROUNDED_UP), CONSUMPTIONS, CYCLES, TERMS)
def test_whole_blocks_are_billed(
    known: Rate, rounding: Rounding, usage: Consumption, cycle: Cycle, terms: Terms
) -> None:
    """What is billed is the least number of whole blocks that holds what is billable; if proportional, just that."""
    per = known.prices[0].per
    alike = rate(*(replace(price, per=per, rounding=rounding) for price in known.prices))
    line = rate_usage(alike, usage, cycle, terms)
    block = Fraction(0) if terms.is_proportional else Fraction(per)
    assert line.billed == (line.billable if not block else -(-line.billable // block) * block)


@always(200)
@given(rates(Rounding.BLOCK, Rounding.UNIT, Rounding.NONE), CONSUMPTIONS, CYCLES, TERMS)
def test_proportional_is_never_more(known: Rate, usage: Consumption, cycle: Cycle, terms: Terms) -> None:
    """Without rounding up a line costs as much or less, for the same that is billable."""
    rounded = rate_usage(known, usage, cycle, replace(terms, is_proportional=False))
    proportional = rate_usage(known, usage, cycle, replace(terms, is_proportional=True))
    assert proportional.usd <= rounded.usd
    assert proportional.billable == rounded.billable == proportional.billed <= rounded.billed


@always(200)
@given(rates(*Rounding), CONSUMPTIONS, CYCLES, TERMS)
def test_a_quota_never_makes_it_dearer(known: Rate, usage: Consumption, cycle: Cycle, terms: Terms) -> None:
    """What is included lowers what is billable, and its price, or leaves it."""
    without = rate_usage(known, usage, cycle, replace(terms, has_included=False))
    line = rate_usage(known, usage, cycle, replace(terms, has_included=True))
    assert without.included == 0
    assert line.billable <= without.billable
    assert line.quantity == without.quantity
    assert line.usd <= without.usd


@always(200)
@given(prices(st.sampled_from(Rounding)), st.lists(DATES, max_size=2, unique=True), CONSUMPTIONS, CYCLES, st.data())
def test_changing_prices_cost_something_in_between(
    price: Price, cuts: list[date], usage: Consumption, cycle: Cycle, data: st.DataObject
) -> None:
    """If nothing but the price changes, a line is between that of the lowest price and that of the highest."""
    versions = [replace(price, price=data.draw(st.decimals(0, 3, places=3))) for _ in range(len(cuts) + 1)]
    line = rate_usage(dated(versions, sorted(cuts)), usage, cycle, Terms())
    lowest, highest = (
        rate_usage(rate(replace(price, price=amount)), usage, cycle, Terms())
        for amount in (min(each.price for each in versions), max(each.price for each in versions))
    )
    assert lowest.usd <= line.usd <= highest.usd
    assert lowest.billed == line.billed == highest.billed


@always(200)
@given(rates(*Rounding), CONSUMPTIONS, CYCLES, TERMS, st.integers(1, 10_000))
def test_other_cycles_do_not_count(known: Rate, usage: Consumption, cycle: Cycle, terms: Terms, amount: int) -> None:
    """Usage after a cycle changes nothing of it, nor does usage of a calendar month that ended before it began."""
    outside = {cycle.end: amount, cycle.end + timedelta(days=9): amount, date(2026, 9, 30): amount}
    line = rate_usage(known, usage, cycle, terms)
    assert rate_usage(known, usage.with_days(outside), cycle, terms) == line


BLOCKS = Price(Decimal("0.30"), Decimal(1_000_000), Decimal(10_000_000))

BY_HAND: dict[str, tuple[int, int, int, str]] = {
    "nothing": (0, 0, 0, "0"),
    "a part of what is included": (9_000_000, 0, 0, "0"),
    "all that is included": (10_000_000, 0, 0, "0"),
    "one more": (10_000_001, 1, 1_000_000, "0.30"),
    "a whole block more": (11_000_000, 1_000_000, 1_000_000, "0.30"),
    "a block and one more": (11_000_001, 1_000_001, 2_000_000, "0.60"),
    "as a real invoice has it": (17_720_000, 7_720_000, 8_000_000, "2.40"),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_blocks_by_hand(case: str) -> None:
    """What exceeds the included quantity is rounded up to whole millions."""
    quantity, billable, billed, usd = BY_HAND[case]
    line = rate_usage(rate(BLOCKS), used({3: quantity}), NOVEMBER, Terms())
    assert line == Line(Fraction(quantity), Fraction(10_000_000), Fraction(billable), Fraction(billed), Decimal(usd))
    assert line.used_ratio == Fraction(quantity, 10_000_000)


def test_without_a_quota_there_is_no_ratio() -> None:
    """Nothing included, or not counted, is no quota that could be used."""
    assert rate_usage(rate(BLOCKS), used({3: 5}), NOVEMBER, Terms(has_included=False)).used_ratio is None
    assert rate_usage(rate(replace(BLOCKS, included=Decimal(0))), used({3: 5}), NOVEMBER, Terms()).used_ratio is None


def test_days_add_up_before_anything_is_rounded() -> None:
    """A block is begun once for all days, in units that are smaller than the rate's."""
    small = rate(Price(Decimal(1), Decimal(10), Decimal(5)))
    line = rate_usage(small, used({1: 130, 2: 90, 30: 81}, unit=20), NOVEMBER, Terms())
    assert (line.quantity, line.billable, line.billed, line.usd) == (
        Fraction(301, 20),
        Fraction(201, 20),
        20,
        Decimal(2),
    )


EARLY = Price(Decimal("1.00"), Decimal(1_000), Decimal(1_000), valid_to=november(10))
LATE = replace(EARLY, price=Decimal("2.00"), valid_from=november(11), valid_to=None)

CHANGES: dict[str, tuple[Price, Price, str, int]] = {
    # 500 of the first days are billable, and all 700 of the later ones; 1,200 are 2 blocks, of which 800 are not used.
    "dearer": (EARLY, LATE, "2.70", 2_000),  # 0.5 x 1 + 0.7 x 2 + 0.8 x 1
    "cheaper": (replace(EARLY, price=Decimal(2)), replace(LATE, price=Decimal(1)), "2.50", 2_000),  # 1 + 0.7 + 0.8
    "free from now on": (EARLY, replace(LATE, price=Decimal(0)), "0.50", 2_000),
    "more included": (EARLY, replace(LATE, included=Decimal(2_000)), "1.20", 1_000),  # 0.5 x 1 + 0.2 x 2 + 0.3 x 1
    "less included": (EARLY, replace(LATE, included=Decimal(0)), "2.70", 2_000),
    # Blocks of two sizes are two lines that are rounded apart: 1 block, and 700 single ones.
    "by the piece": (EARLY, replace(LATE, price=Decimal("0.002"), per=Decimal(1)), "2.40", 1_700),
    "no longer rounded": (EARLY, replace(LATE, rounding=Rounding.NONE), "2.40", 1_700),
    "rounded from now on": (replace(EARLY, rounding=Rounding.NONE), LATE, "2.50", 1_500),  # 0.5 x 1 + 1 block
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_of_price_by_hand(case: str) -> None:
    """What was used first uses up what is included, and the rest of the last block costs the lower price."""
    early, late, usd, billed = CHANGES[case]
    line = rate_usage(rate(early, late), used({5: 1_500, 20: 700}), NOVEMBER, Terms())
    assert (line.usd, line.billed, line.quantity) == (Decimal(usd), billed, 2_200)


def test_a_line_shows_the_most_that_is_included() -> None:
    """Where what is included changes within a cycle, the larger quantity is the quota, whichever comes first."""
    for early, late in ((1_000, 2_000), (2_000, 1_000)):
        known = rate(replace(EARLY, included=Decimal(early)), replace(LATE, included=Decimal(late)))
        assert rate_usage(known, used({5: 500}), NOVEMBER, Terms()).included == 2_000


def test_the_day_of_a_change_has_the_new_price() -> None:
    """The last day of a price still has it, the next one not."""
    terms = Terms(is_proportional=True, has_included=False)
    costs = [rate_usage(rate(EARLY, LATE), used({day: 1_000}), NOVEMBER, terms).usd for day in (10, 11)]
    assert costs == [Decimal(1), Decimal(2)]


def test_without_a_price_nothing_is_billed() -> None:
    """Usage of days on which a meter has no price is counted, and costs nothing."""
    known = rate(replace(LATE, included=Decimal(0)))
    line = rate_usage(known, used({5: 1_500, 20: 700}), NOVEMBER, Terms())
    assert (line.quantity, line.billable, line.usd) == (2_200, 700, Decimal(2))
    line = rate_usage(rate(EARLY), used({20: 700}), Cycle(november(14), date(2026, 12, 14)), Terms())
    assert line == Line(Fraction(700), Fraction(0), Fraction(0), Fraction(0), Decimal(0))


NEURONS = CARD.meters["workers_ai_neurons"]


def test_a_daily_allowance_is_pooled_or_not() -> None:
    """Pooled, the days of a cycle share what is included; if not, what a day leaves over is lost."""
    usage = used({1: 30_000, 2: 5_000})
    pooled, daily = (rate_usage(NEURONS, usage, NOVEMBER, Terms(pools_days=pools)) for pools in (True, False))
    assert (pooled.included, pooled.billable, pooled.usd) == (300_000, 0, Decimal(0))
    assert (daily.included, daily.billable, daily.usd) == (10_000, 20_000, Decimal("0.22"))


def test_a_pool_has_a_share_for_every_day_of_the_cycle() -> None:
    """31 days have 310,000 neurons: what a real bill of a 31-day cycle had beyond them came to 7.39 dollars."""
    usage = Consumption({date(2026, 10, 3): 519_109, date(2026, 10, 20): 462_274})
    line = rate_usage(NEURONS, usage, OCTOBER, Terms())
    assert (line.included, line.billable, line.billed, line.usd) == (310_000, 671_383, 672_000, Decimal("7.392"))


TRANSFORMATIONS = CARD.meters["images_transformations"]


def test_a_calendar_months_quota_may_be_used_before_the_cycle() -> None:
    """4,000 of October's 5,000 were used before the cycle began, November's are there from its first day on."""
    usage = Consumption(
        {
            date(2026, 9, 30): 9_000,
            date(2026, 10, 3): 4_000,
            date(2026, 10, 20): 3_000,
            date(2026, 11, 1): 4_000,
            date(2026, 11, 2): 2_000,
            date(2026, 11, 15): 50_000,
        }
    )
    line = rate_usage(TRANSFORMATIONS, usage, Cycle(date(2026, 10, 15), date(2026, 11, 15)), Terms())
    # 2,000 of October and 1,000 of November: three blocks of 0.50 dollars.
    assert (line.quantity, line.billable, line.usd) == (9_000, 3_000, Decimal("1.50"))


def test_a_price_that_changes_leaves_a_calendar_month_its_one_quota() -> None:
    """What was used of the month at the old price is not there again at the new one."""
    (price,) = TRANSFORMATIONS.prices
    known = rate(replace(price, valid_to=november(9)), replace(price, price=Decimal(1), valid_from=november(10)))
    line = rate_usage(known, used({5: 4_000, 20: 3_000}), NOVEMBER, Terms())
    assert (line.billable, line.usd) == (2_000, Decimal("2.00"))


HOURS: dict[str, tuple[int, int, str]] = {
    "half an hour": (1_800, 1, "0.09"),
    "a second less": (1_799, 0, "0"),
    "an hour and a half": (5_400, 2, "0.18"),
    "a second less than that": (5_399, 1, "0.09"),
    "nothing": (0, 0, "0"),
}


@pytest.mark.parametrize("case", HOURS)
def test_nearest_hours(case: str) -> None:
    """Half an hour is rounded up, a second less down; over the whole cycle, not day by day."""
    seconds, hours, usd = HOURS[case]
    browser = CARD.meters["browser_hours"]
    days = {1: seconds // 2, 30: seconds - seconds // 2}
    line = rate_usage(browser, used(days, unit=3_600), NOVEMBER, Terms(has_included=False))
    assert (line.billed, line.usd) == (hours, Decimal(usd))


def test_hours_are_rounded_before_the_quota_is_taken_off() -> None:
    """10 hours and 29 minutes are the ten that are included; a minute more is an eleventh, or proportionally a half."""
    browser = CARD.meters["browser_hours"]
    lines = [rate_usage(browser, used({1: 10 * 60 + each}, unit=60), NOVEMBER, Terms()) for each in (29, 30)]
    assert [(line.billed, line.usd) for line in lines] == [(0, Decimal(0)), (1, Decimal("0.09"))]
    half = rate_usage(browser, used({1: 630}, unit=60), NOVEMBER, Terms(is_proportional=True))
    assert (half.billed, half.usd) == (Fraction(1, 2), Decimal("0.045"))


MONTHS: dict[str, tuple[Cycle, int | None, Fraction, str]] = {
    "31 days by 30": (OCTOBER, 30, Fraction(310, 3), "1.41"),  # 93.3 beyond 10 are 94
    "31 days by themselves": (OCTOBER, None, Fraction(100), "1.35"),
    "30 days by 30": (NOVEMBER, 30, Fraction(100), "1.35"),
    "30 days by themselves": (NOVEMBER, None, Fraction(100), "1.35"),
    "28 days by 30": (FEBRUARY, 30, Fraction(280, 3), "1.26"),  # 83.3 beyond 10 are 84
    "28 days by themselves": (FEBRUARY, None, Fraction(100), "1.35"),
    "28 days by 31": (FEBRUARY, 31, Fraction(2800, 31), "1.215"),  # 80.3 beyond 10 are 81
}


@pytest.mark.parametrize("case", MONTHS)
def test_the_days_of_a_gb_month(case: str) -> None:
    """100 GB every day are 100 GB-months by the days of the cycle; by 30 they are more or less in other cycles."""
    cycle, month_days, quantity, usd = MONTHS[case]
    terms = Terms(storage_month_days=month_days)
    stored = consumption(CARD, "r2_storage_gb_month", dict.fromkeys(cycle.days(), 100 * 10**9), cycle, terms)
    line = rate_usage(CARD.meters["r2_storage_gb_month"], stored, cycle, terms)
    assert (line.quantity, line.usd) == (quantity, Decimal(usd))


def test_the_days_of_a_gb_month_leave_what_is_not_stored() -> None:
    """Of operations and seconds no day counts another share."""
    for meter, unit in {"r2_class_a": 1, "do_requests": 20, "do_duration_gb_s": 10**6, "workers_cpu_ms": 1_000}.items():
        assert consumption(CARD, meter, {}, FEBRUARY, Terms(storage_month_days=None)).unit == unit


def test_consumption_is_cut_and_added_to() -> None:
    """Days can be cut off and added, the unit stays, and the one that it came from does not change."""
    some = used({1: 3, 2: 5, 4: 7}, unit=2)
    assert some.until(november(2)) == used({1: 3, 2: 5}, unit=2)
    assert some.with_days({november(2): 1, november(3): 9}) == used({1: 3, 2: 6, 3: 9, 4: 7}, unit=2)
    assert some.between(november(2), november(4)) == 5
    assert some == used({1: 3, 2: 5, 4: 7}, unit=2)
