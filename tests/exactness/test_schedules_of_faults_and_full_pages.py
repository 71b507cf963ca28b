"""Exactness over random schedules of everything that can go wrong, with long invocations or full pages, audits too."""

import pytest

from tests.exactness.schedules import ONE, check_schedules
from tests.exactness.seed import FIXED_SEED, fresh_seed

BATCHES = ("audited, long invocations", "audited, pages of 40")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", BATCHES)
def test_everything_is_exact_after_the_audit(name: str) -> None:
    """Totals never exceed the oracle, no series falls, and after the audit totals, increases and days equal it."""
    check_schedules(name, FIXED_SEED, ONE)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", BATCHES)
def test_everything_is_exact_after_the_audit_of_this_commit(name: str) -> None:
    """The same holds for schedules that nobody has seen yet."""
    check_schedules(name, fresh_seed(), ONE)
