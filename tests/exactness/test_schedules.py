"""Exactness over random schedules."""

from datetime import timedelta

import pytest

from tests.exactness.schedules import Batch, check_batch

BATCHES = (
    Batch(timedelta(0)),
    Batch(timedelta(minutes=3)),
    Batch(timedelta(minutes=10)),
    Batch(timedelta(minutes=25)),
)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("number", range(len(BATCHES)))
def test_totals_equal_the_oracle_on_random_schedules(number: int) -> None:
    """After any schedule each total is the oracle's, increases add up to it, and no series ever fell."""
    check_batch(BATCHES[number], number, examples=70)
