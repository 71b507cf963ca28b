"""The labels of accounts: alias or name, and no two alike."""

from collections.abc import Mapping, Sequence

from exporter.ledger.store.change import LedgerChange
from exporter.model import Account

NamedAccounts = Mapping[str, tuple[str, str]]
"""Real name and label by account id."""


class EnrolledAccounts:
    """All accounts ever enrolled. Only ``take`` changes them."""

    def __init__(self, stored: NamedAccounts) -> None:
        self._known = stored

    def all(self) -> tuple[Account, ...]:
        """Return the accounts with their real names."""
        return tuple(Account(account_id, name) for account_id, (name, _) in self._known.items())

    def labels(self) -> dict[str, str]:
        """Return the label of each account, by id."""
        return {account_id: label for account_id, (_, label) in self._known.items()}

    def label(self, account_id: str) -> str:
        """Return the label of an account; its id if it was never enrolled."""
        return self._known[account_id][1] if account_id in self._known else account_id

    def enroll(self, accounts: Sequence[Account], alias: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        """Return name and label of new and renamed accounts; ``alias`` has labels by account id."""
        return label_accounts(self._known, accounts, alias)

    def find_relabeled(self, changed: NamedAccounts) -> list[str]:
        """Return the ids of the changed accounts that had a different label before."""
        return [
            account_id
            for account_id, (_, label) in changed.items()
            if account_id in self._known and self._known[account_id][1] != label
        ]

    def take(self, change: LedgerChange) -> None:
        """Apply a committed change."""
        if change.accounts:
            self._known = {**self._known, **change.accounts}


def label_accounts(
    known: NamedAccounts, accounts: Sequence[Account], alias: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Return name and label of new and renamed accounts. ``alias`` has labels by account id.

    Of two accounts with the same label, the later one gets its short id appended. An account whose name could not be
    read comes with its id as its name; it keeps the name already known.
    """
    names = {account.id: _real_name(known, account) for account in accounts}
    wanted = {account_id: alias.get(account_id, name) for account_id, name in names.items()}
    kept = {
        account_id: label
        for account_id, (_, label) in known.items()
        if account_id not in wanted or label in {wanted[account_id], _disambiguated(account_id, wanted[account_id])}
    }
    changed: dict[str, tuple[str, str]] = {}
    for account_id, word in wanted.items():
        if account_id not in kept:
            kept[account_id] = _disambiguated(account_id, word) if word in kept.values() else word
        named = (names[account_id], kept[account_id])
        if known.get(account_id) != named:
            changed[account_id] = named
    return changed


def _real_name(known: NamedAccounts, account: Account) -> str:
    return known[account.id][0] if account.name == account.id and account.id in known else account.name


def _disambiguated(account_id: str, label: str) -> str:
    return f"{label} ({account_id[:8]})"
