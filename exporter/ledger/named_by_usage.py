"""Assets of kinds that no list has: they are there as long as Cloudflare's data name them. Pure."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from exporter.ledger.roster import Entry, RosterKey, Standing
from exporter.model import NAME_PREFIX, RETENTION, Asset, Inventory, Listing, Rows

UNUSED_LIFE = RETENTION
"""How long after its last use an asset of such a kind is published: Cloudflare's own data then no longer know it."""


def list_used(
    roster: Mapping[RosterKey, Entry],
    inventory: Inventory,
    seen: Mapping[RosterKey, datetime],
    busy: Collection[RosterKey],
    names: Mapping[RosterKey, str],
) -> Iterator[Listing]:
    """Yield, for each kind without a list, the assets that usage has named of late, as if a list had them.

    ``seen`` is the newest time at which a row named an asset, ``busy`` are those with usage in an open hour, and
    ``names`` the names that rows gave beside their ids; else an asset is called by its id.
    """
    for kind in inventory.named:
        assets = [
            Asset(kind, asset_id, names.get((kind, asset_id)) or entry.asset.name or asset_id.removeprefix(NAME_PREFIX))
            for (its_kind, asset_id), entry in roster.items()
            if its_kind == kind and entry.standing is not Standing.UNUSED
            if (kind, asset_id) in busy
            or inventory.date - max(entry.first_seen, seen.get((kind, asset_id), entry.first_seen)) <= UNUSED_LIFE
        ]
        yield Listing(kind, tuple(assets))


def find_met(roster: Mapping[RosterKey, Entry], kind: str, hours: Mapping[datetime, Rows]) -> set[str]:
    """Return the ids of assets of a kind that some rows name, without those that were unused and still are."""
    named = {asset for rows in hours.values() for asset, _ in rows}
    unused = {
        asset
        for asset in named
        if (entry := roster.get((kind, asset))) is not None and entry.standing is Standing.UNUSED
    }
    if not unused:
        return named
    return named - unused | {
        asset for rows in hours.values() for (asset, _), amounts in rows.items() if asset in unused and any(amounts)
    }
