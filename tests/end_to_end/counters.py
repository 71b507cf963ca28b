"""Which counter is which field of Cloudflare's, written down once more, apart from the catalog."""

from collections.abc import Mapping
from dataclasses import dataclass, field

WORKERS = "workersInvocationsAdaptive"
R2 = "r2OperationsAdaptiveGroups"
D1 = "d1AnalyticsAdaptiveGroups"
DURABLE_OBJECTS = "durableObjectsInvocationsAdaptiveGroups"
DURABLE_OBJECTS_PERIODIC = "durableObjectsPeriodicGroups"
KV = "kvOperationsAdaptiveGroups"

ASSETS = {
    WORKERS: ("script_name", ("scriptName", "dispatchNamespaceName")),
    R2: ("bucket", ("bucketName",)),
    D1: ("database", ("databaseId",)),
    DURABLE_OBJECTS: ("do_namespace", ("namespaceId",)),
    DURABLE_OBJECTS_PERIODIC: ("do_namespace", ("namespaceId",)),
    KV: ("kv_namespace", ("namespaceId",)),
}
"""Dataset -> the label that names an asset, and the dimensions that it is known by."""

MILLIONTH = 1_000_000


@dataclass(frozen=True)
class Counter:
    """A counter: the sum of one field by some dimensions.

    ``labels`` maps labels to dimensions; ``fixed`` are labels that stand for the field itself. The oracle counts in
    ``parts`` to the counter's unit (a field that Cloudflare gives as a float is in millionths there).
    """

    name: str
    dataset: str
    source: str
    labels: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    parts: int = 1

    def __str__(self) -> str:
        return f"{self.name}{{{','.join(self.fixed.values())}}}" if self.fixed else self.name


def _worker(name: str, source: str, parts: int = 1, labels: Mapping[str, str] | None = None) -> Counter:
    return Counter(f"cloudflare_worker_{name}_total", WORKERS, source, labels or {}, parts=parts)


def _d1(name: str, source: str, parts: int = 1) -> Counter:
    return Counter(f"cloudflare_d1_{name}_total", D1, source, parts=parts)


def _periodic(name: str, source: str, parts: int = 1, fixed: Mapping[str, str] | None = None) -> Counter:
    name = f"cloudflare_durable_object_{name}_total"
    return Counter(name, DURABLE_OBJECTS_PERIODIC, source, fixed=fixed or {}, parts=parts)


_STATUS = {"status": "status"}
_TRANSFER = {"action": "actionType", "storage_class": "storageClass"}
_OPERATION = {**_TRANSFER, "status_code": "responseStatusCode"}
_KV = {"action": "actionType", "result": "result"}

COUNTERS = (
    _worker("requests", "requests", labels=_STATUS),
    _worker("errors", "errors", labels=_STATUS),
    _worker("subrequests", "subrequests"),
    _worker("response_bytes", "responseBodySize"),
    _worker("client_disconnects", "clientDisconnects"),
    _worker("duration_gigabyte_seconds", "duration", parts=MILLIONTH),
    Counter("cloudflare_r2_operations_total", R2, "requests", _OPERATION),
    Counter("cloudflare_r2_response_bytes_total", R2, "responseBytes", _TRANSFER),
    Counter("cloudflare_r2_object_bytes_total", R2, "responseObjectSize", _TRANSFER),
    _d1("read_queries", "readQueries"),
    _d1("write_queries", "writeQueries"),
    _d1("rows_read", "rowsRead"),
    _d1("rows_written", "rowsWritten"),
    _d1("response_bytes", "queryBatchResponseBytes", parts=MILLIONTH),
    Counter("cloudflare_durable_object_requests_total", DURABLE_OBJECTS, "requests", _STATUS),
    Counter("cloudflare_durable_object_errors_total", DURABLE_OBJECTS, "errors", _STATUS),
    _periodic("duration_gigabyte_seconds", "duration", parts=MILLIONTH),
    _periodic("active_time_seconds", "activeTime", parts=MILLIONTH),
    _periodic("cpu_time_seconds", "cpuTime", parts=MILLIONTH),
    _periodic("rows_read", "rowsRead"),
    _periodic("rows_written", "rowsWritten"),
    _periodic("storage_read_units", "storageReadUnits"),
    _periodic("storage_write_units", "storageWriteUnits"),
    _periodic("storage_deletes", "storageDeletes"),
    _periodic("subrequests", "subrequests"),
    _periodic("websocket_messages", "inboundWebsocketMsgCount", fixed={"direction": "inbound"}),
    _periodic("websocket_messages", "outboundWebsocketMsgCount", fixed={"direction": "outbound"}),
    _periodic("limit_errors", "exceededCpuErrors", fixed={"reason": "exceededCpu"}),
    _periodic("limit_errors", "exceededMemoryErrors", fixed={"reason": "exceededMemory"}),
    _periodic("limit_errors", "fatalInternalErrors", fixed={"reason": "fatalInternal"}),
    Counter("cloudflare_kv_operations_total", KV, "requests", _KV),
    Counter("cloudflare_kv_object_bytes_total", KV, "objectBytes", _KV),
)
