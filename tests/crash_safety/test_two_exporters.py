"""Two exporters on one state: the second is refused at once, the first does not notice; a kill frees the folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .metrics import counters
from .site import Cloudflare, Exporter, Watch

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(120)]


def test_the_second_is_refused(tmp_path: Path, cloudflare: Cloudflare, exporters: Callable[..., Exporter]) -> None:
    """It ends with one message; the first goes on counting; killed, it leaves the folder to the second."""
    first, second = exporters(tmp_path / "state"), exporters(tmp_path / "state")
    first.begin()
    with Watch(first) as watch:
        page = first.wait_until_counted()
        for flags in ((), ("--storage.reset-counters",)):
            outcome = second.run(*flags)
            assert (outcome.code, outcome.output) == (1, "")
            (line,) = outcome.errors.splitlines()
            assert line.startswith(f"Another exporter is using the state folder {tmp_path / 'state'}. Stop it, ")
        first.wait_for(lambda later: counters(later) != counters(page), "the first to go on")
        first.wait_until_right(cloudflare.used_until_asked)
        before = counters(first.page())
        first.kill()
        second.begin()
    assert watch.falls == []
    after = counters(second.wait_until_asked(cloudflare.now()))
    assert all(after[series] >= amount for series, amount in before.items())
    second.wait_until_right(cloudflare.used_until_asked)
    assert first.said("Traceback") == second.said("Traceback") == []
