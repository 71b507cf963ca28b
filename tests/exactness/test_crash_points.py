"""Crash points of one schedule: before and right after the first write of each kind. The soak has all of them."""

import pytest

from tests.exactness.crash_points import check_crash, undisturbed


@pytest.mark.timeout(400)
@pytest.mark.parametrize("is_committed", [False, True], ids=["before a write", "after a write"])
def test_a_crash_at_any_kind_of_write_loses_nothing(is_committed: bool) -> None:
    """Wherever the exporter dies, the next one counts on exactly, and daily sums and audits are complete."""
    writes = undisturbed()
    assert len(writes.crash_points()) >= 80
    points = writes.first_of_each_kind()
    assert len(points) > 20
    for point in points:
        if point.is_committed is is_committed:
            check_crash(point)
