"""Workers: scripts and their invocations.

https://developers.cloudflare.com/workers/observability/metrics-and-analytics/ and the GraphQL type
AccountWorkersInvocationsAdaptive: cpuTimeUs in microseconds, duration in GB·s.
"""

from exporter.catalog.entry import MILLIONTH, Dataset, Endpoint, Field, Label, Meter, Metric, Part, Product

FAILURES = ("scriptThrewException", "exceededResources", "internalError")
UNBILLED = frozenset({"internalError"})

INVOCATIONS = Dataset(
    name="workersInvocationsAdaptive",
    version=1,
    kind="worker",
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
    ),
    metrics=(
        Metric(
            "cloudflare_worker_requests_total",
            "Invocations of a Worker by outcome.",
            (Part("requests"),),
            labels=("status",),
            zeros=(("success",), *((status,) for status in FAILURES)),
        ),
        Metric(
            "cloudflare_worker_errors_total",
            "Failed invocations of a Worker by outcome.",
            (Part("errors"),),
            labels=("status",),
            zeros=tuple((status,) for status in FAILURES),
        ),
        Metric(
            "cloudflare_worker_subrequests_total",
            "Requests made by a Worker.",
            (Part("subrequests"),),
        ),
        Metric(
            "cloudflare_worker_response_bytes_total",
            "Bytes of response bodies.",
            (Part("responseBodySize"),),
        ),
        Metric(
            "cloudflare_worker_client_disconnects_total",
            "Invocations whose client went away.",
            (Part("clientDisconnects"),),
        ),
        Metric(
            "cloudflare_worker_duration_gigabyte_seconds_total",
            "Memory held over time, in GB-seconds.",
            (Part("duration"),),
            divisor=MILLIONTH,
        ),
    ),
    meters=(
        Meter("workers_requests", "requests", unless={"status": UNBILLED}),
        Meter("workers_requests_internal_error", "requests", where={"status": UNBILLED}),
        Meter("workers_cpu_ms", "cpuTimeUs", unless={"status": UNBILLED}),
        Meter("workers_cpu_ms_internal_error", "cpuTimeUs", where={"status": UNBILLED}),
    ),
)

PRODUCT = Product(
    name="workers",
    kind="worker",
    label="script_name",
    endpoint=Endpoint(
        path="/accounts/{account_id}/workers/scripts",
        permission="Workers Scripts Read",
        id="tag",
        name="id",
        created="created_on",
        modified="modified_on",
        tags="tags",
    ),
    datasets=(INVOCATIONS,),
)
