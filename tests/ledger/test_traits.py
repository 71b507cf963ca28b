"""For how long the traits that a list gave are known."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from exporter.ledger.roster import Entry, RosterKey, Standing
from exporter.ledger.traits import KnownTraits
from exporter.model import Asset, Inventory, Listing, ListingFailure, Traits
from tests.ledger.factories import ACCOUNT, at

OLD, NEW = Traits(((1,),), ("active",), ("free",)), Traits(((2,),), ("paused",), ("pro",))
FAILURE = ListingFailure("consumer", "no answer", final=False)
MAIL, SENDER = ("queue", "q1"), ("consumer", "c1")
ROSTER: Mapping[RosterKey, Entry] = {
    MAIL: Entry(Asset("queue", "q1", "mail"), Standing.LISTED, at("10:00")),
    SENDER: Entry(Asset("consumer", "c1", "sender", parent="q1"), Standing.LISTED, at("10:00")),
}


def found(clock: str, **listings: Listing | ListingFailure) -> Inventory:
    """Return a discovery of queues and consumers."""
    return Inventory(ACCOUNT, at(clock), listings, {"consumer": "queue"})


def queues(traits: Traits | None) -> Listing:
    """Return a list of one queue, or of none."""
    return Listing("queue", (), traits={} if traits is None else {"q1": traits})


def known(traits: KnownTraits, clock: str = "10:30") -> Mapping[RosterKey, Traits]:
    """Return what is published of traits that live half an hour."""
    return traits.publish(at(clock), timedelta(minutes=30))[ACCOUNT.id]


def test_the_newest_list_says_what_holds() -> None:
    """What it no longer has is gone at once."""
    traits = KnownTraits()
    traits.take(found("10:00", queue=queues(OLD)), ROSTER)
    traits.take(found("10:10", queue=queues(NEW)), ROSTER)
    assert known(traits) == {MAIL: NEW}
    traits.take(found("10:20", queue=queues(None)), ROSTER)
    assert known(traits) == {}


def test_a_list_that_fails_leaves_what_was_known_until_it_is_too_old() -> None:
    """Details, which hardly ever change, stay for as long as the asset."""
    traits = KnownTraits()
    traits.take(found("10:00", queue=queues(OLD)), ROSTER)
    traits.take(found("10:20", queue=ListingFailure("queue", "no answer", final=False)), ROSTER)
    assert known(traits, "10:30") == {MAIL: OLD}
    assert known(traits, "10:31") == {MAIL: Traits(details=("free",))}


def test_a_list_of_one_parent_that_fails_leaves_its_children_as_they_were() -> None:
    """Those of the parents whose list was read are as it says."""
    traits = KnownTraits()
    traits.take(found("10:00", consumer=Listing("consumer", (), traits={"c1": OLD, "c2": OLD})), ROSTER)
    traits.take(found("10:10", consumer=Listing("consumer", (), unread={"q1": FAILURE}, traits={"c3": NEW})), ROSTER)
    assert known(traits) == {SENDER: OLD, ("consumer", "c3"): NEW}


def test_a_list_that_may_lack_something_leaves_what_it_lacks_as_it_was() -> None:
    """What it has is as it says; once it is complete, the rest is gone."""
    traits = KnownTraits()
    traits.take(found("10:00", queue=Listing("queue", (), traits={"q1": OLD, "q2": OLD})), ROSTER)
    short = Listing("queue", (), traits={"q2": NEW}, is_complete=False)
    traits.take(found("10:10", queue=short), ROSTER)
    assert known(traits) == {MAIL: OLD, ("queue", "q2"): NEW}
    traits.take(found("10:20", queue=replace(short, is_complete=True)), ROSTER)
    assert known(traits) == {("queue", "q2"): NEW}
