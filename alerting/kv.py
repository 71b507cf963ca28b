"""Alerts about KV namespaces."""

from collections.abc import Iterator

from alerting.costs import QUOTA_USED
from alerting.promql import DAILY_KV, FREE_PLAN, KV, compared
from alerting.rule import Alert, Group
from alerting.spikes import Metered, Spike, spikes
from alerting.usage import KV_OPERATIONS
from exporter.alerts.table.kv import DAILY_LIMIT, OPERATIONS
from exporter.catalog.kv import NAMESPACE, PRODUCT

TITLE = "KV: loops of writes and lists, and the daily limits of the free plan."

SPIKES = (
    Spike(
        OPERATIONS,
        "A KV namespace has many more writes, lists or deletes than usual.",
        [
            Metered(f"kv_{action}s", f"{action}s", KV_OPERATIONS.record("1h"), [f'action="{action}"'])
            for action in ("write", "list", "delete")
        ],
    ),
)
"""Reads are left out: they are cheap, and rarely loop."""


def groups() -> tuple[Group, ...]:
    """Return the records and alerts about KV."""
    return (
        Group("cloudflare.kv", list(_limits())),
        Group("cloudflare.kv_hours", list(spikes(PRODUCT, NAMESPACE, KV, SPIKES)), interval="5m"),
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
