"""The ledger's file: a restart changes nothing, one writer at a time, and newer files."""

from pathlib import Path

import pytest

from exporter.ledger import Ledger
from exporter.ledger.store.database import StorageError
from exporter.ledger.store.migrations import MIGRATIONS
from tests.ledger.factories import CALLS, MONDAY, SCOPE, Scene, at, other_program, used, worker

SHOP = ("unassigned", "shop", "success")
ERROR = ("unassigned", "shop", "error")


def test_a_restart_publishes_what_was_published_before(tmp_path: Path) -> None:
    """Series, names, state, totals and daily sums are the same after closing and opening."""
    scene = used(tmp_path)
    before = scene.ledger.publication()
    totals, daily, open_from = scene.totals(), scene.daily(), scene.ledger.open_from(SCOPE, CALLS.name)
    scene.reopen()
    after = scene.ledger.publication()
    assert (after.accounts, after.books, after.assets) == (before.accounts, before.books, before.assets)
    assert (scene.totals(), scene.daily(), open_from) == (totals, daily, at("11:00"))
    assert scene.ledger.open_from(SCOPE, CALLS.name) == open_from
    scene.ledger.close()


def test_a_restart_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    """After a restart the same answers lead to the same totals and series."""
    scene = used(tmp_path)
    scene.reopen()
    scene.say("12:10", {"11": {"w1": 6}, "12": {"w1": 1}})
    assert scene.totals() == {("w1", "success"): 16}
    assert scene.series() == {SHOP: 16}
    assert scene.daily() == {(MONDAY, "w1", "calls"): 16}
    scene.ledger.close()


def test_the_peak_of_an_open_hour_outlives_a_restart(tmp_path: Path) -> None:
    """An hour that an answer put lower is still in doubt after a restart."""
    scene = Scene(tmp_path)
    scene.list("09:59", worker("w1", "shop"))
    scene.say("10:00", {})
    scene.say("11:00", {"10": {"w1": 9, ("w1", "error"): 2}})
    scene.say("11:10", {"10": {"w1": 3}})
    scene.reopen()
    for clock in ("11:30", "11:34"):
        scene.say(clock, {"10": {"w1": 3}})
        assert scene.ledger.open_from(SCOPE, CALLS.name) == at("10:00")
    scene.say("11:35", {"10": {"w1": 3}})
    assert scene.ledger.open_from(SCOPE, CALLS.name) == at("11:00")
    scene.ledger.close()


def test_a_row_that_an_answer_no_longer_holds_is_gone_after_a_restart(tmp_path: Path) -> None:
    """Open hours are stored as the last answer had them, rows that left included."""
    scene = Scene(tmp_path)
    scene.list("09:59", worker("w1", "shop"))
    scene.say("10:00", {})
    scene.say("10:10", {"10": {"w1": 9, ("w1", "error"): 2}})
    scene.say("10:11", {"10": {"w1": 9}})
    daily = scene.daily()
    scene.reopen()
    assert scene.daily() == daily == {(MONDAY, "w1", "calls"): 9}
    scene.ledger.close()


def test_a_birth_is_still_to_be_seen_after_a_restart(tmp_path: Path) -> None:
    """A zero that nobody scraped before a restart is held until it is scraped, and a jump with it."""
    scene = Scene(tmp_path)
    scene.list("09:59", worker("w1", "shop"))
    scene.say_and_scrape("10:00", {})
    scene.say("10:20", {"10": {"w1": 5, ("w1", "error"): 2}})
    scene.reopen()
    assert (scene.series(), scene.published_until()) == ({SHOP: 0, ERROR: 0}, at("10:00"))
    scene.say("10:21", {"10": {"w1": 5, ("w1", "error"): 2}})
    assert (scene.series(), scene.published_until()) == ({SHOP: 0, ERROR: 0}, at("10:00"))
    scene.scrape()
    scene.say("10:22", {"10": {"w1": 5, ("w1", "error"): 2}})
    assert (scene.series(), scene.published_until()) == ({SHOP: 5, ERROR: 2}, at("10:22"))
    scene.ledger.close()


def test_strangers_wait_through_a_restart(tmp_path: Path) -> None:
    """What an unknown id used before a restart goes to the series that it is given afterwards."""
    scene = used(tmp_path)
    scene.say("11:31", {"11": {"w1": 4, "w9": 30}})
    scene.reopen()
    assert scene.say("11:32", {"11": {"w1": 4, "w9": 30}}).strangers == {("worker", "w9")}
    scene.list("11:33", worker("w1", "shop"), worker("w9", "late"))
    scene.say_and_scrape("11:33", {"11": {"w1": 4, "w9": 30}})
    scene.say("11:34", {"11": {"w1": 4, "w9": 30}})
    assert scene.series() == {SHOP: 13, ("unassigned", "late", "success"): 30}
    scene.ledger.close()


def test_amounts_may_outgrow_sixty_four_bits(tmp_path: Path) -> None:
    """Totals, series and daily sums keep every digit."""
    scene = used(tmp_path)
    huge = 10**30 + 1
    scene.say("11:31", {"11": {"w1": huge}})
    scene.reopen()
    assert (scene.totals(), scene.series()) == ({("w1", "success"): 9 + huge}, {SHOP: 9 + huge})
    assert scene.daily() == {(MONDAY, "w1", "calls"): 9 + huge}
    scene.ledger.close()


def test_a_second_ledger_on_the_folder_is_refused(tmp_path: Path) -> None:
    """One exporter writes a state folder; it is free again when that one ends."""
    scene = used(tmp_path)
    with pytest.raises(StorageError, match=r"^Another exporter is using the state folder .*--storage\.path\.$"):
        Ledger.open(tmp_path, [CALLS])
    scene.reopen()
    scene.ledger.close()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    """A file that a newer release wrote is left as it is; the message says which versions."""
    used(tmp_path).ledger.close()
    with other_program(tmp_path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(
        StorageError, match=rf"has schema version {len(MIGRATIONS) + 1}, .*knows only {len(MIGRATIONS)}"
    ):
        Ledger.open(tmp_path, [CALLS])
    assert [path.name for path in tmp_path.glob("*corrupt*")] == []


def test_a_refused_file_leaves_the_folder_free(tmp_path: Path) -> None:
    """When opening fails the folder is not kept locked."""
    used(tmp_path).ledger.close()
    with other_program(tmp_path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(StorageError):
        Ledger.open(tmp_path, [CALLS])
    with other_program(tmp_path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    ledger = Ledger.open(tmp_path, [CALLS])
    assert len(ledger.publication().books) == 1
    ledger.close()


def test_without_a_folder_everything_is_kept_in_memory(tmp_path: Path) -> None:
    """A ledger in memory counts like one on disk, and the next one knows nothing of it."""
    first, second = Scene(), Scene()
    for scene in (first, second):
        scene.list("09:59", worker("w1", "shop"))
        scene.say_and_scrape("10:00", {})
    first.say("10:01", {"10": {"w1": 5}})
    assert (first.series(), second.series()) == ({SHOP: 5}, {SHOP: 0})
    assert first.ledger.size() > 0
    assert list(tmp_path.iterdir()) == []
