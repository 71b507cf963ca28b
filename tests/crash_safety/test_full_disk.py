"""A disk that is full, or that may not be written: the exporter lives on, says what to do, and catches up exactly."""

import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .metrics import Page, counters, value
from .site import Cloudflare, Exporter, Watch
from .volume import Volume

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(120)]

SIZE = 8 << 20

UP = "cloudflare_exporter_account_up"
FAILURES = "cloudflare_exporter_commit_failures_total"

# Larger than what the exporter logs meanwhile, smaller than its ledger's log when the first usage is counted.
ALLOWED_BYTES = 64 << 10


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Volume]:
    """Return a small file system."""
    with Volume(tmp_path / "volume", SIZE) as mounted:
        yield mounted


def wait_until_known(exporter: Exporter, cloudflare: Cloudflare) -> None:
    """Wait until every asset has its name: a discovery that cannot be stored is tried again only a minute later."""
    exporter.wait_until_counted()
    exporter.wait_until_right(cloudflare.used_until_asked)


def is_up(page: Page) -> bool:
    """Return whether the account is said to be up."""
    return value(page, UP) == 1


def check_standing_still(exporter: Exporter, before: Page, remedy: str) -> None:
    """Commits fail, again and again; the old figures are served, with the reason and what to do about it."""
    exporter.wait_for(lambda page: (value(page, FAILURES) or 0) >= 3, "commits to fail")
    page = exporter.wait_for(lambda page: not is_up(page), "the account to be down")
    assert counters(page) == counters(before)
    assert exporter.status("/-/ready") == exporter.status("/-/healthy") == 200
    text = exporter.first_page()
    assert "could not be written" in text
    assert remedy in text
    assert len(exporter.said("could not be written")) == 1


def check_catching_up(exporter: Exporter, cloudflare: Cloudflare) -> None:
    """Everything that was used meanwhile is counted, to the last unit."""
    exporter.wait_for(is_up, "the account to be up again")
    exporter.wait_until_right(cloudflare.used_until_asked)
    assert exporter.said("Traceback") == []


def test_a_disk_that_fills_up(volume: Volume, cloudflare: Cloudflare, exporters: Callable[..., Exporter]) -> None:
    """On a full disk counters stand still, and catch up when there is room, also after a kill meanwhile."""
    exporter = exporters(volume.folder / "state", volume.within)
    exporter.begin()
    with Watch(exporter) as watch:
        wait_until_known(exporter, cloudflare)
        volume.fill()
        exporter.wait_for(lambda page: not is_up(page), "the disk to be full")
        check_standing_still(exporter, exporter.page(), "Free space on the disk")
        volume.make_room()
        check_catching_up(exporter, cloudflare)
        volume.fill()
        exporter.wait_for(lambda page: not is_up(page), "the disk to be full again")
        exporter.kill()
        exporter.begin()
        exporter.wait_for(lambda page: (value(page, FAILURES) or 0) >= 1, "commits to fail again")
        volume.make_room()
        check_catching_up(exporter, cloudflare)
    assert watch.falls == []


def test_a_disk_that_is_full_at_the_start(volume: Volume, exporters: Callable[..., Exporter]) -> None:
    """A ledger that cannot be begun ends the exporter with one message; with room it begins."""
    exporter = exporters(volume.folder / "state", volume.within)
    volume.fill()
    outcome = exporter.run()
    assert (outcome.code, outcome.output) == (1, "")
    (line,) = outcome.errors.splitlines()
    assert line.startswith(f"The ledger {volume.folder}/state/ledger.db cannot be opened (")
    assert "Free space on the disk" in line
    volume.make_room()
    exporter.begin()


def test_writes_that_the_kernel_refuses(
    tmp_path: Path, cloudflare: Cloudflare, exporters: Callable[..., Exporter]
) -> None:
    """Open files that can no longer be written, as after an error of the disk, are like a full one."""
    exporter = exporters(tmp_path / "state")
    exporter.begin()
    with Watch(exporter) as watch:
        wait_until_known(exporter, cloudflare)
        assert (exporter.state / "ledger.db-wal").stat().st_size > ALLOWED_BYTES > 2 * exporter.log.stat().st_size
        unlimited = resource.prlimit(exporter.pid, resource.RLIMIT_FSIZE, (ALLOWED_BYTES, resource.RLIM_INFINITY))
        exporter.wait_for(lambda page: not is_up(page), "writes to be refused")
        check_standing_still(exporter, exporter.page(), "full, mounted read-only or failing")
        resource.prlimit(exporter.pid, resource.RLIMIT_FSIZE, unlimited)
        check_catching_up(exporter, cloudflare)
    assert watch.falls == []


def test_a_read_only_file_system(volume: Volume, cloudflare: Cloudflare, exporters: Callable[..., Exporter]) -> None:
    """A state folder that may not be written ends the exporter with one message; later it goes on from there."""
    exporter = exporters(volume.folder / "state", volume.within)
    exporter.begin()
    with Watch(exporter) as watch:
        exporter.wait_until_asked(cloudflare.now())
        exporter.kill()
        volume.remount("ro")
        outcome = exporter.run()
        assert (outcome.code, outcome.output) == (1, "")
        (line,) = outcome.errors.splitlines()
        assert line.startswith(f"The state folder {volume.folder}/state cannot be used (Read-only file system). ")
        assert "write access" in line
        volume.remount("rw")
        exporter.begin()
        check_catching_up(exporter, cloudflare)
    assert watch.falls == []
