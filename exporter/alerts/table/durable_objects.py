"""Alerts about Durable Object namespaces: their numbers."""

from exporter.alerts.table.entry import AlertEntry, Section, Setting, Threshold
from exporter.catalog.durable_objects import PRODUCT

DURATION = AlertEntry(
    "CloudflareDurableObjectDurationSpike",
    thresholds=(Threshold("critical", 3, "Times the busiest same hour of the last seven days."),),
    settings=(
        Setting(
            "least_gigabyte_seconds_per_second",
            1,
            "2.6 million GB-s a month, or 32 USD: eight objects that never come to rest.",
        ),
    ),
    subject=PRODUCT.kind,
    unit="times the most of the same hour of the last seven days",
)

REQUESTS = AlertEntry(
    "CloudflareDurableObjectRequestSpike",
    thresholds=(Threshold("critical", 3, "Times the busiest same hour of the last seven days."),),
    settings=(Setting("least_requests_per_second", 50, "130 million a month, or 19 USD."),),
    subject=PRODUCT.kind,
    unit="times the most of the same hour of the last seven days",
)

LIMIT_EXCEEDED = AlertEntry(
    "CloudflareDurableObjectLimitExceeded",
    thresholds=(Threshold("warning", 0.01, "Objects stopped by requests to them."),),
    settings=(Setting("least_stopped_per_second", 0.01, "Six in ten minutes: one or two of few say nothing."),),
    subject=PRODUCT.kind,
    unit="share of the requests that are stopped",
)

STORAGE = AlertEntry(
    "CloudflareDurableObjectStorageLarge",
    thresholds=(Threshold("warning", 10e9, "Bytes of a namespace; 5 GB are included for an account."),),
    subject=PRODUCT.kind,
    unit="bytes",
)

SECTION = Section(
    PRODUCT.title,
    (
        DURATION,
        REQUESTS,
        LIMIT_EXCEEDED,
        STORAGE,
    ),
)
