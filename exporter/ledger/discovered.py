"""What a discovery changes in a roster: who is listed, who is missing, and under which name and project. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from exporter.ledger.own_series import NO_COMPETITION, Competition, decide_folded
from exporter.ledger.projects import ProjectRules, decide_projects, explicit_ground, ground_of
from exporter.ledger.roster import ABSENCES, Entry, RosterKey, Standing
from exporter.model import NAME_PREFIX, Asset, Inventory, Listing


def apply_discovery(
    roster: Mapping[RosterKey, Entry],
    inventory: Inventory,
    is_busy: Callable[[str, str], bool],
    rules: ProjectRules,
    used: Iterable[Listing] = (),
    *,
    competition: Competition = NO_COMPETITION,
) -> dict[RosterKey, Entry]:
    """Return the entries that a discovery changes. ``is_busy`` returns whether an asset's open hours hold usage.

    ``used`` are the assets of the kinds that only usage names, ``competition`` decides which have series of their own.
    """
    current = dict(roster)
    for kind, found in inventory.listings.items():
        if isinstance(found, Listing):
            _mark_listed(current, found, inventory, rules)
            if found.is_complete:
                _mark_missing(current, found, inventory, is_busy)
            _disambiguate_namesakes(current, found)
        elif found.final:
            _release_strangers(current, kind)
    for listing in used:
        _mark_listed(current, listing, inventory, rules, Standing.NAMED)
        _mark_unused(current, listing)
        _disambiguate_namesakes(current, listing)
    decide_projects(current, inventory.parents)
    decide_folded(current, roster, competition, lambda kind: rules.most_assets(kind, inventory.account))
    _follow_names(current)
    dated = {key: _dated(entry, inventory.date) for key, entry in current.items()}
    return {key: entry for key, entry in dated.items() if roster.get(key) != entry}


def _dated(entry: Entry, date: datetime) -> Entry:
    """Return an entry with the time since which it is unlisted or unused, if it is."""
    if entry.standing.has_left == (entry.unlisted_since is not None):
        return entry
    return replace(entry, unlisted_since=None if entry.unlisted_since else date)


def _mark_listed(
    current: dict[RosterKey, Entry],
    listing: Listing,
    inventory: Inventory,
    rules: ProjectRules,
    standing: Standing = Standing.LISTED,
) -> None:
    for listed in listing.assets:
        key = (listed.kind, listed.id)
        asset = _named(listed, current.get(key))
        ground = ground_of(asset, inventory.account, rules)
        is_filtered = not rules.wants_asset(asset)
        known = current.get(key)
        if known is None:
            current[key] = Entry(asset, standing, inventory.date, decided_by=ground, is_filtered=is_filtered)
            continue
        is_renamed = known.asset.name != asset.name
        is_undecided = is_renamed or not known.project or ground != explicit_ground(known.decided_by)
        current[key] = replace(
            known,
            asset=asset,
            standing=standing,
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


def _mark_unused(current: dict[RosterKey, Entry], used: Listing) -> None:
    there = {asset.id for asset in used.assets}
    for (kind, asset_id), entry in list(current.items()):
        if kind == used.kind and asset_id not in there:
            current[kind, asset_id] = replace(entry, standing=Standing.UNUSED)


def _mark_missing(
    current: dict[RosterKey, Entry], listing: Listing, inventory: Inventory, is_busy: Callable[[str, str], bool]
) -> None:
    listed = {asset.id for asset in listing.assets}
    is_decisive = all(failure.final for failure in listing.unread.values())
    for (kind, asset_id), entry in list(current.items()):
        if kind != listing.kind or asset_id in listed or entry.standing is Standing.UNLISTED:
            continue
        if entry.standing is Standing.STRANGER:
            current[kind, asset_id] = replace(entry, standing=Standing.UNLISTED) if is_decisive else entry
            continue
        if is_unread(entry, inventory, current):
            continue
        absences = min(entry.absences + 1, ABSENCES)
        has_left = absences >= ABSENCES and not is_busy(kind, asset_id)
        standing = Standing.UNLISTED if has_left else Standing.ABSENT
        current[kind, asset_id] = replace(entry, standing=standing, absences=absences)


def is_unread(entry: Entry, inventory: Inventory, roster: Mapping[RosterKey, Entry]) -> bool:
    """Return whether an asset would be in a list of its parent, or of one above, that could not be read."""
    listing = inventory.listings.get(entry.asset.kind)
    if isinstance(listing, Listing) and entry.asset.parent in listing.unread:
        return True
    parent = roster.get((inventory.parents.get(entry.asset.kind, ""), entry.asset.parent))
    return parent is not None and is_unread(parent, inventory, roster)


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
                is_folded=named[0].is_folded,
            )
