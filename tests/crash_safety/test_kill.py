"""SIGKILL at random moments of a live exporter: no counter ever falls, and in the end every one is right."""

import random
import time
from datetime import timedelta
from pathlib import Path

import pytest

from .site import Exporter, Watch, simulated_cloudflare

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(180)]

KILLS = 12
SEED = 20
LATENESS = timedelta(minutes=10)


def wait_for_write(exporter: Exporter, seconds: float) -> None:
    """Return as soon as the ledger's log is written to: a commit is under way."""
    log = exporter.state / "ledger.db-wal"
    before, end = log.stat().st_mtime_ns, time.monotonic() + seconds
    while log.stat().st_mtime_ns == before and time.monotonic() < end:
        time.sleep(0.0002)


def test_a_killed_exporter_counts_exactly(tmp_path: Path) -> None:
    """Half of the kills hit a commit that settles an hour, the others any moment after a start; time goes on fast."""
    chance = random.Random(SEED)
    with (
        simulated_cloudflare(tmp_path, LATENESS) as cloudflare,
        Exporter(cloudflare, tmp_path, tmp_path / "state") as exporter,
        Watch(exporter) as watch,
    ):
        exporter.begin()
        exporter.wait_until_counted()
        for number in range(KILLS):
            exporter.kill()
            hits_commit = number % 2 == 0
            # After an hour the next commit settles one: what is half written then would be counted twice.
            cloudflare.go_forward(timedelta(hours=1) if hits_commit else timedelta(minutes=chance.randrange(25)))
            exporter.begin()
            if hits_commit:
                wait_for_write(exporter, 3)
                time.sleep(chance.uniform(0, 0.004))
            else:
                time.sleep(chance.uniform(0, 1.5))
        exporter.kill()
        exporter.begin()
        cloudflare.end_traffic()
        for _ in range(8):
            cloudflare.go_forward(timedelta(hours=1))
            exporter.wait_until_asked(cloudflare.now())
        exporter.wait_until_right(cloudflare.used_until_end)
    assert watch.falls == []
    assert watch.pages > 50
    assert exporter.said("Traceback") == []
    assert exporter.said("corrupt") == exporter.said("missing or damaged") == []
