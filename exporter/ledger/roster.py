"""The roster: every asset ever seen, with the project and name under which its usage is published. Pure.

Assets are identified by id, and published by name: a rename, a deletion or a change of project moves an asset's further
usage to another placement and never changes its totals.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from exporter.model import (
    ACCOUNT_ITSELF,
    DISPATCH_PREFIX,
    NAME_PREFIX,
    OTHER,
    UNASSIGNED,
    UNLISTED,
    Asset,
    Placement,
)

FILTERED = "(filtered)"
"""The asset name under which all assets are published that the configuration leaves out."""

ABSENCES = 2
"""The number of successful discoveries in a row without an asset after which its series are dropped."""

RosterKey = tuple[str, str]
"""Kind and asset id."""


class Standing(StrEnum):
    """The standing of an asset in discovery."""

    STRANGER = "stranger"
    LISTED = "listed"
    ABSENT = "absent"
    UNLISTED = "unlisted"
    NAMED = "named"
    UNUSED = "unused"

    @property
    def is_there(self) -> bool:
        """Return whether the asset exists, as far as is known."""
        return self in {Standing.LISTED, Standing.ABSENT, Standing.NAMED}

    @property
    def has_left(self) -> bool:
        """Return whether no list has the asset, or usage has not named it for long."""
        return self in {Standing.UNLISTED, Standing.UNUSED}


@dataclass(frozen=True, slots=True)
class Entry:
    """An asset with its stored labels; ``suffixed`` means that its label carries its short id, for good.

    ``decided_by`` is how the project was decided; ``is_filtered`` means that the asset's usage is published without
    its name, and ``is_folded`` that its series are those of all the smallest, though usage and cost stay its own.
    ``unlisted_since`` is the time of the discovery that found it unlisted or unused.
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
    is_folded: bool = False

    @property
    def is_published(self) -> bool:
        """Return whether it is an asset of its own; that of a listed kind, known only by name, is one with an id."""
        is_only_named = self.standing is not Standing.NAMED and self.asset.id.startswith(NAME_PREFIX)
        return self.standing.is_there and not is_only_named

    @property
    def label(self) -> str:
        """The name under which the asset is published while it is listed."""
        return f"{self.asset.name} ({self.asset.id[:8]})" if self.suffixed else self.asset.name

    @property
    def placement(self) -> Placement | None:
        """The placement of the asset's usage; None until a discovery has decided."""
        match self.standing:
            case Standing.STRANGER | Standing.UNUSED:
                return None
            case Standing.UNLISTED:
                return Placement(UNASSIGNED, UNLISTED)
            case _:
                return Placement(self.project, self._shown_name)

    @property
    def _shown_name(self) -> str:
        if self.is_filtered:
            return FILTERED
        return OTHER if self.is_folded else self.label


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
        entry.placement
        for entry in roster.values()
        if entry.asset.kind == kind and entry.standing in {Standing.LISTED, Standing.NAMED}
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
    """Return entries for ids that are not in the roster; ids of an unlistable kind are unlisted at once.

    Assets that were unused are strangers again, who have only kept their name and project.
    """
    standing = Standing.UNLISTED if is_unlistable else Standing.STRANGER
    met: dict[RosterKey, Entry] = {}
    for asset_id in filter(is_asset_id, asset_ids):
        known = roster.get((kind, asset_id))
        if known is None:
            met[kind, asset_id] = Entry(Asset(kind, asset_id, ""), standing, date)
        elif known.standing is Standing.UNUSED:
            met[kind, asset_id] = replace(known, standing=Standing.STRANGER, unlisted_since=None)
    return met


def leave(entry: Entry) -> Entry:
    """Return an entry whose asset is known to be gone."""
    return replace(entry, standing=Standing.UNLISTED, absences=ABSENCES)
