"""Alerts about Durable Object namespaces."""

from collections.abc import Iterator

from alerting.promql import OBJECTS, both, compared, setting
from alerting.rule import Alert, Group, Record
from alerting.spikes import Metered, Spike, spikes
from alerting.usage import (
    OBJECT_DURATION,
    OBJECT_LIMITS,
    OBJECT_REQUESTS,
    OBJECT_ROWS_READ,
    OBJECT_ROWS_WRITTEN,
)
from exporter.alerts.table.durable_objects import (
    DURATION,
    LIMIT_EXCEEDED,
    REQUESTS,
    ROWS_READ,
    ROWS_WRITTEN,
    STORAGE,
)
from exporter.alerts.windows import IN_WORDS, RECENT
from exporter.catalog.durable_objects import NAMESPACE, PRODUCT

TITLE = "Durable Objects: loops of requests and alarms, limits, storage."

SUBJECT = OBJECTS.labels[1:]
NAMED = "{{ $labels.do_namespace }} (project {{ $labels.project }}, account {{ $labels.account }})"

LEVEL = OBJECTS.level
LIMITED_RATIO = f"{LEVEL}:cloudflare_durable_object_limit_errors_per_requests:ratio_rate{RECENT}"
STORED = f"{LEVEL}:cloudflare_durable_object_sql_storage_bytes:max"


SPIKES = (
    Spike(
        DURATION,
        "Durable Objects are active much longer than usual.",
        [Metered("do_duration_gb_s", "duration in GB-s", OBJECT_DURATION.record("1h"))],
    ),
    Spike(
        REQUESTS,
        "Durable Objects are called much more often than usual.",
        [Metered("do_requests", "requests", OBJECT_REQUESTS.record("1h"))],
    ),
    Spike(
        ROWS_READ,
        "Durable Objects read many more rows than usual.",
        [Metered("do_sqlite_rows_read", "rows read", OBJECT_ROWS_READ.record("1h"))],
    ),
    Spike(
        ROWS_WRITTEN,
        "Durable Objects write many more rows than usual.",
        [Metered("do_sqlite_rows_written", "rows written", OBJECT_ROWS_WRITTEN.record("1h"))],
    ),
)


def groups() -> tuple[Group, ...]:
    """Return the records and alerts about Durable Objects."""
    return (
        Group("cloudflare.durable_objects", list(_namespaces())),
        Group("cloudflare.durable_objects_hours", list(spikes(PRODUCT, NAMESPACE, OBJECTS, SPIKES)), interval="5m"),
    )


def _namespaces() -> Iterator[Record | Alert]:
    yield Record(LIMITED_RATIO, f"{OBJECT_LIMITS.record(RECENT)}\n  /\n({OBJECT_REQUESTS.record(RECENT)} > 0)")
    yield Record(
        STORED,
        f"max by ({OBJECTS.on}) (cloudflare_durable_object_sql_storage_bytes)",
        "Replicas report the same size, so it is taken once.",
    )
    yield Alert(
        LIMIT_EXCEEDED.name,
        LIMIT_EXCEEDED.severity,
        PRODUCT.name,
        both(
            compared(LIMITED_RATIO, ">", LIMIT_EXCEEDED),
            f"{OBJECT_LIMITS.record(RECENT)} > {setting(LIMIT_EXCEEDED, 'least_stopped_per_second')}",
        ),
        "Durable Objects are stopped at their CPU or memory limit.",
        f"Over {IN_WORDS} objects of namespace " + NAMED + " were stopped for using too much CPU time or memory, at a "
        "rate of {{ $value | humanizePercentage }} of their requests. Look at "
        "cloudflare_durable_object_limit_errors_total by reason.",
        wait="5m",
        subject=SUBJECT,
    )
    yield Alert(
        STORAGE.name,
        STORAGE.severity,
        PRODUCT.name,
        compared(STORED, ">", STORAGE),
        "A Durable Object namespace stores a lot of data.",
        "The objects of namespace "
        + NAMED
        + " store {{ $value | humanize }}B. Storage above an account's included 5 GB is billed every month, and no "
        "single object can hold more than 10 GB.",
        wait="15m",
        keep="30m",
        subject=SUBJECT,
    )
