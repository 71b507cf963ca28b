"""Alerts about Workers."""

from collections.abc import Iterator

from alerting.outcomes import LOGS, leading
from alerting.promql import (
    WORKER,
    both,
    compared,
    effective,
    inner,
    only_fresh,
    over_all,
    same_weeks,
    setting,
)
from alerting.rule import Alert, Group, Record
from alerting.usage import ERROR_RATIO, ERRORS, LIMITED, REQUESTS, SUCCESS_RATIO, WORKERS_DATASET
from exporter.alerts.table import AlertEntry
from exporter.alerts.table.workers import (
    ANOMALOUS,
    BURNS,
    CPU_HIGH,
    LIMIT_EXCEEDED,
    SLOW,
    SUCCESS_LOW,
    VANISHED,
)
from exporter.alerts.windows import IN_WORDS, RECENT
from exporter.catalog.workers import PRODUCT

TITLE = "Workers: errors, limits, time, and traffic that vanishes or is unusual."

SUBJECT = WORKER.labels[1:]
NAMED = "Worker {{ $labels.script_name }} (project {{ $labels.project }}, account {{ $labels.account }})"

LEVEL = WORKER.level
RATE = REQUESTS.record(RECENT)
HOURLY = REQUESTS.record("1h")
BURN = f"{LEVEL}:cloudflare_worker_error_budget_burn:ratio_rate"
BURNS_FAST = f"{LEVEL}:cloudflare_worker_error_budget_burn:critical"
CPU_TIME = f"{LEVEL}:cloudflare_worker_cpu_time_seconds:p99"
REQUEST_TIME = f"{LEVEL}:cloudflare_worker_request_duration_seconds:p95"
LIMITED_RATIO = f"{LEVEL}:cloudflare_worker_limited_per_requests:ratio_rate{RECENT}"
OF_WEEKS = f"{LEVEL}_week:cloudflare_worker_requests:rate1h"
USUAL_LIMITS = f"{LEVEL}:cloudflare_worker_requests:mean3w_rate1h"
SPREAD = f"{LEVEL}:cloudflare_worker_requests:stddev3w_rate1h"
LEFT = f"{LEVEL}:cloudflare_worker_requests_per_usual:ratio_rate{RECENT}"
UPPER = f"{LEVEL}:cloudflare_worker_requests:upper_rate1h"
LOWER = f"{LEVEL}:cloudflare_worker_requests:lower_rate1h"


def groups() -> tuple[Group, ...]:
    """Return the records and alerts about Workers."""
    return (
        Group("cloudflare.workers", [*_records(), *_errors(), *_limits()]),
        Group("cloudflare.workers_traffic", [*_usual(), *_traffic()], interval="5m"),
    )


def busy(alert: AlertEntry, rate: str = RATE) -> str:
    """Return the expression for Workers with enough traffic to be judged."""
    return f"{rate} > {setting(alert, 'least_requests_per_second')}"


def _records() -> Iterator[Record]:
    budget = setting(BURNS, "error_budget")
    yield Record(
        f"{BURN}{RECENT}",
        f"{LEVEL}:{ERROR_RATIO} / {budget}",
        "How many times faster than allowed the error budget is spent: 1 spends all of it in the period of the SLO.",
    )
    hourly_errors = ERRORS.record("1h")
    yield Record(f"{BURN}1h", f"{hourly_errors}\n  /\n({HOURLY} > 0)\n  / {budget}")
    yield Record(
        f"{BURN}6h",
        f"avg_over_time({hourly_errors}[6h])\n"
        "  /\n"
        f"(avg_over_time({HOURLY}[6h]) > 0)\n"
        f"  / {budget}\n"
        "  and\n"
        f"count_over_time({HOURLY}[6h]) >= 36",
        "Half of the six hours must be known.",
    )
    yield Record(LIMITED_RATIO, f"{LIMITED.record(RECENT)}\n  /\n({RATE} > 0)")
    for record, quantile, metric in (
        (CPU_TIME, "0.99", "cloudflare_worker_cpu_time_seconds"),
        (REQUEST_TIME, "0.95", "cloudflare_worker_request_duration_seconds"),
    ):
        newest = f'max by ({WORKER.on}) ({metric}{{quantile="{quantile}"}})'
        yield Record(record, only_fresh(newest, WORKERS_DATASET))


def _errors() -> Iterator[Record | Alert]:
    """Return the alerts about an objective that is missed.

    Of several about one Worker only the worst is told, so what suppresses another is there before it, and lasts longer:
    windows of 15 minutes decide when each ends, and ``keep`` outweighs their thresholds.
    """
    most = leading("cloudflare_worker_errors_total", "", WORKER, ("status",), "1h")
    yield Record(BURNS_FAST, _burning("1h", "critical"), "What is critical now; the alert is kept for longer.")
    for severity, expr, wait, keep, text in (
        ("critical", BURNS_FAST, "2m", "25m", "the last hour"),
        ("warning", _burning("6h", "warning"), "15m", "10m", "the last six hours"),
    ):
        yield Alert(
            BURNS.name,
            severity,
            PRODUCT.name,
            expr,
            "A Worker spends its error budget too fast.",
            "Over " + text + " the failures of " + NAMED + " spent its error budget {{ $value | humanize }} times "
            "faster than its objective allows, and they continue." + most,
            wait=wait,
            keep=keep,
            subject=SUBJECT,
            logs_url=LOGS,
            why="Two windows: the long one shows that the loss matters, the short one that it is still going on."
            if severity == "critical"
            else "",
        )
    success = f"{LEVEL}:{SUCCESS_RATIO}"
    ill = leading(
        "cloudflare_worker_requests_total", 'status!~"success|clientDisconnected"', WORKER, ("status",), RECENT
    )
    yield Alert(
        SUCCESS_LOW.name,
        SUCCESS_LOW.severity,
        PRODUCT.name,
        both(compared(success, "<", SUCCESS_LOW), busy(SUCCESS_LOW)),
        "Too few invocations of a Worker succeed.",
        "Only {{ $value | humanizePercentage }} of the invocations of " + NAMED + f" ended well over {IN_WORDS} of "
        f"Cloudflare's time; not every unsuccessful outcome counts as an error.{ill}",
        wait="15m",
        keep="10m",
        subject=SUBJECT,
        logs_url=LOGS,
    )


