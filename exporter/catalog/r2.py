"""R2: buckets and their operations.

The class of an operation decides its price (https://developers.cloudflare.com/r2/pricing/). A bucket is identified by
its name; analytics prefix the name with the jurisdiction (``eu_media``).
"""

from datetime import timedelta

from exporter.catalog.asset_kind import AssetKind, Endpoint, Variant
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import GIGABYTE, Field, Label, Meter, Metric, MetricPart, Tallied, Tally, gauge
from exporter.catalog.product import Product
from exporter.catalog.timing import HourlyGauge

CLASS_A = frozenset(
    [
        "ListBuckets",
        "PutBucket",
        "ListObjects",
        "PutObject",
        "CopyObject",
        "CompleteMultipartUpload",
        "CreateMultipartUpload",
        "LifecycleStorageTierTransition",
        "ListMultipartUploads",
        "UploadPart",
        "UploadPartCopy",
        "ListParts",
        "PutBucketEncryption",
        "PutBucketCors",
        "PutBucketLifecycleConfiguration",
    ]
)
CLASS_B = frozenset(
    [
        "HeadBucket",
        "HeadObject",
        "GetObject",
        "UsageSummary",
        "GetBucketEncryption",
        "GetBucketLocation",
        "GetBucketCors",
        "GetBucketLifecycleConfiguration",
    ]
)
FREE = frozenset({"DeleteObject", "DeleteBucket", "AbortMultipartUpload"})
UNBILLED_CODES = frozenset({"401", "403"})
STANDARD = frozenset({"Standard"})
INFREQUENT = frozenset({"InfrequentAccess"})


def operation_class(action: str) -> str:
    """Return the billing class of an action: A, B, free or unknown.

    Analytics also report actions that are not on the price list (the sets above); their verb decides.
    """
    if action in CLASS_A:
        return "A"
    if action in CLASS_B:
        return "B"
    if action in FREE or action.startswith(("Delete", "Abort")):
        return "free"
    if action.startswith(("Get", "Head")):
        return "B"
    if action.startswith(("Put", "List", "Create", "Copy", "Upload", "Complete", "Lifecycle")):
        return "A"
    return "unknown"


def _meters() -> tuple[Meter, ...]:
    billed = {"status_code": UNBILLED_CODES}
    class_a, class_b, unknown = frozenset({"A"}), frozenset({"B"}), frozenset({"unknown"})
    return (
        Meter("r2_class_a", "requests", where={"class": class_a}, unless={**billed, "storage_class": INFREQUENT}),
        Meter("r2_class_b", "requests", where={"class": class_b}, unless={**billed, "storage_class": INFREQUENT}),
        Meter("r2_ia_class_a", "requests", where={"class": class_a, "storage_class": INFREQUENT}, unless=billed),
        Meter("r2_ia_class_b", "requests", where={"class": class_b, "storage_class": INFREQUENT}, unless=billed),
        Meter("r2_class_unknown", "requests", where={"class": unknown}, unless=billed),
        Meter("r2_class_a_unauthorized", "requests", where={"class": class_a, "status_code": UNBILLED_CODES}),
        Meter("r2_class_b_unauthorized", "requests", where={"class": class_b, "status_code": UNBILLED_CODES}),
        Meter("r2_class_unknown_unauthorized", "requests", where={"class": unknown, "status_code": UNBILLED_CODES}),
        Meter("r2_retrieval_gb", "responseBytes", scale=GIGABYTE, where={"storage_class": STANDARD}),
        Meter("r2_ia_retrieval_gb", "responseBytes", scale=GIGABYTE, where={"storage_class": INFREQUENT}),
    )


BUCKET = AssetKind(
    kind="r2_bucket",
    label="bucket",
    info="cloudflare_r2_bucket_info",
    asset="bucket",
    assets="R2 buckets",
    overview="r2/overview",
    page="r2/{variant}/buckets/{id}",
    endpoint=Endpoint(
        path="/accounts/{account_id}/r2/buckets",
        permission="Workers R2 Storage Read",
        permission_key="workers_r2",
        paging="cursor",
        per_page=1000,
        items=("result", "buckets"),
        id="name",
        name="name",
        created="creation_date",
        variants=(
            Variant("", "", ""),
            *(Variant("cf-r2-jurisdiction", name, f"{name}_") for name in ("eu", "us", "fedramp", "fedramp-high")),
        ),
    ),
)

OPERATIONS = Dataset(
    name="r2OperationsAdaptiveGroups",
    version=1,
    kind=BUCKET.kind,
    id_dimension="bucketName",
    reports_sampling=False,
    events="requests",
    labels=(
        Label("action", "actionType"),
        Label("class", "actionType", operation_class),
        Label("status_code", "responseStatusCode"),
        Label("storage_class", "storageClass"),
    ),
    fields=(Field("requests"), Field("responseBytes"), Field("responseObjectSize")),
    metrics=(
        Metric(
            "cloudflare_r2_operations_total",
            "Operations on a bucket.",
            (MetricPart("requests"),),
            labels=("action", "class", "status_code", "storage_class"),
            zeros=(("GetObject", "B", "200", "Standard"), ("PutObject", "A", "200", "Standard")),
        ),
        Metric(
            "cloudflare_r2_response_bytes_total",
            "Bytes sent from a bucket.",
            (MetricPart("responseBytes"),),
            labels=("action", "storage_class"),
            zeros=(("GetObject", "Standard"),),
        ),
        Metric(
            "cloudflare_r2_object_bytes_total",
            "Bytes of the objects in responses.",
            (MetricPart("responseObjectSize"),),
            labels=("action", "storage_class"),
            zeros=(("GetObject", "Standard"),),
        ),
    ),
    meters=_meters(),
    tallies=(
        Tally(Tallied.REQUESTS, "cloudflare_r2_operations_total"),
        Tally(Tallied.ERRORS, "cloudflare_r2_operations_total", label="status_code", starts="5"),
    ),
)

STORAGE = Dataset(
    name="r2StorageAdaptiveGroups",
    version=1,
    timing=HourlyGauge(),
    min_interval=timedelta(minutes=5),
    kind=BUCKET.kind,
    id_dimension="bucketName",
    labels=(Label("storage_class", "storageClass"),),
    fields=(
        Field("payloadSize", "max"),
        Field("metadataSize", "max"),
        Field("objectCount", "max"),
        Field("uploadCount", "max"),
    ),
    metrics=(
        gauge("cloudflare_r2_objects", "Objects in a bucket.", "objectCount", ("storage_class",)),
        gauge("cloudflare_r2_payload_bytes", "Bytes of objects in a bucket.", "payloadSize", ("storage_class",)),
        gauge("cloudflare_r2_metadata_bytes", "Bytes of object metadata.", "metadataSize", ("storage_class",)),
        gauge("cloudflare_r2_pending_uploads", "Incomplete multipart uploads.", "uploadCount", ("storage_class",)),
    ),
    meters=tuple(
        Meter(meter, source, scale=GIGABYTE, where={"storage_class": storage_class})
        for meter, storage_class in (("r2_storage_gb_month", STANDARD), ("r2_ia_storage_gb_month", INFREQUENT))
        for source in ("payloadSize", "metadataSize")
    ),
)

PRODUCT = Product(
    name="r2",
    title="R2",
    category="Storage",
    kinds=(BUCKET,),
    datasets=(OPERATIONS, STORAGE),
)
