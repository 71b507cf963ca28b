"""The sections about usage: by project, then product by product."""

from collections.abc import Mapping
from typing import Any

from dashboards.grafana import Column, Json, Look, Query, Size, bars, table, thresholds, timeseries
from dashboards.page import Section
from dashboards.queries import most_used, rate_of_largest, select, total, used

ERROR_RATIO = 0.05
"""The threshold of CloudflareWorkerErrorRatioHigh."""

LARGE_BUCKET = 10e9
"""The threshold of CloudflareR2BucketLarge, in bytes."""

LATE = "Cloudflare's figures are minutes late, and those of the newest minutes still grow."
DATA_TIME = f"Per second of Cloudflare's time, so that catching up after an outage shows no peak. {LATE}"
IN_RANGE = "In the selected time, as far as Cloudflare has reported it."

LEVEL = "job_account_project"
WORKER_REQUESTS = f"{LEVEL}_script_name:cloudflare_worker_requests:rate10m"
WORKER_ERRORS = f"{LEVEL}_script_name:cloudflare_worker_errors:rate10m"
WORKER_ERROR_RATIO = f"{LEVEL}_script_name:cloudflare_worker_errors_per_requests:ratio_rate10m"
R2_OPERATIONS = f"{LEVEL}_bucket_class:cloudflare_r2_operations:rate10m"
R2_STORED = f"{LEVEL}_bucket:cloudflare_r2_stored_bytes:sum"
D1_ROWS_READ = f"{LEVEL}_database:cloudflare_d1_rows_read:rate10m"
D1_ROWS_WRITTEN = f"{LEVEL}_database:cloudflare_d1_rows_written:rate10m"
DO_REQUESTS = f"{LEVEL}_do_namespace:cloudflare_durable_object_requests:rate10m"
DO_DURATION = f"{LEVEL}_do_namespace:cloudflare_durable_object_duration_gigabyte_seconds:rate10m"
KV_OPERATIONS = f"{LEVEL}_kv_namespace_action:cloudflare_kv_operations:rate10m"

REQUESTS_TOTAL = "cloudflare_worker_requests_total"
ERRORS_TOTAL = "cloudflare_worker_errors_total"
R2_TOTAL = "cloudflare_r2_operations_total"
ROWS_READ_TOTAL = "cloudflare_d1_rows_read_total"
ROWS_WRITTEN_TOTAL = "cloudflare_d1_rows_written_total"
DO_REQUESTS_TOTAL = "cloudflare_durable_object_requests_total"
DO_DURATION_TOTAL = "cloudflare_durable_object_duration_gigabyte_seconds_total"
KV_TOTAL = "cloudflare_kv_operations_total"

CLASS_COLORS = {"A": "orange", "B": "blue", "free": "green", "unknown": "gray"}

KINDS = {
    "worker": "Workers",
    "r2_bucket": "R2",
    "d1_database": "D1",
    "do_namespace": "DO",
    "kv_namespace": "KV",
}

HALF, THIRD = Size(12, 8), Size(8, 8)


def projects() -> Section:
    """Give what each project has and how much of it was used."""
    return Section("Projects", (_assets(), _usage()))


def _assets() -> Json:
    listed = {kind: select("cloudflare_asset_info", f'kind="{kind}"') for kind in KINDS}
    return table(
        "Assets by project",
        "What discovery found: Workers, R2 buckets, D1 databases, Durable Object namespaces, KV namespaces. The "
        "project is that of a rule in the configuration, a project:NAME tag, or the prefix that names share.",
        Size(8, 8),
        [
            Query(f"count by (project) (max by (account, project, asset_id) ({series}))", is_instant=True)
            for series in listed.values()
        ],
        Look("none"),
        columns=(Column("project", "Project"), *_values({title: {} for title in KINDS.values()})),
        sort_by="Project",
    )


