"""The roster: under which project and name each asset is published, discovery by discovery."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from exporter.config.selection import Selection
from exporter.ledger.discovered import apply_discovery
from exporter.ledger.roster import Entry, RosterKey, Standing, place_row, register_strangers
from exporter.model import Asset, Inventory, Listing, Placement
from tests.ledger.factories import DAY, at, failed, inventory, worker

ALL_KINDS = ("do_namespace", "r2_bucket", "worker")


@dataclass
class Roster:
    """A roster that hears of one discovery after another."""

    entries: dict[RosterKey, Entry] = field(default_factory=dict)
    busy: set[RosterKey] = field(default_factory=set)
    selection: Selection = field(default_factory=Selection)

    def hear(self, found: Inventory) -> set[RosterKey]:
        """Take a discovery over; gives what it changed."""
        changed = apply_discovery(
            self.entries, found, lambda kind, asset_id: (kind, asset_id) in self.busy, self.selection
        )
        self.entries |= changed
        return set(changed)

    def list(self, *assets: Asset, clock: str = "10:00") -> set[RosterKey]:
        """Take over a discovery of all kinds that found these."""
        return self.hear(inventory(clock, assets, ALL_KINDS))

    def register(self, *asset_ids: str) -> None:
        """Meet ids in rows of Workers."""
        self.entries |= register_strangers(self.entries, "worker", asset_ids, at("10:00"), is_unlistable=False)

    def places(self) -> dict[str, Placement | None]:
        """Return where each asset's usage goes, by id."""
        return {asset_id: entry.placement for (_, asset_id), entry in self.entries.items()}

    def names(self) -> dict[str, str]:
        """Return under which name each asset is published."""
        return {asset_id: place.asset for asset_id, place in self.places().items() if place}

    def projects(self) -> dict[str, str]:
        """Return each asset's project."""
        return {asset_id: place.project for asset_id, place in self.places().items() if place}


def bucket(name: str, stem: str = "") -> Asset:
    """Return a bucket, whose name is its id."""
    return Asset("r2_bucket", name, name, stem=stem)


def objects(asset_id: str, name: str, script: str) -> Asset:
    """Return a Durable Object namespace of a Worker."""
    return Asset("do_namespace", asset_id, name, parent=script)


PROJECTS: dict[str, tuple[Sequence[Asset], dict[str, str]]] = {
    "a tag decides": (
        [worker("w1", "shop-web", tags=("team:web", "project:store")), worker("w2", "shop-api")],
        {"w1": "store", "w2": "shop"},
    ),
    "a prefix that another asset shares decides": (
        [worker("w1", "shop-web"), bucket("shop-media"), worker("w2", "blog-web")],
        {"w1": "shop", "shop-media": "shop", "w2": "unassigned"},
    ),
    "a name without a hyphen is its own prefix": (
        [worker("w1", "shop"), worker("w2", "shop-api")],
        {"w1": "shop", "w2": "shop"},
    ),
    "a name that begins with a hyphen has no prefix": (
        [worker("w1", "-web"), worker("w2", "-api")],
        {"w1": "unassigned", "w2": "unassigned"},
    ),
    "an empty tag is none": (
        [worker("w1", "web", tags=("project:",))],
        {"w1": "unassigned"},
    ),
    "the jurisdiction of a bucket is no part of its prefix": (
        [bucket("eu_shop-media", stem="shop-media"), worker("w1", "shop-web")],
        {"eu_shop-media": "shop", "w1": "shop"},
    ),
    "a namespace goes with its Worker": (
        [objects("n1", "web_Cart", "web"), worker("w1", "web", tags=("project:store",))],
        {"n1": "store", "w1": "store"},
    ),
    "a namespace whose Worker is not there goes by its prefix": (
        [objects("n1", "shop-web_Cart", "gone"), worker("w1", "shop-api")],
        {"n1": "shop", "w1": "shop"},
    ),
}


@pytest.mark.parametrize("case", PROJECTS)
def test_a_project_is_decided_by_tag_worker_or_shared_prefix(case: str) -> None:
    """All assets of the first discovery are decided together, as the table says."""
    assets, projects = PROJECTS[case]
    roster = Roster()
    roster.list(*assets)
    assert roster.projects() == projects


def test_a_project_stays_when_others_come_and_go() -> None:
    """A prefix that is shared later, or no longer, moves nobody; only the newcomer is decided."""
    roster = Roster()
    roster.list(worker("w1", "shop-web"), worker("w2", "blog-web"), worker("w3", "blog-api"))
    roster.list(worker("w1", "shop-web"), worker("w4", "shop-api"), worker("w2", "blog-web"))
    assert roster.projects() == {"w1": "unassigned", "w2": "blog", "w3": "blog", "w4": "shop"}


