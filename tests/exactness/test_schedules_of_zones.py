"""Exactness over random schedules of zones, which a release asks by their own node or by the account's."""

import pytest

from tests.exactness.schedules import ONE, check_schedules
from tests.exactness.seed import FIXED_SEED, fresh_seed

BATCHES = ("zones by either node, 25 minutes late", "zones by either node, audited")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", BATCHES)
def test_zones_are_exact_whichever_node_is_asked(name: str) -> None:
    """Whenever zones appear, and however often the node changes, each is counted to the unit."""
    check_schedules(name, FIXED_SEED, ONE)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", BATCHES)
def test_zones_are_exact_in_schedules_of_this_commit(name: str) -> None:
    """The same holds for schedules that nobody has seen yet."""
    check_schedules(name, fresh_seed(), ONE)