def _usage() -> Json:
    failed = f"{used(ERRORS_TOTAL, 'project')} / ({used(REQUESTS_TOTAL, 'project')} > 0)"
    return table(
        "Usage by project",
        f"{IN_RANGE} Stored bytes are those of now; D1 counts rows.",
        Size(16, 8),
        [
            Query(expr, is_instant=True)
            for expr in (
                used(REQUESTS_TOTAL, "project"),
                failed,
                used(R2_TOTAL, "project"),
                total(R2_STORED, "project"),
                used(ROWS_READ_TOTAL, "project"),
                used(ROWS_WRITTEN_TOTAL, "project"),
                used(DO_REQUESTS_TOTAL, "project"),
                used(KV_TOTAL, "project"),
            )
        ],
        Look("short", decimals=1),
        columns=(
            Column("project", "Project"),
            *_values(
                {
                    "Requests": {},
                    "Failed": {
                        "unit": "percentunit",
                        "thresholds": thresholds(((None, "text"), (ERROR_RATIO, "red"))),
                        "custom.cellOptions": {"type": "color-text"},
                    },
                    "R2 ops": {},
                    "R2 stored": {"unit": "decbytes"},
                    "D1 read": {},
                    "D1 written": {},
                    "DO requests": {},
                    "KV ops": {},
                }
            ),
        ),
        sort_by="Requests",
        is_descending=True,
    )


def _values(titles: Mapping[str, Mapping[str, Any]]) -> list[Column]:
    """Give the columns of several queries' values, in the order of the queries."""
    return [
        Column(f"Value #{chr(ord('A') + position)}", title, properties)
        for position, (title, properties) in enumerate(titles.items())
    ]


def workers() -> Section:
    """Give invocations and failures of Workers."""
    return Section(
        "Workers",
        (
            timeseries(
                "Requests by project",
                f"Invocations of all Workers of a project, the ten with the most. {DATA_TIME}",
                THIRD,
                [Query(rate_of_largest(WORKER_REQUESTS, REQUESTS_TOTAL, "project"), "{{project}}")],
                Look("reqps"),
                is_stacked=True,
            ),
            timeseries(
                "Failed requests by project",
                f"Invocations that Cloudflare counts as errors, the ten projects with the most. {DATA_TIME}",
                THIRD,
                [Query(rate_of_largest(WORKER_ERRORS, ERRORS_TOTAL, "project"), "{{project}}")],
                Look("reqps"),
                is_stacked=True,
            ),
            timeseries(
                "Share of failed requests by Worker",
                "The ten Workers with the most failures. Above the line, and with more than 0.1 invocations a second, "
                f"CloudflareWorkerErrorRatioHigh fires. {LATE}",
                THIRD,
                [Query(_failing_workers(), "{{script_name}}")],
                Look("percentunit", ((None, "transparent"), (ERROR_RATIO, "red"))),
            ),
        ),
    )


def _failing_workers() -> str:
    worst = f"topk(10, sum by (script_name) (increase({select(ERRORS_TOTAL)}[$__range] @ end())) > 0)"
    return f"max by (script_name) ({select(WORKER_ERROR_RATIO)}) and on (script_name) {worst}"


def r2() -> Section:
    """Give operations and sizes of R2 buckets."""
    return Section(
        "R2",
        (
            timeseries(
                "Operations by class",
                f"Class A (writing, listing) is billed at about twelve times class B (reading). {DATA_TIME}",
                THIRD,
                [Query(total(R2_OPERATIONS, "class"), "{{class}}")],
                Look("ops"),
                is_stacked=True,
                colors=CLASS_COLORS,
            ),
            timeseries(
                "Stored bytes by bucket",
                "Objects and their metadata over all storage classes, the ten largest buckets. Sizes are hours old "
                "by nature.",
                THIRD,
                [
                    Query(
                        f"{total(R2_STORED, 'bucket')} and on (bucket) topk(10, sum by (bucket) "
                        f"({select(R2_STORED)} @ end()))",
                        "{{bucket}}",
                    )
                ],
                Look("decbytes"),
            ),
            bars(
                "Largest buckets",
                "The ten largest buckets now. From 10 GB on CloudflareR2BucketLarge fires.",
                THIRD,
                [Query(f"topk(10, {total(R2_STORED, 'bucket')})", "{{bucket}}", is_instant=True)],
                Look("decbytes", ((None, "blue"), (LARGE_BUCKET, "orange"))),
            ),
        ),
    )


