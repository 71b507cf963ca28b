"""Durable Objects: requests, memory held, storage, limits."""

from dashboards import lines
from dashboards.colors import REQUESTS as REQUEST_COLORS
from dashboards.grafana import FieldStyle, Json, Query, timeseries
from dashboards.names import DURATION_TOTAL, OBJECT_DURATION, OBJECT_ERRORS, OBJECT_REQUESTS, OBJECT_TOTAL, RATE
from dashboards.product import HALF, ProductPage
from dashboards.queries import select, sum_along, total, used, week_before
from dashboards.tables import Value, by_level
from dashboards.text import BEFORE, DATA_TIME, FIFTEEN, SIZES
from exporter.catalog.durable_objects import NAMESPACE, PRODUCT

OBJECTS = ProductPage(PRODUCT, NAMESPACE, "do_.+")
BY = f"project, {OBJECTS.label}"
BILLED = "Billed duration: the memory held, times the time (durableObjectsPeriodicGroups)."
HELD = (
    "Billed duration in GB-seconds per second: the memory held, at 128 MB for each active object "
    "(durableObjectsPeriodicGroups)."
)
ASKED = "Requests to objects (durableObjectsInvocationsAdaptiveGroups)."
STORED = ":cloudflare_durable_object_sql_storage_bytes:max"


def durable_objects() -> Json:
    """Return the dashboard ``Cloudflare / Durable Objects``."""
    own = OBJECTS.chosen
    return OBJECTS.page(
        "Durable Objects: requests, memory held, storage, and stops at limits.",
        stats=(
            OBJECTS.total("Requests", ASKED, OBJECT_TOTAL),
            OBJECTS.total("GB-seconds", BILLED, DURATION_TOTAL),
            OBJECTS.stat(
                "Stored in SQLite",
                f"Storage of SQLite-backed objects (durableObjectsSqlStorageGroups). {SIZES}",
                f"sum({select(f'{OBJECTS.level}{STORED}', own)})",
                FieldStyle("decbytes", decimals=1),
            ),
        ),
        traffic=_requests(),
        projects=(
            OBJECTS.by_project("Memory held", HELD, f":{OBJECT_DURATION}:{RATE}", DURATION_TOTAL, unit="decgbytes"),
        ),
        values=(
            Value("Requests", used(OBJECT_TOTAL, BY, own)),
            Value("GB-seconds", used(DURATION_TOTAL, BY, own)),
            Value(
                "Stored in SQLite",
                total(f"{OBJECTS.level}{STORED}", BY, own),
                by_level(lines.OBJECT_STORAGE, "decbytes") | {"custom.width": 120},
            ),
        ),
        counters=(OBJECT_TOTAL, DURATION_TOTAL),
        assets=(
            OBJECTS.by_asset("Requests", ASKED, f":{OBJECT_REQUESTS}:{RATE}", OBJECT_TOTAL, unit="reqps"),
            OBJECTS.by_asset("Memory held", HELD, f":{OBJECT_DURATION}:{RATE}", DURATION_TOTAL, unit="decgbytes"),
            OBJECTS.failed_share(),
            OBJECTS.value_by_asset(
                "Stopped at a limit",
                "Objects stopped for CPU time or memory, divided by requests (durableObjectsPeriodicGroups).",
                f":cloudflare_durable_object_limit_errors_per_requests:ratio_{RATE}",
                unit="percentunit",
                line=lines.OBJECT_LIMITS,
            ),
            OBJECTS.metric_by_asset(
                "Active objects",
                f"A lower bound above 10,000 in the account (durableObjectsPeriodicGroups). {FIFTEEN}",
                _gauge("cloudflare_durable_object_active_objects"),
                FieldStyle("short"),
            ),
            OBJECTS.metric_by_asset(
                "WebSocket connections",
                f"The most connections of a single object (durableObjectsPeriodicGroups). {FIFTEEN}",
                _gauge("cloudflare_durable_object_max_websocket_connections"),
                FieldStyle("short"),
            ),
            OBJECTS.value_by_asset(
                "Stored in SQLite",
                f"Storage of SQLite-backed objects (durableObjectsSqlStorageGroups). {SIZES}",
                STORED,
                unit="decbytes",
                line=lines.OBJECT_STORAGE,
            ),
        ),
    )


def _requests() -> Json:
    asked = f"{OBJECTS.level}:{OBJECT_REQUESTS}:{RATE}"
    return timeseries(
        "Requests and failures",
        f"{ASKED} Failures are those that Cloudflare counts as errors. {BEFORE} {DATA_TIME}",
        HALF,
        [
            Query(sum_along(asked, OBJECTS.chosen), "all"),
            Query(sum_along(f"{OBJECTS.level}:{OBJECT_ERRORS}:{RATE}", OBJECTS.chosen), "failed"),
            week_before(asked, OBJECTS.chosen),
        ],
        FieldStyle("reqps"),
        colors=REQUEST_COLORS,
    )


def _gauge(metric: str) -> str:
    return f"max by ({OBJECTS.label}) ({select(metric, OBJECTS.chosen)})"
