"""A meter that a release adds: days that are final are asked again for it alone, once, and nothing else changes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.catalog.entry import Meter, Tallied, Tally, tally_id
from exporter.ledger import DayHours, DayPart, Portion
from exporter.ledger.lacking import find_audited
from exporter.model import Answer, DailyKey, Question
from tests.ledger.day_scene import RESETS, SUNDAY, TUESDAY, calls, counted, due, progress
from tests.ledger.factories import ACCOUNT, CALLS, DAY, KIND, MONDAY, SCOPE, Scene, at, used
from tests.ledger.gauge_scene import DATASETS, STOCK, GaugeState, stock_rows
from tests.ledger.test_further_rows import HOURS, WITH_BYTES, upgraded
from tests.ledger.test_further_rows import calls as sum_of

ADDED = tally_id(KIND, Tallied.REQUESTS)

MORE = replace(CALLS, tallies=(Tally(Tallied.REQUESTS, "cloudflare_calls_total"),))


def added(amount: int, day: object = MONDAY) -> dict[DailyKey, int]:
    """Return the daily sum of the tally that the release adds."""
    return {(day, "w1", ADDED): amount}  # type: ignore[dict-item]


def final(folder: Path) -> Scene:
    """Return a ledger whose Monday, on which counting began, and Sunday are final."""
    scene = counted(folder)
    for clock in ("50:00", "50:05"):
        scene.audit(clock, {"w1": 13})
        scene.fill(clock, {"w1": 100})
        scene.fill(clock, {"w1": 70}, day=SUNDAY)
    return scene


def tasks_alone(scene: Scene, clock: str) -> dict[DayPart, frozenset[str]]:
    """Return what is asked alone at a moment, by part of a day."""
    found, _ = scene.ledger.find_day_tasks(SCOPE, MORE, at(clock), timedelta(days=5))
    return {task.part: task.alone for task in found if task.alone and task.due <= at(clock)}


EACH = {
    DayPart(MONDAY, Portion.COUNTED): frozenset({ADDED}),
    DayPart(MONDAY, Portion.BEFORE): frozenset({ADDED}),
    DayPart(SUNDAY, Portion.BEFORE): frozenset({ADDED}),
}


def test_a_final_day_is_asked_for_a_new_tally_alone(tmp_path: Path) -> None:
    """Two answers that agree set its sums, over a restart; those of other meters stay, whatever is said of them."""
    scene = final(tmp_path)
    before = calls(113) | calls(70, SUNDAY)
    assert scene.daily() == before
    assert tasks_alone(scene, "52:00") == EACH
    unfilled = scene.ledger.find_day_tasks(SCOPE, CALLS, at("52:00"), timedelta(days=5))[1].unfilled_days
    scene.reopen((MORE,))
    now = scene.totals(), scene.series(), scene.state()
    told = scene.ledger.find_day_tasks(SCOPE, MORE, at("52:00"), timedelta(days=5))[1]
    assert (told.unfilled_days, told.audited_until) == (unfilled + 2, at("24:00"))
    scene.audit("52:00", {"w1": 99})
    scene.fill("52:00", {"w1": 400})
    scene.fill("52:00", {"w1": 7}, day=SUNDAY)
    assert scene.daily() == before | added(499) | added(7, SUNDAY)
    assert tasks_alone(scene, "52:04") == {}
    scene.reopen((MORE,))
    assert tasks_alone(scene, "52:05") == EACH
    assert progress(scene, "52:05").unfilled_days == unfilled
    scene.audit("52:05", {"w1": 99})
    scene.fill("52:05", {"w1": 400})
    scene.fill("52:05", {"w1": 7}, day=SUNDAY)
    scene.reopen((MORE,))
    assert tasks_alone(scene, "99:00") == {}
    assert scene.daily() == before | added(499) | added(7, SUNDAY)
    assert (scene.totals(), scene.series(), scene.state()) == now
    assert scene.ledger.hours(ACCOUNT.id, "w1", SUNDAY, MONDAY)[SUNDAY, "w1", ADDED] == DayHours(rest=7)


def test_an_answer_that_is_lower_than_the_first_has_to_be_repeated(tmp_path: Path) -> None:
    """The rule of every closed day; until then the higher one holds."""
    scene = final(tmp_path)
    scene.reopen((MORE,))
    for clock, said, holds in (("52:00", 9, 9), ("52:05", 6, 9), ("52:35", 6, 6)):
        scene.fill(clock, {"w1": said}, day=SUNDAY)
        assert scene.daily()[SUNDAY, "w1", ADDED] == holds
    assert DayPart(SUNDAY, Portion.BEFORE) not in tasks_alone(scene, "99:00")


def test_a_day_that_is_not_final_has_it_from_its_own_audit(tmp_path: Path) -> None:
    """If both answers that made it final spoke of it; one of the release before does not confirm it."""
    scene = counted(tmp_path)
    scene.fill("50:00", {"w1": 100})
    scene.reopen((MORE,))
    for clock in ("50:05", "50:10"):
        scene.audit(clock, {"w1": 13})
        scene.fill(clock, {"w1": 100})
    assert scene.daily() == calls(113) | added(113)
    assert tasks_alone(scene, "60:00") == {DayPart(MONDAY, Portion.BEFORE): frozenset({ADDED})}


@pytest.mark.parametrize("reset", RESETS)
def test_what_a_day_lacks_is_known_after_a_reset(tmp_path: Path, reset: str) -> None:
    """The day on which counting began lacks what either part of it did."""
    scene = final(tmp_path)
    scene.reopen((MORE,))
    for clock in ("52:00", "52:05"):
        scene.audit(clock, {"w1": 13})
        scene.fill(clock, {"w1": 70}, day=SUNDAY)
    RESETS[reset](scene)
    scene.reopen((replace(MORE, version=2 if "version" in reset else 1),))
    scene.say("52:10", {})
    assert tasks_alone(scene, "52:10") == {DayPart(MONDAY, Portion.BEFORE): frozenset({ADDED})}
    for clock in ("52:10", "52:15"):
        scene.fill(clock, {"w1": 113})
    assert scene.daily() == calls(113) | calls(70, SUNDAY) | added(113) | added(70, SUNDAY)


def test_a_field_of_a_later_release_is_asked_for_the_days_before_it(tmp_path: Path) -> None:
    """Their audit is folded to what was counted, so it lacks the meter; from the field's midnight on none does."""
    shop = upgraded(tmp_path, WITH_BYTES, 1)
    monday, tuesday = (DayPart(day, Portion.COUNTED) for day in (MONDAY, TUESDAY))
    for hour in (26, 31, 32):
        shop.settle(hour)
    shop.settle(48)
    for clock in ("50:00", "50:05"):
        shop.audit_day(clock, "monday")
    for clock in ("74:00", "74:05"):
        shop.audit_day(clock, "tuesday")

    def lacking(clock: str) -> dict[DayPart, frozenset[str]]:
        found, _ = shop.ledger.find_day_tasks(SCOPE, WITH_BYTES, at(clock), timedelta(days=9))
        return {task.part: task.alone for task in found if task.part in {monday, tuesday}}

    assert lacking("74:10") == {monday: frozenset({"bytes"})}
    sums, totals, series = shop.daily(), shop.ledger.totals(SCOPE, WITH_BYTES.key), shop.amounts()
    assert (MONDAY, "w1", "bytes") not in sums
    for clock in ("74:10", "74:15"):
        assert shop.audit_day(clock, "monday") == {}
    assert lacking("99:00") == {}
    assert shop.daily() == sums | {(MONDAY, "w1", "bytes"): 10 * sum_of(HOURS["10"], HOURS["23"])}
    assert (shop.ledger.totals(SCOPE, WITH_BYTES.key), shop.amounts()) == (totals, series)


