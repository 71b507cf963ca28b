"""What the rest of a cycle brings: usage goes on as it was, in its weeks; a day that was like no other says nothing."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import DailyKey
from exporter.pricing import Now, UsageTable
from exporter.pricing.cycle import Cycle
from exporter.pricing.forecast import NOTHING, Outlook, outlook
from exporter.pricing.projection import Projection, project
from exporter.pricing.usage import first_day
from tests.pricing.cost_scene import CARD, compute, every_day, items_of, line_of
from tests.pricing.factories import DAY, NOVEMBER, always, noon, november

WORKING_WEEK = [100] * 5 + [30] * 2
CALM = [10] * 14

HISTORIES: dict[str, tuple[Sequence[int], Outlook]] = {
    "nothing": ([], NOTHING),
    "nothing was used": ([0] * 14, NOTHING),
    "the same every day": (CALM, Outlook(10, 10, 10)),
    "the same since some days ago": ([0] * 9 + [10] * 5, Outlook(10, 10, 10)),
    "working weeks": (WORKING_WEEK * 2, Outlook(60, 80, 100)),
    "working weeks from another day on": ((WORKING_WEEK * 2)[3:] + WORKING_WEEK[:3], Outlook(60, 80, 100)),
    "one day of a hundred times as much": ([*CALM[:9], 1_000, *CALM[10:]], Outlook(10, 10, 10)),
    "yesterday was that day": ([*CALM[1:], 1_000], Outlook(10, 10, 10)),
    "one day without anything": ([*CALM[:9], 0, *CALM[10:]], Outlook(10, 10, 10)),
    "such a day every week": (([10] * 6 + [1_000]) * 2, Outlook(10, 151, 292)),
    "twice as much as in the week before": ([10] * 7 + [20] * 7, Outlook(10, 20, 30)),
    "half as much as in the week before": ([20] * 7 + [10] * 7, Outlook(10, 10, 20)),
    "three days are too few to leave one out": ([0] * 11 + [10, 20, 60], Outlook(15, 30, 40)),
    "one day": ([0] * 13 + [7], Outlook(7, 7, 7)),
    "once in a while": ([10, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 10, 0], Outlook(0, 1, 4)),
}


@pytest.mark.parametrize("case", HISTORIES)
def test_the_outlook_of_usage(case: str) -> None:
    """Likely is the mean of the last week, without the highest and the lowest day of two weeks."""
    history, expected = HISTORIES[case]
    assert outlook(history, is_stored=False) == expected


LEVELS: dict[str, tuple[Sequence[int], Outlook]] = {
    "nothing": ([], NOTHING),
    "the first day": ([0] * 13 + [500], NOTHING),
    "as much as ever": ([500] * 14, NOTHING),
    "growing": ([100 + 5 * day for day in range(14)], Outlook(0, 5, 5)),
    "growing since it is there": ([0] * 8 + [105, 110, 115, 120, 125, 130], Outlook(0, 5, 5)),
    "shrinking": ([100 - 5 * day for day in range(14)], Outlook(-5, -5, -5)),
    "growing, but once much was deleted": (
        [100, 105, 110, 115, 120, 125, 130, 10, 15, 20, 25, 30, 35, 40],
        Outlook(0, 5, 5),
    ),
    "once much was added": ([100] * 7 + [9_000] * 7, Outlook(0, 0, 1_271)),
    "two ways in turn": ([0] * 10 + [100, 110, 113, 123], Outlook(0, 10, 10)),
}


@pytest.mark.parametrize("case", LEVELS)
def test_the_outlook_of_what_is_stored(case: str) -> None:
    """Likely is the median of the daily changes, so that it grows on as it grew; what was there first is no growth."""
    history, expected = LEVELS[case]
    assert outlook(history, is_stored=True) == expected


@always(200)
@given(st.lists(st.integers(0, 10**12), max_size=14), st.booleans())
def test_an_outlook_is_in_order(history: list[int], is_stored: bool) -> None:
    """At least is not above likely, likely not above at most; and usage is likely to be within what it was."""
    low, likely, high = outlook(history, is_stored=is_stored)
    assert low <= likely <= high
    if history and not is_stored:
        assert min(history) <= likely <= max(history)


@always(100)
@given(st.integers(0, 10**15), st.integers(1, 14))
def test_the_same_every_day_goes_on_exactly(amount: int, days: int) -> None:
    """A constant is its own forecast, to the unit, after one day or fourteen."""
    assert outlook([0] * (14 - days) + [amount] * days, is_stored=False) == Outlook(amount, amount, amount)


WORKERS = "workers_requests"
STORAGE = "r2_storage_gb_month"
GB = 10**9


def projected(
    entries: Sequence[tuple[DailyKey, int]], until: datetime, meter: str = WORKERS, cycle: Cycle = NOVEMBER
) -> Projection:
    """What is to come of a meter after these daily sums."""
    now = Now(cycle, until)
    table = UsageTable(CARD, now)
    table.add(entries)
    is_stored = CARD.read_meters[meter].is_stored
    return project(meter, table.usage(), table.outlooks(), now, is_stored=is_stored)


def days(first: int, last: int, amount: int, asset: str = "one", meter: str = WORKERS) -> list[tuple[DailyKey, int]]:
    """The same amount on each day of November from one to another."""
    return list(every_day(meter, asset, {november(day): amount for day in range(first, last + 1)}))


def test_constant_usage_ends_as_it_was() -> None:
    """1,000 a day, and 500 by noon, are 30,000 in a month of 30 days, at least, likely and at most."""
    found = projected([*days(1, 14, 1_000), *days(15, 15, 500)], noon(15))
    rest = {november(15): 500} | {november(day): 1_000 for day in range(16, 31)}
    assert (found.low, found.likely, found.high) == (rest, rest, rest)
    assert found.assets == {"one": 30_000}


def test_usage_goes_on_in_weeks() -> None:
    """After two weeks of five busy and two quiet days each day to come is likely to bring the week's mean."""
    entries = list(every_day(WORKERS, "one", {november(day): WORKING_WEEK[day % 7] for day in range(1, 15)}))
    found = projected(entries, datetime(2026, 11, 15, tzinfo=UTC))
    assert found.likely == {november(day): 80 for day in range(15, 31)}
    assert found.assets == {"one": 2 * sum(WORKING_WEEK) + 16 * 80}


