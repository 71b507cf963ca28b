"""D1: rows, queries, sizes."""

from dashboards import lines
from dashboards.grafana import FieldStyle, Json, Query, timeseries
from dashboards.names import D1_QUERIES, D1_ROWS_READ, D1_ROWS_WRITTEN, RATE, ROWS_READ_TOTAL, ROWS_WRITTEN_TOTAL
from dashboards.product import HALF, THIRD, ProductPage
from dashboards.queries import select, sum_along, total, used, week_before
from dashboards.tables import Value, by_level
from dashboards.text import BEFORE, DATA_TIME, FIFTEEN, SIZES
from exporter.catalog.d1 import DATABASE, PRODUCT

D1 = ProductPage(PRODUCT, DATABASE, "d1_.+")
BY = f"project, {D1.label}"
READ = "Rows that queries scan, which are billed (d1AnalyticsAdaptiveGroups)."
WRITTEN = "Rows that queries write (d1AnalyticsAdaptiveGroups)."
QUERIES = tuple(f"cloudflare_d1_{kind}_queries_total" for kind in ("read", "write"))
SIZE = ":cloudflare_d1_size_bytes:max"


def d1() -> Json:
    """Return the dashboard ``Cloudflare / D1``."""
    own = D1.chosen
    queries = " + ".join(used(counter, BY, own) for counter in QUERIES)
    return D1.page(
        "D1 databases: rows read and written, queries and their duration, and size.",
        stats=(
            D1.total("Rows read", READ, ROWS_READ_TOTAL),
            D1.total("Rows written", WRITTEN, ROWS_WRITTEN_TOTAL),
            D1.stat(
                "Size",
                f"Total of all selected databases (d1StorageAdaptiveGroups). {SIZES}",
                f"sum({select(f'{D1.level}{SIZE}', own)})",
                FieldStyle("decbytes", decimals=1),
            ),
        ),
        traffic=_rows(),
        projects=(
            D1.by_project("Rows read", READ, f":{D1_ROWS_READ}:{RATE}", ROWS_READ_TOTAL, unit="rowsps"),
            D1.by_project("Rows written", WRITTEN, f":{D1_ROWS_WRITTEN}:{RATE}", ROWS_WRITTEN_TOTAL, unit="rowsps"),
        ),
        values=(
            Value("Rows read", used(ROWS_READ_TOTAL, BY, own)),
            Value("Rows written", used(ROWS_WRITTEN_TOTAL, BY, own)),
            Value("Queries", queries),
            Value("Size", total(f"{D1.level}{SIZE}", BY, own), by_level(lines.DATABASE_SIZE, "decbytes")),
        ),
        counters=(ROWS_READ_TOTAL, ROWS_WRITTEN_TOTAL, *QUERIES),
        assets=(
            D1.by_asset("Rows read", READ, f":{D1_ROWS_READ}:{RATE}", ROWS_READ_TOTAL, unit="rowsps"),
            D1.by_asset("Rows written", WRITTEN, f":{D1_ROWS_WRITTEN}:{RATE}", ROWS_WRITTEN_TOTAL, unit="rowsps"),
            D1.by_asset(
                "Queries",
                "Read and write queries (d1AnalyticsAdaptiveGroups).",
                f":{D1_QUERIES}:{RATE}",
                "cloudflare_d1_read_queries_total",
                unit="ops",
            ),
            D1.failed_share(),
            D1.value_by_asset(
                "Rows read per query",
                "Average of an hour; a high number suggests a missing index (d1AnalyticsAdaptiveGroups).",
                ":cloudflare_d1_rows_read_per_queries:ratio_rate1h",
                unit="short",
                line=lines.ROWS_PER_QUERY,
            ),
            D1.value_by_asset(
                "Query time p95",
                f"The duration that one query in twenty exceeds (d1QueriesAdaptiveGroups). {FIFTEEN}",
                ":cloudflare_d1_query_duration_seconds:p95",
                unit="s",
                line=lines.QUERY_TIME,
            ),
            D1.quantiles(
                "Query time",
                "The duration of a query (d1QueriesAdaptiveGroups).",
                "cloudflare_d1_query_duration_seconds",
                size=THIRD,
                line=lines.QUERY_TIME,
            ),
            D1.value_by_asset(
                "Size",
                f"A database is limited to 10 GB (d1StorageAdaptiveGroups). {SIZES}",
                SIZE,
                unit="decbytes",
                line=lines.DATABASE_SIZE,
            ),
        ),
    )


def _rows() -> Json:
    read, written = (f"{D1.level}:{record}:{RATE}" for record in (D1_ROWS_READ, D1_ROWS_WRITTEN))
    return timeseries(
        "Rows read and written",
        f"Rows of all selected databases (d1AnalyticsAdaptiveGroups). {BEFORE} {DATA_TIME}",
        HALF,
        [
            Query(sum_along(read, D1.chosen), "read"),
            Query(sum_along(written, D1.chosen), "written"),
            week_before(read, D1.chosen),
        ],
        FieldStyle("rowsps"),
    )
