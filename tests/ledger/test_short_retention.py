"""Where Cloudflare keeps data for a day only, each hour is audited by itself, an hour before it is forgotten."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.ledger import DayChange
from exporter.ledger.audit_schedule import DayTask
from exporter.ledger.keeping import keep
from exporter.ledger.reach import is_short
from exporter.model import DAY, HOUR, Answer, DayProgress
from tests.ledger.day_scene import RETENTION, TUESDAY, calls
from tests.ledger.factories import ACCOUNT, CALLS, MONDAY, SCOPE, Scene, Usage, answer, at, rows, worker

USED: Mapping[str, Usage] = {"10": {"w1": 4}, "11": {"w1": 6}, "13": {"w1": 1}}


class ShortScene(Scene):
    """A ledger whose answers come from an account with a short retention, and the audits of its hours."""

    def tell(self, clock: str, usage: Mapping[str, Usage], retention: timedelta = DAY) -> None:
        """Apply what was used in the open hours, and answer a scrape."""
        since = self.ledger.open_from(SCOPE, CALLS.name) or at(clock)
        asked = {hour: amounts for hour, amounts in usage.items() if at(f"{hour}:59") >= since}
        self.ledger.apply(ACCOUNT.id, [replace(answer(since, clock, asked), retention=retention)], self._scraped)
        self.scrape()

    def tasks(self, clock: str, retention: timedelta = DAY) -> list[DayTask]:
        """Return what is to be asked of counted days at a moment."""
        found, _ = self.ledger.find_day_tasks(SCOPE, CALLS, at(clock), retention)
        return [task for task in found if task.due <= at(clock) and task.part.part == "counted"]

    def due(self, clock: str, retention: timedelta = DAY) -> list[str]:
        """Return the parts of days that are to be asked at a moment."""
        asked = [task.question for task in self.tasks(clock, retention)]
        return [f"{question.since:%d %H:%M}-{question.until:%d %H:%M}" for question in asked]

    def audited_until(self, clock: str) -> DayProgress:
        """Return how far the audit has come."""
        return self.ledger.find_day_tasks(SCOPE, CALLS, at(clock), DAY)[1]

    def audit_hours(self, clock: str, amounts: Mapping[str, int], retention: timedelta = DAY) -> list[DayChange]:
        """Answer what is to be asked at a moment: amounts of the Worker by the hour at which a part starts."""
        answers = []
        for task in self.tasks(clock, retention):
            amount = amounts.get(f"{task.question.since:%H}", 0)
            hours = {at("0:00") + (task.part.day - MONDAY): rows({"w1": amount})} if amount else {}
            answers.append((task.part, Answer(task.question, at(clock), hours, retention=retention)))
        return self.ledger.apply_days(ACCOUNT.id, answers, self._scraped)


def counted(folder: Path | None = None, retention: timedelta = DAY) -> ShortScene:
    """Return a ledger that counts since 10:30 and has settled all hours up to 15:00."""
    scene = ShortScene(folder)
    scene.list("10:29", worker("w1", "shop"))
    scene.tell("10:30", {}, retention)
    for clock in ("12:00", "15:35", "15:41"):
        scene.tell(clock, USED, retention)
    assert scene.state().open_from == at("15:00")
    return scene


def test_each_hour_is_asked_as_late_as_retention_allows() -> None:
    """The first from the very minute at which counting began; the last that has settled ends where another begins."""
    scene = counted()
    assert scene.due("32:59") == []
    assert scene.due("33:00") == scene.due("33:59") == ["20 10:30-20 11:00"]
    assert scene.due("34:00") == ["20 11:00-20 12:00"]
    assert scene.due("36:00") == ["20 13:00-20 14:00"]
    assert scene.due("37:00") == []


def test_an_hour_is_final_when_a_second_answer_confirms_the_first(tmp_path: Path) -> None:
    """What came late is added once, to counters and to the day's sum; the next hour follows, also after a restart."""
    scene = counted(tmp_path)
    scene.audit_hours("33:31", {"10": 5})
    assert (scene.totals(), scene.daily()) == ({("w1", "success"): 12}, calls(12))
    assert scene.audited_until("33:32").audited_until == at("10:30")
    scene.reopen()
    scene.audit_hours("33:37", {"10": 5})
    assert scene.audited_until("33:38").audited_until == at("11:00")
    assert scene.due("33:50") == []
    for clock in ("34:01", "34:07"):
        scene.audit_hours(clock, {"11": 8})
    assert (scene.totals(), scene.daily()) == ({("w1", "success"): 14}, calls(14))
    assert scene.audited_until("34:08").audited_until == at("12:00")
    assert scene.state().late == (3,)


