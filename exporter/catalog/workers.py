"""Workers: scripts and their invocations.

https://developers.cloudflare.com/workers/observability/metrics-and-analytics/ and the GraphQL type
AccountWorkersInvocationsAdaptive: cpuTimeUs in microseconds, duration in GB·s.
"""

from exporter.catalog.asset_kind import AssetKind, Endpoint
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import (
    MILLIONTH,
    Field,
    Label,
    Meter,
    Metric,
    MetricPart,
    Tallied,
    Tally,
    quantile_fields,
    quantile_metric,
    summary_totals,
)
from exporter.catalog.product import Product
from exporter.catalog.timing import Window

FAILURES = ("scriptThrewException", "exceededResources", "internalError")
UNBILLED = frozenset({"internalError"})

ENDS = ("P50", "P75", "P90", "P95", "P99", "P999")

# Summaries: name, text, sum field, amounts of the sum in one second, source of the quantiles. All are in microseconds;
# requestDuration is a float, kept in millionths. The schema gives no unit for sum.wallTime; its quantiles have one.
SUMMARIES = (
    ("cloudflare_worker_cpu_time_seconds", "CPU time of an invocation.", "cpuTimeUs", MILLIONTH, "cpuTime"),
    ("cloudflare_worker_wall_time_seconds", "Wall time of an invocation.", "wallTime", MILLIONTH, "wallTime"),
    (
        "cloudflare_worker_request_duration_seconds",
        "Time from the start of a request to the end of its response.",
        "requestDuration",
        MILLIONTH * MILLIONTH,
        "requestDuration",
    ),
)

WORKER = AssetKind(
    kind="worker",
    label="script_name",
    info="cloudflare_worker_info",
    asset="Worker",
    assets="Workers",
    overview="workers-and-pages",
    page="workers/services/view/{name}/production/metrics",
    endpoint=Endpoint(
        path="/accounts/{account_id}/workers/scripts",
        permission="Workers Scripts Read",
        permission_key="workers_scripts",
        id="tag",
        name="id",
        created="created_on",
        modified="modified_on",
        tags="tags",
    ),
)

INVOCATIONS = Dataset(
    name="workersInvocationsAdaptive",
    version=1,
    kind=WORKER.kind,
    id_dimension="scriptTag",
    name_dimension="scriptName",
    dispatch_dimension="dispatchNamespaceName",
    labels=(Label("status", "status"),),
    fields=(
        Field("requests"),
        Field("errors"),
        Field("subrequests"),
        Field("responseBodySize"),
        Field("clientDisconnects"),
        Field("duration", fractional=True),
        Field("cpuTimeUs"),
        Field("wallTime"),
        Field("requestDuration", fractional=True),
    ),
    metrics=(
        Metric(
            "cloudflare_worker_requests_total",
            "Invocations of a Worker, by outcome.",
            (MetricPart("requests"),),
            labels=("status",),
            zeros=(("success",), *((status,) for status in FAILURES)),
        ),
        Metric(
            "cloudflare_worker_errors_total",
            "Failed invocations of a Worker, by outcome.",
            (MetricPart("errors"),),
            labels=("status",),
            zeros=tuple((status,) for status in FAILURES),
        ),
        Metric(
            "cloudflare_worker_subrequests_total",
            "Requests made by a Worker.",
            (MetricPart("subrequests"),),
        ),
        Metric(
            "cloudflare_worker_response_bytes_total",
            "Bytes of response bodies.",
            (MetricPart("responseBodySize"),),
        ),
        Metric(
            "cloudflare_worker_client_disconnects_total",
            "Invocations whose client disconnected early.",
            (MetricPart("clientDisconnects"),),
        ),
        Metric(
            "cloudflare_worker_duration_gigabyte_seconds_total",
            "Memory held over time, in GB-seconds.",
            (MetricPart("duration"),),
            divisor=MILLIONTH,
        ),
        *(
            metric
            for name, text, total, divisor, _ in SUMMARIES
            for metric in summary_totals(name, text, total, "requests", divisor)
        ),
    ),
    meters=(
        Meter("workers_requests", "requests", unless={"status": UNBILLED}),
        Meter("workers_requests_internal_error", "requests", where={"status": UNBILLED}),
        Meter("workers_cpu_ms", "cpuTimeUs", scale=1_000, unless={"status": UNBILLED}),
        Meter("workers_cpu_ms_internal_error", "cpuTimeUs", scale=1_000, where={"status": UNBILLED}),
    ),
    tallies=(
        Tally(Tallied.REQUESTS, "cloudflare_worker_requests_total"),
        Tally(Tallied.ERRORS, "cloudflare_worker_errors_total"),
    ),
)

QUANTILES = Dataset(
    name="workersInvocationsAdaptive",
    variant="quantiles",
    version=1,
    timing=Window(),
    kind=WORKER.kind,
    id_dimension="scriptTag",
    fields=tuple(entry for *_, source in SUMMARIES for entry in quantile_fields(source, ENDS)),
    metrics=tuple(
        quantile_metric(name, text, source, ENDS, divisor=MILLIONTH * MILLIONTH)
        for name, text, _, _, source in SUMMARIES
    ),
)

PRODUCT = Product(
    name="workers",
    title="Workers",
    category="Compute",
    kinds=(WORKER,),
    datasets=(INVOCATIONS, QUANTILES),
)