def test_a_changed_tag_decides_anew() -> None:
    """A tag that comes, changes or goes moves the asset to the project that then applies."""
    roster = Roster()
    seen = []
    for tags in ((), ("project:one",), ("project:two", "beta"), ("beta",)):
        roster.list(worker("w1", "shop-web", tags=tags), worker("w2", "shop-api"))
        seen.append(roster.projects()["w1"])
    assert seen == ["shop", "one", "two", "shop"]


def test_a_changed_name_decides_anew() -> None:
    """A renamed asset gets the project of its new name; the others keep theirs."""
    roster = Roster()
    roster.list(worker("w1", "shop-web"), worker("w2", "shop-api"), worker("w3", "blog-web"))
    roster.list(worker("w1", "blog-api"), worker("w2", "shop-api"), worker("w3", "blog-web"))
    assert roster.projects() == {"w1": "blog", "w2": "shop", "w3": "unassigned"}


def test_other_tags_change_no_project() -> None:
    """A tag that names no project leaves everything as decided."""
    roster = Roster()
    roster.list(worker("w1", "shop-web"))
    roster.list(worker("w1", "shop-web", tags=("team:web",)), worker("w2", "shop-api"))
    assert roster.projects() == {"w1": "unassigned", "w2": "shop"}


def test_the_younger_of_two_namesakes_gets_its_short_id() -> None:
    """Of two ids that one discovery lists under one name, the one created later is told apart."""
    roster = Roster()
    old, young = worker("2" * 32, "shop", created=DAY), worker("1" * 32, "shop", created=at("01:00"))
    roster.list(young, old)
    assert roster.names() == {"2" * 32: "shop", "1" * 32: "shop (11111111)"}


def test_without_dates_the_one_seen_later_is_the_younger() -> None:
    """Lists that give no date of creation go by when the exporter first saw the id."""
    roster = Roster()
    roster.list(worker("2" * 32, "shop"), clock="10:00")
    roster.list(worker("2" * 32, "shop"), worker("1" * 32, "shop"), clock="10:10")
    assert roster.names() == {"2" * 32: "shop", "1" * 32: "shop (11111111)"}


def test_a_short_id_stays_when_the_elder_goes() -> None:
    """A name that carries its short id keeps it for good, until the asset is renamed."""
    roster = Roster()
    roster.list(worker("1" * 32, "shop"), worker("2" * 32, "shop"))
    roster.list(worker("2" * 32, "shop"))
    roster.list(worker("2" * 32, "shop"))
    assert roster.names() == {"1" * 32: "(unlisted)", "2" * 32: "shop (22222222)"}
    roster.list(worker("2" * 32, "store"))
    assert roster.names()["2" * 32] == "store"


def test_a_worker_created_again_gives_its_name_to_the_new_one() -> None:
    """An id that the answer no longer lists gives its name up: the new id bears it as it is."""
    roster = Roster()
    roster.list(worker("1" * 32, "shop"))
    roster.list(worker("2" * 32, "shop"))
    assert roster.names() == {"1" * 32: "shop", "2" * 32: "shop"}


def test_names_of_other_kinds_are_no_namesakes() -> None:
    """A bucket and a Worker may share a name."""
    roster = Roster()
    roster.list(worker("w1", "shop"), bucket("shop"))
    assert roster.names() == {"w1": "shop", "shop": "shop"}


def test_an_asset_leaves_after_two_absences() -> None:
    """Once absent it keeps its place, twice absent it has none; listed again it has its project back."""
    roster = Roster()
    assets = worker("w1", "shop-web"), worker("w2", "shop-api")
    roster.list(*assets)
    seen = []
    for found in (assets[1:], assets[1:], assets):
        roster.list(*found)
        seen.append(roster.places()["w1"])
    assert seen == [Placement("shop", "shop-web"), Placement("unassigned", "(unlisted)"), Placement("shop", "shop-web")]


def test_an_absence_counts_only_in_a_row() -> None:
    """An asset that is listed in between starts anew."""
    roster = Roster()
    for found in ([worker("w1", "shop")], [], [worker("w1", "shop")], []):
        roster.list(*found)
    assert roster.names() == {"w1": "shop"}


