"""Findings on the datasets of an account: what the plan allows of each, and whether it answers. Pure."""

from collections.abc import Sequence

from exporter.catalog.dataset import Dataset
from exporter.check.account_trial import AccountTrial
from exporter.check.faults import fault_of
from exporter.check.findings import DatasetTrial, Finding, Level, Topic
from exporter.check.wording import span
from exporter.cloudflare import CloudflareError, DatasetLimits, Forbidden, Rejected, Throttled
from exporter.model import Answer

WITHOUT_PLAN = "Nothing, unless you want these metrics: they require another plan."
REFUSED = (
    "Other datasets answer, so the permission is granted. If the account's plan lacks this one, do nothing; otherwise "
    "ask Cloudflare, or leave the product out with filters.products."
)


def dataset_trials(trial: AccountTrial, datasets: Sequence[Dataset]) -> list[DatasetTrial]:
    """Return the state of each dataset, once per name if it is queried in several ways."""
    return [
        DatasetTrial(trial.account, name, _state(trial, ways), _limits(trial, ways))
        for name, ways in _by_name(datasets).items()
    ]


def dataset_findings(trial: AccountTrial, datasets: Sequence[Dataset]) -> list[Finding]:
    """Return the findings on each dataset; empty if the account has no analytics: its permissions show that."""
    if not trial.has_analytics:
        return []
    return [_of_dataset(trial, name, ways) for name, ways in _by_name(datasets).items()]


def _of_dataset(trial: AccountTrial, name: str, ways: Sequence[Dataset]) -> Finding:
    limits, fault = _limits(trial, ways), _fault(trial, ways)
    if limits is not None and not limits.is_enabled:
        return _finding(
            trial,
            Level.WARNING,
            name,
            f"the account's plan does not include it. Not published: {_metrics(ways)}.",
            WITHOUT_PLAN,
        )
    if fault is not None:
        return _failed(trial, name, fault)
    if limits is None:
        return _finding(trial, Level.OK, name, "answers. Its limits are unknown; the usual ones are assumed.")
    text = f"answers. {_described(limits)}"
    if limits.missing:
        absent = _metrics(ways, limits.missing)
        return _finding(
            trial,
            Level.WARNING,
            name,
            f"{text} The plan does not include {', '.join(sorted(limits.missing))}; not published: {absent}.",
            WITHOUT_PLAN,
        )
    return _finding(trial, Level.OK, name, text)


def _failed(trial: AccountTrial, name: str, error: CloudflareError) -> Finding:
    if isinstance(error, Forbidden):
        return _finding(trial, Level.ERROR, name, f"refused. {error.detail}", REFUSED)
    level, message, remedy = fault_of(error)
    return _finding(trial, level, name, message, remedy)


def _described(limits: DatasetLimits) -> str:
    longest = f"{span(limits.longest)} per query" if limits.longest else "any span per query"
    return f"{limits.page_size:,} rows per page, {longest}, {span(limits.retention)} of history."


def _state(trial: AccountTrial, ways: Sequence[Dataset]) -> str:
    limits, fault = _limits(trial, ways), _fault(trial, ways)
    if limits is not None and not limits.is_enabled:
        return "unavailable"
    if fault is not None:
        if isinstance(fault, Throttled):
            return "untried"
        return "unavailable" if isinstance(fault, Forbidden | Rejected) else "failing"
    is_answered = any(isinstance(trial.outcomes.get(dataset.key), Answer) for dataset in ways)
    return "ok" if is_answered else "untried"


def _limits(trial: AccountTrial, ways: Sequence[Dataset]) -> DatasetLimits | None:
    """Return the limits of a dataset; missing are the fields that any way of querying it lacks."""
    known = [trial.known_limits[dataset.key] for dataset in ways if dataset.key in trial.known_limits]
    if not known:
        return None
    first = known[0]
    missing = frozenset(name for limits in known for name in limits.missing)
    return DatasetLimits(first.is_enabled, first.page_size, first.longest, first.retention, missing)


def _fault(trial: AccountTrial, ways: Sequence[Dataset]) -> CloudflareError | None:
    outcomes = (trial.outcomes.get(dataset.key) for dataset in ways)
    return next((outcome for outcome in outcomes if isinstance(outcome, CloudflareError)), None)


def _metrics(ways: Sequence[Dataset], missing: frozenset[str] | None = None) -> str:
    """Return the metrics that a dataset feeds; with ``missing``, only those that need one of these fields."""
    families = [
        metric.family or metric.name
        for dataset in ways
        for metric in dataset.metrics
        if missing is None or any(part.source in missing for part in metric.parts)
    ]
    return ", ".join(dict.fromkeys(families)) or "nothing"


def _by_name(datasets: Sequence[Dataset]) -> dict[str, list[Dataset]]:
    by_name: dict[str, list[Dataset]] = {}
    for dataset in datasets:
        by_name.setdefault(dataset.name, []).append(dataset)
    return by_name


def _finding(trial: AccountTrial, level: Level, name: str, message: str, remedy: str = "") -> Finding:
    return Finding(Topic.DATASETS, level, name, message, remedy, trial.token, trial.account)
