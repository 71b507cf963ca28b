"""D1: requests, queries and size, and the list of databases."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from exporter.simulator.dataset import MILLIONTHS, Cell, Dataset, Level, Listing, Measure, PageSize, Resource, fixed
from exporter.simulator.incident import Mishap
from exporter.simulator.products.storage import stored_bytes
from exporter.simulator.world import Database

_SCANNED_ROWS = 200_000
"""What a query without an index reads of a table."""

_LOOPED_ROWS = 500
"""What a loop writes with one statement."""


def _instance(database: Database, role: str) -> tuple[str, str, str]:
    region = "WEUR" if role == "primary" else "ENAM"
    return (role, fixed(database, role, 16), region)


def _request_cells(database: Database) -> Sequence[Cell]:
    def cell(
        role: str,
        share: int,
        *,
        reads: int = 0,
        rows: int = database.rows_per_query,
        writes: int = 0,
        written: int = 1,
        mishap: Mishap | None = None,
    ) -> Cell:
        return Cell(
            dimensions=(database.id, *_instance(database, role)),
            share=share,
            weights=(
                (1, 0),
                (1_450 * MILLIONTHS, 333_333),
                (reads, 0),
                (reads * rows, 5 if reads else 0),
                (writes * written, 1 if writes else 0),
                (writes, 0),
                (3 + rows // 1_000, 0),
            ),
            mishap=mishap,
        )

    return (
        cell("primary", 500, reads=1),
        cell("primary", 300, reads=1, writes=1),
        cell("replica", 200, reads=2),
        cell("primary", 0, reads=1, rows=_SCANNED_ROWS, mishap=Mishap.SCANS),
        cell("primary", 0, writes=1, written=_LOOPED_ROWS, mishap=Mishap.WRITES),
    )


def _query_cells(database: Database) -> Sequence[Cell]:
    def cell(
        role: str,
        query: str,
        share: int,
        *,
        read: int = 0,
        written: int = 0,
        error: str = "",
        mishap: Mishap | None = None,
    ) -> Cell:
        milliseconds = 2 + read // 2_000
        return Cell(
            dimensions=(database.id, role, error, query, *_instance(database, role)[1:]),
            share=share,
            weights=(
                (1, 0),
                (milliseconds * MILLIONTHS + 125_000, 4_321),
                (read, 0),
                (0 if error else 1, 0),
                (written, 0),
            ),
            mishap=mishap,
        )

    rows = database.rows_per_query
    return (
        cell("primary", "SELECT * FROM items WHERE id = ?", 500, read=rows),
        cell("replica", "SELECT * FROM items WHERE id = ?", 390, read=rows),
        cell("primary", "INSERT INTO items VALUES (?, ?)", 290, written=1),
        cell("primary", "INSERT INTO items VALUES (?, ?)", 10, error="UNIQUE constraint failed: items.id"),
        cell("primary", "SELECT * FROM items WHERE note LIKE ?", 0, read=_SCANNED_ROWS, mishap=Mishap.SCANS),
        cell("primary", "INSERT INTO items SELECT * FROM staged", 0, written=_LOOPED_ROWS, mishap=Mishap.WRITES),
    )


def _levels(database: Database) -> Sequence[Level]:
    return (Level(dimensions=(database.id,), sizes=lambda hour: (stored_bytes(database, hour),)),)


def _database(database: Database, now: datetime) -> dict[str, Any]:
    return {
        "uuid": database.id,
        "name": database.name_at(now),
        "created_at": database.created.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "version": database.version,
        "jurisdiction": None,
    }


def _details(database: Database, now: datetime) -> dict[str, Any]:
    size = stored_bytes(database, int(now.timestamp()) // 3600)
    return {**_database(database, now), "file_size": size, "num_tables": 3, "read_replication": {"mode": "disabled"}}


DATASETS = (
    Dataset(
        name="d1AnalyticsAdaptiveGroups",
        product="d1",
        kinds=("database",),
        dimensions=("databaseId", "databaseRole", "servedByInstance", "servedByRegion"),
        measures=(
            Measure("count", shown=False),
            Measure("queryBatchResponseBytes", MILLIONTHS),
            Measure("readQueries"),
            Measure("rowsRead"),
            Measure("rowsWritten"),
            Measure("writeQueries"),
            Measure("queryBatchTimeMs", shown=False),
        ),
        cells=_request_cells,
        count=True,
    ),
    Dataset(
        name="d1QueriesAdaptiveGroups",
        product="d1",
        kinds=("database",),
        dimensions=(
            "databaseId",
            "databaseRole",
            "error",
            "query",
            "servedByInstance",
            "servedByRegion",
        ),
        measures=(
            Measure("count", shown=False),
            Measure("queryDurationMs", MILLIONTHS),
            Measure("rowsRead"),
            Measure("rowsReturned"),
            Measure("rowsWritten"),
        ),
        cells=_query_cells,
        count=True,
    ),
    Dataset(
        name="d1StorageAdaptiveGroups",
        product="d1",
        kinds=("database",),
        dimensions=("databaseId",),
        measures=(Measure("databaseSizeBytes"),),
        levels=_levels,
    ),
)

LISTINGS = (
    Listing(
        path="/d1/database",
        product="d1",
        kind="database",
        permission="d1",
        entry=_database,
        page_size=PageSize(10, 10_000, 1_000),
    ),
)

RESOURCES = (
    Resource(path="/d1/database/{}", product="d1", permission="d1", kind="database", result=_details, absent_code=7404),
)
