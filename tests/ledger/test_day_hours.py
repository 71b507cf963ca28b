"""The hours of a day: each as it settled, with the rest that makes them the daily sum, whatever is done to that."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.ledger import DayHours, DayPart, Ledger, Portion, reading
from exporter.ledger.daily_sums import meter_by_hour
from exporter.ledger.day_hours import HOURS, KEPT_HOURS
from exporter.model import Answer, DailyKey, HourKey, Question, floor_hour
from tests.exactness.harness import state_folder
from tests.ledger.day_scene import RESETS, SUNDAY, TUESDAY, counted, tasks
from tests.ledger.factories import ACCOUNT, CALLS, DAY, MONDAY, SCOPE, Scene, at, other_program, rows, used, worker
from tests.ledger.gauge_scene import DATASETS, STOCK, GaugeState, stock_rows
from tests.ledger.test_grains import count_days

ASSETS = ("w1", "w2")


def by_hour(rest: int = 0, **hours: int) -> DayHours:
    """Return the hours of a day, by their names (``h10``)."""
    return DayHours(tuple(hours.get(f"h{hour:02}", 0) for hour in range(HOURS)), rest)


def hours_of(source: Ledger, asset: str = "w1", meter: str = "calls") -> dict[date, DayHours]:
    """Return the hours of an asset and meter, by day."""
    return {day: told for (day, _, of), told in source.hours(ACCOUNT.id, asset).items() if of == meter}


def test_an_hour_is_written_when_it_settles_and_told_before(tmp_path: Path) -> None:
    """Open hours are as the newest answer has them; the sum is the daily sum's."""
    scene = used(tmp_path)
    assert hours_of(scene.ledger) == {MONDAY: by_hour(h10=9, h11=4)}
    scene.say("12:40", {"11": {"w1": 5}, "12": {"w1": 1}})
    scene.say("12:45", {"11": {"w1": 5}, "12": {"w1": 2}})
    assert scene.ledger.open_from(SCOPE, CALLS.name) == at("12:00")
    expected = {MONDAY: by_hour(h10=9, h11=5, h12=2)}
    assert hours_of(scene.ledger) == expected
    scene.reopen()
    assert hours_of(scene.ledger) == expected
    with reading(tmp_path, (CALLS,)) as reader:
        assert reader.hours(ACCOUNT.id, "w1") == scene.ledger.hours(ACCOUNT.id, "w1")
        assert reader.hours(ACCOUNT.id, "w2") == {}


@pytest.mark.parametrize("reset", RESETS)
def test_an_hour_in_which_counting_began_anew_has_both_parts(tmp_path: Path, reset: str) -> None:
    """What was counted of it before a reset, and what was counted after it."""
    scene = used(tmp_path)
    RESETS[reset](scene)
    assert hours_of(scene.ledger) == {MONDAY: by_hour(h10=9, h11=4)}
    scene.say("11:31", {})
    for clock in ("12:40", "12:45"):
        scene.say(clock, {"11": {"w1": 3}, "12": {"w1": 1}})
        assert hours_of(scene.ledger) == {MONDAY: by_hour(h10=9, h11=7, h12=1)}
    assert scene.ledger.open_from(SCOPE, CALLS.name) == at("12:00")


def test_what_a_whole_day_said_is_its_rest(tmp_path: Path) -> None:
    """What was before counting and what came late have no hour; an audit that is lower takes away."""
    scene = counted(tmp_path)
    for clock, expected in (("50:00", 100), ("50:05", 100)):
        scene.fill(clock, {"w1": 100})
        assert hours_of(scene.ledger)[MONDAY] == by_hour(expected, h10=4, h11=6)
    scene.audit("50:00", {"w1": 13})
    assert hours_of(scene.ledger)[MONDAY] == by_hour(103, h10=4, h11=6)
    scene.audit("50:05", {"w1": 7})
    scene.audit("50:35", {"w1": 7})
    assert hours_of(scene.ledger)[MONDAY] == by_hour(97, h10=4, h11=6)
    scene.fill("50:40", {"w1": 70}, day=SUNDAY)
    assert hours_of(scene.ledger)[SUNDAY] == by_hour(70)


def test_only_the_days_that_are_asked_for(tmp_path: Path) -> None:
    """From the first day on, without the last, open hours included."""
    scene = counted(tmp_path)
    scene.say("25:00", {"24": {"w1": 3}})
    assert hours_of(scene.ledger) == {MONDAY: by_hour(h10=4, h11=6), TUESDAY: by_hour(h00=3)}
    for since, until, days in ((MONDAY, TUESDAY, {MONDAY}), (TUESDAY, date.max, {TUESDAY}), (SUNDAY, MONDAY, set())):
        assert {day for day, _, _ in scene.ledger.hours(ACCOUNT.id, "w1", since, until)} == days


