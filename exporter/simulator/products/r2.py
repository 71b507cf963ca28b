"""R2: operations and storage, and the list of buckets of a jurisdiction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from exporter.simulator.dataset import Cell, Dataset, Level, Listing, Measure, PageSize
from exporter.simulator.products.storage import stored_bytes
from exporter.simulator.world import Bucket, BucketLists

_OBJECT_BYTES = 40_000


def _cells(asset: Bucket | BucketLists) -> Sequence[Cell]:
    storage_class = "" if isinstance(asset, BucketLists) else asset.storage_class
    bucket = "" if isinstance(asset, BucketLists) else asset.id

    def cell(action: str, share: int, *, status: str = "success", code: int = 200, size: int = 0) -> Cell:
        return Cell(
            dimensions=(status, action, bucket, "WEUR", "", code, storage_class),
            share=share,
            weights=((1, 0), (size, 17 if size else 0), (size, 5 if size else 0)),
        )

    if isinstance(asset, BucketLists):
        return (cell("ListBuckets", 1_000),)
    return (
        cell("GetObject", 700, size=_OBJECT_BYTES),
        cell("PutObject", 150),
        cell("HeadObject", 80),
        cell("GetObject", 30, status="userError", code=404),
        cell("ListObjects", 20, size=900),
        cell("DeleteObject", 15, code=204),
        cell("GetObject", 5, status="userError", code=403),
    )


def _levels(bucket: Bucket) -> Sequence[Level]:
    def sizes(hour: int) -> Sequence[int]:
        payload = stored_bytes(bucket, hour)
        objects = payload // _OBJECT_BYTES
        return (objects * 96, objects, payload, hour % 3)

    return (Level(dimensions=(bucket.id, bucket.storage_class), sizes=sizes),)


def _bucket(bucket: Bucket, _now: datetime) -> dict[str, Any]:
    return {
        "name": bucket.name,
        "creation_date": bucket.created.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "location": bucket.location,
        "jurisdiction": bucket.jurisdiction,
        "storage_class": bucket.storage_class,
    }


DATASETS = (
    Dataset(
        name="r2OperationsAdaptiveGroups",
        product="r2",
        kinds=("bucket", "bucket_lists"),
        dimensions=(
            "actionStatus",
            "actionType",
            "bucketName",
            "eyeballRegion",
            "objectName",
            "responseStatusCode",
            "storageClass",
        ),
        measures=(Measure("requests"), Measure("responseBytes"), Measure("responseObjectSize")),
        cells=_cells,
    ),
    Dataset(
        name="r2StorageAdaptiveGroups",
        product="r2",
        kinds=("bucket",),
        dimensions=("bucketName", "storageClass"),
        measures=(Measure("metadataSize"), Measure("objectCount"), Measure("payloadSize"), Measure("uploadCount")),
        levels=_levels,
    ),
)

LISTINGS = (
    Listing(
        path="/r2/buckets",
        product="r2",
        kind="bucket",
        permission="r2",
        entry=_bucket,
        page_size=PageSize(1, 1_000, 20),
        cursor=True,
        nested="buckets",
    ),
)
