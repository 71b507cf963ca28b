"""What the series of absent assets grew by lately: they must not leave before a scrape has seen it."""

from collections.abc import Mapping
from datetime import UTC, datetime

from exporter.ledger.plans import Plans
from exporter.ledger.roster import Entry, RosterKey, Standing
from exporter.ledger.series import Birth, BirthHold
from exporter.ledger.store.change import LedgerChange

BEFORE = Birth(datetime.min.replace(tzinfo=UTC), 1)
"""The growth that an earlier process may have committed and nobody seen: it is published with the first commit."""


class UnseenGrowth:
    """The newest growth of each asset that is absent from its list, until a scrape or five minutes have passed."""

    def __init__(self, plans: Plans, rosters: Mapping[str, Mapping[RosterKey, Entry]]) -> None:
        self._plans = plans
        self._growth = {
            account_id: dict.fromkeys(find_absent(roster), BEFORE) for account_id, roster in rosters.items()
        }

    def find(self, account_id: str, hold: BirthHold) -> frozenset[RosterKey]:
        """Return the assets whose growth nobody may have seen, by the ``hold`` of their account."""
        growth = self._growth.get(account_id, {})
        self._growth[account_id] = {key: birth for key, birth in growth.items() if not hold.is_over(birth)}
        return frozenset(self._growth[account_id])

    def take(self, change: LedgerChange, rosters: Mapping[str, Mapping[RosterKey, Entry]], commit_number: int) -> None:
        """Record what a committed change let the series of absent assets grow by, given the rosters of all accounts."""
        accounts = {key.scope.account_id for key in change.books}
        absent = {account_id: find_absent(rosters.get(account_id, {})) for account_id in accounts}
        for key, made in change.books.items():
            gone = absent[key.scope.account_id]
            if gone:
                birth, kind = (
                    Birth(made.state.last_success, commit_number),
                    self._plans.datasets[key.dataset].dataset.kind,
                )
                grown = {(kind, asset): birth for asset, _ in made.rows if (kind, asset) in gone}
                self._growth.setdefault(key.scope.account_id, {}).update(grown)


def find_absent(roster: Mapping[RosterKey, Entry]) -> frozenset[RosterKey]:
    """Return the assets that a list lacks and that have not left yet."""
    return frozenset(key for key, entry in roster.items() if entry.standing is Standing.ABSENT)
