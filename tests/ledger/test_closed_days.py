"""Audits in a ledger on disk: late usage reaches counters and daily sums once, and a restart changes nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from exporter.catalog.entry import Field, Metric, MetricPart
from exporter.ledger import CommitError, DayPart, Portion
from exporter.ledger.audit_schedule import start_of
from exporter.model import Answer, Question
from tests.ledger.day_scene import TUESDAY, WEDNESDAY, calls, counted, due, everything, progress, shop
from tests.ledger.factories import ACCOUNT, CALLS, MONDAY, SCOPE, Scene, at, day_answer, other_program, row_key, worker

COUNTED_MONDAY = "20 counted 10:30-00:00"


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


def test_an_audit_that_is_final_is_over(tmp_path: Path) -> None:
    """The day is not asked again, is said to be audited, and the figures that were kept for it are gone."""
    scene = counted(tmp_path)
    assert COUNTED_MONDAY not in due(scene, "49:59")
    assert COUNTED_MONDAY in due(scene, "50:00")
    for clock in ("50:00", "50:05"):
        assert progress(scene, clock).audited_until == at("10:30")
        assert kept_days(tmp_path) == ["2025-10-20"]
        scene.audit(clock, {"w1": 13})
    assert COUNTED_MONDAY not in due(scene, "60:00")
    assert progress(scene, "60:00").audited_until == at("24:00")
    assert kept_days(tmp_path) == []


def kept_days(folder: Path) -> list[str]:
    """Return the days of which figures are kept for an audit."""
    with other_program(folder) as file:
        return [day for (day,) in file.execute("SELECT DISTINCT day FROM kept_row ORDER BY day")]


def test_figures_that_no_audit_came_for_are_forgotten(tmp_path: Path) -> None:
    """Where Cloudflare keeps data too short for audits, the file does not grow for ever."""
    scene = counted(tmp_path)
    for clock in ("990:35", "990:41"):
        scene.say(clock, {"989": {"w1": 1}})
    assert kept_days(tmp_path) == ["2025-11-30"]


def test_late_usage_is_added_to_what_is_still_open(tmp_path: Path) -> None:
    """The total is what settled, what came late and what the open hours hold."""
    scene = counted(tmp_path)
    scene.say("50:00", {"49": {"w1": 5}})
    scene.audit("50:01", {"w1": 13})
    assert (scene.totals(), shop(scene)) == ({("w1", "success"): 18}, 18)
    scene.say("50:02", {"49": {"w1": 6}})
    assert (scene.totals(), shop(scene)) == ({("w1", "success"): 19}, 19)
    assert scene.daily() == calls(13) | calls(6, WEDNESDAY)


def test_a_label_set_that_only_came_late_is_born_at_zero(tmp_path: Path) -> None:
    """A scrape sees the zero before the amount, so that an increase is seen."""
    scene = counted(tmp_path)
    scene.audit("50:00", {"w1": 10, ("w1", "error"): 3})
    assert scene.series()["unassigned", "shop", "error"] == 0
    scene.scrape()
    scene.say("50:01", {})
    assert scene.series()["unassigned", "shop", "error"] == 3


def test_a_stranger_that_only_came_late_waits_for_a_discovery(tmp_path: Path) -> None:
    """An id that no discovery knows is counted at once, calls for a discovery, and goes to the series it is given."""
    scene = counted(tmp_path)
    scene.audit("50:00", {"w1": 10, "w9": 3})
    assert scene.totals()["w9", "success"] == 3
    assert {asset for _, asset, _ in scene.series()} == {"shop"}
    assert scene.say("50:01", {}).strangers == {("worker", "w9")}
    scene.list("50:02", worker("w1", "shop"))
    seen = []
    for clock in ("50:03", "50:04"):
        scene.say_and_scrape(clock, {})
        seen.append(scene.series()["unassigned", "(unlisted)", "success"])
    assert seen == [0, 3]
    assert scene.daily() == calls(10) | calls(3, asset="w9")


def test_late_usage_goes_to_the_name_that_the_asset_has_now(tmp_path: Path) -> None:
    """An asset that was renamed since that day grows under its present name."""
    scene = counted(tmp_path)
    scene.list("49:00", worker("w1", "store"))
    for clock in ("49:30", "49:31"):
        scene.say_and_scrape(clock, {})
    scene.audit("50:00", {"w1": 13})
    assert scene.series() == {("unassigned", "store", "success"): 3}


def test_late_usage_waits_behind_held_births(tmp_path: Path) -> None:
    """After an outage the births of a jump are published first; what an audit finds grows with the values."""
    scene = counted(tmp_path)
    usage = {"49": {"w1": 5, ("w1", "error"): 1}}
    scene.say("50:00", usage)
    assert (scene.state().hold is not None, shop(scene)) == (True, 10)
    scene.audit("50:00", {"w1": 13})
    assert (shop(scene), scene.totals()["w1", "success"]) == (10, 18)
    scene.scrape()
    scene.say("50:01", usage)
    assert shop(scene) == 18


def test_a_lower_answer_leaves_the_counters_alone(tmp_path: Path) -> None:
    """The day is set once the answer is repeated, which is a revision; counters never fall."""
    scene = counted(tmp_path)
    scene.audit("50:00", {"w1": 8})
    assert (scene.daily(), scene.state().revisions) == (calls(10), 0)
    scene.audit("50:30", {"w1": 8})
    assert (scene.daily(), scene.state().revisions) == (calls(8), 1)
    assert (scene.totals(), shop(scene), sum(scene.state().late)) == ({("w1", "success"): 10}, 10, 0)
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
    assert COUNTED_MONDAY not in due(scene, "60:00")
    assert scene.state().late == (4,)


def test_a_lower_answer_is_remembered_over_a_restart(tmp_path: Path) -> None:
    """The same lower answer after a restart is a repetition."""
    scene = counted(tmp_path)
    assert not scene.audit("50:00", {"w1": 8}).mark.is_final
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


TWO_FIELDS = replace(
    CALLS,
    fields=(Field("requests"), Field("errors")),
    metrics=(*CALLS.metrics, Metric("cloudflare_call_errors_total", "Errors.", (MetricPart("errors"),))),
)

Figures = Mapping[str, tuple[int, int]]
"""Requests and errors by asset."""


def test_late_usage_is_told_by_field(tmp_path: Path) -> None:
    """Each field of the dataset has its own sum over all rows and days."""
    scene = Scene(tmp_path, (TWO_FIELDS,))
    for clock in ("00:00", "48:35", "48:41"):
        question = Question(SCOPE, TWO_FIELDS.key, at("00:00"), at(clock))
        hours = {at("10:00"): {row_key("w1"): (4, 1)}} if clock != "00:00" else {}
        scene.ledger.apply(ACCOUNT.id, [Answer(question, at(clock), hours)], 0)
    audits = [audit_of(MONDAY, {"w1": (6, 1), "w2": (1, 1)}), audit_of(TUESDAY, {"w1": (0, 7)})]
    scene.ledger.apply_days(ACCOUNT.id, audits, 0)
    assert scene.state().late == (3, 8)


def audit_of(day: date, figures: Figures) -> tuple[DayPart, Answer]:
    """Return an answer about a day of the dataset with two fields."""
    rows = {row_key(asset): amounts for asset, amounts in figures.items()}
    return DayPart(day, Portion.COUNTED), replace(day_answer(day, "74:00", {}), hours={start_of(day): rows})


def test_a_day_is_audited_while_another_is_in_dispute(tmp_path: Path) -> None:
    """The days of one document are judged apart, and what came late on each is counted."""
    scene = counted(tmp_path)
    for clock in ("48:35", "48:41"):
        scene.say(clock, {"30": {"w1": 5}})
    days = (
        (DayPart(MONDAY, Portion.COUNTED), day_answer(MONDAY, "74:00", {"w1": 12})),
        (DayPart(TUESDAY, Portion.COUNTED), day_answer(TUESDAY, "74:00", {"w2": 1})),
    )
    changes = scene.ledger.apply_days(ACCOUNT.id, days, 0)
    assert [(change.part, sum(map(sum, change.late.values()))) for change in changes] == [
        (days[0][0], 2),
        (days[1][0], 1),
    ]
    assert scene.totals() == {("w1", "success"): 17, ("w2", "success"): 1}
    assert scene.daily() == calls(12) | calls(5, TUESDAY) | calls(1, TUESDAY, "w2")
    scene.audit("74:05", {"w1": 12})
    assert progress(scene, "74:06").audited_until == at("24:00")
    assert [task for task in due(scene, "74:30") if "counted" in task] == ["21 counted 00:00-00:00"]