def test_a_newcomer_goes_on_as_its_first_day_began() -> None:
    """What an asset used on its first day by noon is half a day; what it used in half an hour is a 48th of one."""
    old = [*days(1, 14, 1_000), *days(15, 15, 500)]
    found = projected([*old, *days(15, 15, 300, "new")], noon(15))
    assert found.assets == {"one": 30_000, "new": 600 * 16}
    assert found.likely == {november(15): 800} | {november(day): 1_600 for day in range(16, 31)}
    early = projected(days(15, 15, 1, "new"), datetime(2026, 11, 15, 0, 30, tzinfo=UTC))
    assert early.assets == {"new": 48 * 16}


def test_a_newcomer_of_minutes_says_nothing_yet() -> None:
    """Before half an hour has passed, what an asset used is no hint at the rest of the day."""
    found = projected(days(15, 15, 300, "new"), datetime(2026, 11, 15, 0, 29, 59, tzinfo=UTC))
    assert (found.low, found.likely, found.high, found.assets) == ({}, {}, {}, {"new": 300})


def test_what_was_used_weeks_ago_says_nothing() -> None:
    """An asset that has not been used for fourteen days is forecast to stay as it is."""
    found = projected(days(1, 2, 1_000), noon(20))
    assert (found.low, found.likely, found.high, found.assets) == ({}, {}, {}, {"one": 2_000})