def test_a_busy_asset_stays_until_its_hours_are_settled() -> None:
    """Usage in an open hour keeps an asset's place, however often it is absent."""
    roster = Roster(busy={("worker", "w1")})
    roster.list(worker("w1", "shop"))
    for _ in range(3):
        roster.list()
    assert roster.names() == {"w1": "shop"}
    roster.busy.clear()
    roster.list()
    assert roster.names() == {"w1": "(unlisted)"}


@pytest.mark.parametrize("final", [False, True])
def test_a_failed_discovery_removes_nothing(final: bool) -> None:
    """Neither a passing fault nor a missing permission counts as an absence."""
    roster = Roster()
    roster.list(worker("w1", "shop"))
    for _ in range(3):
        assert roster.hear(failed("10:10", final=final)) == set()
    assert roster.names() == {"w1": "shop"}


def test_what_left_keeps_its_name_and_project_in_store() -> None:
    """An unlisted asset is still known by its last name and project, for daily sums and cost."""
    roster = Roster()
    roster.list(worker("w1", "shop", tags=("project:store",)))
    roster.list()
    roster.list()
    entry = roster.entries["worker", "w1"]
    assert (entry.standing, entry.asset.name, entry.project) == (Standing.UNLISTED, "shop", "store")


def test_a_stranger_is_decided_by_the_next_complete_discovery() -> None:
    """Listed, it gets its place; not listed, it is unlisted at once."""
    roster = Roster()
    roster.register("w1", "w2", "", "dispatch:tenants")
    assert roster.places() == {"w1": None, "w2": None}
    roster.list(worker("w1", "shop"))
    assert roster.places() == {"w1": Placement("unassigned", "shop"), "w2": Placement("unassigned", "(unlisted)")}


def test_rows_that_carry_only_a_name_go_with_the_asset_of_that_name() -> None:
    """A row without an id is placed where the listed asset of its name is."""
    roster = Roster()
    roster.register("name:shop", "name:gone")
    roster.list(worker("w1", "shop", tags=("project:store",)))
    assert roster.places() == {
        "w1": Placement("store", "shop"),
        "name:shop": Placement("store", "shop"),
        "name:gone": Placement("unassigned", "(unlisted)"),
    }


def test_rows_that_carry_only_a_name_stay_as_long_as_the_asset() -> None:
    """One absence moves neither the asset nor the rows of its name."""
    roster = Roster()
    roster.register("name:shop")
    for _ in range(3):
        roster.list(worker("w1", "shop"))
    roster.list()
    assert roster.names() == {"w1": "shop", "name:shop": "shop"}


def test_rows_that_belong_to_no_asset_have_places_of_their_own() -> None:
    """Account operations and dispatch namespaces need no discovery; an unknown id has no place yet."""
    assert [place_row("worker", asset_id, {}) for asset_id in ("", "dispatch:tenants", "w1")] == [
        Placement("unassigned", "(account)"),
        Placement("unassigned", "(dispatch tenants)"),
        None,
    ]


def test_a_discovery_without_news_changes_nothing() -> None:
    """The same lists again write nothing."""
    roster = Roster()
    assets = [worker("w1", "shop-web"), worker("w2", "shop-web"), objects("n1", "shop-web_Cart", "shop-web")]
    assert roster.list(*assets) == {("worker", "w1"), ("worker", "w2"), ("do_namespace", "n1")}
    assert roster.list(*assets, clock="10:10") == set()


def test_a_list_that_is_not_complete_adds_and_removes_nothing() -> None:
    """What it has is listed; what it lacks stays as it was, however often, until a complete list lacks it twice."""
    roster = Roster()
    roster.list(worker("w1", "shop-web"), worker("w2", "shop-api"))
    short = Listing("worker", (worker("w1", "shop-site"), worker("w3", "blog")), is_complete=False)
    for _ in range(5):
        roster.hear(replace(inventory("10:10", ()), listings={"worker": short}))
        assert roster.names() == {"w1": "shop-site", "w2": "shop-api", "w3": "blog"}
    for names in ({"w2": "shop-api"}, {"w2": "(unlisted)"}):
        roster.hear(replace(inventory("10:10", ()), listings={"worker": replace(short, is_complete=True)}))
        assert roster.names() == {"w1": "shop-site", "w3": "blog"} | names


def test_an_asset_listed_without_its_name_keeps_the_one_that_is_known() -> None:
    """One that never had any goes by its id."""
    roster = Roster()
    roster.list(worker("w1", "shop-web"))
    roster.register("w3")
    roster.list(worker("w1", "w1"), worker("w2", "w2"), worker("w3", "w3"))
    assert roster.names() == {"w1": "shop-web", "w2": "w2", "w3": "w3"}
