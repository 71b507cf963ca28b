"""The views that the API and the status page show, and the part that a request selects."""

from collections.abc import Iterable
from dataclasses import dataclass
from weakref import ReferenceType, ref

from exporter.costs.history import chosen_accounts
from exporter.exposition.api import parameters as asked_for
from exporter.exposition.api.errors import NotReady
from exporter.exposition.api.parameters import RequestParameters
from exporter.metrics.snapshot import Published, Snapshot
from exporter.views import AssetFilter, Views


@dataclass(frozen=True, slots=True)
class _Known:
    """The views of a snapshot."""

    snapshot: ReferenceType[Snapshot]
    views: Views


class CachedViews:
    """Holds the views of the current snapshot, shared by all requests until the next snapshot."""

    def __init__(self) -> None:
        self._known: _Known | None = None

    def of(self, snapshot: Snapshot) -> Views:
        """Return the views of a snapshot."""
        known = self._known
        if known is None or known.snapshot() is not snapshot:
            costs = snapshot.costs
            labels = snapshot.account_labels
            views = Views(snapshot.asset_usage, costs.accounts, costs.budgets, labels, snapshot.texts)
            known = self._known = _Known(ref(snapshot), views)
        return known.views


def current_snapshot(published: Published) -> Snapshot:
    """Return the current snapshot. Raises NotReady before there is one."""
    if published.snapshot is None:
        raise NotReady
    return published.snapshot


def asset_filter_of(snapshot: Snapshot, asked: RequestParameters, projects: Iterable[str]) -> AssetFilter:
    """Return the filter for the requested assets. Raises QueryError."""
    accounts = account_ids(snapshot, asked) if asked.all(asked_for.ACCOUNT) else ()
    return AssetFilter(frozenset(accounts), frozenset(projects), frozenset(asked.all(asked_for.KIND)))


def account_ids(snapshot: Snapshot, asked: RequestParameters) -> tuple[str, ...]:
    """Return the ids of the requested accounts, named by id or label; all if none is named. Raises QueryError."""
    return chosen_accounts(asked.all(asked_for.ACCOUNT), snapshot.account_labels)
