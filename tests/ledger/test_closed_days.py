"""Closed days in a ledger on disk: late usage reaches counters, daily sums are set, and a restart changes nothing."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from exporter.catalog.entry import Field, Metric
from exporter.catalog.entry import Part as Source
from exporter.ledger import CommitError, DayPart, Part
from exporter.ledger.daily import DailyKey
from exporter.ledger.days import start_of
from exporter.model import Answer, DayProgress, Question
from tests.ledger.material import ACCOUNT, CALLS, DAY, MONDAY, Scene, at, day_answer, other_program, row_key, worker
from tests.ledger.reading_scene import DATASETS, STOCK, Readings, stock_rows

SUNDAY = date(2025, 10, 19)
TUESDAY = date(2025, 10, 21)
RETENTION = timedelta(days=5)

MONDAYS = {"10": {"w1": 4}, "11": {"w1": 6}}


def counted(folder: Path) -> Scene:
    """Give a ledger that counts since 10:30 and has settled all of Monday: ten of the Worker ``shop``."""
    scene = Scene(folder)
    scene.list("10:29", worker("w1", "shop"))
    scene.say_and_scrape("10:30", {})
    scene.say_and_scrape("12:00", MONDAYS)
    go_on(scene, "24:35", "24:41")
    return scene


def go_on(scene: Scene, *clocks: str) -> None:
    """Let nothing more be used, and all hours that are over for long settle: each is answered twice."""
    for clock in clocks:
        asked_from = scene.ledger.open_from(ACCOUNT.id, CALLS.name)
        assert asked_from is not None
        scene.say_and_scrape(clock, {hour: used for hour, used in MONDAYS.items() if at(f"{hour}:59") >= asked_from})


def calls(amount: int, day: date = MONDAY, asset: str = "w1") -> dict[DailyKey, int]:
    """Give the daily sum of one asset."""
    return {(day, asset, "calls"): amount}


def due(scene: Scene, clock: str) -> list[str]:
    """Give what is to be asked at a moment: the day, its part and from when to when."""
    tasks, _ = scene.ledger.find_day_tasks(ACCOUNT.id, CALLS, at(clock), RETENTION)
    return [
        f"{task.part.day:%d} {task.part.part} {task.question.since:%H:%M}-{task.question.until:%H:%M}"
        for task in tasks
        if task.due <= at(clock)
    ]


def progress(scene: Scene, clock: str) -> DayProgress:
    """Give how far the closed days have come at a moment."""
    return scene.ledger.find_day_tasks(ACCOUNT.id, CALLS, at(clock), RETENTION)[1]


def shop(scene: Scene) -> int:
    """Give what is published of successful calls to the Worker ``shop``."""
    return scene.series()["unassigned", "shop", "success"]


def everything(scene: Scene) -> tuple[object, ...]:
    """Give all that a ledger counts, publishes and wants to ask."""
    return scene.totals(), scene.series(), scene.daily(), scene.state(), due(scene, "80:00")


def test_late_usage_is_counted_and_summed_once(tmp_path: Path) -> None:
    """What an audit finds goes to total, series and day; the second answer makes it final and adds nothing."""
    scene = counted(tmp_path)
    assert (shop(scene), scene.daily()) == (10, calls(10))
    assert scene.audit("50:00", {"w1": 13}).late == {row_key("w1"): (3,)}
    assert (scene.totals(), shop(scene), scene.daily()) == ({("w1", "success"): 13}, 13, calls(13))
    assert (scene.state().late, scene.state().revisions) == ((3,), 0)
    before = scene.totals(), scene.series(), scene.daily(), scene.state()
    scene.audit("50:05", {"w1": 13})
    assert (scene.totals(), scene.series(), scene.daily(), scene.state()) == before
    assert not any(task.startswith("20 counted") for task in due(scene, "60:00"))
    assert progress(scene, "60:00").audited_until == at("24:00")


def test_late_usage_is_added_to_what_is_still_open(tmp_path: Path) -> None:
    """The total is what settled, what came late and what the open hours hold."""
    scene = counted(tmp_path)
    scene.say("50:00", {"49": {"w1": 5}})
    scene.audit("50:01", {"w1": 13})
    assert (scene.totals(), shop(scene)) == ({("w1", "success"): 18}, 18)
    scene.say("50:02", {"49": {"w1": 6}})
    assert (scene.totals(), shop(scene)) == ({("w1", "success"): 19}, 19)
    assert scene.daily() == calls(13) | calls(6, date(2025, 10, 22))


def test_a_label_set_that_only_came_late_is_born_at_zero(tmp_path: Path) -> None:
    """A scrape sees the zero before the amount, so that an increase is seen."""
    scene = counted(tmp_path)
    scene.audit("50:00", {"w1": 10, ("w1", "error"): 3})
    assert scene.series()["unassigned", "shop", "error"] == 0
    scene.scrape()
    go_on(scene, "50:01")
    assert scene.series()["unassigned", "shop", "error"] == 3


def test_a_stranger_that_only_came_late_waits_for_a_discovery(tmp_path: Path) -> None:
    """An id that no discovery knows is counted at once, calls for a discovery, and goes to the series it is given."""
    scene = counted(tmp_path)
    scene.audit("50:00", {"w1": 10, "w9": 3})
    assert scene.totals()["w9", "success"] == 3
    assert {asset for _, asset, _ in scene.series()} == {"shop"}
    assert scene.say("50:01", {}).strangers == {("worker", "w9")}
    scene.list("50:02", worker("w1", "shop"))
    for clock in ("50:03", "50:04"):
        go_on(scene, clock)
    assert scene.series()["unassigned", "(unlisted)", "success"] == 3
    assert scene.daily() == calls(10) | calls(3, asset="w9")


def test_late_usage_goes_to_the_name_that_the_asset_has_now(tmp_path: Path) -> None:
    """An asset that was renamed since that day grows under its present name."""
    scene = counted(tmp_path)
    scene.list("49:00", worker("w1", "store"))
    go_on(scene, "49:30", "49:31")
    scene.audit("50:00", {"w1": 13})
    assert scene.series() == {("unassigned", "store", "success"): 3}


def test_late_usage_waits_behind_held_births(tmp_path: Path) -> None:
    """After an outage the births of a jump are published first; what an audit finds grows with the values."""
    scene = counted(tmp_path)
    scene.say("50:00", {"49": {"w1": 5, ("w1", "error"): 1}})
    assert (scene.state().hold is not None, shop(scene)) == (True, 10)
    scene.audit("50:00", {"w1": 13})
    assert (shop(scene), scene.totals()["w1", "success"]) == (10, 18)
    scene.scrape()
    scene.say("50:01", {"49": {"w1": 5, ("w1", "error"): 1}})
    assert shop(scene) == 18


def test_a_lower_answer_leaves_the_counters_alone(tmp_path: Path) -> None:
    """The day is set once the answer is repeated, which is a revision; counters never fall."""
    scene = counted(tmp_path)
    scene.audit("50:00", {"w1": 8})
    assert (scene.daily(), scene.state().revisions) == (calls(10), 0)
    scene.audit("50:30", {"w1": 8})
    assert (scene.daily(), scene.state().revisions) == (calls(8), 1)
    assert (scene.totals(), shop(scene), scene.state().late) == ({("w1", "success"): 10}, 10, ())
    scene.say("50:40", {"50": {"w1": 2}})
    assert shop(scene) == 12


def test_a_restart_between_the_answers_loses_nothing(tmp_path: Path) -> None:
    """What the first answer said is kept, so that the second makes the day final and adds only what is more."""
    scene = counted(tmp_path)
    scene.audit("50:00", {"w1": 13})
    before = everything(scene)
    scene.reopen()
    assert everything(scene) == before
    scene.audit("50:05", {"w1": 14})
    assert (scene.totals(), shop(scene), scene.daily()) == ({("w1", "success"): 14}, 14, calls(14))
    scene.reopen()
    assert not any(task.startswith("20 counted") for task in due(scene, "60:00"))
    assert scene.state().late == (4,)


def test_a_lower_answer_is_remembered_over_a_restart(tmp_path: Path) -> None:
    """The same lower answer after a restart is a repetition."""
    scene = counted(tmp_path)
    scene.audit("50:00", {"w1": 8})
    scene.reopen()
    assert scene.audit("50:30", {"w1": 8}).mark.is_final
    assert scene.daily() == calls(8)


def test_a_commit_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Neither counters nor sums nor what is to be asked; the next answer does it all."""
    scene = counted(tmp_path)
    before = everything(scene)
    with other_program(tmp_path) as file:
        file.execute("CREATE TRIGGER full BEFORE INSERT ON day_mark BEGIN SELECT RAISE(ABORT, 'no space left'); END")
        with pytest.raises(CommitError):
            scene.audit("50:00", {"w1": 13, "w9": 1})
        file.execute("DROP TRIGGER full")
    assert everything(scene) == before
    scene.reopen()
    assert everything(scene) == before
    scene.audit("50:30", {"w1": 13})
    assert (shop(scene), scene.daily()) == (13, calls(13))


