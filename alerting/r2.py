"""Alerts about R2 buckets."""

from collections.abc import Iterator

from alerting.costs import QUOTA_USED
from alerting.promql import BUCKET, both, compared, effective, setting
from alerting.quotas import quota_alerts
from alerting.rule import Alert, Group, Record
from alerting.spikes import Metered, Spike, spikes
from alerting.usage import R2_CLASS_A, R2_DENIED, R2_EGRESS
from exporter.alerts.table.r2 import ACCESS_DENIED, CLASS_A, EGRESS, FILLING, LARGE, OBJECTS_LARGE, QUOTA
from exporter.alerts.windows import IN_WORDS, RECENT
from exporter.catalog.r2 import BUCKET as KIND
from exporter.catalog.r2 import PRODUCT

TITLE = "R2: bucket size and growth, included usage, loops of operations, refused access, egress."

SUBJECT = BUCKET.labels[1:]
NAMED = "{{ $labels.bucket }} (project {{ $labels.project }}, account {{ $labels.account }})"

LEVEL = BUCKET.level
STORED = f"{LEVEL}:cloudflare_r2_stored_bytes:sum"
LARGE_FROM = f"{LEVEL}:cloudflare_r2_stored_bytes:threshold"
DAILY_GROWTH = f"{LEVEL}:cloudflare_r2_stored_bytes:growth1d"
OBJECT_SIZE = f"{LEVEL}:cloudflare_r2_object_bytes:avg"
DENIED = f"{LEVEL}:cloudflare_r2_denied_operations:per5m_rate{RECENT}"
EGRESS_CHANGE = f"{LEVEL}:cloudflare_r2_response_bytes_per_norm:ratio_rate1h"


SPIKES = (
    Spike(
        CLASS_A,
        "An R2 bucket has many more class A operations than usual.",
        [
            Metered("r2_class_a", "class A operations", R2_CLASS_A.record("1h")),
            Metered("r2_ia_class_a", "class A operations in Infrequent Access", R2_CLASS_A.record("1h")),
        ],
    ),
)


def groups() -> tuple[Group, ...]:
    """Return the records and alerts about R2."""
    return (
        Group("cloudflare.r2", [*_records(), *_storage(), *_quota(), _denied()]),
        Group("cloudflare.r2_hours", [*spikes(PRODUCT, KIND, BUCKET, SPIKES), *_egress()], interval="5m"),
    )


def _records() -> Iterator[Record]:
    by_class = f"{BUCKET.on}, storage_class"
    yield Record(
        STORED,
        f"sum by ({BUCKET.on}) (\n"
        f"  max by ({by_class}) (cloudflare_r2_payload_bytes)\n"
        "    +\n"
        f"  max by ({by_class}) (cloudflare_r2_metadata_bytes)\n"
        ")",
        "Replicas report the same size, so it is taken once. The storage classes of a bucket are added up.",
    )
    yield Record(LARGE_FROM, effective(STORED, LARGE))
    yield Record(
        DAILY_GROWTH,
        f"({STORED} - last_over_time({STORED}[1h] offset 3d)) / 3",
        "The mean of three days; absent before three days are known.",
    )
    yield Record(
        OBJECT_SIZE,
        f"sum by ({BUCKET.on}) (max by ({by_class}) (cloudflare_r2_payload_bytes))\n"
        "  /\n"
        f"(sum by ({BUCKET.on}) (max by ({by_class}) (cloudflare_r2_objects)) > 0)",
    )
    yield Record(DENIED, f"300 * {R2_DENIED.record(RECENT)}")


def _storage() -> Iterator[Alert]:
    yield Alert(
        LARGE.name,
        LARGE.severity,
        PRODUCT.name,
        compared(STORED, ">", LARGE),
        "An R2 bucket is large.",
        "Bucket " + NAMED + " holds {{ $value | humanize }}B, as Cloudflare measured it in the last few hours. "
        "Storage above an account's free 10 GB is billed every month: check what is written there and whether it must "
        "be kept.",
        wait="5m",
        keep="30m",
        subject=SUBJECT,
        why="Cloudflare measures sizes hours late, so their freshness is not checked; keep_firing_for bridges a "
        "restart of the exporter.",
    )
    days = setting(FILLING, "days")
    yield Alert(
        FILLING.name,
        LARGE.severity,
        PRODUCT.name,
        f"(\n  ({LARGE_FROM} - {STORED}) / ({DAILY_GROWTH} > 0) < {days}\n)\n  and\n{STORED} <= {LARGE_FROM}",
        "An R2 bucket will soon be large.",
        "Bucket " + NAMED + ' will reach its alert threshold in {{ $value | printf "%.1f" }} days if it keeps '
        "growing as it did over the last three. Check what is written there and whether it must be kept.",
        wait="1h",
        keep="30m",
        subject=SUBJECT,
    )
    yield Alert(
        OBJECTS_LARGE.name,
        OBJECTS_LARGE.severity,
        PRODUCT.name,
        compared(OBJECT_SIZE, ">", OBJECTS_LARGE),
        "The objects of an R2 bucket are unusually large.",
        "The objects of bucket " + NAMED + " have {{ $value | humanize }}B on average. Check for backups, dumps or "
        "recordings that belong elsewhere.",
        wait="1h",
        keep="30m",
        subject=SUBJECT,
    )


def _quota() -> Iterator[Alert]:
    yield from quota_alerts(
        QUOTA,
        PRODUCT.name,
        f'{QUOTA_USED}{{meter=~"r2_.+"}}',
        "included R2 usage",
        "Usage above it is billed: find the bucket that causes it (cloudflare_cost_cycle_to_date_usd of that meter).",
    )


def _denied() -> Alert:
    return Alert(
        ACCESS_DENIED.name,
        ACCESS_DENIED.severity,
        PRODUCT.name,
        compared(DENIED, ">", ACCESS_DENIED),
        "Access to an R2 bucket is refused repeatedly.",
        "{{ $value | humanize }} operations on bucket " + NAMED + " were refused with 401 or 403 in five minutes, in "
        f"the mean of {IN_WORDS}. Somebody is trying keys, or one of your own keys has expired: look at "
        "cloudflare_r2_operations_total by action.",
        keep="10m",
        subject=SUBJECT,
        why="The window already smooths it.",
    )


def _egress() -> Iterator[Record | Alert]:
    yield Record(EGRESS_CHANGE, f"{R2_EGRESS.record('1h')}\n  /\n{R2_EGRESS.norm}")
    least = f"{R2_EGRESS.record('1h')} > {setting(EGRESS, 'least_bytes_per_second')}"
    yield Alert(
        EGRESS.name,
        EGRESS.severity,
        PRODUCT.name,
        both(compared(EGRESS_CHANGE, ">", EGRESS), least),
        "An R2 bucket sends much more than usual.",
        "Over the last hour bucket " + NAMED + " sent {{ $value | humanize }} times the bytes that are usual at this "
        "time of day. Egress is free, but its class B operations are not: find out who reads.",
        wait="10m",
        subject=SUBJECT,
    )