def _burning(long: str, severity: str) -> str:
    """Return the expression for Workers that burn their budget too fast over a long window and the last minutes."""
    return both(
        compared(f"{BURN}{long}", ">", BURNS, severity),
        compared(f"{BURN}{RECENT}", ">", BURNS, severity),
        busy(BURNS, HOURLY),
    )


def _limits() -> Iterator[Alert]:
    stopped = leading("cloudflare_worker_requests_total", 'status=~"exceeded.+"', WORKER, ("status",), RECENT)
    yield Alert(
        CPU_HIGH.name,
        CPU_HIGH.severity,
        PRODUCT.name,
        both(compared(CPU_TIME, ">", CPU_HIGH), busy(CPU_HIGH)),
        "A Worker is close to its CPU limit.",
        "One in a hundred invocations of "
        + NAMED
        + " takes {{ $value | humanizeDuration }} of CPU time or more; invocations that reach the limit are stopped. "
        "Check what has become slower since the latest deployment.",
        wait="15m",
        subject=SUBJECT,
    )
    yield Alert(
        SLOW.name,
        SLOW.severity,
        PRODUCT.name,
        both(compared(REQUEST_TIME, ">", SLOW), busy(SLOW)),
        "A Worker responds slowly.",
        "One in twenty requests to " + NAMED + " takes {{ $value | humanizeDuration }} or more. Compare with "
        "cloudflare_worker_cpu_time_seconds: if that is short, the Worker is waiting for something else.",
        wait="15m",
        subject=SUBJECT,
    )
    yield Alert(
        LIMIT_EXCEEDED.name,
        LIMIT_EXCEEDED.severity,
        PRODUCT.name,
        both(
            compared(LIMITED_RATIO, ">", LIMIT_EXCEEDED),
            f"{LIMITED.record(RECENT)} > {setting(LIMIT_EXCEEDED, 'least_stopped_per_second')}",
        ),
        "A Worker is stopped at its CPU or memory limit.",
        "{{ $value | humanizePercentage }} of the invocations of "
        + NAMED
        + f" were stopped at a limit over {IN_WORDS} of Cloudflare's time.{stopped} Look at the Worker's CPU time.",
        wait="30m",
        subject=SUBJECT,
        logs_url=LOGS,
    )


def _usual() -> Iterator[Record]:
    yield Record(
        OF_WEEKS,
        same_weeks(HOURLY),
        "The usual rate: the mean of the same hour in the three weeks before; absent until all three are known.",
    )
    yield Record(USUAL_LIMITS, over_all("avg", OF_WEEKS, WORKER.labels, 3))
    yield Record(SPREAD, over_all("stddev", OF_WEEKS, WORKER.labels, 3))
    yield Record(LEFT, f"{RATE}\n  /\n({USUAL_LIMITS} > {setting(VANISHED, 'least_usual_requests_per_second')})")
    factor = effective(USUAL_LIMITS, ANOMALOUS)
    tolerance = setting(ANOMALOUS, "tolerance")
    for record, sign in ((UPPER, "+"), (LOWER, "-")):
        yield Record(
            record,
            f"{USUAL_LIMITS} * (1 {sign} {tolerance})\n  {sign}\n(\n{inner(factor)}\n)\n  * {SPREAD}",
            "The usual range: on either side of the mean a share of it, plus the spread of the three weeks."
            if record == UPPER
            else "",
        )


def _traffic() -> Iterator[Alert]:
    exists = f"max by ({WORKER.on}) (cloudflare_worker_info)"
    yield Alert(
        VANISHED.name,
        VANISHED.severity,
        PRODUCT.name,
        both(compared(LEFT, "<", VANISHED), exists),
        "A Worker's traffic has almost stopped.",
        "For half an hour " + NAMED + " has had {{ $value | humanizePercentage }} of its usual requests for this hour "
        "of the week. Check what calls it: routes, DNS, the service in front of it.",
        wait="30m",
        subject=SUBJECT,
        why="A deleted Worker disappears from cloudflare_worker_info within half an hour.",
    )
    floor = setting(ANOMALOUS, "least_requests_per_second")
    yield Alert(
        ANOMALOUS.name,
        ANOMALOUS.severity,
        PRODUCT.name,
        f"(\n  {HOURLY} > {UPPER}\n    or\n  {HOURLY} < {LOWER}\n)\n"
        "  and\n"
        f"(\n  {HOURLY} > {floor}\n    or\n  {USUAL_LIMITS} > {floor}\n)\n"
        "  and\n"
        f"{exists}",
        "A Worker's traffic is unusual.",
        "Over the last hour " + NAMED + " had {{ $value | humanize }} requests a second, which is unusual compared "
        "with the same hours of the three weeks before. Compare it with the week before, then find out what has "
        "changed.",
        wait="30m",
        subject=SUBJECT,
    )
