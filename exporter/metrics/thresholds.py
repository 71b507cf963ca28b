"""The user's thresholds as a metric: alert rules use them where there are any, else the built-in ones. Pure.

The labels of a sample are those that the subject's usage carries, so that a rule can join them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from exporter.alerts.table import ACCOUNT, ADJUSTABLE, PROJECT
from exporter.config.thresholds import PLACES, ThresholdRule
from exporter.ledger import Entry, Publication, PublishedBook, Standing
from exporter.metrics.own import OwnMetric, Values

LABELS = ("alert", "severity", "account", "project", "kind", "asset")
DIVISOR = 10**PLACES


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The rules, of which the first that matches counts, and the accounts' real ``names`` by id."""

    rules: Sequence[ThresholdRule] = ()
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Subject:
    """The subject of an alert: an account by its id, a project of it, or an asset of that project."""

    account_id: str
    project: str = ""
    asset: str = ""


@dataclass(frozen=True, slots=True)
class ThresholdFacts:
    """The input of the metric."""

    thresholds: Thresholds
    publication: Publication


def _values(facts: ThresholdFacts) -> Values:
    """Return a value for each subject that a rule matches."""
    thresholds, publication = facts.thresholds, facts.publication
    by_alert: dict[tuple[str, str], list[ThresholdRule]] = {}
    for rule in thresholds.rules:
        by_alert.setdefault((rule.alert, rule.severity or ""), []).append(rule)
    kinds = {ADJUSTABLE[alert].subject for alert, _ in by_alert}
    subjects = {kind: sorted(_subjects(kind, publication), key=_place) for kind in kinds}
    asset_names = {kind: _asset_names(kind, publication) for kind in kinds}
    values: dict[tuple[str, ...], int] = {}
    for (alert, severity), rules in by_alert.items():
        kind = ADJUSTABLE[alert].subject
        for subject in subjects[kind]:
            label = publication.accounts[subject.account_id]
            account_names = (subject.account_id, label, thresholds.names.get(subject.account_id, label))
            names = (subject.asset, *asset_names[kind].get(subject, ()))
            found = next((rule for rule in rules if rule.holds(account_names, subject.project, names)), None)
            if found is not None:
                key = (alert, severity, label, subject.project, kind, subject.asset)
                values[key] = int(found.value.scaleb(PLACES))
    return values


THRESHOLD: OwnMetric[ThresholdFacts] = OwnMetric(
    "cloudflare_alert_threshold",
    "gauge",
    "Threshold of an alert that the configuration sets for an account, a project or an asset, in the alert's unit;"
    " absent where the alert's built-in threshold applies. Kind is account, project or the asset's kind.",
    LABELS,
    _values,
    DIVISOR,
)


def _place(subject: _Subject) -> tuple[str, str, str]:
    return subject.account_id, subject.project, subject.asset


def _subjects(kind: str, publication: Publication) -> set[_Subject]:
    """Return all subjects of a kind that are published, with the labels of their usage."""
    if kind == ACCOUNT:
        return {_Subject(account_id) for account_id in publication.accounts}
    if kind == PROJECT:
        placed = _placed([*publication.books, *publication.list_costs])
        listed = {each for each, _ in _listed(publication)}
        return {_Subject(each.account_id, each.project) for each in placed | listed}
    books = [book for book in publication.books if book.dataset.kind == kind]
    return _placed(books) | {each for each, entry in _listed(publication) if entry.asset.kind == kind}


def _placed(books: Iterable[PublishedBook]) -> set[_Subject]:
    """Return the subjects of published series; series of an account as a whole have none."""
    found: set[_Subject] = set()
    for book in books:
        of_account = {number for number, metric in enumerate(book.dataset.metrics) if metric.is_of_account}
        found |= {
            _Subject(book.account_id, placement.project, placement.asset)
            for placement, key, _ in book.series
            if key.metric not in of_account
        }
    return found


def _listed(publication: Publication) -> Iterable[tuple[_Subject, Entry]]:
    """Yield the listed assets, whether they were used or not."""
    for account_id, roster in publication.assets.items():
        for entry in roster if account_id in publication.accounts else ():
            placement = entry.placement
            if placement is not None and entry.standing is not Standing.UNLISTED:
                yield _Subject(account_id, placement.project, placement.asset), entry


def _asset_names(kind: str, publication: Publication) -> dict[_Subject, tuple[str, ...]]:
    """Return the real names of listed assets; their labels may carry a short id besides."""
    return {
        each: (entry.asset.name,)
        for each, entry in _listed(publication)
        if entry.asset.kind == kind and not (entry.is_filtered or entry.is_folded)
    }
