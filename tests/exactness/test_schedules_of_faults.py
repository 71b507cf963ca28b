"""Exactness over random schedules of everything that can go wrong, with a crash each, until the days are audited."""

from datetime import timedelta

import pytest

from exporter.simulator import USUAL_ARRIVAL
from tests.exactness.schedules import Batch, check_batch

BATCHES = {
    "usual": Batch(arrival=USUAL_ARRIVAL, has_audit=True),
    "hours late": Batch(timedelta(hours=3), has_audit=True),
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", BATCHES)
def test_everything_is_exact_after_the_audit(name: str) -> None:
    """Totals never exceed the oracle, no series falls, and after the audit totals, increases and days equal it."""
    check_batch(BATCHES[name], 200 + [*BATCHES].index(name), examples=15)
