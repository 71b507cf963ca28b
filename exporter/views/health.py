"""The exporter's health as a document for programs, with the same contents as the status page. Pure."""

import platform
from datetime import datetime
from typing import Any

from exporter import __version__
from exporter.catalog import DATASETS
from exporter.metrics.snapshot import Snapshot
from exporter.model import format_time
from exporter.status import AccountStatus, DatasetStatus, ListStatus, Problem, SourceStatus, find_problems

OK, DEGRADED = "ok", "degraded"

COUNTED = frozenset(dataset.published_name for dataset in DATASETS.values() if dataset.is_counted)
"""The datasets that are counted; stored quantities are hourly, and so always older."""

Json = dict[str, Any]


def health_document(snapshot: Snapshot | None, *, is_refreshing: bool) -> Json:
    """Return the health of everything as JSON; without a snapshot the first refresh is still running.

    The status is ``ok`` if there are data, the poller refreshes (``is_refreshing``), and there are no problems.
    """
    problems = () if snapshot is None else find_problems(snapshot.status, snapshot.account_labels)
    is_ok = snapshot is not None and is_refreshing and not problems
    return {
        "status": OK if is_ok else DEGRADED,
        "ready": snapshot is not None,
        "polling": is_refreshing,
        "refresh": (snapshot and snapshot.status.refresh) or None,
        "as_of": snapshot and format_time(snapshot.at),
        "version": __version__,
        "build": {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}".strip()},
        "series": 0 if snapshot is None else sum(len(family.samples) for family in snapshot.families),
        "refresh_interval_seconds": snapshot and snapshot.status.refresh_interval.total_seconds(),
        "problems": [_problem(each) for each in problems],
        "accounts": [] if snapshot is None else [_account(each, snapshot) for each in snapshot.status.accounts],
        "datasets": [] if snapshot is None else [_dataset(each, snapshot) for each in snapshot.status.datasets],
        "lists": [] if snapshot is None else [_list(each, snapshot) for each in snapshot.status.lists],
        "sources": [] if snapshot is None else [_source(each) for each in snapshot.status.sources],
    }


def _problem(problem: Problem) -> Json:
    return {
        "account": problem.account,
        "part": problem.part,
        "reason": problem.reason,
        "since": _time(problem.since),
        "detail": problem.detail,
        "remedy": problem.remedy,
    }


def _account(entry: AccountStatus, snapshot: Snapshot) -> Json:
    return {
        "account": snapshot.account_labels.get(entry.account_id) or entry.name or entry.account_id,
        "account_id": entry.account_id,
        **_standing(entry),
        "data_until": _time(data_until(snapshot, entry.account_id)),
    }


def data_until(snapshot: Snapshot, account_id: str) -> datetime | None:
    """Return until when all counted datasets of an account have data; None if none has any."""
    fresh = (
        until
        for (scope, dataset), until in snapshot.fresh_until.items()
        if scope.account_id == account_id and dataset in COUNTED
    )
    return min(fresh, default=None)


def _dataset(entry: DatasetStatus, snapshot: Snapshot) -> Json:
    days = snapshot.status.days.get(entry.key)
    return {
        "account": snapshot.account_labels.get(entry.account_id, entry.account_id),
        "dataset": entry.dataset,
        "zone": entry.zone,
        **_standing(entry),
        "data_until": _time(snapshot.fresh_until.get(entry.key)),
        "sample_interval": snapshot.status.sample_intervals.get(entry.key, 1),
        "audited_until": _time(days.audited_until if days else None),
        "days_to_fill_in": days.unfilled_days if days else 0,
    }


def _list(entry: ListStatus, snapshot: Snapshot) -> Json:
    name = snapshot.account_labels.get(entry.account_id, entry.account_id)
    return {"account": name, "kind": entry.kind, **_standing(entry)}


def _source(entry: SourceStatus) -> Json:
    return {
        "source": entry.name,
        **_standing(entry),
        "last_success": _time(entry.last_success),
        "duration_seconds": None if entry.duration is None else entry.duration.total_seconds(),
    }


def _standing(entry: AccountStatus | DatasetStatus | ListStatus | SourceStatus) -> Json:
    return {
        "state": entry.state,
        "reason": entry.reason,
        "detail": entry.detail,
        "remedy": entry.remedy,
        "since": _time(entry.since),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
