"""Alerts about Durable Object namespaces."""

from collections.abc import Iterator

from alerting.promql import OBJECTS, both, compared, setting
from alerting.rule import Alert, Group, Record
from alerting.usage import OBJECT_DURATION, OBJECT_LIMITS, OBJECT_REQUESTS
from exporter.alerts.table.durable_objects import DURATION, LIMIT_EXCEEDED, REQUESTS, STORAGE
from exporter.alerts.windows import IN_WORDS, RECENT
from exporter.catalog.durable_objects import PRODUCT

TITLE = "Durable Objects: loops of requests and alarms, limits, storage."

SUBJECT = OBJECTS.labels[1:]
NAMED = "{{ $labels.do_namespace }} (project {{ $labels.project }}, account {{ $labels.account }})"

LEVEL = OBJECTS.level
DURATION_CHANGE = f"{LEVEL}:cloudflare_durable_object_duration_per_norm:ratio_rate1h"
REQUESTS_CHANGE = f"{LEVEL}:cloudflare_durable_object_requests_per_norm:ratio_rate1h"
LIMITED_RATIO = f"{LEVEL}:cloudflare_durable_object_limit_errors_per_requests:ratio_rate{RECENT}"
STORED = f"{LEVEL}:cloudflare_durable_object_sql_storage_bytes:max"


def groups() -> tuple[Group, ...]:
    """Return the records and alerts about Durable Objects."""
    return (
        Group("cloudflare.durable_objects", list(_namespaces())),
        Group("cloudflare.durable_objects_hours", list(_hours()), interval="5m"),
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


def _hours() -> Iterator[Record | Alert]:
    for record, rate in ((DURATION_CHANGE, OBJECT_DURATION), (REQUESTS_CHANGE, OBJECT_REQUESTS)):
        yield Record(record, f"{rate.record('1h')}\n  /\n{rate.norm}")
    least = f"{OBJECT_DURATION.record('1h')} > {setting(DURATION, 'least_gigabyte_seconds_per_second')}"
    yield Alert(
        DURATION.name,
        DURATION.severity,
        PRODUCT.name,
        both(compared(DURATION_CHANGE, ">", DURATION), least),
        "Durable Objects are active much longer than usual.",
        "Over the last hour the objects of namespace " + NAMED + " were billed {{ $value | humanize }} times the "
        "duration of their peak at this time of day over the last seven days. Look for objects that never go idle: "
        "alarms that re-arm themselves, timers, WebSockets without hibernation.",
        wait="10m",
        subject=SUBJECT,
    )
    least = f"{OBJECT_REQUESTS.record('1h')} > {setting(REQUESTS, 'least_requests_per_second')}"
    yield Alert(
        REQUESTS.name,
        REQUESTS.severity,
        PRODUCT.name,
        both(compared(REQUESTS_CHANGE, ">", REQUESTS), least),
        "Durable Objects are called much more often than usual.",
        "Over the last hour the objects of namespace " + NAMED + " had {{ $value | humanize }} times the requests of "
        "their peak at this time of day over the last seven days. Look for an alarm that re-arms itself, or for "
        "objects that call each other.",
        wait="10m",
        subject=SUBJECT,
    )