def test_hours_of_one_day_are_audited_together() -> None:
    """Two of them in one transaction add up; an hour in which nothing was known before is one of them."""
    scene = counted()
    scene.tell("39:35", {**USED, "24": {"w1": 1}}, RETENTION)
    scene.tell("39:41", {**USED, "24": {"w1": 1}}, RETENTION)
    for clock in ("50:00", "50:05"):
        assert len(scene.audit_hours(clock, {"10": 4, "11": 7, "12": 2, "13": 1}, RETENTION)) == 14
    assert (scene.totals(), scene.daily()) == ({("w1", "success"): 15}, calls(14) | calls(1, TUESDAY))


def test_a_lower_hour_lowers_the_day_and_no_counter() -> None:
    """Once it is repeated, half an hour later, it is the truth of the daily sum."""
    scene = counted()
    scene.audit_hours("34:00", {"11": 2, "10": 4})
    assert scene.daily() == calls(11)
    scene.audit_hours("34:31", {"11": 2})
    assert (scene.totals(), scene.daily()) == ({("w1", "success"): 11}, calls(7))
    assert (scene.state().revisions, scene.due("34:40")) == (1, [])


def test_what_nobody_asked_in_time_holds_nothing_up() -> None:
    """An hour that is forgotten can't change any more, and counts as final."""
    scene = counted()
    assert scene.due("36:00") == ["20 13:00-20 14:00"]
    assert scene.audited_until("36:00").audited_until == at("13:00")


def test_a_day_is_not_asked_again_when_retention_becomes_longer(tmp_path: Path) -> None:
    """Hours stay parts of their day; what comes later that day is cut, too, and the next day is whole again."""
    scene = counted(tmp_path)
    scene.reopen()
    for clock in ("33:01", "33:07", "34:01", "34:07"):
        scene.audit_hours(clock, {"10": 4, "11": 6})
    used: dict[str, Usage] = {**USED, "20": {"w1": 3}, "24": {"w1": 5}, "34": {"w1": 1}}
    for clock in ("34:35", "34:41", "48:35", "48:41"):
        scene.tell(clock, used, RETENTION)
    assert scene.audit_hours("50:00", {"12": 1, "13": 1, "20": 4}, RETENTION)
    scene.audit_hours("50:05", {"12": 1, "13": 1, "20": 4}, RETENTION)
    assert scene.totals() == {("w1", "success"): 11 + 3 + 6 + 1 + 1}
    assert scene.daily() == calls(16) | calls(6, TUESDAY)
    assert scene.due("74:00", RETENTION) == ["21 00:00-22 00:00"]


def test_a_reset_asks_for_days_that_are_not_wholly_audited() -> None:
    """Final hours of a day whose others are not final don't make it final."""
    scene = counted()
    for clock in ("34:01", "34:07"):
        scene.audit_hours(clock, {"10": 4, "11": 6})
    for clock in ("50:00", "50:05"):
        scene.fill(clock, {"w1": 1})
    scene.ledger.reset_counters()
    scene.tell("50:10", {})
    found, _ = scene.ledger.find_day_tasks(SCOPE, CALLS, at("50:11"), RETENTION)
    assert MONDAY in {task.part.day for task in found}


@pytest.mark.parametrize(("hours", "expected"), [(51, True), (52, False), (24, True), (31 * 24, False)])
def test_what_is_short(hours: int, expected: bool) -> None:
    """A day can be audited as a whole where data are kept for 52 hours."""
    assert is_short(timedelta(hours=hours)) is expected


def test_what_is_kept() -> None:
    """By the day, or from a cut on; a day that was cut is cut to its end."""
    settled = {at(f"{hour}:00"): rows({"w1": hour}) for hour in (9, 10, 11, 24, 25)}
    whole = keep(settled, at("10:30"), None, RETENTION)
    assert whole == ({at("0:00"): rows({"w1": 21}), at("24:00"): rows({"w1": 49})}, ())
    cut = keep(settled, at("10:30"), None, 3 * HOUR)
    assert cut.cuts == (at("11:00"), at("25:00"))
    sums = {0: 10, 11: 11, 24: 24, 25: 25}
    assert cut.rows == {at(f"{hour}:00"): rows({"w1": amount}) for hour, amount in sums.items()}
    rest = keep(settled, at("10:30"), MONDAY, RETENTION)
    assert (rest.cuts, rest.rows[at("24:00")]) == ((at("11:00"),), rows({"w1": 49}))
