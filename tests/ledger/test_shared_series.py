"""Zones that share a label set: one that was deleted and made again, filtered ones, and the cost of a project."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.config.selection import Selection
from exporter.costs.current import Costs
from exporter.ledger import Ledger, Publication
from exporter.metrics.snapshot import SnapshotBuilder
from exporter.metrics.thresholds import Thresholds
from exporter.model import ZONE, Asset, Inventory, Listing
from tests.ledger.factories import ACCOUNT, at
from tests.ledger.test_scopes import ONE, TWO, ZONES, ZoneScene
from tests.metrics.test_snapshot import STATUS
from tests.zones import CACHE_RESERVE

PRODUCT = replace(CACHE_RESERVE, datasets=(ZONES,))
NAMES = {"z1": "shop.example", "z2": "shop.example", "z3": "else.example"}


class Namesakes(ZoneScene):
    """A ledger of an account whose first two zones bear one name, one after the other."""

    def list_names(self, clock: str, *zones: str) -> None:
        """Apply a complete discovery of the account's zones."""
        listing = Listing(ZONE, tuple(Asset(ZONE, zone, NAMES[zone]) for zone in zones))
        self.ledger.apply_discovery(Inventory(ACCOUNT, at(clock), {ZONE: listing}), Selection(), 0)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Namesakes]:
    """Return a zone with 5 calls, and its namesake with 3."""
    scene = Namesakes(tmp_path)
    scene.list_names("09:50", "z1")
    scene.say(ONE, "10:00", {})
    scene.say(ONE, "10:20", {"10": {"z1": 5}})
    scene.say(ONE, "10:21", {"10": {"z1": 5}})
    scene.list_names("10:25", "z2")
    scene.say(TWO, "10:26", {})
    scene.say(TWO, "10:30", {"10": {"z2": 3}})
    scene.say(TWO, "10:31", {"10": {"z2": 3}})
    yield scene
    scene.ledger.close()


def calls(publication: Publication) -> dict[tuple[str, ...], int | float]:
    """Return the calls as they are exposed, by the values of their labels."""
    families = SnapshotBuilder([PRODUCT]).figures(replace(publication, list_costs=()), Costs(), Thresholds())
    return {sample.labels.values[2:]: sample.amount for sample in families[0].samples}


def lost(publication: Publication) -> list[int | float]:
    """Return the seconds whose usage is lost, as they are exposed."""
    snapshot = SnapshotBuilder([PRODUCT]).build(replace(publication, list_costs=()), STATUS, at("10:40"))
    (family,) = (family for family in snapshot.families if family.name == "cloudflare_exporter_gap_seconds_total")
    return [sample.amount for sample in family.samples]


def costs(ledger: Ledger) -> Counter[str]:
    """Return the list cost by the asset's label, added up over all books as it is exposed."""
    found: Counter[str] = Counter()
    for book in ledger.publication().list_costs:
        for placement, _, amount in book.series:
            found[placement.asset] += amount
    return found


def test_a_zone_made_again_goes_on_under_its_name(scene: Namesakes) -> None:
    """Both are there until the first has left, and what it had stays; the new one grows from there."""
    before = costs(scene.ledger)
    assert calls(scene.ledger.publication()) == {("shop.example", "success"): 8}
    scene.list_names("10:35", "z2")
    assert scene.ledger.open_from(ONE, ZONES.key) is None
    assert scene.ledger.open_from(TWO, ZONES.key) is not None
    for _ in range(2):
        assert calls(scene.ledger.publication()) == {("shop.example", "success"): 8}
        assert costs(scene.ledger) == before
        scene.reopen()
    assert lost(scene.ledger.publication()) == [14 * 60]
    scene.say(TWO, "10:50", {"10": {"z2": 4}})
    assert calls(scene.ledger.publication()) == {("shop.example", "success"): 9}


@pytest.mark.parametrize("leave_together", [False, True])
def test_the_cost_of_a_project_stays_when_a_zone_leaves(tmp_path: Path, *, leave_together: bool) -> None:
    """Another zone's book goes on with it; when the last has left, the first that comes back does, once."""
    scene = Namesakes(tmp_path)
    scene.ledger.show_cost_of_assets(False)
    scene.list("09:50", "z1", "z2")
    seen = []
    for scope in (ONE, TWO):
        scene.say(scope, "10:00", {})
        for clock in ("10:20", "10:21"):
            scene.say(scope, clock, {"10": {scope.zone_id: 5}})
    seen.append(costs(scene.ledger)[""])
    for minute in ("30", "31"):
        scene.list(f"10:{minute}", *(("z1", "z2") if leave_together else ("z2",)))
    seen.append(costs(scene.ledger)[""])
    for minute in ("40", "41"):
        scene.list(f"10:{minute}")
    assert costs(scene.ledger)[""] == 0
    scene.reopen()
    scene.ledger.show_cost_of_assets(False)
    scene.list("10:50", "z1", "z2")
    for clock, usage in (("10:51", 0), ("10:55", 1), ("10:56", 1)):
        both = [scene.answer(scope, clock, {"10": {scope.zone_id: usage}} if usage else {}) for scope in (ONE, TWO)]
        scene.ledger.apply(ACCOUNT.id, both, scene.ledger.commit_number)
    seen.append(costs(scene.ledger)[""])
    assert seen == [70, 70, 84]
    scene.ledger.close()


def test_namesakes_that_leave_come_back_as_one(scene: Namesakes) -> None:
    """What both had is there again once, whoever begins with it."""
    scene.list_names("10:33", "z2")
    for minute in ("40", "41"):
        scene.list_names(f"10:{minute}")
    assert calls(scene.ledger.publication()) == {}
    scene.list_names("10:45", "z1")
    scene.say(ONE, "10:46", {})
    assert calls(scene.ledger.publication()) == {("shop.example", "success"): 8}
