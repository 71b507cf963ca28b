"""Datasets that tell only hours, or only days: since when they count, what stays open, and when it is final."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from exporter.catalog.dataset import Dataset
from exporter.catalog.grain import BY_DAY, BY_HOUR
from exporter.catalog.timing import Counter
from exporter.ledger.reader import reading
from exporter.model import DAY, HOUR, DayProgress
from tests.ledger.day_scene import RETENTION, SUNDAY, TUESDAY, calls
from tests.ledger.factories import ACCOUNT, CALLS, MONDAY, SCOPE, FlatTariff, Scene, Usage, answer, at, worker

HOURLY = replace(CALLS, timing=Counter(BY_HOUR))
DAILY = replace(CALLS, timing=Counter(BY_DAY))


def start_of(unit: str) -> datetime:
    """Return the start of an hour or day, by its hours since Monday 00:00."""
    return at(f"{unit}:00")


class CoarseScene(Scene):
    """A ledger of one dataset that is asked as the poller would ask it."""

    def __init__(self, dataset: Dataset, folder: Path | None = None) -> None:
        super().__init__(folder, [dataset], FlatTariff())
        self.dataset = dataset
        self.list("09:00", worker("w1", "shop"))

    def ask(self, clock: str, usage: Mapping[str, Usage], retention: timedelta = RETENTION) -> str:
        """Apply what was used, and answer a scrape; return the range that was asked."""
        known = self.ledger.open_from(SCOPE, CALLS.name)
        question = self.dataset.question(SCOPE, at(clock), known, retention)
        asked = {unit: amounts for unit, amounts in usage.items() if start_of(unit) >= question.since}
        said = replace(answer(question.since, clock, asked), newest=max(map(start_of, asked), default=None))
        self.ledger.apply(ACCOUNT.id, [replace(said, retention=retention)], self._scraped)
        self.scrape()
        return f"{question.since:%d %H:%M}-{question.until:%d %H:%M}"

    def open_from(self) -> str:
        """Return from when on answers may still replace what is known."""
        return f"{self.state().open_from:%d %H:%M}"

    def progress(self, clock: str) -> DayProgress:
        """Return how far the closed days have come."""
        return self.ledger.find_day_tasks(SCOPE, self.dataset, at(clock), RETENTION)[1]

    def due(self, clock: str) -> list[str]:
        """Return the closed days that are to be asked about at a moment."""
        found, _ = self.ledger.find_day_tasks(SCOPE, self.dataset, at(clock), RETENTION)
        return [f"{task.part.day:%d} {task.part.part}" for task in found if task.due <= at(clock)]

    def cost(self) -> int:
        """Return the list cost of the Worker."""
        (book,) = self.ledger.publication().list_costs
        assert book.state is not None
        assert book.state.start == self.state().start
        return sum(amount for _, _, amount in book.series)


def reopened(scene: CoarseScene) -> CoarseScene:
    """Return the scene after a restart."""
    scene.reopen([scene.dataset])
    return scene


def test_hours_are_counted_from_the_next_one_on() -> None:
    """What was used in the hour of the first answer belongs to no counter; data are known until then all the same."""
    scene = CoarseScene(HOURLY)
    assert scene.ask("10:17", {"10": {"w1": 5}}) == "20 10:00-20 10:17"
    assert scene.state().start == at("11:00")
    assert scene.ask("10:58", {"10": {"w1": 8}}) == "20 10:00-20 10:58"
    assert (scene.totals(), scene.published_until(), scene.state().gap) == ({}, at("10:58"), timedelta(0))
    assert scene.ask("11:03", {"10": {"w1": 9}, "11": {"w1": 2}}) == "20 11:00-20 11:03"
    assert scene.totals() == {("w1", "success"): 2}
    assert (scene.published_until(), scene.state().gap) == (at("11:03"), timedelta(0))


def test_a_first_answer_on_the_hour_begins_with_it() -> None:
    """Nothing is left out."""
    scene = CoarseScene(HOURLY)
    assert scene.ask("10:00", {}) == "20 09:00-20 10:00"
    assert scene.state().start == at("10:00")


def test_hours_settle_as_they_do_by_the_minute() -> None:
    """The running hour is replaced by each answer; half an hour after its end it is final but for the audit."""
    scene = CoarseScene(HOURLY)
    for clock in ("10:00", "10:30", "11:25"):
        scene.ask(clock, {"10": {"w1": 4}, "11": {"w1": 1}})
    assert scene.open_from() == "20 10:00"
    scene.ask("11:31", {"10": {"w1": 6}, "11": {"w1": 1}})
    assert (scene.open_from(), scene.totals()) == ("20 11:00", {("w1", "success"): 7})
    assert scene.ask("11:32", {"11": {"w1": 1}}) == "20 11:00-20 11:32"


def count_days(folder: Path | None = None) -> CoarseScene:
    """Return a ledger that was first answered on Monday morning, and has counted since Tuesday 00:00."""
    scene = CoarseScene(DAILY, folder)
    assert scene.ask("10:17", {"0": {"w1": 5}}) == "20 00:00-20 10:17"
    assert scene.ask("20:00", {"0": {"w1": 9}}) == "20 00:00-20 20:00"
    assert (scene.state().start, scene.totals(), scene.published_until()) == (at("24:00"), {}, at("20:00"))
    return scene


def test_a_day_stays_open_until_it_could_be_audited() -> None:
    """Late data of 25 hours later still count; then the second of two answers, five minutes apart, settles it."""
    scene = count_days()
    assert scene.ask("24:05", {"0": {"w1": 9}, "24": {"w1": 1}}) == "21 00:00-21 00:05"
    assert scene.ask("47:00", {"24": {"w1": 10}}) == "21 00:00-21 23:00"
    assert scene.ask("73:00", {"24": {"w1": 12}, "48": {"w1": 20}, "72": {"w1": 1}}) == "21 00:00-23 01:00"
    for clock, amount in (("73:59", 13), ("74:00", 14), ("74:04", 14)):
        scene.ask(clock, {"24": {"w1": amount}, "48": {"w1": 20}, "72": {"w1": 1}})
        assert scene.open_from() == "21 00:00"
        assert scene.progress(clock).audited_until == at("24:00")
    scene.ask("74:05", {"24": {"w1": 14}, "48": {"w1": 20}, "72": {"w1": 2}})
    assert (scene.open_from(), scene.progress("74:05").audited_until) == ("22 00:00", at("48:00"))
    assert scene.totals() == {("w1", "success"): 36}
    assert scene.series()["unassigned", "shop", "success"] == 36
    assert scene.cost() == 7 * 36
    assert scene.daily() == calls(14, TUESDAY) | {(at("48:00").date(), "w1", "calls"): 20} | {
        (at("72:00").date(), "w1", "calls"): 2
    }


def test_a_wrong_answer_settles_no_day() -> None:
    """A day that was answered higher before waits until the lower answer is repeated; nothing falls."""
    scene = count_days()
    scene.ask("74:00", {"24": {"w1": 14}, "48": {"w1": 3}, "72": {"w1": 1}})
    scene.ask("74:06", {"48": {"w1": 3}, "72": {"w1": 1}})
    assert (scene.open_from(), scene.state().revisions) == ("21 00:00", 1)
    scene.ask("74:08", {"24": {"w1": 14}, "48": {"w1": 3}, "72": {"w1": 1}})
    scene.ask("74:14", {"24": {"w1": 14}, "48": {"w1": 3}, "72": {"w1": 1}})
    assert (scene.open_from(), scene.daily()[TUESDAY, "w1", "calls"]) == ("22 00:00", 14)


def test_nothing_of_a_counted_day_is_asked_a_second_time() -> None:
    """Its settling is its audit; only days from before counting are filled in, and those once late data are there."""
    scene = count_days()
    scene.ask("26:00", {"24": {"w1": 1}})
    assert scene.due("26:00") == ["20 before", "19 before", "18 before", "17 before"]
    scene.fill("26:01", {"w1": 9})
    assert scene.daily() == calls(9) | calls(1, TUESDAY)
    scene.ask("75:00", {"24": {"w1": 6}, "48": {"w1": 3}})
    scene.ask("75:06", {"24": {"w1": 6}, "48": {"w1": 3}})
    assert not [part for part in scene.due("120:00") if part.endswith("counted")]


def test_a_restart_loses_nothing_of_open_days(tmp_path: Path) -> None:
    """What is open, and since when a day could be final, is known again; another program reads the same."""
    scene = count_days(tmp_path)
    used: dict[str, Usage] = {"24": {"w1": 14}, "48": {"w1": 3}, "72": {"w1": 1}}
    scene.ask("73:58", used)
    assert reopened(scene).totals() == {("w1", "success"): 18}
    scene.ask("74:01", used)
    scene.ask("74:04", used)
    assert reopened(scene).open_from() == "21 00:00"
    with reading(tmp_path, [DAILY]) as reader:
        assert reader.open_sums(ACCOUNT.id)[TUESDAY, "w1", "calls"] == 14
    scene.ask("74:08", used)
    assert scene.open_from() == "21 00:00"
    scene.ask("74:09", used)
    assert (scene.open_from(), scene.totals()) == ("22 00:00", {("w1", "success"): 18})


def test_a_reset_counts_anew_from_the_next_midnight() -> None:
    """The daily sums stay, and are set once more when the day is filled in."""
    scene = count_days()
    scene.ask("30:00", {"24": {"w1": 6}})
    scene.ledger.reset_counters()
    scene.ask("31:00", {"24": {"w1": 7}})
    assert (scene.state().start, scene.totals(), scene.daily()) == (at("48:00"), {}, calls(6, TUESDAY))
    scene.ask("49:00", {"24": {"w1": 8}, "48": {"w1": 2}})
    scene.fill("75:00", {"w1": 8}, day=TUESDAY)
    scene.fill("75:10", {"w1": 8}, day=TUESDAY)
    assert scene.daily()[TUESDAY, "w1", "calls"] == 8
    assert scene.totals() == {("w1", "success"): 2}


RUNNING = {"24": {"w1": 5}, "48": {"w1": 3}}


@pytest.mark.parametrize(
    ("retention", "settles"),
    [(52 * HOUR, "74:05"), (50 * HOUR, "73:05"), (30 * HOUR, "53:05"), (26 * HOUR, "49:05")],
)
def test_a_day_is_asked_as_late_as_retention_allows(retention: timedelta, settles: str) -> None:
    """An hour before Cloudflare forgets the day it can settle, where that is less than 26 hours after its end."""
    scene = count_days()
    for clock in ("47:59", settles.replace(":05", ":00"), settles.replace(":05", ":04")):
        scene.ask(clock, RUNNING, retention)
        assert scene.open_from() == "21 00:00"
    scene.ask(settles, RUNNING, retention)
    assert scene.open_from() == "22 00:00"


def test_a_day_that_is_forgotten_at_its_end_stays_as_it_was_known() -> None:
    """With a retention of a day nothing can be asked again; what no question covered is a gap."""
    scene = count_days()
    scene.ask("47:59", {"24": {"w1": 5}}, DAY)
    assert scene.ask("48:00", {"24": {"w1": 6}}, DAY) == "22 00:00-22 00:00"
    scene.ask("48:03", {"48": {"w1": 1}}, DAY)
    assert (scene.totals(), scene.open_from()) == ({("w1", "success"): 6}, "22 00:00")
    assert scene.progress("48:03").audited_until == at("48:00")


def test_the_days_of_a_month_are_filled_in() -> None:
    """Days before the first answer are asked whole, also the one on which it came."""
    scene = count_days()
    tasks, _ = scene.ledger.find_day_tasks(SCOPE, DAILY, at("24:01"), RETENTION)
    spans = {(task.part.day, task.question.since, task.question.until) for task in tasks}
    assert (MONDAY, at("0:00"), at("24:00")) in spans
    assert (SUNDAY, at("-24:00"), at("0:00")) in spans
