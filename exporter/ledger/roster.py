"""The roster: every asset ever seen, with the project and name under which its usage is published. Pure.

Assets are identified by id, and published by name: a rename, a deletion or a change of project moves an asset's further
usage to another placement and never changes its totals.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from exporter.model import (
    ACCOUNT_ITSELF,
    DISPATCH_PREFIX,
    NAME_PREFIX,
    UNASSIGNED,
    UNLISTED,
    Account,
    Asset,
    Inventory,
    Listing,
    Placement,
)

PROJECT_TAG = "project:"

FILTERED = "(filtered)"
"""The asset name under which all assets are published that the configuration leaves out."""

BY_RULE = "rule:"
BY_TAG = "tag:"
BY_WORKER = "worker"
BY_NAME = "name"
"""How an asset's project was decided: by a rule or tag (followed by its project), by its Worker, or by its name."""

ABSENCES = 2
"""The number of successful discoveries in a row without an asset after which its series are dropped."""

RosterKey = tuple[str, str]
"""Kind and asset id."""


class ProjectRules(Protocol):
    """The user's rules for assets: their project, and whether they are published by name."""

    def project_of(self, asset: Asset, account: Account) -> str:
        """Return the project that a rule assigns; empty if none does."""

    def wants_asset(self, asset: Asset) -> bool:
        """Return whether an asset is published under its own name."""


class Standing(StrEnum):
    """The standing of an asset in discovery."""

    STRANGER = "stranger"
    LISTED = "listed"
    ABSENT = "absent"
    UNLISTED = "unlisted"


@dataclass(frozen=True, slots=True)
class Entry:
    """An asset with its stored labels; ``suffixed`` means that its label carries its short id, for good.

    ``decided_by`` is how the project was decided; ``is_filtered`` means that the asset's usage is published without
    its name. ``unlisted_since`` is the time of the discovery that found it unlisted.
    """

    asset: Asset
    standing: Standing
    first_seen: datetime
    absences: int = 0
    project: str = ""
    decided_by: str = ""
    suffixed: bool = False
    is_filtered: bool = False
    unlisted_since: datetime | None = None

    @property
    def label(self) -> str:
        """The name under which the asset is published while it is listed."""
        return f"{self.asset.name} ({self.asset.id[:8]})" if self.suffixed else self.asset.name

    @property
    def placement(self) -> Placement | None:
        """The placement of the asset's usage; None until a discovery has decided."""
        match self.standing:
            case Standing.STRANGER:
                return None
            case Standing.UNLISTED:
                return Placement(UNASSIGNED, UNLISTED)
            case _:
                return Placement(self.project, FILTERED if self.is_filtered else self.label)


def place_row(kind: str, asset_id: str, roster: Mapping[RosterKey, Entry]) -> Placement | None:
    """Return the placement of a row's usage; None for a stranger."""
    if not asset_id:
        return Placement(UNASSIGNED, ACCOUNT_ITSELF)
    if asset_id.startswith(DISPATCH_PREFIX):
        return Placement(UNASSIGNED, f"(dispatch {asset_id.removeprefix(DISPATCH_PREFIX)})")
    entry = roster.get((kind, asset_id))
    return entry.placement if entry else None


def listed_placements(roster: Mapping[RosterKey, Entry], kind: str) -> list[Placement]:
    """Return the placements of all known assets of a kind."""
    placements = {
        entry.placement for entry in roster.values() if entry.asset.kind == kind and entry.standing is Standing.LISTED
    }
    return [placement for placement in placements if placement is not None]


def place_cost(kind: str, asset_id: str, roster: Mapping[RosterKey, Entry]) -> Placement:
    """Return the placement of a cost: that of a deleted asset keeps its name and its last project."""
    entry = roster.get((kind, asset_id))
    if entry is not None and entry.asset.name:
        return Placement(entry.project or UNASSIGNED, FILTERED if entry.is_filtered else entry.label)
    return place_row(kind, asset_id, roster) or Placement(UNASSIGNED, UNLISTED)


