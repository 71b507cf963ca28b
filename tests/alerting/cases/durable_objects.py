"""Cases of the alerts about Durable Objects."""

from collections.abc import Iterator, Mapping, Sequence

from tests.alerting.cases.spikes import cost_spike
from tests.alerting.cases.stage import Counter, Course, Firing, Gauge, Scene, Signal, Way

INVOCATIONS = ("durableObjectsInvocationsAdaptiveGroups",)
PERIODIC = ("durableObjectsPeriodicGroups",)
CART = {"project": "shop", "do_namespace": "shop-web_Cart"}
LABELS = {"account": "Above", "product": "durable_objects", **CART}
DASHBOARD = "var-account=Above&var-project=shop"
NAMED = "shop-web_Cart (project shop, account Above)"


SPIKES: Sequence[tuple[str, str, str, Mapping[str, str], Sequence[str], float, str, str]] = (
    (
        "Duration",
        "do_duration_gb_s",
        "duration_gigabyte_seconds",
        {},
        PERIODIC,
        3,
        "duration in GB-s (9.3 a second)",
        "are active much longer",
    ),
    (
        "Request",
        "do_requests",
        "requests",
        {"status": "success"},
        INVOCATIONS,
        200,
        "requests (620 a second)",
        "are called much more often",
    ),
    (
        "RowsRead",
        "do_sqlite_rows_read",
        "rows_read",
        {},
        PERIODIC,
        30_000,
        "rows read (93k a second)",
        "read many more rows",
    ),
    (
        "RowsWritten",
        "do_sqlite_rows_written",
        "rows_written",
        {},
        PERIODIC,
        30,
        "rows written (93 a second)",
        "write many more rows",
    ),
)
"""Alert, meter, counter with its labels and dataset, what it usually counts a second, and what is told."""


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
    for alert, meter, counter, labels, dataset, usual, what, summary in SPIKES:
        yield cost_spike(
            f"CloudflareDurableObject{alert}Spike",
            dataset,
            f"Durable Objects {summary} than usual.",
            counter=Counter(f"cloudflare_durable_object_{counter}_total", usual, CART | labels),
            subject=CART,
            cost={"product": "durable_objects", "meter": meter, "kind": "do_namespace", "asset": "shop-web_Cart"},
            what=what,
            named="namespace shop-web_Cart",
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
        "info",
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
