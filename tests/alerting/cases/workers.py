"""Cases of the alerts about Workers."""

from collections.abc import Iterator

from tests.alerting.cases.stage import (
    DAY,
    HOUR,
    MINUTE,
    WEEK,
    Counter,
    Course,
    Firing,
    Gauge,
    Scene,
    Signal,
    Way,
    rising,
)

WORKERS = ("workersInvocationsAdaptive",)
API = {"project": "shop", "script_name": "shop-api"}
LABELS = {"account": "Above", "product": "workers", **API}
DASHBOARD = "var-account=Above&var-project=shop"
NAMED = "Worker shop-api (project shop, account Above)"

FIVE_MINUTES = 5 * MINUTE
WEEKS = 22 * DAY


def worker(success: Course, failed: Course, status: str = "scriptThrewException") -> list[Signal]:
    """Return a Worker's invocations a second that end well, and those that do not."""
    signals: list[Signal] = [
        Counter("cloudflare_worker_requests_total", success, API | {"status": "success"}),
        Counter("cloudflare_worker_requests_total", failed, API | {"status": status}),
    ]
    if status == "scriptThrewException":
        signals.append(Counter("cloudflare_worker_errors_total", failed, API | {"status": status}))
    return signals


def failing(share: float) -> list[Signal]:
    """Return a Worker with ten invocations a second, of which a share fails."""
    return worker(10 * (1 - share), 10 * share)


def timed(metric: str, quantile: str, seconds: Course, rate: float = 1) -> list[Signal]:
    """Return a Worker with a quantile."""
    return [*worker(rate, 0), Gauge(metric, seconds, API | {"quantile": quantile})]


def existing(rate: Course, until: int = WEEKS) -> list[Signal]:
    """Return a Worker that is listed until a second."""

    def listed(second: int) -> float | None:
        return 1.0 if second < until else None

    return [*worker(rate, 0), Gauge("cloudflare_worker_info", listed, API | {"asset_id": "1" * 32})]


def scenes() -> Iterator[Scene]:
    """Return the cases."""
    yield from _errors()
    yield from _limits()
    yield from _traffic()


def _errors() -> Iterator[Scene]:
    for severity, share, less, text, times in (
        ("critical", 0.073, 0.071, "the last hour", "14.6"),
        ("warning", 0.031, 0.029, "the last six hours", "6.2"),
    ):
        yield Scene(
            f"The error budget is spent {times} times too fast, or a little slower; or nobody knows for long enough.",
            "CloudflareWorkerErrorBudgetBurn",
            severity,
            {
                Way.ABOVE: failing(share),
                Way.BELOW: failing(less),
                Way.IDLE: worker(0, 0.09),
                Way.STARTED: failing(0.5),
                Way.AWAY: failing(less),
                Way.OTHER: worker(rising(5, 10, 7 * HOUR - FIVE_MINUTES), rising(5, 0, 7 * HOUR - FIVE_MINUTES)),
            },
            [
                Firing(
                    LABELS,
                    "A Worker spends its error budget too fast.",
                    f"Over {text} the failures of {NAMED} spent its error budget {times} times faster than its "
                    "objective allows, and they continue. Most of all: scriptThrewException (100% of the failures).",
                    DASHBOARD,
                    has_logs=True,
                )
            ],
            WORKERS,
            step=FIVE_MINUTES,
            checks=17 if severity == "critical" else 2,
        )
    odd = "responseStreamDisconnected"
    yield Scene(
        "89 % of the invocations end well, or 91 %; or none of a Worker that is seldom called.",
        "CloudflareWorkerSuccessRatioLow",
        "warning",
        {
            Way.ABOVE: worker(8.9, 1.1, odd),
            Way.BELOW: worker(9.1, 0.9, odd),
            Way.IDLE: worker(0, 0.09, odd),
            Way.OTHER: worker(5, 5, "clientDisconnected"),
            Way.AWAY: worker(9.1, 0.9, odd),
        },
        [
            Firing(
                LABELS,
                "Too few invocations of a Worker succeed.",
                f"Only 89% of the invocations of {NAMED} ended well over 15 minutes of Cloudflare's time; not every "
                f"unsuccessful outcome counts as an error. Most of all: {odd} (100% of the failures).",
                DASHBOARD,
                has_logs=True,
            )
        ],
        WORKERS,
    )


