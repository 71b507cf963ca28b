"""Assets of a kind that no list has: usage names them, and they leave when it has not for long."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.config.selection import Selection
from exporter.ledger import Standing
from exporter.ledger.named_by_usage import UNUSED_LIFE
from exporter.ledger.pruning import find_departed
from exporter.model import HOUR, NAME_PREFIX, Answer, Asset, Inventory, Listing
from tests.ledger.factories import ACCOUNT, CALLS, SCOPE, Scene, answer, at

MODELS = replace(CALLS, kind="ai_model", id_dimension="modelId")
LONG = int(UNUSED_LIFE / HOUR)
"""Hours after which an asset has not been used for long."""


class Models(Scene):
    """A ledger of a dataset whose assets no list has."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(folder, (MODELS,))
        self.discover("09:59")
        self.say_and_scrape("10:00", {})

    def discover(self, clock: str) -> None:
        """Apply a discovery, which lists none of them."""
        self.ledger.apply_discovery(self.inventory(clock), self.selection, 0)

    def use(self, clock: str, usage: Mapping[str, Mapping[str, int]], **names: str) -> None:
        """Apply what was used and the names that rows give, as a refresh does, and answer a scrape."""
        since = self.ledger.open_from(SCOPE, MODELS.name) or at(clock)
        said: Answer = replace(answer(since, clock, usage), names=names)
        strangers = self.ledger.apply(ACCOUNT.id, [said], self._scraped).strangers
        if strangers:
            self.ledger.name_assets(self.inventory(clock), self.selection)
        self.scrape()

    def standings(self) -> dict[str, Standing]:
        """Return how each asset stands, by id."""
        return {asset_id: entry.standing for (_, asset_id), entry in self.ledger.roster(ACCOUNT.id).items()}

    def inventory(self, clock: str) -> Inventory:
        """Return a discovery of an account without lists."""
        return Inventory(ACCOUNT, at(clock), {}, named=frozenset({"ai_model"}))


@pytest.fixture
def models() -> Models:
    """A ledger that counts and knows no model yet."""
    return Models()


def test_an_asset_is_published_under_the_id_that_its_rows_have(models: Models) -> None:
    """Nothing of it is called unlisted, and its first usage is not lost."""
    models.use("10:01", {"10": {"@cf/llama": 3}})
    models.use("10:02", {"10": {"@cf/llama": 5}})
    models.use("10:03", {"10": {"@cf/llama": 9}})
    assert models.series() == {("unassigned", "@cf/llama", "success"): 9}
    assert models.standings() == {"@cf/llama": Standing.NAMED}


def test_its_project_is_decided_as_that_of_any_asset(models: Models) -> None:
    """By a rule, or by the prefix that names share; what a filter leaves out is summed."""
    rule = {"match": {"name": "mail"}, "project": "post"}
    filters = {"assets": {"exclude": ["*/shop-test"]}}
    models.selection = Selection.model_validate({"projects": [rule], "filters": filters})
    used = {"10": {"shop-web": 1, "shop-api": 2, "mail": 4, "shop-test": 8}}
    models.use("10:01", used)
    models.use("10:02", used)
    models.use("10:03", used)
    assert models.series() == {
        ("shop", "shop-web", "success"): 1,
        ("shop", "shop-api", "success"): 2,
        ("post", "mail", "success"): 4,
        ("shop", "(filtered)", "success"): 8,
    }


def test_a_name_in_its_rows_goes_before_the_id(models: Models) -> None:
    """Another name ends its series and begins one; of two with one name the younger is told apart."""
    for clock, name in (("10:01", "first"), ("10:02", "first"), ("10:03", "second")):
        models.use(clock, {"10": {"m1": 3}}, m1=name)
    models.discover("10:04")
    models.use("10:05", {"10": {"m1": 5, "m2": 7}}, m1="second", m2="second")
    models.use("10:06", {"10": {"m1": 5, "m2": 7}})
    models.use("10:07", {"10": {"m1": 5, "m2": 7}})
    assert models.series() == {
        ("unassigned", "second", "success"): 2,
        ("second", "second (m2)", "success"): 7,
    }