def test_old_hours_are_deleted_and_their_sums_stay(tmp_path: Path) -> None:
    """The newest day and the 31 before it have hours; then an asset that is gone leaves nothing behind."""
    scene = counted(tmp_path)
    for days, is_kept in ((KEPT_HOURS, True), (KEPT_HOURS + 1, False)):
        hour = at("10:00") + timedelta(days=days)
        clock = f"{24 * days + 11}:35"
        for later in (0, 5):
            question = Question(SCOPE, CALLS.name, hour, hour + timedelta(hours=1, minutes=35 + later))
            said = Answer(question, at(clock) + timedelta(minutes=later), {hour: rows({"w2": 1})}, question.until)
            scene.ledger.apply(ACCOUNT.id, [said], 0)
        assert hours_of(scene.ledger)[MONDAY] == (by_hour(h10=4, h11=6) if is_kept else by_hour(10))
    with other_program(tmp_path) as file:
        assert file.execute("SELECT asset FROM hour_key").fetchall() == [("w2",)]
        assert file.execute("SELECT count(*) FROM hour_row").fetchone() == (2,)


def test_a_stored_quantity_has_the_highest_level_of_each_hour(tmp_path: Path) -> None:
    """What is said again only raises it, and the account's is the highest sum of an hour; the rest is a peak of before.

    The file of an earlier release has peaks without hours.
    """
    scene = GaugeState(folder=tmp_path)
    scene.say_stock("10:10", {"09": {"w1": 5, "w2": 1}, "10": {"w1": 7}})
    scene.say_stock("10:15", {"10": {"w1": 6, "w2": 2}})
    assert hours_of(scene.ledger, "w1", "stock") == {MONDAY: by_hour(h09=5, h10=7)}
    assert hours_of(scene.ledger, "w2", "stock") == {MONDAY: by_hour(h09=1, h10=2)}
    assert hours_of(scene.ledger, "", "stock") == {MONDAY: by_hour(h09=6, h10=8)}
    question = Question(SCOPE, STOCK.key, DAY, DAY + timedelta(days=1), by_day=True)
    hours = {at(f"{hour}:00"): stock_rows(stock) for hour, stock in (("02", {"w1": 9}), ("10", {"w1": 3}))}
    scene.ledger.apply_days(ACCOUNT.id, [(DayPart(MONDAY, Portion.BEFORE), Answer(question, at("50:00"), hours))], 0)
    assert hours_of(scene.ledger, "w1", "stock") == {MONDAY: by_hour(h02=9, h09=5, h10=7)}
    with other_program(tmp_path) as file:
        file.execute("UPDATE daily SET amount = '11' WHERE asset = 'w1'")
    scene.reopen(DATASETS)
    assert hours_of(scene.ledger, "w1", "stock") == {MONDAY: by_hour(11, h02=9, h09=5, h10=7)}
    check_sums(scene)


def test_a_day_that_is_told_whole_has_no_hours(tmp_path: Path) -> None:
    """Of a dataset that knows only days all is rest, while the day is open and once it has settled."""
    scene = count_days(tmp_path)
    told = {"24": {"w1": 14}, "48": {"w1": 3}, "72": {"w1": 1}}
    for clock in ("74:00", "74:06"):
        scene.ask(clock, told)
        assert {day.day: hours for day, hours in hours_of(scene.ledger).items()} == {
            21: by_hour(14),
            22: by_hour(3),
            23: by_hour(1),
        }
    assert scene.open_from() == "22 00:00"
    with reading(tmp_path, (scene.dataset,)) as reader:
        assert reader.hours(ACCOUNT.id, "w1") == scene.ledger.hours(ACCOUNT.id, "w1")


def check_sums(scene: Scene) -> None:
    """Compare the hours of all assets with the daily sums: added up, or for a stored quantity the highest."""
    told: dict[DailyKey, int] = {}
    for asset in (*ASSETS, ""):
        for key, (hours, rest) in scene.ledger.hours(ACCOUNT.id, asset).items():
            told[key] = max(*hours, rest) if key[2] == "stock" else sum(hours) + rest
    assert {key: amount for key, amount in told.items() if amount} == scene.daily()


USED = st.lists(
    st.tuples(st.sampled_from([0, 0, -1, -2, -30]), st.sampled_from(ASSETS), st.sampled_from([1, 3, 5, 8, -2])),
    max_size=3,
)
"""Amounts by asset, in an hour counted back from the present one; a negative amount takes back what was told."""