def _limits() -> Iterator[Scene]:
    cpu, while_away = ("cloudflare_worker_cpu_time_seconds", "0.99"), rising(30, 1, 9 * HOUR - 64 * MINUTE)
    free = Gauge("cloudflare_cost_account_info", 1, {"plan": "workers_free"})
    for name, above, below, said, more in (
        ("24.5 s of CPU time, or 23.5 s.", 24.5, 23.5, "24.5s", ()),
        ("On the free plan: 9 ms of CPU time, or 7 ms.", 0.009, 0.007, "9ms", (free,)),
    ):
        yield Scene(
            name,
            "CloudflareWorkerCpuTimeHigh",
            "warning",
            {
                Way.ABOVE: [*timed(*cpu, above), *more],
                Way.BELOW: [*timed(*cpu, below), *more],
                Way.IDLE: timed(*cpu, 29, 0.05),
                Way.AWAY: timed(*cpu, while_away),
                Way.OTHER: timed(*cpu, 9),
            },
            [
                Firing(
                    LABELS,
                    "A Worker is close to its CPU limit.",
                    f"One in a hundred invocations of {NAMED} takes {said} of CPU time or more; invocations that "
                    "reach the limit are stopped. Check what has become slower since the latest deployment.",
                    DASHBOARD,
                )
            ],
            WORKERS,
        )
    request = ("cloudflare_worker_request_duration_seconds", "0.95")
    yield Scene(
        "2.1 s of a request, or 1.9 s; or 9 s of one that is seldom made.",
        "CloudflareWorkerRequestTimeHigh",
        "warning",
        {
            Way.ABOVE: timed(*request, 2.1),
            Way.BELOW: timed(*request, 1.9),
            Way.IDLE: timed(*request, 9, 0.05),
            Way.AWAY: timed(*request, while_away),
        },
        [
            Firing(
                LABELS,
                "A Worker responds slowly.",
                f"One in twenty requests to {NAMED} takes 2.1s or more. Compare with "
                "cloudflare_worker_cpu_time_seconds: if that is short, the Worker is waiting for something else.",
                DASHBOARD,
            )
        ],
        WORKERS,
    )
    yield Scene(
        "1.1 % of the invocations are stopped, or 0.9 %; or half of those of a Worker that is seldom called.",
        "CloudflareWorkerLimitExceeded",
        "warning",
        {
            Way.ABOVE: worker(9.89, 0.11, "exceededResources"),
            Way.BELOW: worker(9.91, 0.09, "exceededResources"),
            Way.IDLE: worker(0.009, 0.009, "exceededResources"),
            Way.OTHER: worker(5, 5, "scriptThrewException"),
            Way.AWAY: worker(9.91, 0.09, "exceededResources"),
        },
        [
            Firing(
                LABELS,
                "A Worker is stopped at its CPU or memory limit.",
                f"1.1% of the invocations of {NAMED} were stopped at a limit over 15 minutes of Cloudflare's time. "
                "Most of all: exceededResources (100% of the failures). Look at the Worker's CPU time.",
                DASHBOARD,
                has_logs=True,
            )
        ],
        WORKERS,
    )


def _more_every_week(second: int) -> float:
    """Return another rate from the middle of the week's first day on."""
    return (1.0, 2.0, 3.0, 5.0)[min(max(second - DAY // 2, 0) // (7 * DAY), 3)]


def _traffic() -> Iterator[Scene]:
    lately = WEEKS - 3 * HOUR
    yield Scene(
        "4 % of the usual requests are left, or 6 %; or the Worker is deleted, or was hardly ever called.",
        "CloudflareWorkerTrafficVanished",
        "warning",
        {
            Way.ABOVE: existing(rising(1, 0.04, lately)),
            Way.BELOW: existing(rising(1, 0.06, lately)),
            Way.IDLE: existing(rising(0.09, 0, lately)),
            Way.STARTED: existing(0),
            Way.DELETED: existing(rising(1, 0, WEEKS - 100 * MINUTE), until=WEEKS - 80 * MINUTE),
            Way.AWAY: existing(1),
        },
        [
            Firing(
                LABELS,
                "A Worker's traffic has almost stopped.",
                f"For half an hour {NAMED} has had 4% of its usual requests for this hour of the week. Check what "
                "calls it: routes, DNS, the service in front of it.",
                DASHBOARD,
            )
        ],
        WORKERS,
        length=WEEKS,
        step=FIVE_MINUTES,
        norm=WEEK,
    )
    yield Scene(
        "3.1 requests a second instead of 2, or 2.9; or 5 where the weeks before had 1, 2 and 3.",
        "CloudflareWorkerTrafficAnomalous",
        "info",
        {
            Way.ABOVE: existing(rising(2, 3.1, lately)),
            Way.BELOW: existing(rising(2, 2.9, lately)),
            Way.IDLE: existing(rising(0.3, 0.9, lately)),
            Way.STARTED: existing(50),
            Way.AWAY: existing(2),
            Way.OTHER: existing(_more_every_week),
        },
        [
            Firing(
                LABELS,
                "A Worker's traffic is unusual.",
                f"Over the last hour {NAMED} had 3.1 requests a second, which is unusual compared with the same hours "
                "of the three weeks before. Compare it with the week before, then find out what has changed.",
                DASHBOARD,
            )
        ],
        WORKERS,
        length=WEEKS,
        step=FIVE_MINUTES,
        norm=WEEK,
    )
