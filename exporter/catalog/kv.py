"""Workers KV: namespaces and operations (https://developers.cloudflare.com/kv/observability/metrics-analytics/)."""

from datetime import timedelta

from exporter.catalog.asset_kind import AssetKind, Endpoint
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import (
    GIGABYTE,
    MILLIONTH,
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
)
from exporter.catalog.product import Product
from exporter.catalog.timing import HourlyGauge, Window

ZEROS = (("read", "hot_read"), ("read", "cold_read"), ("write", "uploaded"), ("delete", "deleted"))

_METERS = {"read": "kv_reads", "write": "kv_writes", "delete": "kv_deletes", "list": "kv_lists"}

NAMESPACE = AssetKind(
    kind="kv_namespace",
    label="kv_namespace",
    info="cloudflare_kv_namespace_info",
    asset="namespace",
    assets="KV namespaces",
    overview="workers/kv/namespaces",
    page="workers/kv/namespaces/{id}/metrics",
    endpoint=Endpoint(
        path="/accounts/{account_id}/storage/kv/namespaces",
        permission="Workers KV Storage Read",
        permission_key="workers_kv_storage",
        paging="page",
        per_page=100,
        id="id",
        name="title",
    ),
)

OPERATIONS = Dataset(
    name="kvOperationsAdaptiveGroups",
    version=1,
    kind=NAMESPACE.kind,
    id_dimension="namespaceId",
    labels=(Label("action", "actionType"), Label("result", "result")),
    fields=(Field("requests"), Field("objectBytes")),
    metrics=(
        Metric(
            "cloudflare_kv_operations_total",
            "Operations on a namespace, by action and result.",
            (MetricPart("requests"),),
            labels=("action", "result"),
            zeros=ZEROS,
        ),
        Metric(
            "cloudflare_kv_object_bytes_total",
            "Bytes of the objects that operations read or wrote.",
            (MetricPart("objectBytes"),),
            labels=("action", "result"),
            zeros=ZEROS,
        ),
    ),
    meters=tuple(Meter(meter, "requests", where={"action": frozenset({action})}) for action, meter in _METERS.items()),
    tallies=(
        Tally(Tallied.REQUESTS, "cloudflare_kv_operations_total"),
        Tally(Tallied.ERRORS, "cloudflare_kv_operations_total", label="result", starts="error"),
    ),
)

ENDS = ("P50", "P75", "P90", "P99", "P999")

QUANTILES = Dataset(
    name="kvOperationsAdaptiveGroups",
    variant="quantiles",
    version=1,
    timing=Window(),
    kind=NAMESPACE.kind,
    id_dimension="namespaceId",
    labels=(Label("action", "actionType"),),
    fields=quantile_fields("latencyMs", ENDS),
    metrics=(
        quantile_metric(
            "cloudflare_kv_latency_seconds",
            "Latency of an operation on a namespace.",
            "latencyMs",
            ENDS,
            divisor=1_000 * MILLIONTH,
            labels=("action",),
        ),
    ),
)

STORAGE = Dataset(
    name="kvStorageAdaptiveGroups",
    version=1,
    timing=HourlyGauge(),
    min_interval=timedelta(minutes=5),
    kind=NAMESPACE.kind,
    id_dimension="namespaceId",
    fields=(Field("byteCount", "max"), Field("keyCount", "max")),
    metrics=(
        gauge("cloudflare_kv_keys", "Keys in a namespace.", "keyCount"),
        gauge("cloudflare_kv_stored_bytes", "Bytes stored in a namespace.", "byteCount"),
    ),
    meters=(Meter("kv_storage_gb_month", "byteCount", scale=GIGABYTE),),
)

PRODUCT = Product(
    name="kv",
    title="KV",
    category="Databases",
    kinds=(NAMESPACE,),
    datasets=(OPERATIONS, QUANTILES, STORAGE),
)