def is_asset_id(asset_id: str) -> bool:
    """Return whether a row id stands for an asset that a discovery could list."""
    return bool(asset_id) and not asset_id.startswith(DISPATCH_PREFIX)


def register_strangers(
    roster: Mapping[RosterKey, Entry], kind: str, asset_ids: Iterable[str], date: datetime, is_unlistable: bool
) -> dict[RosterKey, Entry]:
    """Return entries for ids that are not in the roster; ids of an unlistable kind are unlisted at once."""
    standing = Standing.UNLISTED if is_unlistable else Standing.STRANGER
    return {
        (kind, asset_id): Entry(Asset(kind, asset_id, ""), standing, date)
        for asset_id in asset_ids
        if is_asset_id(asset_id) and (kind, asset_id) not in roster
    }


def apply_discovery(
    roster: Mapping[RosterKey, Entry],
    inventory: Inventory,
    is_busy: Callable[[str, str], bool],
    rules: ProjectRules,
) -> dict[RosterKey, Entry]:
    """Return the entries that a discovery changes. ``is_busy`` returns whether an asset's open hours hold usage."""
    current = dict(roster)
    for kind, found in inventory.listings.items():
        if isinstance(found, Listing):
            _mark_listed(current, found, inventory, rules)
            if found.is_complete:
                _mark_missing(current, found, is_busy)
            _disambiguate_namesakes(current, found)
        elif found.final:
            _release_strangers(current, kind)
    _decide_projects(current)
    _follow_names(current)
    dated = {key: _dated(entry, inventory.date) for key, entry in current.items()}
    return {key: entry for key, entry in dated.items() if roster.get(key) != entry}


def _dated(entry: Entry, date: datetime) -> Entry:
    """Return an entry with the time since which it is unlisted, if it is."""
    if (entry.standing is Standing.UNLISTED) == (entry.unlisted_since is not None):
        return entry
    return replace(entry, unlisted_since=None if entry.unlisted_since else date)


def _mark_listed(current: dict[RosterKey, Entry], listing: Listing, inventory: Inventory, rules: ProjectRules) -> None:
    for listed in listing.assets:
        key = (listed.kind, listed.id)
        asset = _named(listed, current.get(key))
        ground = _ground(asset, inventory.account, rules)
        is_filtered = not rules.wants_asset(asset)
        known = current.get(key)
        if known is None:
            current[key] = Entry(asset, Standing.LISTED, inventory.date, decided_by=ground, is_filtered=is_filtered)
            continue
        is_renamed = known.asset.name != asset.name
        is_undecided = is_renamed or not known.project or ground != _explicit(known.decided_by)
        current[key] = replace(
            known,
            asset=asset,
            standing=Standing.LISTED,
            absences=0,
            project="" if is_undecided else known.project,
            decided_by=ground if is_undecided else known.decided_by,
            suffixed=known.suffixed and not is_renamed,
            is_filtered=is_filtered,
        )


def _named(asset: Asset, known: Entry | None) -> Asset:
    """Return an asset with the name that is known of it, if it is listed without one."""
    if known is None or not known.asset.name or asset.name != asset.id:
        return asset
    return replace(asset, name=known.asset.name)


def _ground(asset: Asset, account: Account, rules: ProjectRules) -> str:
    """Return the rule or tag that decides the project, with that project; empty if there is none."""
    by_rule = rules.project_of(asset, account)
    if by_rule:
        return BY_RULE + by_rule
    by_tag = next((tag.removeprefix(PROJECT_TAG) for tag in asset.tags if tag.startswith(PROJECT_TAG)), "")
    return BY_TAG + by_tag if by_tag else ""


def _explicit(decided_by: str) -> str:
    return decided_by if decided_by.startswith((BY_RULE, BY_TAG)) else ""


