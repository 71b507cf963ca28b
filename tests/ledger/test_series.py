"""Exposed series: born at zero, held until seen, growing by the usage of what is placed in them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.config.selection import Selection
from exporter.model import Asset
from tests.ledger.factories import ACCOUNT, SCOPE, Scene, answer, at, failed, worker

SHOP = worker("w1", "shop")
PLACE = ("unassigned", "shop")
SUCCESS = (*PLACE, "success")
ERROR = (*PLACE, "error")


def begun(*assets: Asset) -> Scene:
    """Return a ledger that counts from 10:00 on and whose first zeros were scraped."""
    scene = Scene()
    scene.list("09:59", *(assets or (SHOP,)))
    scene.say_and_scrape("10:00", {})
    return scene


def test_a_known_asset_without_usage_is_zero() -> None:
    """Each listed asset has the label sets that the catalog declares, before any usage."""
    assert begun().series() == {SUCCESS: 0}


def test_usage_before_the_first_answer_is_not_counted() -> None:
    """Counting starts at the end of the first question that was answered."""
    scene = Scene()
    scene.list("09:59", SHOP)
    scene.say("10:10", {"10": {"w1": 50}})
    scene.scrape()
    assert scene.ledger.open_from(SCOPE, "calls") == at("10:10")
    scene.say("10:11", {"10": {"w1": 3}})
    assert scene.series() == {SUCCESS: 3}


def test_a_new_series_is_zero_until_scraped() -> None:
    """A label set that turns up is published as 0 and grows with the refresh after a scrape."""
    scene = begun()
    scene.say("10:01", {"10": {("w1", "error"): 4}})
    assert scene.series() == {SUCCESS: 0, ERROR: 0}
    scene.say("10:02", {"10": {("w1", "error"): 5}})
    assert scene.series() == {SUCCESS: 0, ERROR: 0}
    scene.scrape()
    scene.say("10:03", {"10": {("w1", "error"): 5}})
    assert scene.series() == {SUCCESS: 0, ERROR: 5}


def test_a_scrape_of_an_older_revision_does_not_end_a_birth() -> None:
    """Only a scrape that showed the zero lets the series grow."""
    scene = begun()
    scene.scrape()
    scene.say("10:01", {"10": {("w1", "error"): 4}})
    scene.say("10:02", {"10": {("w1", "error"): 4}})
    assert scene.series()[ERROR] == 0


def test_an_unscraped_series_grows_after_five_minutes() -> None:
    """Without a scrape a birth ends with the first refresh later than five minutes after it."""
    scene = begun()
    published = []
    for minute in ("10:01", "10:06", "10:07"):
        scene.say(minute, {"10": {("w1", "error"): 4}})
        published.append(scene.series()[ERROR])
    assert published == [0, 0, 4]


def test_a_birth_waits_for_those_who_could_not_see_it_while_no_exporter_ran(tmp_path: Path) -> None:
    """A zero that nobody scraped before a restart is shown for five minutes after the first answer from then on."""
    scene = Scene(tmp_path)
    scene.list("09:59", SHOP)
    scene.say_and_scrape("10:00", {})
    scene.say("10:01", {"10": {("w1", "error"): 4}})
    scene.reopen()
    published = []
    for minute in ("10:31", "10:36", "10:37"):
        scene.say(minute, {"10": {("w1", "error"): 4}})
        published.append(scene.series()[ERROR])
    scene.ledger.close()
    assert published == [0, 0, 4]


def test_the_births_of_a_jump_come_before_its_values() -> None:
    """After an outage new series are published beside the old values and the old ``until``; then all follow at once."""
    scene = begun()
    scene.say_and_scrape("10:02", {"10": {"w1": 6}})
    later = {"10": {"w1": 90, ("w1", "error"): 9}}
    scene.say("10:20", later)
    assert (scene.series(), scene.published_until()) == ({SUCCESS: 6, ERROR: 0}, at("10:02"))
    scene.say("10:21", later)
    assert (scene.series(), scene.published_until()) == ({SUCCESS: 6, ERROR: 0}, at("10:02"))
    scene.scrape()
    scene.say("10:22", later)
    assert (scene.series(), scene.published_until()) == ({SUCCESS: 90, ERROR: 9}, at("10:22"))


def test_an_unscraped_jump_is_held_for_five_minutes() -> None:
    """Nobody scrapes: values and ``until`` follow with the first refresh later than five minutes."""
    scene = begun()
    scene.say("10:01", {})
    seen = []
    for minute in ("10:20", "10:25", "10:26"):
        scene.say(minute, {"10": {"w1": 7, ("w1", "error"): 9}})
        seen.append((scene.series()[SUCCESS], scene.series()[ERROR], f"{scene.published_until():%H:%M}"))
    assert seen == [(0, 0, "10:01"), (0, 0, "10:01"), (7, 9, "10:26")]


def test_a_jump_without_births_is_published_at_once() -> None:
    """When no series is new, values and ``until`` move together."""
    scene = begun()
    scene.say("10:20", {"10": {"w1": 7}})
    assert (scene.series(), scene.published_until()) == ({SUCCESS: 7}, at("10:20"))


@pytest.mark.parametrize(("interval", "ordinary", "jump"), [(1, "10:02", "10:03"), (5, "10:10", "10:11")])
def test_births_within_two_intervals_hold_nothing_else(interval: int, ordinary: str, jump: str) -> None:
    """A new series in an ordinary answer leaves the others and ``until`` alone; a later answer is a jump."""
    found = []
    for clock in (ordinary, jump):
        scene = begun()
        said = answer(at("10:00"), clock, {"10": {"w1": 6, ("w1", "error"): 1}})
        question = replace(said.question, interval=timedelta(minutes=interval))
        scene.ledger.apply(ACCOUNT.id, [replace(said, question=question)], scene.ledger.commit_number)
        found.append((scene.series(), scene.published_until()))
    assert found == [({SUCCESS: 6, ERROR: 0}, at(ordinary)), ({SUCCESS: 0, ERROR: 0}, at("10:00"))]


def test_a_rename_ends_one_series_and_begins_another_at_zero() -> None:
    """The old name leaves with the discovery; the new one starts at 0 and gets the further usage only."""
    scene = begun()
    scene.say_and_scrape("10:01", {"10": {"w1": 6}})
    scene.list("10:01", worker("w1", "store"))
    assert scene.series() == {}
    scene.say_and_scrape("10:02", {"10": {"w1": 8}})
    assert scene.series() == {("unassigned", "store", "success"): 0}
    scene.say("10:03", {"10": {"w1": 9}})
    assert scene.series() == {("unassigned", "store", "success"): 3}


def test_two_ids_that_swap_names_go_on_under_the_other_name() -> None:
    """Each series grows by the usage of the id that bears its name now; nothing falls."""
    scene = begun(worker("w1", "one"), worker("w2", "two"))
    scene.say_and_scrape("10:01", {"10": {"w1": 100, "w2": 5}})
    scene.list("10:01", worker("w1", "two"), worker("w2", "one"))
    scene.say("10:02", {"10": {"w1": 103, "w2": 6}})
    assert scene.series() == {("unassigned", "one", "success"): 101, ("unassigned", "two", "success"): 8}


def test_an_asset_created_again_under_its_name_continues_the_series() -> None:
    """The old id's last usage and the new id's first go to the one series of their name."""
    scene = begun()
    scene.say_and_scrape("10:01", {"10": {"w1": 6}})
    scene.list("10:01", worker("w2", "shop"))
    scene.say("10:02", {"10": {"w1": 7, "w2": 20}})
    assert scene.series() == {SUCCESS: 27}


def test_usage_of_a_stranger_waits_for_its_series() -> None:
    """What an id used before a discovery lists it is counted at once, and published where it is then placed."""
    scene = begun()
    applied = scene.say("10:01", {"10": {"w9": 40}})
    assert applied.strangers == {("worker", "w9")}
    assert scene.totals() == {("w9", "success"): 40}
    assert scene.series() == {SUCCESS: 0}
    scene.list("10:02", SHOP, worker("w9", "late"))
    assert scene.say("10:02", {"10": {"w9": 41}}).strangers == frozenset()
    assert scene.series() == {SUCCESS: 0, ("unassigned", "late", "success"): 0}
    scene.scrape()
    scene.say("10:03", {"10": {"w9": 41}})
    assert scene.series() == {SUCCESS: 0, ("unassigned", "late", "success"): 41}


def test_usage_that_no_list_explains_is_published_as_such() -> None:
    """Ids that a successful discovery does not list, dispatch namespaces and rows without an asset have a name each."""
    scene = begun()
    usage = {"w9": 1, "w8": 2, "dispatch:tenants": 3, "": 4}
    scene.say("10:01", {"10": usage})
    scene.list("10:02", SHOP)
    scene.say_and_scrape("10:02", {"10": usage})
    scene.say("10:03", {"10": usage})
    assert scene.series() == {
        SUCCESS: 0,
        ("unassigned", "(unlisted)", "success"): 3,
        ("unassigned", "(dispatch tenants)", "success"): 3,
        ("unassigned", "(account)", "success"): 4,
    }


def test_a_stranger_stays_one_while_discovery_fails() -> None:
    """A list that failed for a passing reason decides nothing."""
    scene = begun()
    scene.say("10:01", {"10": {"w9": 1}})
    scene.ledger.apply_discovery(failed("10:02"), Selection(), 0)
    assert scene.say("10:02", {"10": {"w9": 1}}).strangers == {("worker", "w9")}


def test_a_product_that_cannot_be_listed_is_published_as_unlisted() -> None:
    """Without the permission to list, usage is published as unlisted, old strangers and new ones alike."""
    scene = Scene()
    scene.ledger.apply_discovery(failed("09:59", final=True), Selection(), 0)
    scene.say("10:00", {})
    assert scene.say("10:01", {"10": {"w1": 5}}).strangers == frozenset()
    scene.scrape()
    scene.say("10:02", {"10": {"w1": 5, "w2": 1}})
    assert scene.series() == {("unassigned", "(unlisted)", "success"): 6}


def test_an_unlisted_asset_that_is_listed_later_takes_its_further_usage_along() -> None:
    """What was published as unlisted stays so; the rest goes to the asset's own series."""
    scene = begun()
    scene.say("10:01", {"10": {"w9": 4}})
    scene.list("10:02", SHOP)
    scene.say_and_scrape("10:02", {"10": {"w9": 4}})
    scene.say("10:03", {"10": {"w9": 4, "w8": 1}})
    scene.list("10:04", SHOP, worker("w9", "late"))
    scene.say_and_scrape("10:04", {"10": {"w9": 6, "w8": 1}})
    scene.list("10:05", SHOP, worker("w9", "late"))
    scene.say("10:05", {"10": {"w9": 6, "w8": 1}})
    assert scene.series() == {
        SUCCESS: 0,
        ("unassigned", "(unlisted)", "success"): 5,
        ("unassigned", "late", "success"): 2,
    }