def test_rows_with_only_a_name_are_named_by_it(models: Models) -> None:
    """They are an asset as good as one with an id."""
    key = f"{NAME_PREFIX}llama"
    for clock in ("10:01", "10:02", "10:03"):
        models.use(clock, {"10": {key: 3}})
    assert models.series() == {("unassigned", "llama", "success"): 3}
    (entry,) = models.ledger.roster(ACCOUNT.id).values()
    assert entry.is_published


def test_an_asset_that_is_not_used_for_long_leaves(models: Models) -> None:
    """Its series end and its cost keeps its name; nothing of it becomes unlisted."""
    models.use("10:01", {"10": {"llama": 3, "gemma": 1}})
    models.use("10:02", {"10": {"llama": 3, "gemma": 1}})
    for hour in (9, 10, 11):
        models.use(f"{LONG + hour}:00", {"10": {"llama": 3, "gemma": 1}, str(LONG + hour - 1): {"llama": 1}})
    models.discover(f"{LONG + 10}:00")
    assert models.standings() == {"llama": Standing.NAMED, "gemma": Standing.NAMED}
    models.discover(f"{LONG + 12}:00")
    assert models.standings() == {"llama": Standing.NAMED, "gemma": Standing.UNUSED}
    assert {asset for _, asset, _ in models.series()} == {"llama"}
    gemma = models.ledger.roster(ACCOUNT.id)["ai_model", "gemma"]
    assert (gemma.placement, gemma.asset.name, gemma.is_published) == (None, "gemma", False)


def test_an_asset_that_is_used_again_goes_on_under_its_name(models: Models) -> None:
    """Its series has what it had and what came since; a row without usage does not bring it back."""
    models.use("10:01", {"10": {"gemma": 3}})
    models.use("10:02", {"10": {"gemma": 3}})
    models.use(f"{LONG + 12}:00", {"10": {"gemma": 3}})
    models.use(f"{LONG + 12}:05", {"10": {"gemma": 3}})
    models.discover(f"{LONG + 12}:06")
    again = str(LONG + 12)
    models.use(f"{LONG + 12}:07", {again: {"gemma": 0}})
    assert (models.series(), models.standings()) == ({}, {"gemma": Standing.UNUSED})
    for minute in (8, 9, 10):
        models.use(f"{again}:{minute:02}", {again: {"gemma": 4}})
    assert models.standings() == {"gemma": Standing.NAMED}
    assert models.series() == {("unassigned", "gemma", "success"): 7}


def test_what_left_is_pruned_in_time(models: Models) -> None:
    """As an asset that left a list."""
    models.use("10:01", {"10": {"gemma": 3}})
    models.use(f"{LONG + 12}:00", {"10": {"gemma": 3}})
    models.use(f"{LONG + 12}:05", {"10": {"gemma": 3}})
    models.discover(f"{LONG + 12}:06")
    roster = models.ledger.roster(ACCOUNT.id)
    assert find_departed(roster, at(f"{LONG + 35 * 24 + 13}:00")) == [("ai_model", "gemma")]
    assert find_departed(roster, at(f"{LONG + 13}:00")) == []


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    """Neither who is there nor who was."""
    models = Models(tmp_path)
    for clock in ("10:01", "10:02", "10:03"):
        models.use(clock, {"10": {"llama": 3}}, llama="Llama")
    before = models.series()
    models.reopen((MODELS,))
    models.discover("10:04")
    assert models.series() == before == {("unassigned", "Llama", "success"): 3}


def test_a_kind_that_gains_a_list_is_listed(models: Models) -> None:
    """A release with a list of the kind decides on its assets as on those of any other."""
    models.use("10:01", {"10": {"llama": 3, "gemma": 3}})
    listed = Listing("ai_model", (Asset("ai_model", "llama", "Llama"),))
    for clock in ("11:05", "11:15"):
        models.ledger.apply_discovery(Inventory(ACCOUNT, at(clock), {"ai_model": listed}), models.selection, 0)
        models.use(clock, {"10": {"llama": 3, "gemma": 3}})
        models.use(clock.replace("5", "7"), {"10": {"llama": 3, "gemma": 3}})
    assert models.standings()["llama"] is Standing.LISTED
    assert models.standings()["gemma"] is Standing.ABSENT
