"""Exactness over random schedules of everything that can go wrong, with long invocations or full pages, audits too."""

from datetime import timedelta

import pytest

from exporter.simulator import LONG_INVOCATIONS
from tests.exactness.schedules import Batch, check_batch

BATCHES = {
    "long invocations": Batch(arrival=LONG_INVOCATIONS, has_audit=True),
    "full pages": Batch(timedelta(minutes=10), page_size=40, has_audit=True),
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", BATCHES)
def test_everything_is_exact_after_the_audit(name: str) -> None:
    """Totals never exceed the oracle, no series falls, and after the audit totals, increases and days equal it."""
    check_batch(BATCHES[name], 300 + [*BATCHES].index(name), examples=15)