def test_the_oldest_of_fourteen_days_counts() -> None:
    """A week that was twice the week before may be followed by more, which only fourteen days can show."""
    found = projected([*days(1, 7, 10_000), *days(8, 14, 20_000)], datetime(2026, 11, 15, tzinfo=UTC))
    assert found.likely == {november(day): 20_000 for day in range(15, 31)}
    assert found.high == {november(day): 30_000 for day in range(15, 31)}
    weekly = {november(day): 1_000 if day in {1, 8} else 10 for day in range(1, 15)}
    spiky = projected(list(every_day(WORKERS, "one", weekly)), datetime(2026, 11, 15, tzinfo=UTC))
    assert spiky.likely == {november(day): 151 for day in range(15, 31)}


def test_an_asset_that_is_gone_is_still_in_the_account_for_a_week() -> None:
    """The mean of the last seven days falls to nothing as they pass, and what was used in the cycle stays."""
    used = days(1, 14, 1_400)
    assert projected(used, noon(19)).assets["one"] == 14 * 1_400 + 600 * 11 + 600 // 2
    assert projected(used, noon(23)).assets["one"] == 14 * 1_400


def test_storage_grows_on() -> None:
    """A bucket that grows by a gigabyte a day, and has 15 today, has 30 on the thirtieth."""
    entries = [((november(day), "one", STORAGE), day * GB) for day in range(1, 16)]
    found = projected(entries, noon(15), STORAGE)
    assert found.likely == {november(day): day * GB for day in range(16, 31)}
    assert found.low == {november(day): 15 * GB for day in range(16, 31)}
    assert found.high == found.likely
    assert found.assets == {"one": sum(range(1, 31)) * GB}


def test_storage_that_only_the_account_has_grows_on() -> None:
    """What no asset is told to have is forecast as that of one, without an id."""
    meter = "do_kv_storage_gb_month"
    found = projected([((november(day), "", meter), day * GB) for day in range(1, 16)], noon(15), meter)
    assert found.likely == {november(day): day * GB for day in range(16, 31)}
    assert found.assets == {"": sum(range(1, 31)) * GB}


def test_storage_that_is_not_told_today_is_what_it_was_yesterday() -> None:
    """Before today's peak is known, yesterday's counts for today and on."""
    found = projected(days(1, 14, 5 * GB, meter=STORAGE), datetime(2026, 11, 15, 0, 20, tzinfo=UTC), STORAGE)
    assert found.likely == {november(day): 5 * GB for day in range(15, 31)}
    assert found.assets == {"one": 150 * GB}


def test_storage_does_not_shrink_below_nothing() -> None:
    """A bucket that is emptied by a gigabyte a day is empty once it is."""
    entries = [((november(day), "one", STORAGE), (18 - day) * GB) for day in range(1, 16)]
    found = projected(entries, noon(15), STORAGE)
    assert found.likely == {november(16): 2 * GB, november(17): GB} | {november(day): 0 for day in range(18, 31)}
    assert found.assets == {"one": sum(range(18)) * GB}


def test_new_storage_stays() -> None:
    """What is stored since today stays as it is; one day says nothing of growth."""
    found = projected(days(15, 15, 3 * GB, meter=STORAGE), noon(15), STORAGE)
    assert found.likely == {november(day): 3 * GB for day in range(16, 31)}
    assert found.assets == {"one": 48 * GB}


@pytest.mark.parametrize("meter", [WORKERS, STORAGE])
@pytest.mark.parametrize("hours", [0, 1, 50])
def test_a_cycle_that_is_over_has_nothing_ahead(meter: str, hours: int) -> None:
    """From its end on, all of a cycle is known."""
    until = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(hours=hours)
    found = projected(days(1, 30, 1_000, meter=meter), until, meter)
    assert found == Projection(assets={"one": 30_000})


def test_the_last_moment_of_a_cycle_has_a_second_ahead() -> None:
    """A second before its end, a second's worth is to come."""
    entries = days(1, 30, 86_400)
    found = projected(entries, datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC))
    assert found.likely == {november(30): 1}
    assert found.assets == {"one": 30 * 86_400 + 1}


