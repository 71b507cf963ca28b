"""Alerts about Durable Object namespaces: their numbers."""

from exporter.alerts.table.entry import AlertEntry, Section, Setting, Threshold
from exporter.alerts.windows import IN_WORDS
from exporter.catalog.durable_objects import NAMESPACE, PRODUCT

DURATION = AlertEntry(
    "CloudflareDurableObjectDurationSpike",
    thresholds=(Threshold("critical", 3, "Multiple of the peak at the same time of day over the last seven days."),),
    settings=(
        Setting(
            "least_gigabyte_seconds_per_second",
            1,
            "2.6 million GB-s a month, or 32 USD: eight objects that never go idle.",
        ),
    ),
    subject=NAMESPACE.kind,
    unit="multiple of the peak at the same time of day over the last seven days",
)

REQUESTS = AlertEntry(
    "CloudflareDurableObjectRequestSpike",
    thresholds=(Threshold("critical", 3, "Multiple of the peak at the same time of day over the last seven days."),),
    settings=(Setting("least_requests_per_second", 50, "130 million a month, or 19 USD."),),
    subject=NAMESPACE.kind,
    unit="multiple of the peak at the same time of day over the last seven days",
)

LIMIT_EXCEEDED = AlertEntry(
    "CloudflareDurableObjectLimitExceeded",
    thresholds=(Threshold("warning", 0.01, "Stopped objects divided by the requests to them."),),
    settings=(Setting("least_stopped_per_second", 0.01, f"Nine in {IN_WORDS}; one or two among a few mean nothing."),),
    subject=NAMESPACE.kind,
    unit="stopped objects divided by requests",
)

STORAGE = AlertEntry(
    "CloudflareDurableObjectStorageLarge",
    thresholds=(Threshold("warning", 10e9, "Bytes of a namespace; the plan includes 5 GB for an account."),),
    subject=NAMESPACE.kind,
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
