"""The alerts that fire in the scenes, with their labels and annotations in full."""

import re
from collections.abc import Mapping

from alerting.runbook import first_steps
from tests.alerting.scene import BEGIN, Scene

Alert = tuple[Mapping[str, str], Mapping[str, str]]
"""The labels and the annotations of an alert that fires."""

Firing = dict[str, list[Alert]]
"""By the alert's name."""

OVERVIEW, EXPORTER, WORKERS, R2 = (
    f"/d/cloudflare-{page}/cloudflare-{page}" for page in ("overview", "exporter", "workers", "r2")
)

WATCHDOG = "CloudflareWatchdog"
EXPORTER_DOWN = "CloudflareExporterDown"
ACCOUNT_DOWN = "CloudflareAccountDown"
UNRESOLVED = "CloudflareCriticalUnresolved"
DATASET_STALE = "CloudflareDatasetStale"
ERROR_RATIO_HIGH = "CloudflareWorkerErrorRatioHigh"
WORKER_FAILING = "CloudflareWorkerFailing"
BUCKET_LARGE = "CloudflareR2BucketLarge"

_OF_DATASET = re.compile(
    r"cloudflare_exporter_dataset_(queried_until|last_success)_timestamp_seconds"
    r'\{account="Example",dataset="([\w/]+)",zone=""\}'
)

_ERRORS = re.compile(r'cloudflare_worker_errors_total\{.*script_name="([^"]+)",status="(\w+)"\}')


def exporter_down() -> Firing:
    """Return the alert that no exporter can be scraped."""
    labels = {"job": "cloudflare", "severity": "critical", "product": "exporter"}
    notes = {
        "summary": "No Cloudflare exporter can be scraped.",
        "description": "Prometheus has reached no exporter of job cloudflare for 5 minutes. No other Cloudflare alert "
        "can fire until one is back; the counters then catch up on their own.",
        "action": first_steps(EXPORTER_DOWN),
        "runbook_url": "alerting/runbook.md#cloudflareexporterdown",
        "dashboard_url": EXPORTER,
    }
    return {EXPORTER_DOWN: [(labels, notes)]}


def watchdog() -> Firing:
    """Return the alert that always fires."""
    notes = {
        "summary": "This alert always fires.",
        "description": "It proves that alerts get from Prometheus through Alertmanager to their receivers. Let a dead "
        "man's switch expect it and notify you when it stops arriving.",
        "action": first_steps(WATCHDOG),
        "runbook_url": "alerting/runbook.md#cloudflarewatchdog",
        "dashboard_url": EXPORTER,
    }
    return {WATCHDOG: [({"severity": "info", "product": "exporter"}, notes)]}


def account_down() -> Firing:
    """Return the alert that the account is not answered."""
    notes = {
        "summary": "Cloudflare is not answering for an account.",
        "description": "No refresh of account Example has succeeded for ten minutes: its metrics are frozen. The "
        "exporter's status page and its log show why; counters catch up once Cloudflare answers again.",
        "action": first_steps(ACCOUNT_DOWN),
        "runbook_url": "alerting/runbook.md#cloudflareaccountdown",
        "dashboard_url": f"{EXPORTER}?var-account=Example",
    }
    labels = {"job": "cloudflare", "account": "Example", "severity": "critical", "product": "exporter"}
    return {ACCOUNT_DOWN: [(labels, notes)]}


def unresolved(alert: str, account: str = "") -> Firing:
    """Return the escalation of a critical alert of the exporter."""
    labels = {"job": "cloudflare", "alert": alert, "severity": "critical", "product": "exporter"}
    of_account = {"account": account} if account else {}
    notes = {
        "summary": "A critical alert has not been resolved for half an hour.",
        "description": f"{alert}{f' of account {account}' if account else ''} has been firing for more than 30 minutes."
        " Nobody who was notified has resolved it: see its entry in the runbook.",
        "action": first_steps(UNRESOLVED),
        "runbook_url": "alerting/runbook.md#cloudflarecriticalunresolved",
        "dashboard_url": f"{OVERVIEW}?{f'&var-account={account}' if account else ''}",
    }
    return {UNRESOLVED: [(labels | of_account, notes)]}


def every_dataset_stale(scene: Scene, second: int) -> Firing:
    """Return the alerts that each dataset of a scene is stale, as old as the newest scrape up to a second says."""
    return {DATASET_STALE: [_stale(dataset, age) for dataset, age in _ages(scene, second).items()]}