def leave(entry: Entry) -> Entry:
    """Return an entry whose asset is known to be gone."""
    return replace(entry, standing=Standing.UNLISTED, absences=ABSENCES)


def _mark_missing(current: dict[RosterKey, Entry], listing: Listing, is_busy: Callable[[str, str], bool]) -> None:
    listed = {asset.id for asset in listing.assets}
    for (kind, asset_id), entry in list(current.items()):
        if kind != listing.kind or asset_id in listed or entry.standing is Standing.UNLISTED:
            continue
        if entry.standing is Standing.STRANGER:
            current[kind, asset_id] = replace(entry, standing=Standing.UNLISTED)
            continue
        absences = min(entry.absences + 1, ABSENCES)
        has_left = absences >= ABSENCES and not is_busy(kind, asset_id)
        standing = Standing.UNLISTED if has_left else Standing.ABSENT
        current[kind, asset_id] = replace(entry, standing=standing, absences=absences)


def _disambiguate_namesakes(current: dict[RosterKey, Entry], listing: Listing) -> None:
    by_name: dict[str, list[RosterKey]] = {}
    for asset in listing.assets:
        by_name.setdefault(asset.name, []).append((asset.kind, asset.id))
    for keys in by_name.values():
        elders_first = sorted(keys, key=lambda key: _age(current[key]))
        for key in elders_first[1:]:
            current[key] = replace(current[key], suffixed=True)


def _age(entry: Entry) -> tuple[datetime, str]:
    return entry.asset.created or entry.first_seen, entry.asset.id


def _release_strangers(current: dict[RosterKey, Entry], kind: str) -> None:
    for key, entry in list(current.items()):
        if key[0] == kind and entry.standing is Standing.STRANGER:
            current[key] = replace(entry, standing=Standing.UNLISTED)


def _decide_projects(current: dict[RosterKey, Entry]) -> None:
    """Decide the project of every listed entry without one: by rule or tag, by its Worker, or by shared name prefix.

    An entry decided by its Worker follows that Worker's project, so Workers are decided first.
    """
    listed = {
        key: entry
        for key, entry in current.items()
        if entry.standing is Standing.LISTED and not key[1].startswith(NAME_PREFIX)
    }
    shared = Counter(_prefix(entry.asset) for entry in listed.values())
    workers = {entry.asset.name: key for key, entry in listed.items() if key[0] == "worker"}
    for key, entry in sorted(listed.items(), key=lambda item: bool(item[1].asset.parent)):
        if entry.project and entry.decided_by != BY_WORKER:
            continue
        worker = workers.get(entry.asset.parent) if entry.asset.parent else None
        prefix = _prefix(entry.asset)
        if _explicit(entry.decided_by):
            project, decided_by = entry.decided_by.partition(":")[2], entry.decided_by
        elif worker is not None:
            project, decided_by = current[worker].project, BY_WORKER
        elif entry.project:
            continue
        else:
            project, decided_by = (prefix if prefix and shared[prefix] > 1 else UNASSIGNED), BY_NAME
        current[key] = replace(entry, project=project, decided_by=decided_by)


def _follow_names(current: dict[RosterKey, Entry]) -> None:
    """Place rows that carry only a name as the asset with that name is placed."""
    for (kind, asset_id), entry in list(current.items()):
        if not asset_id.startswith(NAME_PREFIX):
            continue
        name = asset_id.removeprefix(NAME_PREFIX)
        named = [
            other
            for (other_kind, other_id), other in current.items()
            if other_kind == kind
            and other.asset.name == name
            and other_id != asset_id
            and other.standing is Standing.LISTED
            and not other.suffixed
        ]
        if named:
            current[kind, asset_id] = replace(
                entry,
                asset=replace(entry.asset, name=name),
                standing=Standing.LISTED,
                absences=0,
                project=named[0].project,
                is_filtered=named[0].is_filtered,
            )


def _prefix(asset: Asset) -> str:
    return (asset.stem or asset.name).partition("-")[0]
