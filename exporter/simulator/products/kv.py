"""KV: operations and storage, and the list of namespaces."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from exporter.simulator.dataset import Cell, Dataset, Level, Listing, Measure, PageSize
from exporter.simulator.products.storage import stored_bytes
from exporter.simulator.world import KvNamespace

_KEY_BYTES = 2_100


def _cells(namespace: KvNamespace) -> Sequence[Cell]:
    def cell(action: str, result: str, share: int, milliseconds: int, *, code: int = 200, size: int = 0) -> Cell:
        return Cell(
            dimensions=(action, namespace.id, code, result),
            share=share,
            weights=((1, 0), (size, 13 if size else 0), (milliseconds, 0)),
        )

    return (
        cell("read", "hot_read", 700, 4, size=_KEY_BYTES),
        cell("read", "cold_read", 150, 60, size=_KEY_BYTES),
        cell("read", "not_found", 60, 5, code=404),
        cell("write", "uploaded", 60, 90, size=_KEY_BYTES),
        cell("delete", "deleted", 15, 80),
        cell("list", "cold_read", 10, 120),
        cell("write", "error", 5, 3, code=429),
    )


def _levels(namespace: KvNamespace) -> Sequence[Level]:
    def sizes(hour: int) -> Sequence[int]:
        held = stored_bytes(namespace, hour)
        return (held, held // _KEY_BYTES)

    return (Level(dimensions=(namespace.id,), sizes=sizes),)


def _namespace(namespace: KvNamespace, now: datetime) -> dict[str, Any]:
    return {"id": namespace.id, "title": namespace.name_at(now), "supports_url_encoding": True}


DATASETS = (
    Dataset(
        name="kvOperationsAdaptiveGroups",
        product="kv",
        kinds=("kv_namespace",),
        dimensions=("actionType", "namespaceId", "responseStatusCode", "result"),
        measures=(Measure("requests"), Measure("objectBytes"), Measure("latencyMs", shown=False)),
        cells=_cells,
        count=True,
    ),
    Dataset(
        name="kvStorageAdaptiveGroups",
        product="kv",
        kinds=("kv_namespace",),
        dimensions=("namespaceId",),
        measures=(Measure("byteCount"), Measure("keyCount")),
        levels=_levels,
    ),
)

LISTINGS = (
    Listing(
        path="/storage/kv/namespaces",
        product="kv",
        kind="kv_namespace",
        permission="kv",
        entry=_namespace,
        page_size=PageSize(5, 100, 20),
    ),
)