@pytest.mark.parametrize("is_final", [False, True])
def test_what_settled_without_a_meter_is_in_its_sums_once_it_is_back(tmp_path: Path, is_final: bool) -> None:
    """A release that does not know a meter cannot sum the hours that it settles; the next answer about the day does."""
    scene = used(tmp_path)
    scene.reopen((replace(CALLS, meters=CALLS.meters[1:]),))
    for clock in ("24:35", "24:41"):
        scene.say(clock, {"11": {"w1": 4}})
    for clock in ("50:00", "50:05") if is_final else ():
        scene.audit(clock, {"w1": 13})
    scene.reopen()
    assert scene.daily() == calls(9)
    for clock in ("52:00", "52:05"):
        scene.audit(clock, {"w1": 13})
    assert scene.daily() == calls(13)


def test_what_reads_a_later_field_or_word_is_not_audited() -> None:
    """Meters and tallies, by what they read; on and after its midnight everything is."""
    dataset = replace(CALLS, tallies=(Tally(Tallied.ERRORS, "cloudflare_calls_total", label="status", starts="5"),))
    unbilled = frozenset({"calls", "calls_unbilled", tally_id(KIND, Tallied.ERRORS)})
    plain = replace(dataset, meters=(*dataset.meters, Meter("plain", "requests")))
    assert find_audited(plain, MONDAY, {"status": at("24:00")}) == {"plain"}
    assert find_audited(plain, MONDAY, {"requests": at("24:00")}) == set()
    assert find_audited(plain, TUESDAY, {"requests": at("24:00")}) == unbilled | {"plain"}


def test_a_stored_quantity_is_asked_by_the_hour(tmp_path: Path) -> None:
    """The new meter has peaks and hours; those of the meters that were there stay."""
    scene = GaugeState(folder=tmp_path)

    def fill(clock: str, hours: Mapping[str, tuple[int, int]]) -> None:
        question = Question(SCOPE, STOCK.key, DAY, DAY + timedelta(days=1), by_day=True)
        found = {at(f"{hour}:00"): stock_rows({"w1": stored}) for hour, stored in hours.items()}
        said = Answer(question, at(clock), found)
        scene.ledger.apply_days(ACCOUNT.id, [(DayPart(MONDAY, Portion.BEFORE), said)], 0)

    for clock in ("50:00", "50:05"):
        fill(clock, {"02": (5, 1)})
    more = replace(STOCK, meters=(*STOCK.meters, Meter("overhead", "overhead")))
    scene.reopen([more if dataset is STOCK else dataset for dataset in DATASETS])
    before = scene.daily()
    for clock in ("52:00", "52:05"):
        found, _ = scene.ledger.find_day_tasks(SCOPE, more, at(clock), timedelta(days=3))
        assert [task.alone for task in found if task.part.day == MONDAY] == [{"overhead"}]
        fill(clock, {"02": (50, 1), "03": (50, 4)})
    expected = {(MONDAY, asset, "overhead"): 4 for asset in ("w1", "")}
    assert scene.daily() == before | expected
    told = scene.ledger.hours(ACCOUNT.id, "w1")
    assert told[MONDAY, "w1", "overhead"].hours[2:4] == (1, 4)
    assert told[MONDAY, "w1", "stock"].hours[2:4] == (6, 0)
    assert not any(task.startswith("20") for task in due(scene, "52:10"))
