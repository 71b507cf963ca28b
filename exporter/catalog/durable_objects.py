"""Durable Objects: namespaces, their invocations and the resources used by their objects.

https://developers.cloudflare.com/durable-objects/observability/metrics-and-analytics/; units from the GraphQL type
AccountDurableObjectsPeriodicGroups: activeTime and cpuTime in microseconds, duration in GB·s, storage units of 4 KiB.
"""

from datetime import timedelta

from exporter.catalog.asset_kind import AssetKind, Endpoint
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import (
    GIGABYTE,
    MILLIONTH,
    ROWS,
    Field,
    Label,
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
from exporter.catalog.workers import WORKER

# An incoming WebSocket message is billed as a twentieth of a request, so requests are counted in twentieths:
# https://developers.cloudflare.com/durable-objects/platform/pricing/
TWENTIETHS = 20

WALL_TIME = "cloudflare_durable_object_wall_time_seconds"
WALL_TIME_TEXT = "Wall time of a request to an object."
ENDS = ("P50", "P75", "P90", "P99", "P999")


def _periodic(name: str, text: str, source: str, divisor: int = 1) -> Metric:
    return Metric(
        f"cloudflare_durable_object_{name}_total",
        f"{text}.",
        (MetricPart(source),),
        divisor=divisor,
    )


NAMESPACE = AssetKind(
    kind="do_namespace",
    label="do_namespace",
    info="cloudflare_durable_object_namespace_info",
    asset="namespace",
    assets="Durable Object namespaces",
    overview="workers/durable-objects",
    page="workers/durable-objects/view/{id}",
    endpoint=Endpoint(
        path="/accounts/{account_id}/workers/durable_objects/namespaces",
        permission="Workers Scripts Read",
        permission_key="workers_scripts",
        paging="page",
        per_page=1000,
        parent="script",
    ),
    parent=WORKER.kind,
)

INVOCATIONS = Dataset(
    name="durableObjectsInvocationsAdaptiveGroups",
    version=1,
    kind=NAMESPACE.kind,
    id_dimension="namespaceId",
    labels=(Label("status", "status"),),
    fields=(Field("requests"), Field("errors"), Field("wallTime")),
    metrics=(
        Metric(
            "cloudflare_durable_object_requests_total",
            "Requests to the objects of a namespace, by outcome.",
            (MetricPart("requests"),),
            labels=("status",),
            zeros=(("success",),),
        ),
        Metric(
            "cloudflare_durable_object_errors_total",
            "Failed requests to the objects of a namespace, by outcome.",
            (MetricPart("errors"),),
            labels=("status",),
            zeros=(("scriptThrewException",),),
        ),
        *summary_totals(WALL_TIME, WALL_TIME_TEXT, "wallTime", "requests", MILLIONTH),
    ),
    meters=(Meter("do_requests", "requests", weight=TWENTIETHS, scale=TWENTIETHS),),
    tallies=(
        Tally(Tallied.REQUESTS, "cloudflare_durable_object_requests_total"),
        Tally(Tallied.ERRORS, "cloudflare_durable_object_errors_total"),
    ),
)

PERIODIC = Dataset(
    name="durableObjectsPeriodicGroups",
    version=1,
    kind=NAMESPACE.kind,
    id_dimension="namespaceId",
    reports_sampling=False,
    fields=(
        Field("duration", fractional=True),
        Field("activeTime"),
        Field("cpuTime"),
        Field("rowsRead"),
        Field("rowsWritten"),
        Field("storageReadUnits"),
        Field("storageWriteUnits"),
        Field("storageDeletes"),
        Field("subrequests"),
        Field("inboundWebsocketMsgCount"),
        Field("outboundWebsocketMsgCount"),
        Field("exceededCpuErrors"),
        Field("exceededMemoryErrors"),
        Field("fatalInternalErrors"),
    ),
    metrics=(
        _periodic("duration_gigabyte_seconds", "Memory held over time, in GB-seconds", "duration", MILLIONTH),
        _periodic("active_time_seconds", "Time during which objects were active", "activeTime", MILLIONTH),
        _periodic("cpu_time_seconds", "CPU time of objects", "cpuTime", MILLIONTH),
        _periodic("rows_read", "Rows read by SQLite-backed objects", "rowsRead"),
        _periodic("rows_written", "Rows written by SQLite-backed objects", "rowsWritten"),
        _periodic("storage_read_units", "Storage reads by KV-backed objects, in units of 4 KiB", "storageReadUnits"),
        _periodic("storage_write_units", "Storage writes by KV-backed objects, in units of 4 KiB", "storageWriteUnits"),
        _periodic("storage_deletes", "Storage deletes by KV-backed objects", "storageDeletes"),
        _periodic("subrequests", "Requests made by objects", "subrequests"),
        Metric(
            "cloudflare_durable_object_websocket_messages_total",
            "WebSocket messages, by direction.",
            (MetricPart("inboundWebsocketMsgCount", "inbound"), MetricPart("outboundWebsocketMsgCount", "outbound")),
            split="direction",
            zeros=(("inbound",), ("outbound",)),
        ),
        Metric(
            "cloudflare_durable_object_limit_errors_total",
            "Errors that stopped an object at a limit or by an internal fault, by reason.",
            (
                MetricPart("exceededCpuErrors", "exceededCpu"),
                MetricPart("exceededMemoryErrors", "exceededMemory"),
                MetricPart("fatalInternalErrors", "fatalInternal"),
            ),
            split="reason",
            zeros=(("exceededCpu",), ("exceededMemory",), ("fatalInternal",)),
        ),
    ),
    meters=(
        Meter("do_requests", "inboundWebsocketMsgCount", scale=TWENTIETHS),
        Meter("do_duration_gb_s", "duration", scale=MILLIONTH),
        Meter("do_sqlite_rows_read", "rowsRead"),
        Meter("do_sqlite_rows_written", "rowsWritten"),
        Meter("do_kv_read_units", "storageReadUnits"),
        Meter("do_kv_write_units", "storageWriteUnits"),
        Meter("do_kv_deletes", "storageDeletes"),
    ),
)

QUANTILES = Dataset(
    name="durableObjectsInvocationsAdaptiveGroups",
    variant="quantiles",
    version=1,
    timing=Window(),
    kind=NAMESPACE.kind,
    id_dimension="namespaceId",
    fields=quantile_fields("wallTime", ENDS),
    metrics=(quantile_metric(WALL_TIME, WALL_TIME_TEXT, "wallTime", ENDS, divisor=MILLIONTH * MILLIONTH),),
)

CONNECTIONS = Dataset(
    name="durableObjectsPeriodicGroups",
    variant="connections",
    version=1,
    timing=Window(),
    kind=NAMESPACE.kind,
    id_dimension="namespaceId",
    fields=(Field("activeWebsocketConnections", "max"),),
    metrics=(
        gauge(
            "cloudflare_durable_object_max_websocket_connections",
            "Highest number of WebSocket connections to a single object of the namespace.",
            "activeWebsocketConnections",
        ),
    ),
)

OBJECTS = Dataset(
    name="durableObjectsPeriodicGroups",
    variant="objects",
    version=1,
    timing=Window(),
    min_interval=timedelta(minutes=5),
    kind=NAMESPACE.kind,
    id_dimension="namespaceId",
    distinct_by="objectId",
    takes_full_page=True,
    fields=(Field("objects", ROWS),),
    metrics=(
        gauge(
            "cloudflare_durable_object_active_objects",
            "Active objects of the namespace; a lower bound if the account has more than 10,000.",
            "objects",
        ),
    ),
)

SQL_STORAGE = Dataset(
    name="durableObjectsSqlStorageGroups",
    version=1,
    timing=HourlyGauge(),
    min_interval=timedelta(minutes=5),
    kind=NAMESPACE.kind,
    id_dimension="namespaceId",
    fields=(Field("storedBytes", "max"),),
    metrics=(
        gauge(
            "cloudflare_durable_object_sql_storage_bytes",
            "Bytes stored by the SQLite-backed objects of a namespace.",
            "storedBytes",
        ),
    ),
    meters=(Meter("do_sqlite_storage_gb_month", "storedBytes", scale=GIGABYTE),),
)

KV_STORAGE = Dataset(
    name="durableObjectsStorageGroups",
    version=1,
    timing=HourlyGauge(),
    min_interval=timedelta(minutes=5),
    kind=NAMESPACE.kind,
    id_dimension="",
    fields=(Field("storedBytes", "max"),),
    metrics=(
        gauge(
            "cloudflare_durable_object_kv_storage_bytes",
            "Bytes stored by the KV-backed objects of the account.",
            "storedBytes",
            is_of_account=True,
        ),
    ),
    meters=(Meter("do_kv_storage_gb_month", "storedBytes", scale=GIGABYTE),),
)

PRODUCT = Product(
    name="durable_objects",
    title="Durable Objects",
    category="Compute",
    kinds=(NAMESPACE,),
    datasets=(INVOCATIONS, PERIODIC, QUANTILES, CONNECTIONS, OBJECTS, SQL_STORAGE, KV_STORAGE),
)
