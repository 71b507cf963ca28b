"""Workers: invocations, and the two lists of scripts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from exporter.simulator.dataset import MILLIONTHS, Cell, Dataset, Listing, Measure, PageSize, fixed, timestamp
from exporter.simulator.incident import Mishap
from exporter.simulator.world import Worker

ERRORS = frozenset({"scriptThrewException", "exceededResources", "internalError"})


def _outcome(worker: Worker, status: str, colo: str, share: int, *, mishap: Mishap | None = None) -> Cell:
    cpu = worker.cpu_microseconds
    wall = cpu * 5 + 800
    failed = int(status in ERRORS)
    return Cell(
        dimensions=(
            colo,
            worker.dispatch_namespace,
            "production",
            0,
            None,
            worker.id,
            fixed(worker, "version"),
            status,
            "standard",
        ),
        share=share,
        weights=(
            (1, 0),
            (failed, 0),
            (2, 0),
            (cpu, 7),
            (wall, 31),
            (wall * MILLIONTHS + 250_001, 3),
            (wall // 8, 3),
            (0 if failed else 5_200, 11),
            (int(status == "clientDisconnected"), 0),
        ),
        mishap=mishap,
    )


def _cells(worker: Worker) -> Sequence[Cell]:
    return (
        _outcome(worker, "success", "FRA", 600),
        _outcome(worker, "success", "IAD", 375),
        _outcome(worker, "clientDisconnected", "FRA", 18),
        _outcome(worker, "scriptThrewException", "FRA", 4, mishap=Mishap.THROWS),
        _outcome(worker, "exceededResources", "IAD", 2),
        _outcome(worker, "internalError", "FRA", 1),
    )


def _script(worker: Worker, now: datetime) -> dict[str, Any]:
    return {
        "id": worker.name_at(now),
        "tag": worker.id,
        "tags": list(worker.tags),
        "created_on": timestamp(worker.created),
        "modified_on": timestamp(worker.created),
        "etag": fixed(worker, "etag", 64),
        "handlers": ["fetch"],
        "usage_model": "standard",
        "logpush": False,
        "last_deployed_from": "wrangler",
        "has_assets": False,
        "has_modules": True,
        "compatibility_date": "2025-09-01",
        "compatibility_flags": [],
        "routes": [],
        "tail_consumers": [],
    }


def _worker(worker: Worker, now: datetime) -> dict[str, Any]:
    return {
        "id": worker.id,
        "name": worker.name_at(now),
        "created_on": timestamp(worker.created),
        "updated_on": timestamp(worker.created),
        "deployed_on": timestamp(worker.created),
        "tags": list(worker.tags),
        "logpush": False,
        "subdomain": {"enabled": False, "previews_enabled": False},
        "observability": {"enabled": True, "head_sampling_rate": 1},
        "references": {"domains": [], "queues": [], "durable_objects": [], "workers": []},
        "tail_consumers": [],
    }


def _is_listed(worker: Worker) -> bool:
    return worker.listed and not worker.dispatch_namespace


DATASETS = (
    Dataset(
        name="workersInvocationsAdaptive",
        product="workers",
        kinds=("worker",),
        dimensions=(
            "coloCode",
            "dispatchNamespaceName",
            "environmentName",
            "isDispatcher",
            "scriptName",
            "scriptTag",
            "scriptVersion",
            "status",
            "usageModel",
        ),
        measures=(
            Measure("requests"),
            Measure("errors"),
            Measure("subrequests"),
            Measure("cpuTimeUs"),
            Measure("wallTime"),
            Measure("requestDuration", MILLIONTHS),
            Measure("duration", MILLIONTHS),
            Measure("responseBodySize"),
            Measure("clientDisconnects"),
        ),
        cells=_cells,
        sources={"cpuTime": "cpuTimeUs"},
        not_older_than=timedelta(days=90),
    ),
)

LISTINGS = (
    Listing(
        path="/workers/scripts", product="workers", kind="worker", permission="workers", entry=_script, shown=_is_listed
    ),
    Listing(
        path="/workers/workers",
        product="workers",
        kind="worker",
        permission="workers",
        entry=_worker,
        page_size=PageSize(1, 100, 20),
        shown=_is_listed,
    ),
)
