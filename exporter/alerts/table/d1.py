"""The thresholds and other settings of the alerts about D1 databases."""

from exporter.alerts.table.entry import FREE_PLAN, AlertEntry, Section, Setting, Threshold
from exporter.alerts.windows import IN_WORDS
from exporter.catalog.d1 import DATABASE, PRODUCT

ROWS_READ = AlertEntry(
    "CloudflareD1RowsReadSpike",
    thresholds=(Threshold("critical", 3, "Multiple of the peak at the same time of day over the last seven days."),),
    settings=(Setting("least_rows_per_second", 20_000, "52 billion a month, or 52 USD."),),
    subject=DATABASE.kind,
    unit="multiple of the peak at the same time of day over the last seven days",
)

FULL_SCANS = AlertEntry(
    "CloudflareD1FullScans",
    thresholds=(Threshold("warning", 10_000, "Rows read per query, on average."),),
    settings=(Setting("least_rows_per_second", 2_000, "5 USD a month; below it a scan does no harm."),),
    subject=DATABASE.kind,
    unit="rows read per query, on average",
)

SIZE_HIGH = AlertEntry(
    "CloudflareD1SizeHigh",
    thresholds=(Threshold("warning", 8e9, "Bytes: 80 % of the limit of 10 GB for a database."),),
    settings=(Setting(FREE_PLAN, 4e8, "Bytes: 80 % of the free plan's limit of 500 MB."),),
    subject=DATABASE.kind,
    unit="bytes",
)

SLOW = AlertEntry(
    "CloudflareD1QueryTimeHigh",
    thresholds=(Threshold("warning", 1, "Seconds."),),
    settings=(Setting("least_queries_per_second", 0.1, f"90 queries in {IN_WORDS}."),),
    subject=DATABASE.kind,
    unit="seconds per query, 95th percentile",
)

SECTION = Section(
    PRODUCT.title,
    (
        ROWS_READ,
        FULL_SCANS,
        SIZE_HIGH,
        SLOW,
    ),
)
