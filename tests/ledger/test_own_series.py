"""Who has series of its own where there are more assets than places, and what becomes of the others."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import process_time

import pytest

from exporter.catalog.entry import Tallied, Tally
from exporter.config.selection import Selection
from exporter.ledger.own_series import Competition, Use, decide_folded
from exporter.ledger.roster import Entry, RosterKey, Standing
from exporter.model import MOST_ASSETS, OTHER, Asset, Inventory, Listing
from tests.ledger.factories import ACCOUNT, CALLS, KIND, MONDAY, PARENTS, FlatTariff, Scene, at, worker

TALLIED = replace(CALLS, tallies=(Tally(Tallied.REQUESTS, CALLS.metrics[0].name),))

A, B, C, D = (worker(f"w{number}", name) for number, name in enumerate(("shop-a", "shop-b", "shop-c", "shop-d"), 1))


def limited(largest: int) -> Selection:
    """Return a selection that leaves so many Workers series of their own."""
    return Selection.model_validate({"limits": {"assets": [{"kind": KIND, "largest": largest}]}})


def entries(*names: str, folded: str = "") -> dict[RosterKey, Entry]:
    """Return listed Workers, whose ids are their names, the eldest first."""
    return {
        (KIND, name): Entry(
            worker(name, name), Standing.LISTED, at("10:00") + timedelta(minutes=age), is_folded=name in folded
        )
        for age, name in enumerate(names)
    }


def decide(
    roster: Mapping[RosterKey, Entry],
    use: Mapping[str, Use],
    most: int,
    before: Mapping[RosterKey, Entry] | None = None,
    *,
    may_move: bool = True,
    in_all: int = MOST_ASSETS,
) -> str:
    """Return who is folded after a decision."""
    current = dict(roster)
    measured = {(KIND, name): used for name, used in use.items()}
    competition = Competition(lambda: measured, {}, may_move, in_all)
    decide_folded(current, roster if before is None else before, competition, lambda _: most)
    return "".join(entry.asset.name for entry in current.values() if entry.is_folded)


def used(*days: int) -> Use:
    """Return the use of an asset on some days."""
    return Use(sum(days), days)


def test_the_most_used_have_series_of_their_own() -> None:
    """At first nobody has a place: they go by requests, and among equals by age."""
    use = {"d": used(5, 5), "b": used(9, 0)}
    assert decide(entries(*"abcd"), use, 2, {}) == "ac"
    assert decide(entries(*"abcd"), {}, 2, {}) == "cd"
    assert decide(entries(*"abcd"), use, 4, {}) == ""
    assert decide(entries(*"abcd"), use, 0, {}) == "abcd"


def test_nothing_is_measured_while_all_have_a_place() -> None:
    """Reading a week of sums takes time."""

    def refuse() -> dict[RosterKey, Use]:
        raise AssertionError

    decide_folded(entries(*"abc"), {}, Competition(refuse, {}), lambda _: 3)


@pytest.mark.parametrize(
    ("use", "folded"),
    [
        ({"a": used(10, 10), "b": used(4, 4), "c": used(8, 8)}, "b"),
        ({"a": used(10, 10), "b": used(4, 4), "c": used(90, 7)}, "c"),
        ({"a": used(10, 10), "b": used(4, 4), "c": used(7, 90)}, "c"),
        ({"a": used(10, 10), "b": used(0, 0), "c": used(1, 1)}, "b"),
        ({"a": used(10, 10), "c": used(1, 1)}, "b"),
        ({"a": used(10, 10), "c": used(1, 0)}, "c"),
        ({}, "c"),
    ],
)
def test_a_place_changes_hands_after_two_decisive_days(use: Mapping[str, Use], folded: str) -> None:
    """The other must have had twice as much on both days, and anything at all."""
    assert decide(entries(*"abc", folded="c"), use, 2) == folded


def test_several_places_change_hands_at_once() -> None:
    """The largest of those that are folded take the places of the smallest."""
    use = {"a": used(1, 1), "b": used(50, 50), "c": used(2, 2), "d": used(9, 9), "e": used(70, 70), "f": used(3, 3)}
    assert decide(entries(*"abcdef", folded="def"), use, 3) == "acf"


def test_who_comes_anew_gets_a_place_only_if_one_is_free() -> None:
    """An asset of which nothing is known displaces nobody."""
    known = entries(*"ab")
    assert decide(entries(*"abc"), {}, 2, known) == "c"
    assert decide(entries(*"abc"), {}, 3, known) == ""


def test_a_stricter_limit_keeps_the_largest_and_a_wider_one_lets_the_largest_in() -> None:
    """Neither waits for days."""
    use = {"a": used(1, 1), "b": used(3, 3), "c": used(2, 2)}
    assert decide(entries(*"abc"), use, 1) == "ac"
    assert decide(entries(*"abc", folded="abc"), use, 2) == "a"


def test_nobody_moves_before_its_growth_is_seen() -> None:
    """Only who comes anew is decided on at once."""
    known = entries(*"abc", folded="c")
    use = {"c": used(9, 9)}
    assert decide(entries(*"abcd", folded="c"), use, 1, known, may_move=False) == "cd"
    assert decide(entries(*"abcd", folded="c"), use, 9, known, may_move=False) == "c"


def test_the_account_has_a_limit_over_all_kinds() -> None:
    """The smallest of all lose their series, whichever kind they are of; who was there stays."""
    roster = entries(*"ab")
    buckets = {
        ("r2_bucket", name): Entry(Asset("r2_bucket", name, name), Standing.LISTED, at("10:00")) for name in "xy"
    }
    assert decide({**roster, **buckets}, {"b": used(1, 1)}, 2, {}, in_all=3) == "y"
    assert decide({**roster, **buckets}, {"a": used(1, 1)}, 1, {}, in_all=1) == "bxy"
    assert decide({**roster, **buckets}, {"b": used(1, 1)}, 9, roster, in_all=2) == "xy"


def test_an_asset_really_called_other_is_told_apart() -> None:
    """Its series are its own."""
    roster = entries("other", "b")
    decide_folded(current := dict(roster), roster, Competition(dict, {}), lambda _: 1)
    assert {(entry.placement.asset if entry.placement else "") for entry in current.values()} == {
        "other (other)",
        OTHER,
    }


def test_what_is_filtered_or_gone_takes_no_place() -> None:
    """Only what could have series of its own counts."""
    roster = entries(*"abcd")
    roster[KIND, "a"] = replace(roster[KIND, "a"], is_filtered=True)
    roster[KIND, "b"] = replace(roster[KIND, "b"], standing=Standing.UNLISTED)
    assert decide(roster, {}, 2) == ""


class Shop(Scene):
    """A ledger of an account with four Workers, of which some have series of their own."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(folder, (TALLIED,), FlatTariff())
        self.selection = limited(2)
        self.list("09:58", A, B, C, D)
        self.say_and_scrape("10:00", {})
        self.say_and_scrape("10:01", {"10": {"w1": 1, "w2": 2, "w3": 3, "w4": 4}})

    def shown(self) -> dict[str, int]:
        """Return what is published, by asset."""
        return {asset: amount for (project, asset, _), amount in self.series().items() if project == "shop"}

    def folded(self) -> set[str]:
        """Return the ids of the folded assets."""
        return {asset for (_, asset), entry in self.ledger.roster(ACCOUNT.id).items() if entry.is_folded}


