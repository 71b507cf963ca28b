"""Workers KV: namespaces and their operations (https://developers.cloudflare.com/kv/observability/metrics-analytics/)."""

from exporter.catalog.entry import Dataset, Endpoint, Field, Label, Meter, Metric, Part, Product

ZEROS = (("read", "hot_read"), ("read", "cold_read"), ("write", "uploaded"), ("delete", "deleted"))

_METERS = {"read": "kv_reads", "write": "kv_writes", "delete": "kv_deletes", "list": "kv_lists"}

OPERATIONS = Dataset(
    name="kvOperationsAdaptiveGroups",
    version=1,
    kind="kv_namespace",
    id_dimension="namespaceId",
    labels=(Label("action", "actionType"), Label("result", "result")),
    fields=(Field("requests"), Field("objectBytes")),
    metrics=(
        Metric(
            "cloudflare_kv_operations_total",
            "Operations on a namespace by action and result.",
            (Part("requests"),),
            labels=("action", "result"),
            zeros=ZEROS,
        ),
        Metric(
            "cloudflare_kv_object_bytes_total",
            "Bytes of the objects of operations.",
            (Part("objectBytes"),),
            labels=("action", "result"),
            zeros=ZEROS,
        ),
    ),
    meters=tuple(Meter(meter, "requests", where={"action": frozenset({action})}) for action, meter in _METERS.items()),
)

PRODUCT = Product(
    name="kv",
    kind="kv_namespace",
    label="kv_namespace",
    endpoint=Endpoint(
        path="/accounts/{account_id}/storage/kv/namespaces",
        permission="Workers KV Storage Read",
        paging="page",
        per_page=100,
        id="id",
        name="title",
    ),
    datasets=(OPERATIONS,),
)
