"""The report as JSON, in the shape documented in ``docs/check.md``. Pure."""

import json
from datetime import timedelta
from typing import Any

from exporter import __version__
from exporter.check.findings import ApiNeed, CheckReport, DatasetTrial, Finding, Level, Need, ReadingNeed
from exporter.cloudflare.budget import PERIOD_SECONDS


def as_json(report: CheckReport) -> str:
    """Return the report as one JSON document, with a trailing newline."""
    document = {
        "ok": report.exit_code == 0,
        "exit_code": report.exit_code,
        "version": __version__,
        "counts": {level.value: report.count(level) for level in Level},
        "findings": [_finding(finding) for finding in report.findings],
        "datasets": [_dataset(trial) for trial in report.datasets],
        "budget": _budget(report),
        "token_link": report.link or None,
    }
    return json.dumps(document, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, str]:
    said = {
        "part": finding.part.value,
        "level": finding.level.value,
        "subject": finding.subject,
        "token": finding.token,
        "account": finding.account.id if finding.account else "",
        "account_name": finding.account.name if finding.account else "",
        "message": finding.message,
        "remedy": finding.remedy,
    }
    return {key: text for key, text in said.items() if text}


def _dataset(trial: DatasetTrial) -> dict[str, Any]:
    limits = trial.limits
    return {
        "account": trial.account.id,
        "dataset": trial.dataset,
        "state": trial.state,
        "enabled": limits.is_enabled if limits else None,
        "page_size": limits.page_size if limits else None,
        "longest_seconds": _seconds(limits.longest) if limits and limits.longest else None,
        "retention_seconds": _seconds(limits.retention) if limits else None,
        "missing_fields": sorted(limits.missing) if limits else [],
    }


def _budget(report: CheckReport) -> dict[str, Any]:
    return {
        "period_seconds": int(PERIOD_SECONDS),
        "refresh_interval_seconds": max((_seconds(need.graphql.interval) for need in report.needs), default=None),
        "discovery_interval_seconds": max((_seconds(need.rest.interval) for need in report.needs), default=None),
        "groups": [_need(need) for need in report.needs],
        "requests_of_this_check": dict(report.requests),
    }


def _need(need: Need) -> dict[str, Any]:
    return {
        "group": need.group,
        "tokens": list(need.tokens),
        "accounts": need.accounts,
        "assets": need.assets,
        "graphql": _api(need.graphql),
        "rest": _api(need.rest),
        "readings": _readings(need.readings),
    }


def _readings(need: ReadingNeed | None) -> dict[str, Any] | None:
    return None if need is None else {"requests_per_period": need.requests, "stretch": round(need.stretch, 3)}


def _api(need: ApiNeed) -> dict[str, Any]:
    return {
        "requests_per_round": need.requests,
        "allowance": need.allowance,
        "share": need.share,
        "configured_seconds": _seconds(need.configured),
        "interval_seconds": _seconds(need.interval),
    }


def _seconds(span: timedelta) -> int:
    return -(-span // timedelta(seconds=1))
