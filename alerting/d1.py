"""Alerts about D1 databases."""

from collections.abc import Iterator

from alerting.promql import DATABASE, both, compared, only_fresh, setting
from alerting.rule import Alert, Group, Record
from alerting.spikes import Metered, Spike, spikes
from alerting.usage import D1_QUERIES, D1_QUERIES_DATASET, D1_ROWS_READ, D1_ROWS_WRITTEN
from exporter.alerts.table.d1 import FULL_SCANS, ROWS_READ, ROWS_WRITTEN, SIZE_HIGH, SLOW
from exporter.alerts.windows import RECENT
from exporter.catalog.d1 import DATABASE as KIND
from exporter.catalog.d1 import PRODUCT

TITLE = "D1: runaway queries, full scans, size and time."

SUBJECT = DATABASE.labels[1:]
NAMED = "{{ $labels.database }} (project {{ $labels.project }}, account {{ $labels.account }})"

LEVEL = DATABASE.level
ROWS_PER_QUERY = f"{LEVEL}:cloudflare_d1_rows_read_per_queries:ratio_rate1h"
SIZE = f"{LEVEL}:cloudflare_d1_size_bytes:max"
QUERY_TIME = f"{LEVEL}:cloudflare_d1_query_duration_seconds:p95"


SPIKES = (
    Spike(
        ROWS_READ,
        "A D1 database reads many more rows than usual.",
        [Metered("d1_rows_read", "rows read", D1_ROWS_READ.record("1h"))],
    ),
    Spike(
        ROWS_WRITTEN,
        "A D1 database writes many more rows than usual.",
        [Metered("d1_rows_written", "rows written", D1_ROWS_WRITTEN.record("1h"))],
    ),
)


def groups() -> tuple[Group, ...]:
    """Return the records and alerts about D1."""
    return (
        Group("cloudflare.d1", list(_databases())),
        Group("cloudflare.d1_hours", list(_hours()), interval="5m"),
    )


def _databases() -> Iterator[Record | Alert]:
    yield Record(
        SIZE,
        f"max by ({DATABASE.on}) (cloudflare_d1_size_bytes)",
        "Replicas report the same size, so it is taken once.",
    )
    newest = f'max by ({DATABASE.on}) (cloudflare_d1_query_duration_seconds{{quantile="0.95"}})'
    yield Record(QUERY_TIME, only_fresh(newest, D1_QUERIES_DATASET))
    yield Alert(
        SIZE_HIGH.name,
        SIZE_HIGH.severity,
        PRODUCT.name,
        compared(SIZE, ">", SIZE_HIGH),
        "A D1 database is close to its size limit.",
        "Database " + NAMED + " has {{ $value | humanize }}B of data. At its plan's limit (10 GB; 500 MB on the free "
        "plan) writes fail: delete data you do not need, or spread it over several databases.",
        wait="15m",
        keep="30m",
        subject=SUBJECT,
    )
    yield Alert(
        SLOW.name,
        SLOW.severity,
        PRODUCT.name,
        both(
            compared(QUERY_TIME, ">", SLOW),
            f"{D1_QUERIES.record(RECENT)} > {setting(SLOW, 'least_queries_per_second')}",
        ),
        "Queries of a D1 database are slow.",
        "One in twenty queries of database " + NAMED + " takes {{ $value | humanizeDuration }} or more. Find the "
        "query (wrangler d1 insights) and check that it uses an index.",
        wait="15m",
        subject=SUBJECT,
    )


def _hours() -> Iterator[Record | Alert]:
    rows, queries = D1_ROWS_READ.record("1h"), D1_QUERIES.record("1h")
    yield from spikes(PRODUCT, KIND, DATABASE, SPIKES)
    yield Record(ROWS_PER_QUERY, f"{rows}\n  /\n({queries} > 0)")
    yield Alert(
        FULL_SCANS.name,
        FULL_SCANS.severity,
        PRODUCT.name,
        both(
            compared(ROWS_PER_QUERY, ">", FULL_SCANS),
            f"{rows} > {setting(FULL_SCANS, 'least_rows_per_second')}",
        ),
        "Queries of a D1 database read whole tables.",
        "Queries of database " + NAMED + " read {{ $value | humanize }} rows each, on average over the last hour, and "
        "every row read is billed. Find the query (wrangler d1 insights) and give it an index.",
        wait="15m",
        subject=SUBJECT,
    )
