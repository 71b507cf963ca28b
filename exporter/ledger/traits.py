"""The traits that lists gave to assets. They are not stored: after a restart the first discovery tells them again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from exporter.ledger.discovered import is_unread
from exporter.ledger.roster import Entry, RosterKey
from exporter.model import Inventory, Listing, Traits


class _Read(NamedTuple):
    at: datetime
    traits: Traits


class KnownTraits:
    """The newest traits of the assets of all accounts. Only ``take`` changes them."""

    def __init__(self) -> None:
        self._known: dict[str, dict[RosterKey, _Read]] = {}

    def take(self, inventory: Inventory, roster: Mapping[RosterKey, Entry]) -> None:
        """Replace the traits of what an applied discovery could list; ``roster`` is the account's."""
        known = self._known.get(inventory.account.id, {})
        kept = {key: read for key, read in known.items() if _may_be_there(key, inventory, roster)}
        told = {
            (kind, asset_id): _Read(inventory.date, traits)
            for kind, found in inventory.listings.items()
            if isinstance(found, Listing)
            for asset_id, traits in found.traits.items()
        }
        self._known[inventory.account.id] = kept | told

    def publish(self, now: datetime | None, life: timedelta | None) -> dict[str, dict[RosterKey, Traits]]:
        """Return the traits by account id; figures and states that are older than ``life`` at ``now`` are left out."""
        oldest = now - life if now is not None and life is not None else None
        return {
            account_id: {
                key: traits if oldest is None or at >= oldest else replace(traits, figures=(), states=())
                for key, (at, traits) in known.items()
            }
            for account_id, known in self._known.items()
        }


def _may_be_there(key: RosterKey, inventory: Inventory, roster: Mapping[RosterKey, Entry]) -> bool:
    """Return whether an asset may be there though no list has it: its own could not be read, or not completely."""
    found = inventory.listings.get(key[0])
    is_decided = isinstance(found, Listing) and found.is_complete
    return not is_decided or (key in roster and is_unread(roster[key], inventory, roster))
