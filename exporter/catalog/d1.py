"""D1: databases and their queries (https://developers.cloudflare.com/d1/observability/metrics-analytics/)."""

from exporter.catalog.entry import MILLIONTH, Dataset, Endpoint, Field, Meter, Metric, Part, Product

ANALYTICS = Dataset(
    name="d1AnalyticsAdaptiveGroups",
    version=1,
    kind="d1_database",
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
            "Read queries of a database.",
            (Part("readQueries"),),
        ),
        Metric(
            "cloudflare_d1_write_queries_total",
            "Write queries of a database.",
            (Part("writeQueries"),),
        ),
        Metric(
            "cloudflare_d1_rows_read_total",
            "Rows that queries scanned.",
            (Part("rowsRead"),),
        ),
        Metric(
            "cloudflare_d1_rows_written_total",
            "Rows that queries wrote.",
            (Part("rowsWritten"),),
        ),
        Metric(
            "cloudflare_d1_response_bytes_total",
            "Bytes of query answers.",
            (Part("queryBatchResponseBytes"),),
            divisor=MILLIONTH,
        ),
    ),
    meters=(Meter("d1_rows_read", "rowsRead"), Meter("d1_rows_written", "rowsWritten")),
)

PRODUCT = Product(
    name="d1",
    kind="d1_database",
    label="database",
    endpoint=Endpoint(
        path="/accounts/{account_id}/d1/database",
        permission="D1 Read",
        paging="page",
        per_page=10_000,
        id="uuid",
        name="name",
        created="created_at",
    ),
    datasets=(ANALYTICS,),
)