def test_folded_assets_are_one_series_and_their_usage_stays_their_own(tmp_path: Path) -> None:
    """The sum over the label is the whole; totals, daily sums and cost are by asset."""
    shop = Shop(tmp_path)
    assert shop.folded() == {"w3", "w4"}
    assert shop.shown() == {"shop-a": 1, "shop-b": 2, OTHER: 7}
    assert shop.totals() == {(f"w{number}", "success"): number for number in (1, 2, 3, 4)}
    assert shop.daily()[MONDAY, "w4", "calls"] == 4
    books = (*shop.ledger.publication().books, *shop.ledger.publication().list_costs)
    assert [{asset: total for (asset, _), (total,) in book.folded.items()} for book in books] == [
        {"w3": 3, "w4": 4},
        {"w3": 21, "w4": 28},
    ]
    shop.ledger.close()


def test_who_has_a_place_is_known_after_a_restart(tmp_path: Path) -> None:
    """Before the next discovery, and after it."""
    shop = Shop(tmp_path)
    before = shop.ledger.publication().assets
    shop.reopen((TALLIED,))
    assert shop.ledger.publication().assets == before
    shop.list("10:09", A, B, C, D)
    assert shop.folded() == {"w3", "w4"}
    assert shop.shown() == {"shop-a": 1, "shop-b": 2, OTHER: 7}
    shop.ledger.close()