def test_late_usage_is_told_by_field(tmp_path: Path) -> None:
    """Each field of the dataset has its own sum over all rows and days."""
    dataset = replace(
        CALLS,
        fields=(Field("requests"), Field("errors")),
        metrics=(*CALLS.metrics, Metric("cloudflare_call_errors_total", "Errors.", (Source("errors"),))),
    )
    scene = Scene(tmp_path, (dataset,))

    def said(since: datetime, clock: str, hours: Mapping[str, tuple[int, int]]) -> Answer:
        found = {at(f"{hour}:00"): {row_key("w1"): amounts} for hour, amounts in hours.items()}
        return Answer(Question(CALLS.name, since, at(clock)), at(clock), found)

    answers = [
        said(at("00:00"), "00:00", {}),
        *(said(at("00:00"), clock, {"10": (4, 1)}) for clock in ("48:35", "48:41")),
    ]
    for each in answers:
        scene.ledger.apply(ACCOUNT.id, [each], 0)
    audits = [
        (DayPart(day, Part.COUNTED), replace(day_answer(day, "74:00", {}), hours={start_of(day): figures}))
        for day, figures in (
            (MONDAY, {row_key("w1"): (6, 1), row_key("w2"): (1, 1)}),
            (TUESDAY, {row_key("w1"): (0, 7)}),
        )
    ]
    scene.ledger.apply_days(ACCOUNT.id, audits, 0)
    assert scene.state().late == (3, 8)


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
    assert scene.ledger.open_from(ACCOUNT.id, CALLS.name) == at("11:00")
    scene.fill("11:31", {"w1": 100})
    assert scene.daily() == calls(105)