def d1() -> Section:
    """Give rows read and written by D1 databases."""
    return Section(
        "D1",
        tuple(
            timeseries(
                title,
                f"{what} by all queries of a project, the ten with the most. {DATA_TIME}",
                HALF,
                [Query(rate_of_largest(record, counter, "project"), "{{project}}")],
                Look("rowsps"),
                is_stacked=True,
            )
            for title, what, record, counter in (
                ("Rows read by project", "Rows scanned", D1_ROWS_READ, ROWS_READ_TOTAL),
                ("Rows written by project", "Rows written", D1_ROWS_WRITTEN, ROWS_WRITTEN_TOTAL),
            )
        ),
    )


def durable_objects() -> Section:
    """Give requests and duration of Durable Objects."""
    return Section(
        "Durable Objects",
        (
            timeseries(
                "Requests by project",
                f"Requests to Durable Objects, the ten projects with the most. {DATA_TIME}",
                HALF,
                [Query(rate_of_largest(DO_REQUESTS, DO_REQUESTS_TOTAL, "project"), "{{project}}")],
                Look("reqps"),
                is_stacked=True,
            ),
            timeseries(
                "Memory held by project",
                "Billed duration in GB-seconds per second: the memory that is held, at 128 MB for each active object. "
                f"{DATA_TIME}",
                HALF,
                [Query(rate_of_largest(DO_DURATION, DO_DURATION_TOTAL, "project"), "{{project}}")],
                Look("decgbytes"),
                is_stacked=True,
            ),
        ),
    )


def kv() -> Section:
    """Give operations on KV namespaces."""
    return Section(
        "KV",
        (
            timeseries(
                "Operations by action",
                f"Reads, writes, deletes and lists are each billed at a price of their own. {DATA_TIME}",
                HALF,
                [Query(total(KV_OPERATIONS, "action"), "{{action}}")],
                Look("ops"),
                is_stacked=True,
            ),
            timeseries(
                "Operations by project",
                f"All operations on a project's namespaces, the ten projects with the most. {DATA_TIME}",
                HALF,
                [Query(rate_of_largest(KV_OPERATIONS, KV_TOTAL, "project"), "{{project}}")],
                Look("ops"),
                is_stacked=True,
            ),
        ),
    )


def largest_users() -> Section:
    """Give the ten projects that used most of each product."""
    return Section(
        "Top 10 projects in the selected time",
        tuple(
            bars(title, f"{what} {IN_RANGE}", Size(8, 6), [_by_project(counter, *matchers)], Look("short", decimals=1))
            for title, what, counter, matchers in (
                ("Workers requests", "Invocations of Workers.", REQUESTS_TOTAL, ()),
                ("R2 class A operations", "Writing and listing.", R2_TOTAL, ('class="A"',)),
                ("D1 rows read", "Rows scanned by queries.", ROWS_READ_TOTAL, ()),
                ("D1 rows written", "Rows written by queries.", ROWS_WRITTEN_TOTAL, ()),
                ("Durable Objects GB-seconds", "Billed duration.", DO_DURATION_TOTAL, ()),
                ("KV operations", "All operations.", KV_TOTAL, ()),
            )
        ),
    )


def _by_project(counter: str, *matchers: str) -> Query:
    return Query(most_used(counter, "project", *matchers), "{{project}}", is_instant=True)