def test_what_comes_back_goes_on_where_it_left() -> None:
    """An asset that loses its series and regains them, and ``other`` that goes and comes back."""
    shop = Shop()
    shop.selection = limited(1)
    shop.list("10:02", A, B, C, D)
    assert shop.shown() == {"shop-a": 1, OTHER: 7}
    shop.say_and_scrape("10:03", {"10": {"w1": 1, "w2": 5, "w3": 3, "w4": 4}})
    assert shop.shown() == {"shop-a": 1, OTHER: 10}
    shop.selection = Selection()
    shop.list("10:04", A, B, C, D)
    shop.say_and_scrape("10:05", {"10": {"w1": 1, "w2": 6, "w3": 8, "w4": 4}})
    shop.say_and_scrape("10:06", {"10": {"w1": 1, "w2": 6, "w3": 8, "w4": 4}})
    assert shop.shown() == {"shop-a": 1, "shop-b": 3, "shop-c": 5, "shop-d": 0}
    shop.selection = limited(2)
    shop.list("10:07", A, B, C, D)
    shop.say_and_scrape("10:08", {"10": {"w1": 1, "w2": 6, "w3": 8, "w4": 9}})
    shop.say_and_scrape("10:09", {"10": {"w1": 1, "w2": 6, "w3": 8, "w4": 9}})
    assert shop.shown()[OTHER] == 15
    assert shop.totals() == {(f"w{n}", "success"): total for n, total in ((1, 1), (2, 6), (3, 8), (4, 9))}


def test_a_change_of_places_waits_for_a_scrape_but_not_for_ever() -> None:
    """What a series grew by must have been seen before it leaves; after an hour without a scrape it leaves anyway."""
    shop = Shop()
    shop.say("10:02", {"10": {"w1": 1, "w2": 5, "w3": 3, "w4": 4}})
    shop.selection = limited(1)
    shop.list("10:03", A, B, C, D)
    assert shop.shown()["shop-b"] == 5
    for clock in ("10:20", "10:40", "10:58"):
        shop.say(clock, {"10": {"w1": 1, "w2": 5, "w3": 3, "w4": 4}})
        shop.list(clock, A, B, C, D)
        assert "shop-b" in shop.shown()
    shop.say("10:59", {"10": {"w1": 1, "w2": 5, "w3": 3, "w4": 4}})
    shop.list("10:59", A, B, C, D)
    assert "shop-b" not in shop.shown()


def test_places_go_by_the_requests_of_the_days_that_are_over() -> None:
    """Those of a week decide who stays, those of the last two who comes; the history fill tells them, too."""
    shop = Shop()
    for days, amount in ((1, 9), (2, 9)):
        shop.fill("10:02", {"w1": 5, "w4": amount, "w3": 4, "w2": 4}, day=MONDAY - timedelta(days=days))
        shop.fill("10:08", {"w1": 5, "w4": amount, "w3": 4, "w2": 4}, day=MONDAY - timedelta(days=days))
    shop.scrape()
    shop.list("10:57", A, B, C, D)
    assert shop.folded() == {"w3", "w4"}, "what was measured at the first discovery holds for an hour"
    shop.list("10:58", A, B, C, D)
    assert shop.folded() == {"w2", "w3"}


def test_a_rename_and_another_project_move_a_folded_asset_as_any_other() -> None:
    """It is folded in its new project, and nothing falls."""
    shop = Shop()
    shop.list("10:02", A, B, worker("w3", "store-c"), replace(D, tags=("project:store",)))
    shop.say_and_scrape("10:03", {"10": {"w1": 1, "w2": 2, "w3": 5, "w4": 9}})
    shop.say_and_scrape("10:04", {"10": {"w1": 1, "w2": 2, "w3": 5, "w4": 9}})
    series = {(project, asset): amount for (project, asset, _), amount in shop.series().items()}
    assert series == {("shop", "shop-a"): 1, ("shop", "shop-b"): 2, ("store", OTHER): 5, ("unassigned", OTHER): 2}


def test_rows_with_only_a_name_follow_the_asset_of_that_name() -> None:
    """They are folded if it is."""
    shop = Shop()
    shop.say_and_scrape("10:03", {"10": {"w1": 1, "w2": 2, "w3": 3, "w4": 4, "name:shop-d": 2}})
    shop.list("10:04", A, B, C, D)
    shop.say_and_scrape("10:05", {"10": {"w1": 1, "w2": 2, "w3": 3, "w4": 4, "name:shop-d": 2}})
    assert shop.shown() == {"shop-a": 1, "shop-b": 2, OTHER: 9}


def test_too_many_assets_for_prometheus_do_not_slow_discovery() -> None:
    """Of one more than there may be series of, one is folded; that takes seconds of a discovery's ten minutes."""
    scene = Scene(datasets=(TALLIED,))
    assets = tuple(worker(f"{number:032x}", f"tenant-{number}") for number in range(MOST_ASSETS + 1))
    found = Inventory(ACCOUNT, at("10:00"), {KIND: Listing(KIND, assets)}, PARENTS)
    scene.ledger.apply_discovery(found, scene.selection, 0)
    roster = scene.ledger.roster(ACCOUNT.id)
    assert [entry.asset.id for entry in roster.values() if entry.is_folded] == [f"{MOST_ASSETS:032x}"]
    began = process_time()
    scene.ledger.apply_discovery(replace(found, date=at("10:10")), scene.selection, 0)
    assert process_time() - began < 10
