"""The history fill in a ledger on disk: days before counting are set, by whatever they were counted before."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.ledger import DayChange, DayPart, Portion
from exporter.model import Answer, DailyKey, Question
from tests.ledger.day_scene import NEXT_VERSION, RESETS, SUNDAY, WEDNESDAY, calls, counted, due, progress, shop
from tests.ledger.factories import ACCOUNT, CALLS, DAY, MONDAY, SCOPE, Scene, at, worker
from tests.ledger.gauge_scene import DATASETS, STOCK, GaugeState, Stock, stock_rows


def test_the_day_of_the_start_has_two_parts(tmp_path: Path) -> None:
    """What was before counting is only summed, what was counted is only compared; together they are the day."""
    scene = counted(tmp_path)
    assert due(scene, "50:00")[:2] == ["20 counted 10:30-00:00", "20 before 00:00-10:30"]
    before = scene.totals(), scene.series(), scene.state()
    scene.fill("50:00", {"w1": 100, "w9": 7})
    assert scene.daily() == calls(110) | calls(7, asset="w9")
    assert (scene.totals(), scene.series(), scene.state()) == before
    scene.audit("50:00", {"w1": 13})
    assert scene.daily() == calls(113) | calls(7, asset="w9")
    scene.fill("50:05", {"w1": 101, "w9": 7})
    scene.audit("50:05", {"w1": 13})
    assert scene.daily() == calls(114) | calls(7, asset="w9")
    assert shop(scene) == 13


def test_the_day_of_the_start_is_filled_in_while_it_is_counted(tmp_path: Path) -> None:
    """Setting what was before leaves what has settled since as it is, and the other way round."""
    scene = Scene(tmp_path)
    scene.list("10:29", worker("w1", "shop"))
    scene.say("10:30", {})
    scene.fill("10:31", {"w1": 90})
    scene.say("11:00", {"10": {"w1": 4}})
    scene.fill("11:01", {"w1": 100})
    scene.say("11:30", {"10": {"w1": 5}})
    assert scene.ledger.open_from(SCOPE, CALLS.name) == at("11:00")
    scene.fill("11:31", {"w1": 100})
    assert scene.daily() == calls(105)


def test_a_fill_is_resumed_after_a_restart(tmp_path: Path) -> None:
    """Days that were answered are not asked anew, and what they said is there."""
    scene = counted(tmp_path)
    assert progress(scene, "24:42").unfilled_days == 4
    scene.fill("24:42", {"w1": 70}, day=SUNDAY)
    scene.reopen()
    assert progress(scene, "24:42").unfilled_days == 3
    assert scene.daily() == calls(10) | calls(70, SUNDAY)
    scene.fill("26:00", {"w1": 71}, day=SUNDAY)
    scene.reopen()
    scene.fill("26:05", {"w1": 71}, day=SUNDAY)
    scene.reopen()
    assert scene.daily() == calls(10) | calls(71, SUNDAY)
    assert not any(task.startswith("19") for task in due(scene, "60:00"))


@pytest.mark.parametrize("reset", RESETS)
def test_what_was_counted_before_a_reset_is_filled_in_without_doubling(tmp_path: Path, reset: str) -> None:
    """The day on which counting began anew is set whole up to then, and counted from then on."""
    scene = counted(tmp_path)
    scene.fill("50:00", {"w1": 100})
    scene.say("50:00", {"49": {"w1": 5}})
    RESETS[reset](scene)
    assert scene.daily() == calls(110) | calls(5, WEDNESDAY)
    scene.list("50:10", worker("w1", "shop"))
    scene.say("50:10", {})
    scene.say("50:20", {"50": {"w1": 3}})
    assert due(scene, "50:20") == [
        "22 before 00:00-02:10",
        "21 before 00:00-00:00",
        "20 before 00:00-00:00",
        "19 before 00:00-00:00",
        "18 before 00:00-00:00",
    ]
    scene.fill("50:21", {"w1": 8}, day=WEDNESDAY)
    scene.fill("50:21", {"w1": 110})
    assert scene.daily() == calls(110) | calls(11, WEDNESDAY)
    scene.fill("50:26", {"w1": 110})
    assert scene.daily() == calls(110) | calls(11, WEDNESDAY)
    assert scene.totals() == {("w1", "success"): 3}


@pytest.mark.parametrize("reset", RESETS)
def test_what_was_final_before_a_reset_is_not_asked_again(tmp_path: Path, reset: str) -> None:
    """Neither what was filled in nor what was audited, not even when the ledger is opened again."""
    scene = counted(tmp_path)
    for clock in ("50:00", "50:05"):
        scene.audit(clock, {"w1": 13})
        for day in (MONDAY, SUNDAY):
            scene.fill(clock, {"w1": 100}, day=day)
    RESETS[reset](scene)
    scene.say("50:10", {})
    expected = ["22 before 00:00-02:10", "21 before 00:00-00:00", "18 before 00:00-00:00"]
    assert due(scene, "50:10") == expected
    scene.reopen((NEXT_VERSION if "version" in reset else CALLS,))
    assert due(scene, "50:10") == expected
    assert scene.daily() == calls(113) | calls(100, SUNDAY)


def test_a_dataset_whose_rows_changed_is_filled_in_too(tmp_path: Path) -> None:
    """Open hours that can no longer be read are in the answers about their day."""
    scene = counted(tmp_path)
    scene.say("50:00", {"49": {"w1": 5}})
    other = replace(CALLS, id_dimension="scriptTag")
    scene.reopen((other,))
    assert scene.daily() == calls(10)
    scene.say("50:10", {})
    scene.fill("50:11", {"w1": 5}, day=WEDNESDAY)
    assert scene.daily() == calls(10) | calls(5, WEDNESDAY)


def test_two_resets_of_a_day_double_nothing(tmp_path: Path) -> None:
    """However often counting began on a day, what was before it is set as a whole."""
    scene = Scene(tmp_path)
    scene.list("10:00", worker("w1", "shop"))
    for begin, later, before in (("10:10", "10:20", 50), ("10:40", "10:45", 56)):
        scene.say(begin, {})
        scene.fill(begin, {"w1": before})
        scene.say(later, {"10": {"w1": 4}})
        assert scene.daily() == calls(before + 4)
        scene.ledger.reset_counters()
    scene.say("10:50", {})
    assert scene.daily() == calls(60)
    scene.fill("10:51", {"w1": 61})
    assert scene.daily() == calls(61)


def fill_stock(scene: GaugeState, clock: str, hours: Mapping[str, Stock]) -> DayChange:
    """Apply what was stored on Monday, in the answer to its fill."""
    question = Question(SCOPE, STOCK.key, DAY, DAY + timedelta(days=1), by_day=True)
    found = {at(f"{hour}:00"): stock_rows(stock) for hour, stock in hours.items()}
    said = Answer(question, at(clock), found)
    (change,) = scene.ledger.apply_days(ACCOUNT.id, [(DayPart(MONDAY, Portion.BEFORE), said)], 0)
    return change


def stored(**amounts: int) -> dict[DailyKey, int]:
    """Return Monday's peaks by asset, that of the account as ``all``."""
    return {(MONDAY, "" if asset == "all" else asset, "stock"): amount for asset, amount in amounts.items()}


def test_what_is_stored_is_filled_in_beside_what_was_read(tmp_path: Path) -> None:
    """The day's peaks are the highest that readings or the fill said, over restarts; a second answer is the last."""
    scene = GaugeState(folder=tmp_path)
    scene.say_stock("10:10", {"09": {"w1": 5, "w2": 1}})
    assert not fill_stock(scene, "24:00", {"02": {"w1": 4, "w2": 2}, "09": {"w1": 5, "w2": 1}}).mark.is_final
    assert scene.peaks() == stored(w1=5, w2=2, all=6)
    scene.reopen(DATASETS)
    fill_stock(scene, "50:00", {"02": {"w1": 4, "w2": 4}, "09": {"w1": 4}})
    assert scene.peaks() == stored(w1=5, w2=4, all=8)
    assert fill_stock(scene, "50:05", {"02": {"w1": 4, "w2": 4}, "09": {"w1": 4}}).mark.is_final
    found, _ = scene.ledger.find_day_tasks(SCOPE, STOCK, at("51:00"), timedelta(days=3))
    assert MONDAY not in {task.part.day for task in found}
    assert scene.shown() == {("shop", "hot"): 5, ("api", "hot"): 1}
