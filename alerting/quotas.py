"""Alerts about included usage: one shortly before it is used up, one from then on.

On a paid plan using what is included is normal, so only accounts with a threshold of their own have them there.
"""

from collections.abc import Iterator

from alerting.promql import FREE_PLAN, compared, inner
from alerting.rule import Alert
from exporter.alerts.table import AlertEntry


def quota_alerts(alert: AlertEntry, product: str, series: str, what: str, advice: str) -> Iterator[Alert]:
    """Return both alerts about the ratio of usage to included usage, by account and meter."""
    used_up = compared(series, ">=", alert, "warning", among=FREE_PLAN)
    near = compared(series, ">", alert, "info", among=FREE_PLAN)
    for severity, expr, text in (
        ("info", f"(\n{inner(near)}\n)\n  unless\n(\n{inner(used_up)}\n)", "is nearly used up"),
        ("warning", used_up, "is used up"),
    ):
        yield Alert(
            alert.name,
            severity,
            product,
            expr,
            f"An account's {what} {text}.",
            "Account {{ $labels.account }} has used {{ $value | humanizePercentage }} of its " + what + " of "
            "{{ $labels.meter }}. " + advice,
            wait="15m",
            subject=("account",),
        )
