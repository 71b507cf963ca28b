"""Usage that a free plan does not allow."""

from datetime import date
from fractions import Fraction

import pytest

from exporter.pricing.excess import FAR_ABOVE, describe_excess, find_excess
from tests.pricing.cost_scene import compute, terms
from tests.pricing.factories import noon, november

ALLOWED = 100_000
"""Requests of Workers that the free plan allows on a day."""

GB = 10**9
FREE = terms("workers_free")


@pytest.mark.parametrize(
    ("day", "amount", "is_found"),
    [
        (14, FAR_ABOVE * ALLOWED, True),
        (14, FAR_ABOVE * ALLOWED - 1, False),
        (13, FAR_ABOVE * ALLOWED, True),
        (12, 1_000 * ALLOWED, False),
        (14, ALLOWED, False),
        (14, 0, False),
    ],
)
def test_usage_far_above_what_is_free(day: int, amount: int, is_found: bool) -> None:
    """Today or yesterday it is a contradiction; on days before, the plan may have been another."""
    costs = compute([((november(day), "shop-api", "workers_requests"), amount)], noon(14), FREE)
    assert (find_excess(costs) is not None) == is_found


def test_yesterday_may_be_in_the_cycle_before() -> None:
    """On the first day of a cycle the day before counts as well."""
    costs = compute([((date(2026, 10, 31), "shop-api", "workers_requests"), 10**9)], noon(1), FREE)
    assert find_excess(costs) is not None


def test_the_plan_that_pays_allows_anything() -> None:
    """What is billed is not limited."""
    costs = compute([((november(14), "shop-api", "workers_requests"), 10**9)], noon(14), terms("workers_paid"))
    assert find_excess(costs) is None


def test_what_is_billed_on_any_plan_is_no_contradiction() -> None:
    """R2 may be paid beside a free plan."""
    costs = compute([((november(14), "media", "r2_class_a"), 10**9)], noon(14), FREE)
    assert find_excess(costs) is None


def test_a_cycle_that_is_over_says_nothing_of_the_plan() -> None:
    """The plan is that of today."""
    entries = [((date(2026, 10, 31), "shop-api", "workers_requests"), 10**9)]
    assert find_excess(compute(entries, noon(14), FREE, on=date(2026, 10, 20))) is None


def test_the_worst_is_told() -> None:
    """The sentence has the account, the meter, the day, what was used and what is allowed."""
    costs = compute(
        [
            ((november(14), "shop-api", "workers_requests"), 700_000),
            ((november(13), "sessions", "kv_storage_gb_month"), 9 * GB),
            ((november(13), "", "kv_storage_gb_month"), 9 * GB),
        ],
        noon(14),
        FREE,
    )
    found = find_excess(costs)
    assert found is not None
    assert (found.meter, found.times) == ("kv_storage_gb_month", Fraction(9))
    assert describe_excess(costs, found) == (
        f"Account acme ({'a' * 32}) has the plan workers_free by its configuration, but its kv_storage_gb_month of "
        "2026-11-13 are 9 GB-months, where that plan allows 1: the cost shown is too low."
    )
