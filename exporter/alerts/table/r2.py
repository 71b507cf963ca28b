"""Alerts about R2 buckets: their numbers."""

from exporter.alerts.table.entry import ACCOUNT, AlertEntry, Section, Setting, Threshold
from exporter.alerts.windows import IN_WORDS
from exporter.catalog.r2 import BUCKET, PRODUCT

LARGE = AlertEntry(
    "CloudflareR2BucketLarge",
    thresholds=(Threshold("warning", 10e9, "Bytes. R2 stores 10 GB (of 10⁹ bytes) free of charge for an account."),),
    subject=BUCKET.kind,
    unit="bytes",
)

FILLING = AlertEntry(
    "CloudflareR2BucketFilling",
    settings=(Setting("days", 7, "Days until a bucket reaches the size above."),),
)

CLASS_A = AlertEntry(
    "CloudflareR2ClassASpike",
    thresholds=(Threshold("warning", 3, "Multiple of the peak at the same time of day over the last seven days."),),
    settings=(Setting("least_operations_per_second", 5, "13 million a month, or 58 USD."),),
    subject=BUCKET.kind,
    unit="multiple of the peak at the same time of day over the last seven days",
)

ACCESS_DENIED = AlertEntry(
    "CloudflareR2AccessDenied",
    thresholds=(Threshold("warning", 10, f"Refused operations in five minutes, in the mean of {IN_WORDS}."),),
    subject=BUCKET.kind,
    unit=f"refused operations in five minutes, in the mean of {IN_WORDS}",
)

OBJECTS_LARGE = AlertEntry(
    "CloudflareR2ObjectsLarge",
    thresholds=(Threshold("info", 1e9, "Bytes of an object, on average."),),
    subject=BUCKET.kind,
    unit="bytes of an object, on average",
)

EGRESS = AlertEntry(
    "CloudflareR2EgressSpike",
    thresholds=(Threshold("info", 3, "Multiple of the peak at the same time of day over the last seven days."),),
    settings=(Setting("least_bytes_per_second", 1e6, "3.6 GB an hour."),),
    subject=BUCKET.kind,
    unit="multiple of the peak at the same time of day over the last seven days",
)

QUOTA = AlertEntry(
    "CloudflareR2QuotaHigh",
    thresholds=(
        Threshold("info", 0.8, "Share of the included usage in a billing cycle."),
        Threshold("warning", 1, "Share of the included usage in a billing cycle."),
    ),
    subject=ACCOUNT,
    unit="share of the included usage",
)

SECTION = Section(
    PRODUCT.title,
    (
        LARGE,
        FILLING,
        CLASS_A,
        ACCESS_DENIED,
        OBJECTS_LARGE,
        EGRESS,
        QUOTA,
    ),
)