STEPS = st.one_of(
    st.tuples(st.just("use"), USED, st.sampled_from([1, 4, 7, 40, 60, 300])),
    st.tuples(st.just("use"), USED, st.sampled_from([1, 4, 7])),
    st.tuples(st.just("days"), st.sampled_from([1, 5, 400, 1600]), st.integers(0, 9)),
    st.tuples(st.just("reset")),
    st.tuples(st.just("release")),
)


class HourScene:
    """A ledger whose hours are worked out beside it: each is what the last answer about it said, in all its books."""

    def __init__(self, folder: Path) -> None:
        self.scene = Scene(folder)
        self.scene.list("10:00", *(worker(asset, asset) for asset in ASSETS))
        self._minute = 10 * 60 + 20
        self._version = CALLS.version
        self._used: dict[HourKey, int] = {}
        self._said: dict[HourKey, int] = {}
        self._ended: dict[HourKey, int] = {}
        self._say(1)

    @property
    def clock(self) -> str:
        """Cloudflare's time."""
        return f"{self._minute // 60}:{self._minute % 60:02}"

    def use(self, used: list[tuple[int, str, int]], minutes: int) -> None:
        """Use some amounts, and be told some minutes later what the open hours have."""
        for back, asset, amount in used:
            key = (floor_hour(at(self.clock)) + timedelta(hours=back), asset, "calls")
            self._used[key] = max(self._used.get(key, 0) + amount, 0)
        self._say(minutes)

    def _say(self, minutes: int) -> None:
        self._minute += minutes
        since = self.scene.ledger.open_from(SCOPE, CALLS.name)
        if since is None:
            self.scene.say(self.clock, {})
            self._used.clear()
            return
        first = floor_hour(since)
        told = {key: amount for key, amount in self._used.items() if key[0] >= first and amount}
        self._said = {key: amount for key, amount in self._said.items() if key[0] < first} | told
        hours: dict[str, dict[str, int]] = {}
        for (hour, asset, _), amount in told.items():
            hours.setdefault(f"{(hour - DAY) // timedelta(hours=1)}", {})[asset] = amount
        self.scene.say(self.clock, hours)

    def ask_days(self, minutes: int, amount: int) -> None:
        """Answer everything that is due about closed days some minutes later."""
        self._minute += minutes
        for number, task in enumerate(tasks(self.scene, self.clock)):
            apply = self.scene.audit if task.part.part is Portion.COUNTED else self.scene.fill
            apply(self.clock, {asset: amount + number for asset in ASSETS}, day=task.part.day)

    def reset(self) -> None:
        """End the book by a reset of the counters; what it counted stays in the hours."""
        self.scene.ledger.reset_counters()
        self._end()

    def release(self) -> None:
        """End the book by another version of the dataset."""
        self._version += 1
        self.scene.reopen((replace(CALLS, version=self._version),))
        self._end()

    def _end(self) -> None:
        for key, amount in self._said.items():
            self._ended[key] = self._ended.get(key, 0) + amount
        self._said.clear()

    def check(self) -> None:
        """Compare each hour with what was said of it, and each day with its sum."""
        found = {
            (at("00:00").replace(day=day.day, month=day.month) + timedelta(hours=hour), asset, meter): amount
            for name in ASSETS
            for (day, asset, meter), told in self.scene.ledger.hours(ACCOUNT.id, name).items()
            for hour, amount in enumerate(told.hours)
            if amount
        }
        keys = self._said.keys() | self._ended
        assert found == {key: self._said.get(key, 0) + self._ended.get(key, 0) for key in keys}
        check_sums(self.scene)


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, min_size=8, max_size=30))
def test_hours_are_what_was_said_and_add_up_to_the_daily_sum(steps: list[tuple[Any, ...]]) -> None:
    """So it is with late usage, audits up and down, the day of the start, the history fill, new versions and resets."""
    with state_folder() as folder:
        scene = HourScene(folder)
        does: dict[str, Callable[..., None]] = {"use": scene.use, "days": scene.ask_days}
        does |= {"reset": scene.reset, "release": scene.release}
        for name, *how in steps:
            does[name](*how)
            scene.check()
        scene.scene.ledger.close()


def test_usage_is_metered_by_hour() -> None:
    """The sums of hours by themselves, as those of days."""
    hours: Mapping[str, Mapping[str, int]] = {"09": {"w1": 2}, "10": {"w1": 3}}
    found = meter_by_hour(CALLS, {at(f"{hour}:00"): rows(amounts) for hour, amounts in hours.items()})
    assert found == {(at("09:00"), "w1", "calls"): 2, (at("10:00"), "w1", "calls"): 3}
