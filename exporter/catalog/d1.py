"""D1: databases and their queries (https://developers.cloudflare.com/d1/observability/metrics-analytics/)."""

from datetime import timedelta

from exporter.catalog.asset_kind import AssetKind, Endpoint
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import (
    GIGABYTE,
    MILLIONTH,
    Field,
    Meter,
    Metric,
    MetricPart,
    Tallied,
    Tally,
    gauge,
    quantile_fields,
    quantile_metric,
    summary_totals,
)
from exporter.catalog.product import Product
from exporter.catalog.timing import HourlyGauge, Window

DATABASE = AssetKind(
    kind="d1_database",
    label="database",
    info="cloudflare_d1_database_info",
    asset="database",
    assets="D1 databases",
    overview="workers/d1",
    page="workers/d1/databases/{id}/metrics",
    endpoint=Endpoint(
        path="/accounts/{account_id}/d1/database",
        permission="D1 Read",
        permission_key="d1",
        paging="page",
        per_page=10_000,
        id="uuid",
        name="name",
        created="created_at",
    ),
)

ANALYTICS = Dataset(
    name="d1AnalyticsAdaptiveGroups",
    version=1,
    kind=DATABASE.kind,
    id_dimension="databaseId",
    fields=(
        Field("readQueries"),
        Field("writeQueries"),
        Field("rowsRead"),
        Field("rowsWritten"),
        Field("queryBatchResponseBytes", fractional=True),
    ),
    metrics=(
        Metric(
            "cloudflare_d1_read_queries_total",
            "Read queries to a database.",
            (MetricPart("readQueries"),),
        ),
        Metric(
            "cloudflare_d1_write_queries_total",
            "Write queries to a database.",
            (MetricPart("writeQueries"),),
        ),
        Metric(
            "cloudflare_d1_rows_read_total",
            "Rows read by queries.",
            (MetricPart("rowsRead"),),
        ),
        Metric(
            "cloudflare_d1_rows_written_total",
            "Rows written by queries.",
            (MetricPart("rowsWritten"),),
        ),
        Metric(
            "cloudflare_d1_response_bytes_total",
            "Bytes of query responses.",
            (MetricPart("queryBatchResponseBytes"),),
            divisor=MILLIONTH,
        ),
    ),
    meters=(Meter("d1_rows_read", "rowsRead"), Meter("d1_rows_written", "rowsWritten")),
    tallies=(
        Tally(Tallied.REQUESTS, "cloudflare_d1_read_queries_total"),
        Tally(Tallied.REQUESTS, "cloudflare_d1_write_queries_total"),
    ),
)

DURATION = "cloudflare_d1_query_duration_seconds"
DURATION_TEXT = "Duration of a query."
ENDS = ("P50", "P95", "P99")

# queryDurationMs is a float of milliseconds, kept in millionths.
MILLIONTHS_OF_MILLISECONDS = 1_000 * MILLIONTH

QUERIES = Dataset(
    name="d1QueriesAdaptiveGroups",
    version=1,
    kind=DATABASE.kind,
    id_dimension="databaseId",
    fields=(Field("queryDurationMs", fractional=True), Field("count", "")),
    metrics=summary_totals(DURATION, DURATION_TEXT, "queryDurationMs", "count", MILLIONTHS_OF_MILLISECONDS),
)

FAILED = Dataset(
    name="d1QueriesAdaptiveGroups",
    variant="failed",
    version=1,
    kind=DATABASE.kind,
    id_dimension="databaseId",
    # The error is free text, empty where there is none.
    only=(("error_neq", ""),),
    fields=(Field("count", ""),),
    metrics=(
        Metric(
            "cloudflare_d1_failed_queries_total",
            "Queries to a database that ended in an error.",
            (MetricPart("count"),),
        ),
    ),
    tallies=(Tally(Tallied.ERRORS, "cloudflare_d1_failed_queries_total"),),
)

QUANTILES = Dataset(
    name="d1QueriesAdaptiveGroups",
    variant="quantiles",
    version=1,
    timing=Window(),
    kind=DATABASE.kind,
    id_dimension="databaseId",
    fields=quantile_fields("queryDurationMs", ENDS),
    metrics=(quantile_metric(DURATION, DURATION_TEXT, "queryDurationMs", ENDS, divisor=MILLIONTHS_OF_MILLISECONDS),),
)

STORAGE = Dataset(
    name="d1StorageAdaptiveGroups",
    version=1,
    timing=HourlyGauge(),
    min_interval=timedelta(minutes=5),
    kind=DATABASE.kind,
    id_dimension="databaseId",
    fields=(Field("databaseSizeBytes", "max"),),
    metrics=(gauge("cloudflare_d1_size_bytes", "Size of a database.", "databaseSizeBytes"),),
    meters=(Meter("d1_storage_gb_month", "databaseSizeBytes", scale=GIGABYTE),),
)

PRODUCT = Product(
    name="d1",
    title="D1",
    category="Databases",
    kinds=(DATABASE,),
    datasets=(ANALYTICS, QUERIES, FAILED, QUANTILES, STORAGE),
)