def test_an_asset_that_left_is_published_as_unlisted() -> None:
    """After two absences its series leave; usage that still comes has no name any more."""
    scene = begun()
    scene.say_and_scrape("10:01", {"10": {}})
    scene.list("10:02")
    assert scene.series() == {SUCCESS: 0}
    scene.list("10:03")
    assert scene.series() == {}
    scene.say_and_scrape("10:04", {"10": {"w1": 2}})
    scene.say("10:05", {"10": {"w1": 2}})
    assert scene.series() == {("unassigned", "(unlisted)", "success"): 2}


def test_an_asset_with_usage_in_an_open_hour_does_not_leave() -> None:
    """Its series stay, however often it is absent, until the hour is settled."""
    scene = begun()
    scene.say_and_scrape("10:50", {"10": {"w1": 2}})
    scene.list("10:51")
    scene.list("10:52")
    scene.say_and_scrape("11:00", {"10": {"w1": 3}})
    assert scene.series() == {SUCCESS: 3}
    scene.say_and_scrape("11:30", {"10": {"w1": 3}})
    scene.list("11:31")
    assert scene.series() == {}


def test_the_newest_minute_with_data_never_moves_back() -> None:
    """An answer that holds no data, or only older, leaves the newest minute as it was."""
    scene = begun()
    seen = []
    for clock, newest in (("10:01", None), ("10:05", at("10:03")), ("10:06", None), ("10:07", at("10:02"))):
        said = replace(answer(at("10:00"), clock, {}), newest=newest)
        scene.ledger.apply(ACCOUNT.id, [said], 0)
        (book,) = scene.ledger.publication().books
        assert book.state is not None
        seen.append(book.state.newest)
    assert seen == [at("09:59"), at("10:03"), at("10:03"), at("10:03")]


