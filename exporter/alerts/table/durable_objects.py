"""Alerts about Durable Object namespaces: their numbers."""

from exporter.alerts.table.entry import AlertEntry, Scale, Section, Setting, Threshold
from exporter.alerts.table.spike import spike
from exporter.alerts.windows import IN_WORDS
from exporter.catalog.durable_objects import NAMESPACE, PRODUCT

DURATION = spike(
    "CloudflareDurableObjectDurationSpike",
    NAMESPACE,
    "Objects that never go idle are billed for every second.",
)

REQUESTS = spike(
    "CloudflareDurableObjectRequestSpike",
    NAMESPACE,
    "Alarms that re-arm themselves, and objects that call each other, never end by themselves.",
)

ROWS_READ = spike(
    "CloudflareDurableObjectRowsReadSpike",
    NAMESPACE,
    "A query without an index in every object, or one on every message, reads billions of rows.",
)

ROWS_WRITTEN = spike(
    "CloudflareDurableObjectRowsWrittenSpike",
    NAMESPACE,
    "Each alarm that is set writes a row, and a row written costs a thousand times as much as one read.",
)

LIMIT_EXCEEDED = AlertEntry(
    "CloudflareDurableObjectLimitExceeded",
    thresholds=(Threshold("warning", 0.01, "Stopped objects divided by the requests to them."),),
    settings=(Setting("least_stopped_per_second", 0.01, f"Nine in {IN_WORDS}; one or two among a few mean nothing."),),
    subject=NAMESPACE.kind,
    unit="stopped objects divided by requests",
    scale=Scale.AVAILABILITY,
    why="An object that is stopped at its limit fails those who are connected to it.",
    if_wrong="A heavy job is looked at for nothing; missed, users lose connections and work.",
)

STORAGE = AlertEntry(
    "CloudflareDurableObjectStorageLarge",
    thresholds=(
        Threshold("info", 10e9, "Bytes of a namespace: 2 USD a month. It is also Cloudflare's limit for one object."),
    ),
    subject=NAMESPACE.kind,
    unit="bytes",
    scale=Scale.MONEY,
    why="What objects store is billed until it is deleted, and nothing deletes it by itself.",
    if_wrong="A line a week about a namespace that may be large; missed, a few dollars a month.",
)

SECTION = Section(
    PRODUCT.title,
    (
        DURATION,
        REQUESTS,
        ROWS_READ,
        ROWS_WRITTEN,
        LIMIT_EXCEEDED,
        STORAGE,
    ),
)
