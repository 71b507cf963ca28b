"""R2: content of buckets and operations on them."""

from dashboards import lines
from dashboards.colors import CLASSES
from dashboards.grafana import FieldStyle, Json, Query, timeseries
from dashboards.names import R2_EGRESS, R2_OPERATIONS, R2_STORED, R2_TOTAL, RATE
from dashboards.product import HALF, ProductPage
from dashboards.queries import select, total, used, week_before
from dashboards.tables import Value, by_level
from dashboards.text import BEFORE, DATA_TIME, SIZES
from exporter.alerts.windows import IN_WORDS
from exporter.catalog.r2 import BUCKET, PRODUCT

R2 = ProductPage(PRODUCT, BUCKET, "r2_.+")
BY = f"project, {R2.label}"


def r2() -> Json:
    """Return the dashboard ``Cloudflare / R2``."""
    own = R2.chosen
    return R2.page(
        "R2 buckets: their content, operations and cost.",
        stats=(
            R2.stat(
                "Stored",
                f"Objects and their metadata (r2StorageAdaptiveGroups). {SIZES}",
                f"sum({select(R2_STORED, own)})",
                FieldStyle("decbytes", decimals=1),
            ),
            R2.total("Class A", "Writes and lists (r2OperationsAdaptiveGroups).", R2_TOTAL, 'class="A"'),
            R2.total("Class B", "Reads (r2OperationsAdaptiveGroups).", R2_TOTAL, 'class="B"'),
        ),
        traffic=_classes(),
        projects=(
            R2.by_project(
                "Operations",
                "Operations of all classes (r2OperationsAdaptiveGroups).",
                f"_class:{R2_OPERATIONS}:{RATE}",
                R2_TOTAL,
                unit="ops",
            ),
        ),
        values=(
            Value("Class A", used(R2_TOTAL, BY, own, 'class="A"')),
            Value("Class B", used(R2_TOTAL, BY, own, 'class="B"')),
            Value("Stored", total(R2_STORED, BY, own), by_level(lines.LARGE_BUCKET, "decbytes")),
            Value("Objects", f"sum by ({BY}) (max by ({BY}, storage_class) ({select('cloudflare_r2_objects', own)}))"),
        ),
        counters=(R2_TOTAL,),
        assets=(
            R2.value_by_asset(
                "Stored",
                f"Objects and their metadata, of all storage classes (r2StorageAdaptiveGroups). {SIZES}",
                R2_STORED.removeprefix(R2.level),
                unit="decbytes",
                line=lines.LARGE_BUCKET,
            ),
            R2.failed_share(),
            R2.by_asset(
                "Class A operations",
                "Writes and lists (r2OperationsAdaptiveGroups).",
                f"_class:{R2_OPERATIONS}:{RATE}",
                R2_TOTAL,
                'class="A"',
                unit="ops",
            ),
            R2.by_asset(
                "Class B operations",
                "Reads (r2OperationsAdaptiveGroups).",
                f"_class:{R2_OPERATIONS}:{RATE}",
                R2_TOTAL,
                'class="B"',
                unit="ops",
            ),
            R2.by_asset(
                "Sent",
                "Bytes of responses; egress is free, reads are not (r2OperationsAdaptiveGroups).",
                f":{R2_EGRESS}:{RATE}",
                "cloudflare_r2_response_bytes_total",
                unit="Bps",
            ),
            R2.value_by_asset(
                "Refused in five minutes",
                f"Operations refused with 401 or 403, in the mean of {IN_WORDS} (r2OperationsAdaptiveGroups).",
                f":cloudflare_r2_denied_operations:per5m_{RATE}",
                unit="short",
                line=lines.DENIED,
            ),
        ),
    )


def _classes() -> Json:
    record = f"{R2.level}_class:{R2_OPERATIONS}:{RATE}"
    return timeseries(
        "Operations by class",
        "Class A (writes, lists) costs about twelve times as much as class B (reads) (r2OperationsAdaptiveGroups). "
        f"{BEFORE} {DATA_TIME}",
        HALF,
        [Query(total(record, "class", R2.chosen), "{{class}}"), week_before(record, R2.chosen)],
        FieldStyle("ops"),
        is_stacked=True,
        colors=CLASSES,
    )
