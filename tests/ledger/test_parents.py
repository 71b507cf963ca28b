"""Assets that belong to others: their project, and what an unread list of one parent says of them."""

from collections.abc import Iterable

from exporter.config.selection import Selection
from exporter.ledger.roster import Standing, register_strangers
from exporter.model import Asset, Inventory, Listing, ListingFailure
from tests.ledger.factories import ACCOUNT, at
from tests.ledger.test_roster import Roster

PARENTS = {"consumer": "queue", "retry": "consumer"}
MAIL, JOBS = Asset("queue", "q1", "shop-mail"), Asset("queue", "q2", "blog-jobs")
SENDER, RUNNER = Asset("consumer", "c1", "sender", parent="q1"), Asset("consumer", "c2", "runner", parent="q2")
SECOND = Asset("retry", "r1", "second", parent="c1")
EVERYTHING = (MAIL, JOBS, SENDER, RUNNER, SECOND, Asset("queue", "q3", "shop-orders"))


def found(*assets: Asset, unread: Iterable[str] = (), final: bool = False) -> Inventory:
    """Return a discovery that could not list the consumers of some queues."""
    failures = {parent: ListingFailure("consumer", "no answer", final) for parent in unread}
    listings = {
        kind: Listing(kind, tuple(asset for asset in assets if asset.kind == kind), unread=of)
        for kind, of in (("retry", {}), ("consumer", failures), ("queue", {}))
    }
    return Inventory(ACCOUNT, at("10:00"), listings, PARENTS)


def standings(roster: Roster) -> dict[str, Standing]:
    """Return how each asset stands, by id."""
    return {asset_id: entry.standing for (_, asset_id), entry in roster.entries.items()}


def test_a_child_takes_the_project_of_its_parent() -> None:
    """And a child of that child too; their own names have no say, and a rule goes first."""
    roster = Roster()
    roster.hear(found(*EVERYTHING))
    assert roster.projects() == {
        "q1": "shop", "q2": "unassigned", "q3": "shop", "c1": "shop", "c2": "unassigned", "r1": "shop"
    }  # fmt: skip
    rule = {"match": {"kind": "*", "name": "sender"}, "project": "mail"}
    roster.selection = Selection.model_validate({"projects": [rule]})
    roster.hear(found(*EVERYTHING))
    assert (roster.projects()["c1"], roster.projects()["r1"], roster.projects()["c2"]) == ("mail", "mail", "unassigned")


def test_a_list_that_could_not_be_read_removes_nobody() -> None:
    """Neither the children of that parent nor theirs leave; those of other parents do."""
    roster = Roster()
    roster.hear(found(*EVERYTHING))
    for _ in range(4):
        roster.hear(found(MAIL, JOBS, unread=["q1"]))
    assert standings(roster) == {
        "q1": Standing.LISTED,
        "q2": Standing.LISTED,
        "q3": Standing.UNLISTED,
        "c1": Standing.LISTED,
        "c2": Standing.UNLISTED,
        "r1": Standing.LISTED,
    }
    roster.hear(found(MAIL, JOBS))
    roster.hear(found(MAIL, JOBS))
    assert standings(roster)["c1"] is standings(roster)["r1"] is Standing.UNLISTED


def test_a_stranger_waits_for_the_list_that_may_hold_it() -> None:
    """It is unlisted once all lists were read, or the rest never will be."""
    strangers = register_strangers({}, "consumer", ["c9"], at("10:00"), is_unlistable=False)
    waiting, decided = Roster(dict(strangers)), Roster(dict(strangers))
    waiting.hear(found(MAIL, JOBS, unread=["q1"]))
    assert standings(waiting)["c9"] is Standing.STRANGER
    waiting.hear(found(MAIL, JOBS))
    decided.hear(found(MAIL, JOBS, unread=["q1"], final=True))
    assert standings(waiting)["c9"] is standings(decided)["c9"] is Standing.UNLISTED
