"""The thresholds and other settings of the alerts about D1 databases."""

from exporter.alerts.table.entry import FREE_PLAN, AlertEntry, Scale, Section, Setting, Threshold
from exporter.alerts.table.spike import spike
from exporter.alerts.windows import IN_WORDS
from exporter.catalog.d1 import DATABASE, PRODUCT

ROWS_READ = spike(
    "CloudflareD1RowsReadSpike",
    DATABASE,
    "A query that lost its index, or runs in a loop, reads billions of rows before anybody notices.",
)

ROWS_WRITTEN = spike(
    "CloudflareD1RowsWrittenSpike",
    DATABASE,
    "Rows written cost a thousand times as much as rows read; loops of writes made the largest bills.",
)

FULL_SCANS = AlertEntry(
    "CloudflareD1FullScans",
    thresholds=(Threshold("warning", 10_000, "Rows read per query, on average."),),
    settings=(Setting("least_rows_per_second", 2_000, "5 USD a month; below it a scan does no harm."),),
    subject=DATABASE.kind,
    unit="rows read per query, on average",
    scale=Scale.MONEY,
    why="A query that reads whole tables becomes dearer with every row that is added.",
    if_wrong="A small cost is looked at for nothing, or a growing one is seen only on the bill.",
)

SIZE_HIGH = AlertEntry(
    "CloudflareD1SizeHigh",
    thresholds=(Threshold("warning", 8e9, "Bytes: 80 % of the limit of 10 GB for a database."),),
    settings=(Setting(FREE_PLAN, 4e8, "Bytes: 80 % of the free plan's limit of 500 MB."),),
    subject=DATABASE.kind,
    unit="bytes",
    scale=Scale.AVAILABILITY,
    why="At Cloudflare's limit for a database its writes fail.",
    if_wrong="A database that no longer grows is looked at for nothing; missed, an application can no longer write.",
)

SLOW = AlertEntry(
    "CloudflareD1QueryTimeHigh",
    thresholds=(Threshold("warning", 1, "Seconds."),),
    settings=(Setting("least_queries_per_second", 0.1, f"90 queries in {IN_WORDS}."),),
    subject=DATABASE.kind,
    unit="seconds per query, 95th percentile",
    scale=Scale.AVAILABILITY,
    why="Users wait for their database.",
    if_wrong="A report that may take its time is looked at for nothing; missed, users find that pages are slow.",
)

SECTION = Section(
    PRODUCT.title,
    (
        ROWS_READ,
        ROWS_WRITTEN,
        FULL_SCANS,
        SIZE_HIGH,
        SLOW,
    ),
)
