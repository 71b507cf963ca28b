"""The rosters of all accounts. Changes are computed beside them, and applied once they are committed."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from exporter.ledger.discovered import apply_discovery
from exporter.ledger.named_by_usage import list_used
from exporter.ledger.own_series import NO_COMPETITION, Competition
from exporter.ledger.projects import ProjectRules
from exporter.ledger.roster import Entry, RosterKey, Standing, leave, register_strangers
from exporter.ledger.store.change import LedgerChange
from exporter.model import ZONE, Inventory, Listing, ListingFailure, Placement, Scope


class Rosters:
    """Each account's roster, and the kinds that its last discovery found unlistable.

    Only ``take`` and ``take_failures`` change them.
    """

    def __init__(self, stored: dict[str, dict[RosterKey, Entry]]) -> None:
        self._rosters = stored
        self._unlistable: dict[str, frozenset[str]] = {}
        self._names: dict[str, dict[RosterKey, str]] = {}

    def all(self) -> Mapping[str, Mapping[RosterKey, Entry]]:
        """Return the rosters by account id."""
        return self._rosters

    def of_account(self, account_id: str) -> Mapping[RosterKey, Entry]:
        """Return every asset ever seen of an account."""
        return self._rosters.get(account_id, {})

    def is_discovered(self, account_id: str) -> bool:
        """Return whether a discovery of this account was ever applied."""
        entries = self.of_account(account_id).values()
        return account_id in self._unlistable or any(entry.standing is not Standing.STRANGER for entry in entries)

    def has_left(self, scope: Scope) -> bool:
        """Return whether a scope is a zone that left its account."""
        entry = self.of_account(scope.account_id).get((ZONE, scope.zone_id)) if scope.zone_id else None
        return entry is not None and entry.standing is Standing.UNLISTED

    def discover(
        self,
        inventory: Inventory,
        busy: set[RosterKey],
        seen: Mapping[RosterKey, datetime],
        rules: ProjectRules,
        competition: Competition = NO_COMPETITION,
    ) -> dict[RosterKey, Entry]:
        """Return the entries that a discovery changes.

        ``busy`` are the assets with usage in an open hour, ``seen`` is the newest time at which a row named an asset.
        """
        roster, names = self.of_account(inventory.account.id), self._names.get(inventory.account.id, {})
        used = list_used(roster, inventory, seen, busy, names)
        return apply_discovery(
            roster, inventory, lambda kind, asset_id: (kind, asset_id) in busy, rules, used, competition=competition
        )

    def find_moved(self, inventory: Inventory) -> dict[str, dict[RosterKey, Entry]]:
        """Return the entries of other accounts whose zones an inventory lists, by account: these have left them."""
        found = inventory.listings.get(ZONE)
        if not isinstance(found, Listing):
            return {}
        moved: dict[str, dict[RosterKey, Entry]] = {}
        listed = {(ZONE, asset.id) for asset in found.assets}
        for account_id, roster in self._rosters.items():
            there = listed & roster.keys() if account_id != inventory.account.id else set()
            left = {key: leave(roster[key]) for key in there if roster[key].standing is not Standing.UNLISTED}
            if left:
                moved[account_id] = left
        return moved

    def find_vacated(self, account_id: str, changed: Mapping[RosterKey, Entry]) -> dict[str, frozenset[Placement]]:
        """Return, by kind, the placements that changed entries leave and no other entry has.

        That of unlisted assets stays: those that were pruned have no entry any more.
        """
        roster = self.of_account(account_id)
        moved: dict[str, set[Placement]] = {}
        for key, entry in changed.items():
            placement = roster[key].placement if key in roster else None
            is_own = key in roster and roster[key].standing is not Standing.UNLISTED
            if is_own and placement is not None and placement != entry.placement:
                moved.setdefault(key[0], set()).add(placement)
        if moved:
            for key, entry in {**roster, **changed}.items():
                if key[0] in moved and entry.placement is not None:
                    moved[key[0]].discard(entry.placement)
        return {kind: frozenset(placements) for kind, placements in moved.items() if placements}

    def meet(
        self, account_id: str, kind: str, roster: Mapping[RosterKey, Entry], assets: Iterable[str], date: datetime
    ) -> dict[RosterKey, Entry]:
        """Return entries for assets that are not yet in the account's roster, first seen at ``date``."""
        return register_strangers(roster, kind, assets, date, kind in self._unlistable.get(account_id, ()))

    def learn_names(self, account_id: str, kind: str, names: Mapping[str, str]) -> None:
        """Record the names that rows gave beside ids, of the assets that no list has."""
        roster, known = self.of_account(account_id), self._names.setdefault(account_id, {})
        for asset_id, name in names.items():
            entry = roster.get((kind, asset_id))
            if entry is not None and entry.standing in {Standing.STRANGER, Standing.NAMED}:
                known[kind, asset_id] = name

    def take(self, change: LedgerChange) -> None:
        """Apply a committed change."""
        for account_id, changed in change.roster.items():
            if changed:
                self._rosters[account_id] = self._rosters.get(account_id, {}) | changed
        if change.pruned is not None and change.pruned.assets:
            account_id, gone = change.pruned.account_id, change.pruned.assets
            self._names[account_id] = {k: name for k, name in self._names.get(account_id, {}).items() if k not in gone}
            self._rosters[account_id] = {key: one for key, one in self._rosters[account_id].items() if key not in gone}

    def take_failures(self, inventory: Inventory) -> None:
        """Record the kinds that an applied discovery could not list."""
        account_id = inventory.account.id
        self._rosters.setdefault(account_id, {})
        self._unlistable[account_id] = frozenset(
            kind for kind, found in inventory.listings.items() if isinstance(found, ListingFailure) and found.final
        )


def find_gone_zones(changed: Mapping[str, Mapping[RosterKey, Entry]]) -> frozenset[Scope]:
    """Return the zones that changed entries of some accounts show to have left them."""
    return frozenset(
        Scope(account_id, zone_id)
        for account_id, entries in changed.items()
        for (kind, zone_id), entry in entries.items()
        if kind == ZONE and entry.standing is Standing.UNLISTED
    )