def _ages(scene: Scene, second: int) -> dict[str, int]:
    values = [scrape.values for scrape in scene.scrapes if scrape.values and scrape.second <= second][-1]
    moments: dict[str, dict[str, float]] = {"last_success": {}, "queried_until": {}}
    for series, value in values.items():
        if found := _OF_DATASET.fullmatch(series):
            moments[found[1]][found[2]] = float(value) - BEGIN.timestamp()
    newest = moments["last_success"] | moments["queried_until"]
    return {dataset: int(second - moment) for dataset, moment in newest.items()}


def _stale(dataset: str, age: int) -> Alert:
    labels = {
        "job": "cloudflare",
        "account": "Example",
        "dataset": dataset,
        "severity": "warning",
        "product": "exporter",
    }
    notes = {
        "summary": "Cloudflare no longer answers for a dataset.",
        "description": f"The newest data from Cloudflare for dataset {dataset} (account Example) is {_printed(age)} "
        "old. The exporter is running; cloudflare_exporter_dataset_state and its status page show why the dataset is "
        "not updated.",
        "action": first_steps(DATASET_STALE),
        "runbook_url": "alerting/runbook.md#cloudflaredatasetstale",
        "dashboard_url": f"{EXPORTER}?var-account=Example",
    }
    return labels, notes


def _printed(seconds: int) -> str:
    """Return a duration as Prometheus' templates print it."""
    hours, minutes = seconds // 3_600, seconds // 60 % 60
    return f"{f'{hours}h ' if hours else ''}{minutes}m {seconds % 60}s"


def failing(scene: Scene, second: int, worker: str, ratio: float) -> Firing:
    """Return the alert that so many invocations of a Worker fail that it is an outage, and how most of them do."""
    failures = _failures(scene, second, worker)
    most = max(failures, key=lambda status: failures[status])
    labels = {
        "job": "cloudflare",
        "account": "Example",
        "project": "shop",
        "script_name": worker,
        "severity": "critical",
        "product": "workers",
    }
    notes = {
        "summary": "So many Worker invocations fail that it is an outage.",
        "description": f"{ratio * 100:.4g}% of the invocations of Worker {worker} (project shop, account Example) "
        f"failed over 15 minutes of Cloudflare's time (right after an outage: over all of it). Most of all: {most} "
        f"({failures[most] / sum(failures.values()) * 100:.4g}% of the failures).",
        "action": first_steps(WORKER_FAILING),
        "runbook_url": "alerting/runbook.md#cloudflareworkerfailing",
        "dashboard_url": f"{WORKERS}?var-account=Example&var-project=shop&var-script_name={worker}",
        "logs_url": f"https://dash.cloudflare.com/?to=/:account/workers/services/view/{worker}/production/observability"
        "/logs",
    }
    return {WORKER_FAILING: [(labels, notes)]}


def _failures(scene: Scene, second: int, worker: str) -> dict[str, float]:
    """Return how many of a Worker's invocations failed in the last quarter of an hour, by status."""
    grown: dict[str, list[float]] = {}
    for scrape in scene.scrapes:
        if second - 900 <= scrape.second <= second:
            for series, value in (scrape.values or {}).items():
                found = _ERRORS.fullmatch(series)
                if found and found[1] == worker:
                    grown.setdefault(found[2], []).append(float(value))
    return {status: values[-1] - values[0] for status, values in grown.items()}


def large_bucket(bucket: str) -> Firing:
    """Return the alert that a bucket of 12 GB is large."""
    labels = {
        "job": "cloudflare",
        "account": "Example",
        "project": "shop",
        "bucket": bucket,
        "severity": "info",
        "product": "r2",
    }
    notes = {
        "summary": "An R2 bucket is large.",
        "description": f"Bucket {bucket} (project shop, account Example) holds 12.03GB, as Cloudflare measured it in "
        "the last few hours. Storage above an account's free 10 GB is billed every month: check what is written "
        "there and whether it must be kept.",
        "action": first_steps(BUCKET_LARGE),
        "runbook_url": "alerting/runbook.md#cloudflarer2bucketlarge",
        "dashboard_url": f"{R2}?var-account=Example&var-project=shop&var-bucket={bucket}",
    }
    return {BUCKET_LARGE: [(labels, notes)]}
