"""The survey that API and page look at, and what of it a question is about."""

from collections.abc import Iterable
from dataclasses import dataclass
from weakref import ReferenceType, ref

from exporter.costs.history import QueryError
from exporter.exposition.api import parameters as asked_for
from exporter.exposition.api.parameters import Asked
from exporter.metrics.snapshot import Snapshot
from exporter.views import Choice, Survey


@dataclass(frozen=True, slots=True)
class _Known:
    """The survey of a snapshot."""

    snapshot: ReferenceType[Snapshot]
    survey: Survey


class Surveys:
    """Gives the survey of a snapshot, the same one to all who ask until there is another snapshot."""

    def __init__(self) -> None:
        self._known: _Known | None = None

    def of(self, snapshot: Snapshot) -> Survey:
        """Give the survey of a snapshot."""
        known = self._known
        if known is None or known.snapshot() is not snapshot:
            costs = snapshot.costs
            survey = Survey(snapshot.holdings, costs.accounts, costs.budgets, snapshot.account_labels)
            known = self._known = _Known(ref(snapshot), survey)
        return known.survey


def choice_of(snapshot: Snapshot, asked: Asked, projects: Iterable[str]) -> Choice:
    """Give which assets a question is about. Raises QueryError."""
    accounts = account_ids(snapshot, asked) if asked.all(asked_for.ACCOUNT) else ()
    return Choice(frozenset(accounts), frozenset(projects), frozenset(asked.all(asked_for.KIND)))


def account_ids(snapshot: Snapshot, asked: Asked) -> tuple[str, ...]:
    """Give the ids of the accounts that are asked for, by id or label; all if none is named. Raises QueryError."""
    labels = snapshot.account_labels
    ids = {label: key for key, label in labels.items()} | {key: key for key in labels}
    names = asked.all(asked_for.ACCOUNT)
    for name in names:
        if name not in ids:
            raise QueryError(f"There is no account {name}; there is {', '.join(labels.values()) or 'none'}.")
    wanted = {ids[name] for name in names} or labels.keys()
    return tuple(key for key in labels if key in wanted)
