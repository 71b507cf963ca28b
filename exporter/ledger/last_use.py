"""The hour in which each asset was last used."""

from collections.abc import Mapping
from datetime import datetime

from exporter.ledger.roster import RosterKey
from exporter.ledger.store.change import LedgerChange
from exporter.model import Answer


class LastUse:
    """The newest hour with usage of each asset, for all accounts. Only ``take`` changes it."""

    def __init__(self, stored: dict[str, dict[RosterKey, datetime]]) -> None:
        self._hours = stored

    def of_account(self, account_id: str) -> Mapping[RosterKey, datetime]:
        """Return the newest hours of one account."""
        return self._hours.get(account_id, {})

    def all(self) -> dict[str, dict[RosterKey, datetime]]:
        """Return the newest hours by account id."""
        return {account_id: dict(hours) for account_id, hours in self._hours.items()}

    def add(self, change: LedgerChange, account_id: str, kind: str, answer: Answer) -> None:
        """Add to a change the newer hours in which assets of a kind were used, according to an answer about usage."""
        newer = change.used.setdefault(account_id, {})
        newer |= find_newer(kind, answer, self._hours.get(account_id, {}) | newer)

    def take(self, change: LedgerChange) -> None:
        """Apply a committed change."""
        for account_id, hours in change.used.items():
            self._hours.setdefault(account_id, {}).update(hours)
        if change.pruned is not None:
            for key in change.pruned.assets:
                self._hours.get(change.pruned.account_id, {}).pop(key, None)


def find_newer(kind: str, answer: Answer, known: Mapping[RosterKey, datetime]) -> dict[RosterKey, datetime]:
    """Return each asset's newest hour with usage in an answer, where it is newer than the known one."""
    used: dict[RosterKey, datetime] = {}
    for hour in sorted(answer.hours):
        for (asset, _), amounts in answer.hours[hour].items():
            key = (kind, asset)
            if any(amounts) and (key not in known or known[key] < hour):
                used[key] = hour
    return used
