"""What an account's datasets are asked about: the account itself, and each zone that its list has."""

from exporter.catalog.dataset import Dataset
from exporter.ledger import Standing
from exporter.model import ZONE, Scope
from exporter.poller.context import PollerContext


class AccountScopes:
    """The account and its zones, as its last list of zones has them.

    A zone that a list lacks is asked no more: it was deleted, or moved to another account. If only that list was wrong,
    the next question reaches back to where the last one ended.
    """

    def __init__(self, account_id: str, context: PollerContext) -> None:
        self._itself = (Scope(account_id),)
        self._context = context
        self._zones: dict[Scope, str] = {}

    @property
    def all(self) -> tuple[Scope, ...]:
        """The account, then its zones; these only if a dataset is asked about zones."""
        return (*self._itself, *self._zones)

    def of(self, dataset: Dataset) -> tuple[Scope, ...]:
        """Return what a dataset is asked about."""
        return tuple(self._zones) if dataset.is_of_zones else self._itself

    def name(self, scope: Scope) -> str:
        """Return a zone's name; empty for the account itself."""
        return self._zones.get(scope, "")

    def update(self) -> None:
        """Look the account's zones up in its roster, which the list of another account may have changed too."""
        account_id = self._itself[0].account_id
        is_wanted = any(dataset.is_of_zones for dataset in self._context.settings.datasets)
        roster = self._context.ledger.roster(account_id) if is_wanted else {}
        self._zones = {
            Scope(account_id, zone_id): entry.asset.name
            for (kind, zone_id), entry in roster.items()
            if kind == ZONE and entry.standing is Standing.LISTED
        }
