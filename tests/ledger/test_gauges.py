"""States and windows: what is published of them, and for how long."""

from dataclasses import replace
from pathlib import Path

import pytest

from exporter.ledger import CommitError
from exporter.model import Answer, Question
from tests.ledger.factories import ACCOUNT, CALLS, KIND, SCOPE, at, worker
from tests.ledger.gauge_scene import API, DATASETS, SHOP, SPEED, STOCK, GaugeState, stock_rows
from tests.ledger.test_commit import refusing


def test_a_state_is_the_newest_hour_of_each_row() -> None:
    """An asset without a row in the newest hour keeps what its own newest hour said; a later answer replaces."""
    scene = GaugeState()
    scene.say_stock("11:10", {"08": {"w1": 5, "w2": 70, "w2/cold": 3}, "10": {"w1": 8}})
    assert scene.shown() == {("shop", "hot"): 8, ("api", "hot"): 70, ("api", "cold"): 3}
    scene.say_stock("11:15", {"10": {"w1": 6}, "11": {"w2": 71}})
    assert scene.shown() == {("shop", "hot"): 6, ("api", "hot"): 71, ("api", "cold"): 3}


def test_a_state_goes_on_from_its_newest_hour() -> None:
    """The next question starts with the newest hour that an answer had, and an empty answer does not move that."""
    scene = GaugeState()
    assert scene.ledger.open_from(SCOPE, STOCK.key) is None
    scene.say_stock("11:10", {"08": {"w1": 5}, "10": {"w2": 8}})
    assert scene.ledger.open_from(SCOPE, STOCK.key) == at("10:00")
    scene.say_stock("12:10", {})
    assert scene.ledger.open_from(SCOPE, STOCK.key) == at("10:00")


def test_a_state_of_zero_is_shown() -> None:
    """An emptied bucket holds nothing, which is not the same as nothing known."""
    scene = GaugeState()
    scene.say_stock("11:10", {"10": {"w1": 5}})
    scene.say_stock("12:10", {"11": {"w1": 0}})
    assert scene.shown() == {("shop", "hot"): 0}


def test_a_listed_asset_keeps_its_state_for_days() -> None:
    """An idle asset that Cloudflare has no newer row of is shown as long as it is listed."""
    scene = GaugeState()
    scene.say_stock("11:10", {"10": {"w1": 5, "w2": 7}})
    for clock in ("60:10", "240:10"):
        scene.say_stock(clock, {clock.partition(":")[0]: {"w2": 8}})
        assert scene.shown() == {("shop", "hot"): 5, ("api", "hot"): 8}


def test_a_state_goes_with_its_asset() -> None:
    """After two absences what an asset stored is no longer shown."""
    scene = GaugeState()
    scene.say_stock("11:10", {"10": {"w1": 5, "w2": 7}})
    scene.list("11:11", SHOP)
    assert ("api", "hot") in scene.shown()
    scene.list("11:21", SHOP)
    assert scene.shown() == {("shop", "hot"): 5}
    scene.say_stock("58:00", {"57": {"w1": 6}})
    assert scene.shown() == {("shop", "hot"): 6}


def test_states_that_share_a_placement_add_up() -> None:
    """Unlisted assets are shown as one, with the sum of what they store; a stranger waits for its discovery."""
    scene = GaugeState()
    scene.say_stock("11:10", {"10": {"w8": 5, "w9": 7}})
    assert scene.shown() == {}
    scene.list("11:11", SHOP, API)
    assert scene.shown() == {("(unlisted)", "hot"): 12}


def test_a_state_follows_its_name() -> None:
    """A gauge needs no birth: a renamed asset shows under its new name at once, the old one is gone."""
    scene = GaugeState()
    scene.say_stock("11:10", {"10": {"w1": 5}})
    scene.list("11:11", worker("w1", "store"), API)
    assert scene.shown() == {("store", "hot"): 5}


def test_states_are_kept_over_a_restart(tmp_path: Path) -> None:
    """Readings, how far they go, and the day's peaks are the same after closing and opening; what left stays away."""
    scene = GaugeState(folder=tmp_path)
    scene.say_stock("11:10", {"10": {"w1": 5, "w9": 30}})
    scene.list("11:11", SHOP, API)
    scene.say_stock("59:10", {"59": {"w2/cold": 7}})
    before = scene.ledger.publication()
    peaks = scene.peaks()
    scene.reopen(DATASETS)
    assert scene.ledger.publication().books == before.books
    assert scene.shown() == {("shop", "hot"): 5, ("api", "cold"): 7}
    assert (scene.peaks(), scene.ledger.open_from(SCOPE, STOCK.key)) == (peaks, at("59:00"))
    scene.ledger.close()


