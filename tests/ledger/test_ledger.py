"""The ledger as a whole: datasets that change, gaps, revisions, accounts."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.catalog.entry import Field
from exporter.catalog.timing import Counter
from exporter.config.selection import Selection
from exporter.model import Account, BookKey
from tests.ledger.factories import ACCOUNT, CALLS, MONDAY, SCOPE, Scene, at, inventory, used, worker

SHOP = ("unassigned", "shop", "success")
ERROR = ("unassigned", "shop", "error")


CHANGED_DATASETS = {
    "version": replace(CALLS, version=2),
    "scale of a field": replace(CALLS, fields=(Field("requests", fractional=True),)),
    "id of its assets": replace(CALLS, id_dimension="scriptTag"),
}


@pytest.mark.parametrize("change", CHANGED_DATASETS)
def test_another_dataset_begins_anew(tmp_path: Path, change: str) -> None:
    """A dataset that the catalog now has otherwise has a new start; the daily sums of settled hours stay."""
    scene = used(tmp_path)
    scene.say("12:00", {"11": {"w1": 4}})
    scene.say("12:30", {"11": {"w1": 4}})
    scene.reopen([CHANGED_DATASETS[change]])
    assert (scene.totals(), scene.series(), scene.ledger.publication().books) == ({}, {}, ())
    assert scene.daily() == {(MONDAY, "w1", "calls"): 13}
    scene.say("12:40", {})
    assert scene.published_until() == at("12:40")
    scene.ledger.close()


def test_the_open_hours_of_a_dataset_that_ends_stay_in_the_daily_sums(tmp_path: Path) -> None:
    """Usage that was already in the daily sums does not leave them with a new version."""
    scene = used(tmp_path)
    assert scene.daily() == {(MONDAY, "w1", "calls"): 13}
    scene.reopen([replace(CALLS, version=2)])
    assert scene.daily() == {(MONDAY, "w1", "calls"): 13}
    scene.ledger.close()


def test_an_unchanged_dataset_goes_on(tmp_path: Path) -> None:
    """Help texts and zero label sets are no part of what was counted."""
    metric = replace(CALLS.metrics[0], help="Other words.", zeros=(("success",), ("error",)))
    scene = used(tmp_path)
    scene.reopen([replace(CALLS, metrics=(metric,), timing=Counter(settle=timedelta(hours=1)))])
    scene.say("11:31", {"11": {"w1": 4}})
    assert scene.series() == {SHOP: 13, ERROR: 0}
    scene.ledger.close()


def test_a_gap_is_counted_and_older_hours_settle_as_known() -> None:
    """Away longer than Cloudflare keeps data: what was known stays, and the time that nobody asked for is told."""
    scene = Scene()
    scene.list("09:59", worker("w1", "shop"))
    scene.say_and_scrape("10:00", {})
    scene.say_and_scrape("10:20", {"10": {"w1": 9}})
    applied = scene.say("14:20", {"14": {"w1": 2}}, since=at("14:00"))
    assert applied.gaps == {BookKey(SCOPE, "calls"): timedelta(hours=3, minutes=40)}
    assert (scene.totals(), scene.daily()) == ({("w1", "success"): 11}, {(MONDAY, "w1", "calls"): 11})
    assert scene.say("14:21", {"14": {"w1": 2}}).gaps == {BookKey(SCOPE, "calls"): timedelta(0)}


def test_revisions_are_counted_by_dataset() -> None:
    """Each row that falls against the answer before is counted once."""
    scene = Scene()
    scene.list("09:59", worker("w1", "shop"))
    scene.say("10:00", {})
    counts = []
    for clock, usage in (
        ("10:01", {"w1": 9, "w2": 3}),
        ("10:02", {"w1": 8, "w2": 2}),
        ("10:03", {"w1": 8}),
        ("10:04", {"w1": 9, "w2": 3}),
    ):
        scene.say(clock, {"10": usage})
        counts.append(scene.state().revisions)
    assert counts == [0, 2, 3, 3]


def test_the_later_of_two_accounts_with_one_name_gets_its_short_id() -> None:
    """Account labels are unique, and stay when the other account is renamed."""
    scene = Scene()
    other = Account("b" * 32, "Example")
    scene.ledger.enroll([ACCOUNT, other])
    assert scene.ledger.publication().accounts == {ACCOUNT.id: "Example", other.id: "Example (bbbbbbbb)"}
    scene.ledger.enroll([Account(ACCOUNT.id, "Sample"), other])
    assert scene.ledger.publication().accounts == {ACCOUNT.id: "Sample", other.id: "Example (bbbbbbbb)"}


def test_a_renamed_account_begins_its_series_anew() -> None:
    """Its old series leave; those under the new name start at 0 and get the further usage only."""
    scene = Scene()
    scene.list("09:59", worker("w1", "shop"))
    scene.say_and_scrape("10:00", {})
    scene.say_and_scrape("10:01", {"10": {"w1": 5}})
    scene.ledger.enroll([Account(ACCOUNT.id, "Sample")])
    assert scene.series() == {}
    scene.say_and_scrape("10:02", {"10": {"w1": 6}})
    assert scene.series() == {SHOP: 0}
    scene.say("10:03", {"10": {"w1": 8}})
    assert scene.series() == {SHOP: 3}


def test_an_account_has_a_roster_once_a_discovery_was_taken_over() -> None:
    """Ids met in rows alone are no discovery."""
    scene = Scene()
    scene.say("10:00", {"10": {"w1": 1}})
    assert not scene.ledger.has_roster(ACCOUNT.id)
    scene.ledger.apply_discovery(inventory("10:01", [worker("w1", "shop")]), Selection(), 0)
    assert scene.ledger.has_roster(ACCOUNT.id)
