"""Alerts about KV namespaces."""

from collections.abc import Iterator

from alerting.costs import QUOTA_USED
from alerting.promql import DAILY_KV, FREE_PLAN, KV, both, compared, setting
from alerting.rule import Alert, Group, Record
from alerting.usage import KV_OPERATIONS
from exporter.alerts.table.kv import DAILY_LIMIT, OPERATIONS
from exporter.catalog.kv import PRODUCT

TITLE = "KV: loops of writes and lists, and the daily limits of the free plan."


CHANGE = f"{'_'.join(KV_OPERATIONS.labels)}:cloudflare_kv_operations_per_norm:ratio_rate1h"


def groups() -> tuple[Group, ...]:
    """Return the records and alerts about KV."""
    return (
        Group("cloudflare.kv", list(_limits())),
        Group("cloudflare.kv_hours", list(_hours()), interval="5m"),
    )


def _limits() -> Iterator[Alert]:
    series = f"({QUOTA_USED}{{{DAILY_KV}}} and on (job, account) {FREE_PLAN})"
    for severity, comparison, text, what in (
        ("critical", ">=", "is used up", "such operations fail until midnight UTC"),
        ("warning", ">", "is nearly used up", "at the limit such operations fail until midnight UTC"),
    ):
        yield Alert(
            DAILY_LIMIT.name,
            severity,
            PRODUCT.name,
            compared(series, comparison, DAILY_LIMIT, severity),
            f"A daily KV limit of the free plan {text}.",
            "Account {{ $labels.account }} has used {{ $value | humanizePercentage }} of the free plan's daily limit "
            "of {{ $labels.meter }}; " + what + ". Look at which namespace uses it, or move to the paid plan.",
            wait="5m",
            subject=("account",),
        )


def _hours() -> Iterator[Record | Alert]:
    rate, norm = KV_OPERATIONS.record("1h"), KV_OPERATIONS.norm
    costly = '{action=~"write|list|delete"}'
    yield Record(
        CHANGE, f"{rate}{costly}\n  /\n{norm}{costly}", "Reads cost a tenth of the other operations, and rarely loop."
    )
    yield Alert(
        OPERATIONS.name,
        OPERATIONS.severity,
        PRODUCT.name,
        both(
            compared(CHANGE, ">", OPERATIONS),
            f"{rate} > {setting(OPERATIONS, 'least_operations_per_second')}",
        ),
        "A KV namespace has many more writes, lists or deletes than usual.",
        "Over the last hour namespace {{ $labels.kv_namespace }} (project {{ $labels.project }}, account {{ "
        "$labels.account }}) had {{ $value | humanize }} times the {{ $labels.action }} operations of its peak at "
        "this time of day over the last seven days. A million of them cost 5 USD: look for code that runs in a loop.",
        wait="10m",
        subject=KV.labels[1:],
    )
