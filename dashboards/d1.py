"""D1: rows, queries, sizes."""

from dashboards import lines
from dashboards.grafana import FieldStyle, Json
from dashboards.names import D1_QUERIES, D1_ROWS_READ, D1_ROWS_WRITTEN, RATE, ROWS_READ_TOTAL, ROWS_WRITTEN_TOTAL
from dashboards.product import THIRD, WIDE, ProductPage
from dashboards.queries import select, total, used
from dashboards.tables import Value
from dashboards.text import FIFTEEN, SIZES
from exporter.catalog.d1 import DATABASE, PRODUCT

D1 = ProductPage(PRODUCT, DATABASE, "d1_.+")
BY = f"project, {D1.label}"
READ = "Rows that queries scan, which are billed (d1AnalyticsAdaptiveGroups)."
WRITTEN = "Rows that queries write (d1AnalyticsAdaptiveGroups)."
SIZE = ":cloudflare_d1_size_bytes:max"


def d1() -> Json:
    """Return the dashboard ``Cloudflare / D1``."""
    own = D1.chosen
    queries = " + ".join(used(f"cloudflare_d1_{kind}_queries_total", BY, own) for kind in ("read", "write"))
    return D1.page(
        "D1 databases: rows read and written, queries and their duration, and size.",
        stats=(
            D1.rate("Rows read", READ, f":{D1_ROWS_READ}:{RATE}", "rowsps"),
            D1.rate("Rows written", WRITTEN, f":{D1_ROWS_WRITTEN}:{RATE}", "rowsps"),
            D1.stat(
                "Size",
                f"Total of all selected databases (d1StorageAdaptiveGroups). {SIZES}",
                f"sum({select(f'{D1.level}{SIZE}', own)})",
                FieldStyle("decbytes", decimals=1),
            ),
        ),
        account=(
            D1.by_project("Rows read", READ, f":{D1_ROWS_READ}:{RATE}", ROWS_READ_TOTAL, unit="rowsps"),
            D1.by_project("Rows written", WRITTEN, f":{D1_ROWS_WRITTEN}:{RATE}", ROWS_WRITTEN_TOTAL, unit="rowsps"),
        ),
        values=(
            Value("Rows read", used(ROWS_READ_TOTAL, BY, own)),
            Value("Rows written", used(ROWS_WRITTEN_TOTAL, BY, own)),
            Value("Queries", queries),
            Value("Size", total(f"{D1.level}{SIZE}", BY, own), {"unit": "decbytes"}),
        ),
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
            D1.quotas(WIDE),
        ),
    )