def test_the_series_of_all_assets_add_up_to_all_totals() -> None:
    """Renames, swaps and strangers move usage between series and lose none of it."""
    scene = begun(worker("w1", "one"), worker("w2", "two"))
    increases = 0
    before = scene.series()
    steps = [
        ("10:01", ("one", "two"), {"w1": 5, "w2": 1}),
        ("10:02", ("two", "one"), {"w1": 7, "w2": 1, "w3": 30}),
        ("10:03", ("three", "one"), {"w1": 9, "w2": 2, "w3": 31}),
        ("10:04", ("one", "one"), {"w1": 11, "w2": 4, "w3": 31}),
        ("10:05", ("two", "one"), {"w1": 11, "w2": 4, "w3": 31, "": 6}),
        ("10:06", ("two", "one"), {"w1": 11, "w2": 4, "w3": 31, "": 6}),
        ("10:07", ("two", "one"), {"w1": 11, "w2": 4, "w3": 31, "": 6}),
    ]
    for clock, (first, second), usage in steps:
        scene.list(clock, worker("w1", first), worker("w2", second))
        scene.say_and_scrape(clock, {"10": usage})
        now = scene.series()
        increases += sum(amount - before.get(key, 0) for key, amount in now.items())
        assert all(amount >= before.get(key, 0) for key, amount in now.items())
        before |= now
    assert increases == 11 + 4 + 31 + 6
