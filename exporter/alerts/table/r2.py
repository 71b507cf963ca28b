"""Alerts about R2 buckets: their numbers."""

from exporter.alerts.table.entry import ACCOUNT, AlertEntry, Scale, Section, Setting, Threshold
from exporter.alerts.table.spike import spike
from exporter.alerts.windows import IN_WORDS
from exporter.catalog.r2 import BUCKET, PRODUCT

LARGE = AlertEntry(
    "CloudflareR2BucketLarge",
    thresholds=(Threshold("info", 10e9, "Bytes. R2 stores 10 GB (of 10⁹ bytes) free of charge for an account."),),
    subject=BUCKET.kind,
    unit="bytes",
    scale=Scale.MONEY,
    why="What is stored is billed until it is deleted, and nothing deletes it by itself.",
    if_wrong="A line a week about a bucket that may be large; missed, 15 USD a month for each terabyte.",
)

FILLING = AlertEntry(
    "CloudflareR2BucketFilling",
    settings=(Setting("days", 7, "Days until a bucket reaches the size above."),),
    fixed_severity="info",
    scale=Scale.MONEY,
    why="Backups or logs that nobody deletes are cheapest to stop before they are many.",
    if_wrong="A line about a bucket that may grow; missed, CloudflareR2BucketLarge tells a week later.",
)

CLASS_A = spike(
    "CloudflareR2ClassASpike",
    BUCKET,
    "Writes and lists in a loop cost 4.50 USD a million, whatever is in the bucket.",
)

ACCESS_DENIED = AlertEntry(
    "CloudflareR2AccessDenied",
    thresholds=(Threshold("warning", 10, f"Refused operations in five minutes, in the mean of {IN_WORDS}."),),
    subject=BUCKET.kind,
    unit=f"refused operations in five minutes, in the mean of {IN_WORDS}",
    scale=Scale.AVAILABILITY,
    why="Somebody tries keys, or a key of your own has expired and what uses it fails.",
    if_wrong="A scanner is looked at for nothing; missed, a program cannot read its files.",
)

OBJECTS_LARGE = AlertEntry(
    "CloudflareR2ObjectsLarge",
    thresholds=(Threshold("info", 1e9, "Bytes of an object, on average."),),
    subject=BUCKET.kind,
    unit="bytes of an object, on average",
    scale=Scale.MONEY,
    why="Backups, dumps and recordings in a bucket for small files are usually there by mistake.",
    if_wrong="A line about a bucket that is for large files; missed, some dollars a month.",
)

EGRESS = AlertEntry(
    "CloudflareR2EgressSpike",
    thresholds=(Threshold("info", 3, "Multiple of the usual at this time of day."),),
    settings=(Setting("least_bytes_per_second", 1e6, "3.6 GB an hour."),),
    subject=BUCKET.kind,
    unit="multiple of the usual at this time of day",
    scale=Scale.MONEY,
    why="Egress is free, its operations are not; and somebody copies what is in the bucket.",
    if_wrong="A line about a success; missed, a copy of everything goes unnoticed.",
)

QUOTA = AlertEntry(
    "CloudflareR2QuotaHigh",
    thresholds=(
        Threshold("info", 0.8, "Share of the included usage in a billing cycle, of accounts on the free plan."),
        Threshold("warning", 1, "Share of the included usage in a billing cycle, of accounts on the free plan."),
    ),
    subject=ACCOUNT,
    unit="share of the included usage; accounts on a paid plan have no threshold unless one is set",
    scale=Scale.MONEY,
    why="Who is on the free plan expects to pay nothing, and R2 bills what is above the included usage.",
    if_wrong="A line about cents; missed, a bill nobody expected.",
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
