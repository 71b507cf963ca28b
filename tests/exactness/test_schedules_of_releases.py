"""Exactness over random schedules of releases whose catalogs differ, around midnights, until the days are audited."""

import pytest

from tests.exactness.schedules import ONE, check_schedules
from tests.exactness.seed import FIXED_SEED, fresh_seed

LATE = "other releases, hours late"


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", ["other releases, as usual", LATE])
def test_everything_that_is_there_is_exact(name: str) -> None:
    """Whatever products, fields, labels and metrics come and go, each is counted to the unit while it is there."""
    check_schedules(name, FIXED_SEED, ONE)


@pytest.mark.timeout(400)
def test_everything_that_is_there_is_exact_in_schedules_of_this_commit() -> None:
    """The same holds for schedules that nobody has seen yet."""
    check_schedules(LATE, fresh_seed(), ONE)
