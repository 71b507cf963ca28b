"""Cases of the alerts about Durable Objects."""

from collections.abc import Iterator

from tests.alerting.cases.spikes import spike
from tests.alerting.cases.stage import Counter, Course, Firing, Gauge, Scene, Signal, Way

INVOCATIONS = ("durableObjectsInvocationsAdaptiveGroups",)
PERIODIC = ("durableObjectsPeriodicGroups",)
CART = {"project": "shop", "do_namespace": "shop-web_Cart"}
LABELS = {"account": "Above", "product": "durable_objects", **CART}
DASHBOARD = "var-account=Above&var-project=shop"
NAMED = "shop-web_Cart (project shop, account Above)"


def duration(rate: Course) -> list[Signal]:
    """Return GB-s a second."""
    return [Counter("cloudflare_durable_object_duration_gigabyte_seconds_total", rate, CART)]


def requests(rate: Course) -> list[Signal]:
    """Return requests a second."""
    return [Counter("cloudflare_durable_object_requests_total", rate, CART | {"status": "success"})]


def stopped(rate: Course, reason: str = "exceededCpu") -> list[Signal]:
    """Return objects stopped a second."""
    return [Counter("cloudflare_durable_object_limit_errors_total", rate, CART | {"reason": reason})]


def stored(size: float) -> list[Signal]:
    """Return what the objects store."""
    return [Gauge("cloudflare_durable_object_sql_storage_bytes", size, CART)]


def scenes() -> Iterator[Scene]:
    """Return the cases."""
    yield spike(
        "CloudflareDurableObjectDurationSpike",
        "critical",
        PERIODIC,
        1.1,
        Firing(
            LABELS,
            "Durable Objects are active much longer than usual.",
            f"Over the last hour the objects of namespace {NAMED} were billed 3.1 times the duration of their peak at "
            "this time of day over the last seven days. Look for objects that never go idle: alarms that re-arm "
            "themselves, timers, WebSockets without hibernation.",
            DASHBOARD,
        ),
        signals=duration,
    )
    yield spike(
        "CloudflareDurableObjectRequestSpike",
        "critical",
        INVOCATIONS,
        51,
        Firing(
            LABELS,
            "Durable Objects are called much more often than usual.",
            f"Over the last hour the objects of namespace {NAMED} had 3.1 times the requests of their peak at this "
            "time of day over the last seven days. Look for an alarm that re-arms itself, or for objects that call "
            "each other.",
            DASHBOARD,
        ),
        signals=requests,
    )
    yield Scene(
        "1.1 % of the requests are stopped, or 0.9 %; or half of a few; or many that failed otherwise.",
        "CloudflareDurableObjectLimitExceeded",
        "warning",
        {
            Way.ABOVE: [*requests(10), *stopped(0.11)],
            Way.BELOW: [*requests(10), *stopped(0.09)],
            Way.IDLE: [*requests(0.018), *stopped(0.009)],
            Way.OTHER: [*requests(10), *stopped(5, "fatalInternal")],
            Way.AWAY: [*requests(10), *stopped(0.09, "exceededMemory")],
        },
        [
            Firing(
                LABELS,
                "Durable Objects are stopped at their CPU or memory limit.",
                f"Over 15 minutes objects of namespace {NAMED} were stopped for using too much CPU time or memory, "
                "at a rate of 1.1% of their requests. Look at cloudflare_durable_object_limit_errors_total by reason.",
                DASHBOARD,
            )
        ],
        (*INVOCATIONS, *PERIODIC),
    )
    yield Scene(
        "10.1 GB, or 9.9 GB; or nothing.",
        "CloudflareDurableObjectStorageLarge",
        "warning",
        {Way.ABOVE: stored(10.1e9), Way.BELOW: stored(9.9e9), Way.IDLE: stored(0)},
        [
            Firing(
                LABELS,
                "A Durable Object namespace stores a lot of data.",
                f"The objects of namespace {NAMED} store 10.1GB. Storage above an account's included 5 GB is billed "
                "every month, and no single object can hold more than 10 GB.",
                DASHBOARD,
            )
        ],
    )