def test_a_changed_state_dataset_is_read_anew(tmp_path: Path) -> None:
    """Readings of another version are not taken for those of this one, not even after a further restart."""
    scene = GaugeState(folder=tmp_path)
    scene.say_stock("11:10", {"10": {"w1": 5, "w2": 7}})
    changed = (CALLS, replace(STOCK, version=2), SPEED)
    scene.reopen(changed)
    assert scene.ledger.publication().books == ()
    assert scene.ledger.open_from(SCOPE, STOCK.key) is None
    scene.say_stock("11:12", {"11": {"w1": 6}})
    scene.reopen(changed)
    assert scene.shown(changed[1]) == {("shop", "hot"): 6}
    scene.ledger.close()


def test_a_window_is_not_stored(tmp_path: Path) -> None:
    """After a restart a window would be old: it is there again with the next refresh."""
    scene = GaugeState(folder=tmp_path)
    scene.say_speed("10:20", {"w1": (5, 9)})
    scene.reopen(DATASETS)
    assert scene.shown(SPEED) == {}
    scene.say_speed("10:21", {"w1": (6, 9)})
    assert scene.shown(SPEED) == {("shop", "0.5"): 6, ("shop", "0.99"): 9}
    scene.ledger.close()


def test_a_window_replaces_the_one_before() -> None:
    """An asset without traffic in the newest window is absent, and so is everything after an empty answer."""
    scene = GaugeState()
    scene.say_speed("10:20", {"w1": (5, 9), "w2": (1, 2)})
    scene.say_speed("10:21", {"w2": (3, 4)})
    assert scene.shown(SPEED) == {("api", "0.5"): 3, ("api", "0.99"): 4}
    scene.say_speed("10:22", {})
    assert scene.shown(SPEED) == {}


def test_a_window_that_is_not_renewed_leaves() -> None:
    """Twenty minutes after its end a window says nothing of now any more."""
    scene = GaugeState()
    scene.say_speed("10:20", {"w1": (5, 9)})
    assert scene.shown(SPEED, at("10:35")) == {("shop", "0.5"): 5, ("shop", "0.99"): 9}
    assert scene.shown(SPEED, at("10:36")) == {}


def test_of_windows_that_share_a_placement_the_highest_is_shown() -> None:
    """Quantiles do not add up: unlisted assets show the slowest of them."""
    scene = GaugeState()
    scene.say_speed("10:20", {"w8": (5, 9), "w9": (3, 40)})
    scene.list("10:21", SHOP, API)
    assert scene.shown(SPEED) == {("(unlisted)", "0.5"): 5, ("(unlisted)", "0.99"): 40}


def test_states_and_windows_open_no_hours() -> None:
    """They are no usage: they move no ``until`` and note no use, but their strangers are looked into."""
    scene = GaugeState()
    scene.say_stock("10:10", {"09": {"w9": 5}})
    scene.say_speed("10:10", {"w8": (5, 9)})
    assert scene.ledger.until(ACCOUNT.id) is None
    assert scene.ledger.publication().used == {ACCOUNT.id: {}}
    assert scene.say("10:11", {}).strangers == {(KIND, "w8"), (KIND, "w9")}


def test_the_newest_hour_with_usage_is_kept(tmp_path: Path) -> None:
    """Each asset's newest hour with anything but zeros is published, never moves back and outlives a restart."""
    scene = GaugeState(folder=tmp_path)
    scene.say("10:30", {"10": {"w1": 4, "w2": 0}})
    scene.say("11:30", {"10": {"w1": 4, "w2": 1}, "11": {"w1": 3}})
    scene.say("11:31", {"10": {"w1": 4, "w2": 1}})
    expected = {ACCOUNT.id: {(KIND, "w1"): at("11:00"), (KIND, "w2"): at("10:00")}}
    assert scene.ledger.publication().used == expected
    scene.reopen(DATASETS)
    assert scene.ledger.publication().used == expected
    scene.ledger.close()


@pytest.mark.parametrize("table", ["reading_book", "reading", "daily", "used"])
def test_readings_that_cannot_be_written_change_nothing(tmp_path: Path, table: str) -> None:
    """Wherever the transaction fails, readings and peaks stay as they were."""
    scene = GaugeState(folder=tmp_path)
    scene.say_stock("10:10", {"09": {"w1": 5}})
    before, peaks = scene.ledger.publication(), scene.peaks()
    question = Question(SCOPE, STOCK.key, at("09:00"), at("11:00"))
    usage = Question(SCOPE, CALLS.key, at("10:00"), at("10:20"))
    answers = [
        Answer(question, at("10:20"), {at("10:00"): stock_rows({"w1": 9, "w2": 1})}),
        Answer(usage, at("10:20"), {at("10:00"): {("w1", ("success",)): (1,)}}),
    ]
    with refusing(tmp_path, table), pytest.raises(CommitError):
        scene.ledger.apply(ACCOUNT.id, answers, 0)
    assert (scene.ledger.publication(), scene.peaks()) == (before, peaks)
    scene.ledger.apply(ACCOUNT.id, answers, 0)
    assert scene.shown() == {("shop", "hot"): 9, ("api", "hot"): 1}
    scene.ledger.close()
