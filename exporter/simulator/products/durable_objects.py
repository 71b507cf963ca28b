"""Durable Objects: invocations, periodic usage and storage, and the list of namespaces."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from exporter.simulator.dataset import MILLIONTHS, Cell, Dataset, Level, Listing, Measure, PageSize, fixed
from exporter.simulator.incident import Mishap
from exporter.simulator.products.storage import stored_bytes
from exporter.simulator.world import ObjectNamespace

_ALARM = (
    (1, 0),
    (10_000, 3),
    (900, 3),
    (1_280, 1),
    *((0, 0),) * 5,
    (2, 0),
    (3, 0),
    *((0, 0),) * 5,
)
"""The measures of an alarm that reads and writes a little, and is then set again."""


def _object_id(namespace: ObjectNamespace, number: int) -> str:
    return fixed(namespace, f"object {number}", 64)


def _invocation_cells(namespace: ObjectNamespace) -> Sequence[Cell]:
    def cell(number: int, status: str, share: int) -> Cell:
        failed = int(status not in {"success", "clientDisconnected"})
        return Cell(
            dimensions=("production", namespace.id, _object_id(namespace, number), namespace.script, status),
            share=share,
            weights=((1, 0), (failed, 0), (0 if failed else 640, 3), (18_500, 29)),
        )

    share = 970 // namespace.objects
    return (
        *(cell(number, "success", share) for number in range(namespace.objects)),
        cell(0, "clientDisconnected", 20),
        cell(0, "scriptThrewException", 10),
        replace(cell(0, "success", 0), mishap=Mishap.ALARMS),
    )


def _periodic_cells(namespace: ObjectNamespace) -> Sequence[Cell]:
    sqlite = int(namespace.use_sqlite)

    def cell(number: int, share: int, failed: int) -> Cell:
        return Cell(
            dimensions=(namespace.id, _object_id(namespace, number)),
            share=share,
            weights=(
                (1, 0),
                (220_000, 101),
                (1_900, 7),
                (28_160, 13),
                (failed, 0),
                (0, 0),
                (0, 0),
                (3, 0),
                (5, 0),
                (14 * sqlite, sqlite),
                (2 * sqlite, 0),
                (1 - sqlite, 0),
                (4 * (1 - sqlite), 0),
                (2 * (1 - sqlite), 0),
                (1, 0),
                (2 + number, 0),
            ),
        )

    share = 990 // namespace.objects
    return (
        *(cell(number, share, 0) for number in range(namespace.objects)),
        cell(0, 4, 1),
        Cell(dimensions=(namespace.id, _object_id(namespace, 0)), share=0, weights=_ALARM, mishap=Mishap.ALARMS),
    )


def _account_levels(namespace: ObjectNamespace) -> Sequence[Level]:
    if namespace.use_sqlite:
        return ()
    return (Level(dimensions=(), sizes=lambda hour: (stored_bytes(namespace, hour),)),)


def _sql_levels(namespace: ObjectNamespace) -> Sequence[Level]:
    if not namespace.use_sqlite:
        return ()
    return (Level(dimensions=(namespace.id,), sizes=lambda hour: (stored_bytes(namespace, hour),)),)


def _namespace(namespace: ObjectNamespace, now: datetime) -> dict[str, Any]:
    entry = {
        "id": namespace.id,
        "name": namespace.name_at(now),
        "class": namespace.class_name,
        "use_sqlite": namespace.use_sqlite,
    }
    return {**entry, "script": namespace.script} if namespace.script else entry


DATASETS = (
    Dataset(
        name="durableObjectsInvocationsAdaptiveGroups",
        product="durable_objects",
        kinds=("object_namespace",),
        dimensions=("environmentName", "namespaceId", "objectId", "scriptName", "status"),
        measures=(Measure("requests"), Measure("errors"), Measure("responseBodySize"), Measure("wallTime")),
        cells=_invocation_cells,
    ),
    Dataset(
        name="durableObjectsPeriodicGroups",
        product="durable_objects",
        kinds=("object_namespace",),
        dimensions=("namespaceId", "objectId"),
        measures=(
            Measure("periods", shown=False),
            Measure("activeTime"),
            Measure("cpuTime"),
            Measure("duration", MILLIONTHS),
            Measure("exceededCpuErrors"),
            Measure("exceededMemoryErrors"),
            Measure("fatalInternalErrors"),
            Measure("inboundWebsocketMsgCount"),
            Measure("outboundWebsocketMsgCount"),
            Measure("rowsRead"),
            Measure("rowsWritten"),
            Measure("storageDeletes"),
            Measure("storageReadUnits"),
            Measure("storageWriteUnits"),
            Measure("subrequests"),
            Measure("activeWebsocketConnections", shown=False),
        ),
        cells=_periodic_cells,
    ),
    Dataset(
        name="durableObjectsStorageGroups",
        product="durable_objects",
        kinds=("object_namespace",),
        dimensions=(),
        measures=(Measure("storedBytes"),),
        levels=_account_levels,
        levels_add_up=True,
    ),
    Dataset(
        name="durableObjectsSqlStorageGroups",
        product="durable_objects",
        kinds=("object_namespace",),
        dimensions=("namespaceId",),
        measures=(Measure("storedBytes"),),
        levels=_sql_levels,
    ),
)

LISTINGS = (
    Listing(
        path="/workers/durable_objects/namespaces",
        product="durable_objects",
        kind="object_namespace",
        permission="workers",
        entry=_namespace,
        page_size=PageSize(1, 1_000, 20),
    ),
)
