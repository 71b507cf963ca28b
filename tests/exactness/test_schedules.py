"""Exactness over random schedules."""

import pytest

from tests.exactness.schedules import ONE, check_schedules
from tests.exactness.seed import FIXED_SEED, fresh_seed

BATCHES = ("prompt", "3 minutes late", "10 minutes late", "25 minutes late")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", BATCHES)
def test_totals_equal_the_oracle_on_random_schedules(name: str) -> None:
    """After any schedule each total is the oracle's, increases add up to it, and no series ever fell."""
    check_schedules(name, FIXED_SEED, ONE)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", BATCHES)
def test_totals_equal_the_oracle_on_random_schedules_of_this_commit(name: str) -> None:
    """The same holds for schedules that nobody has seen yet."""
    check_schedules(name, fresh_seed(), ONE)