def test_history_reaches_into_the_cycle_before() -> None:
    """On the first day of a cycle the last fourteen days are all those of the one before."""
    october = {date(2026, 10, 18) + number * DAY: 1_000 for number in range(14)}
    found = projected([*every_day(WORKERS, "one", october), *days(1, 1, 500)], noon(1))
    assert found.assets == {"one": 30_000}
    assert found.likely == {november(1): 500} | {november(day): 1_000 for day in range(2, 31)}
    at_midnight = projected(list(every_day(WORKERS, "one", october)), datetime(2026, 11, 1, tzinfo=UTC))
    assert at_midnight.assets == {"one": 30_000}
    assert first_day(Now(NOVEMBER, noon(1))) == date(2026, 10, 18)


@pytest.mark.parametrize(
    ("until", "ahead", "seconds"),
    [
        (datetime(2026, 11, 1, tzinfo=UTC), 29, 86_400),
        (datetime(2026, 11, 15, 12, tzinfo=UTC), 15, 43_200),
        (datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC), 0, 1),
        (datetime(2026, 12, 1, tzinfo=UTC), 0, 0),
        (datetime(2027, 1, 9, tzinfo=UTC), 0, 0),
    ],
)
def test_how_much_is_ahead(until: datetime, ahead: int, seconds: int) -> None:
    """What is to come of a cycle are the rest of today and the days after it."""
    now = Now(NOVEMBER, until)
    assert (now.days_ahead(), now.seconds_ahead(), now.is_over) == (ahead, seconds, seconds == 0)
    assert now.today == min(until.date(), november(30))


AMOUNTS = st.dictionaries(
    st.tuples(st.sampled_from(["shop-a", "shop-b", "blog-c"]), st.integers(-14, 15)),
    st.integers(0, 60_000_000) | st.integers(0, 2_000 * GB),
    max_size=25,
)
MOMENTS = st.integers(0, 86_399).map(lambda seconds: datetime(2026, 11, 15, tzinfo=UTC) + timedelta(seconds=seconds))


@always(150)
@given(
    AMOUNTS, MOMENTS, st.sampled_from([WORKERS, "r2_class_a", "do_duration_gb_s", STORAGE, "r2_ia_storage_gb_month"])
)
def test_forecasts_are_in_order(amounts: dict[tuple[str, int], int], until: datetime, meter: str) -> None:
    """Of any usage the forecast is not below what it costs to date, and between the least and the most."""
    entries = [((NOVEMBER.start + (day - 1) * DAY, asset, meter), each) for (asset, day), each in amounts.items()]
    costs = compute(entries, until)
    found = [line_of(costs, meter).amount, *(item.amount for item in costs.items), costs.amount]
    for amount in found[:1] + found[-1:]:
        assert amount.to_date <= amount.low <= amount.forecast <= amount.high
    assert all(each.low <= each.forecast <= each.high for each in found)


def test_the_least_that_usage_may_cost_is_what_it_costs_to_date() -> None:
    """Where the least to come is nothing, as of usage once in a while, the least cost is that to date."""
    entries = list(every_day("r2_ia_class_a", "one", {november(day): 500_000 for day in (1, 7, 13)}))
    amount = line_of(compute(entries, noon(15)), "r2_ia_class_a").amount
    # 1.5 million are two blocks of 9 dollars; 71,428 a day more, for fifteen days and a half, are three.
    assert (amount.to_date, amount.low, amount.forecast) == (Decimal(18), Decimal(18), Decimal(27))


def test_an_items_forecast_is_its_share_of_the_whole_cycle() -> None:
    """An asset that has stopped keeps a share of the forecast by what it used, one that began gains by what it will."""
    entries = [
        *days(1, 7, 4_000_000, "old", "r2_ia_class_a"),
        *days(8, 14, 4_000_000, "new", "r2_ia_class_a"),
        *days(15, 15, 2_000_000, "new", "r2_ia_class_a"),
    ]
    costs = compute(entries, noon(15))
    items = items_of(costs, "r2_ia_class_a")
    assert {asset: item.amount.to_date for asset, item in items.items()} == {"old": Decimal(252), "new": Decimal(270)}
    # 28 million, and 30 + 2 + 60 million.
    assert {asset: item.amount.forecast for asset, item in items.items()} == {"old": Decimal(252), "new": Decimal(828)}
