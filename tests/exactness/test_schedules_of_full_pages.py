"""Exactness over random schedules where answers do not fit into a page."""

import pytest

from tests.exactness.schedules import ONE, check_schedules
from tests.exactness.seed import FIXED_SEED, fresh_seed

BATCHES = (
    "pages of 9, 10 minutes late",
    "pages of 9, 25 minutes late",
    "pages of 25, prompt",
    "pages of 25, 25 minutes late",
)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", BATCHES)
def test_totals_equal_the_oracle_where_pages_are_full(name: str) -> None:
    """Questions that have to be cut come together again, whatever else happens."""
    check_schedules(name, FIXED_SEED, ONE)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", BATCHES)
def test_totals_equal_the_oracle_where_pages_are_full_of_this_commit(name: str) -> None:
    """The same holds for schedules that nobody has seen yet."""
    check_schedules(name, fresh_seed(), ONE)
