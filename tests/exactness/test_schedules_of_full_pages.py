"""Exactness over random schedules where answers do not fit into a page."""

from datetime import timedelta

import pytest

from tests.exactness.schedules import Batch, check_batch

BATCHES = (
    Batch(timedelta(minutes=10), page_size=9),
    Batch(timedelta(minutes=25), page_size=9),
    Batch(timedelta(0), page_size=25),
    Batch(timedelta(minutes=25), page_size=25),
)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("number", range(len(BATCHES)))
def test_totals_equal_the_oracle_where_pages_are_full(number: int) -> None:
    """Questions that have to be cut come together again, whatever else happens."""
    check_batch(BATCHES[number], 100 + number, examples=40)
