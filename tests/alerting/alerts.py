"""The alerts that fire in the scenes, with their labels and annotations in full."""

import re
from collections.abc import Mapping

from tests.alerting.scene import BEGIN, Scene

Alert = tuple[Mapping[str, str], Mapping[str, str]]
"""The labels and the annotations of an alert that fires."""

Firing = dict[str, list[Alert]]
"""By the alert's name."""

EXPORTER_DOWN = "CloudflareExporterDown"
DATASET_STALE = "CloudflareDatasetStale"
ERROR_RATIO_HIGH = "CloudflareWorkerErrorRatioHigh"
BUCKET_LARGE = "CloudflareR2BucketLarge"

_OF_DATASET = re.compile(
    r"cloudflare_exporter_dataset_(queried_until|last_success)_timestamp_seconds"
    r'\{account="Example",dataset="(\w+)"\}'
)


def exporter_down() -> Firing:
    """Give the alert that no exporter can be scraped."""
    labels = {"job": "cloudflare", "severity": "critical"}
    notes = {
        "summary": "No Cloudflare exporter can be scraped.",
        "description": "Prometheus has reached no target of job cloudflare for 5 minutes. Nothing else about "
        "Cloudflare can alert until one is back; the counters then catch up by themselves.",
        "runbook_url": "alerting/runbook.md#cloudflareexporterdown",
    }
    return {EXPORTER_DOWN: [(labels, notes)]}


def every_dataset_stale(scene: Scene, second: int) -> Firing:
    """Give the alerts that each dataset of a scene is stale, as old as the newest scrape up to a second says."""
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
    labels = {"job": "cloudflare", "account": "Example", "dataset": dataset, "severity": "warning"}
    notes = {
        "summary": "A Cloudflare dataset is no longer answered.",
        "description": f"Cloudflare's last answer for dataset {dataset} (account Example) reaches to {_printed(age)} "
        "ago. The exporter runs; cloudflare_exporter_dataset_state and its page / say why the dataset is not answered.",
        "runbook_url": "alerting/runbook.md#cloudflaredatasetstale",
    }
    return labels, notes


def _printed(seconds: int) -> str:
    """Give a duration as Prometheus' templates print it."""
    hours, minutes = seconds // 3_600, seconds // 60 % 60
    return f"{f'{hours}h ' if hours else ''}{minutes}m {seconds % 60}s"


def failing(worker: str, ratio: float) -> Firing:
    """Give the alert that a Worker fails."""
    labels = {
        "job": "cloudflare",
        "account": "Example",
        "project": "shop",
        "script_name": worker,
        "severity": "warning",
    }
    notes = {
        "summary": "A Worker fails more often than it should.",
        "description": f"{ratio * 100:.4g}% of the invocations of Worker {worker} (project shop, account Example) "
        "failed over ten minutes of Cloudflare's time (right after an outage: over all of it). Look at "
        "cloudflare_worker_errors_total by status, then at the Worker's logs and latest deployment.",
        "runbook_url": "alerting/runbook.md#cloudflareworkererrorratiohigh",
    }
    return {ERROR_RATIO_HIGH: [(labels, notes)]}


def large_bucket(bucket: str) -> Firing:
    """Give the alert that a bucket of 12 GB is large."""
    labels = {"job": "cloudflare", "account": "Example", "project": "shop", "bucket": bucket, "severity": "warning"}
    notes = {
        "summary": "An R2 bucket is large.",
        "description": f"Bucket {bucket} (project shop, account Example) holds 12.03GB, as Cloudflare measured it "
        "within the last hours. What lies above the free 10 GB of an account costs every month: look at what is "
        "written there and whether it needs to stay.",
        "runbook_url": "alerting/runbook.md#cloudflarer2bucketlarge",
    }
    return {BUCKET_LARGE: [(labels, notes)]}