RESETS: dict[str, Callable[[Scene], None]] = {
    "a reset of the counters": lambda scene: scene.ledger.reset_counters(),
    "another version of the dataset": lambda scene: scene.reopen((replace(CALLS, version=2),)),
}


@pytest.mark.parametrize("reset", RESETS)
def test_what_was_counted_before_a_reset_is_filled_in_without_doubling(tmp_path: Path, reset: str) -> None:
    """The day on which counting began anew is set whole up to then, and counted from then on."""
    scene = counted(tmp_path)
    scene.fill("50:00", {"w1": 100})
    scene.say("50:00", {"49": {"w1": 5}})
    RESETS[reset](scene)
    wednesday = date(2025, 10, 22)
    assert scene.daily() == calls(110) | calls(5, wednesday)
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
    scene.fill("50:21", {"w1": 8}, day=wednesday)
    scene.fill("50:21", {"w1": 110}, day=MONDAY)
    assert scene.daily() == calls(110) | calls(11, wednesday)
    scene.fill("50:26", {"w1": 110}, day=MONDAY)
    assert scene.daily() == calls(110) | calls(11, wednesday)
    assert scene.totals() == {("w1", "success"): 3}


@pytest.mark.parametrize("reset", RESETS)
def test_what_was_final_before_a_reset_is_not_asked_again(tmp_path: Path, reset: str) -> None:
    """Not even when the ledger is opened again."""
    scene = counted(tmp_path)
    for clock in ("50:00", "50:05"):
        scene.audit(clock, {"w1": 13})
        for day in (MONDAY, SUNDAY):
            scene.fill(clock, {"w1": 100}, day=day)
    RESETS[reset](scene)
    scene.say("50:10", {})
    expected = ["22 before 00:00-02:10", "21 before 00:00-00:00", "18 before 00:00-00:00"]
    assert due(scene, "50:10") == expected
    scene.reopen((replace(CALLS, version=2),) if "version" in reset else (CALLS,))
    assert due(scene, "50:10") == expected
    assert scene.daily() == calls(113) | calls(100, SUNDAY)


def test_two_resets_of_a_day_double_nothing(tmp_path: Path) -> None:
    """However often counting began on a day, what was before it is set as a whole."""
    scene = Scene(tmp_path)
    scene.list("10:00", worker("w1", "shop"))
    for clock in ("10:10", "10:40"):
        scene.say(clock, {})
        scene.fill(clock, {"w1": 50})
        scene.say(at(clock).strftime("%H:15"), {"10": {"w1": 4}})
        scene.ledger.reset_counters()
    scene.say("10:50", {})
    scene.fill("10:50", {"w1": 60})
    assert scene.daily() == calls(60)
