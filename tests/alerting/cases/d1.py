"""Cases of the alerts about D1."""

from collections.abc import Iterator

from tests.alerting.cases.spikes import cost_spike
from tests.alerting.cases.stage import HOUR, MINUTE, Counter, Course, Firing, Gauge, Scene, Signal, Way, rising

D1 = ("d1AnalyticsAdaptiveGroups",)
D1_AND_QUERIES = (*D1, "d1QueriesAdaptiveGroups")
ORDERS = {"project": "shop", "database": "shop-orders"}
LABELS = {"account": "Above", "product": "d1", **ORDERS}
DASHBOARD = "var-account=Above&var-project=shop"
NAMED = "shop-orders (project shop, account Above)"

FREE = Gauge("cloudflare_cost_account_info", 1, {"plan": "workers_free"})


def rows(rate: Course) -> list[Signal]:
    """Return rows read a second."""
    return [Counter("cloudflare_d1_rows_read_total", rate, ORDERS)]


def queries(rate: float, rows_each: float = 10) -> list[Signal]:
    """Return queries a second, one in ten of which writes, and the rows that each reads."""
    return [
        Counter("cloudflare_d1_read_queries_total", 0.9 * rate, ORDERS),
        Counter("cloudflare_d1_write_queries_total", 0.1 * rate, ORDERS),
        *rows(rate * rows_each),
    ]


def size(size_bytes: float) -> list[Signal]:
    """Return the size of a database."""
    return [Gauge("cloudflare_d1_size_bytes", size_bytes, ORDERS)]


def slow(seconds: Course, rate: float = 1) -> list[Signal]:
    """Return a database whose queries take so long."""
    labels = ORDERS | {"quantile": "0.95"}
    return [*queries(rate), Gauge("cloudflare_d1_query_duration_seconds", seconds, labels)]


def scenes() -> Iterator[Scene]:
    """Return the cases."""
    for done, usual, said in (("read", 30_000, "93k"), ("written", 30, "93")):
        yield cost_spike(
            f"CloudflareD1Rows{done.title()}Spike",
            D1,
            f"A D1 database {'reads' if done == 'read' else 'writes'} many more rows than usual.",
            counter=Counter(f"cloudflare_d1_rows_{done}_total", usual, ORDERS),
            subject=ORDERS,
            cost={"product": "d1", "meter": f"d1_rows_{done}", "kind": "d1_database", "asset": "shop-orders"},
            what=f"rows {done} ({said} a second)",
            named="database shop-orders",
        )
    yield Scene(
        "10,100 rows a query, or 9,900; or 15,000 of a few queries.",
        "CloudflareD1FullScans",
        "warning",
        {
            Way.ABOVE: queries(1, 10_100),
            Way.BELOW: queries(1, 9_900),
            Way.IDLE: queries(0.1, 15_000),
            Way.STARTED: queries(1, 100_000),
            Way.AWAY: queries(1, 9_900),
        },
        [
            Firing(
                LABELS,
                "Queries of a D1 database read whole tables.",
                f"Queries of database {NAMED} read 10.1k rows each, on average over the last hour, and every row read "
                "is billed. Find the query (wrangler d1 insights) and give it an index.",
                DASHBOARD,
            )
        ],
        D1,
        step=5 * MINUTE,
    )
    for name, above, below, said, more in (
        ("8.1 GB, or 7.9 GB.", 8.1e9, 7.9e9, "8.1GB", []),
        ("On the free plan: 410 MB, or 390 MB.", 4.1e8, 3.9e8, "410MB", [FREE]),
    ):
        yield Scene(
            name,
            "CloudflareD1SizeHigh",
            "warning",
            {
                Way.ABOVE: [*size(above), *more],
                Way.BELOW: [*size(below), *more],
                Way.OTHER: size(4.1e8),
            },
            [
                Firing(
                    LABELS,
                    "A D1 database is close to its size limit.",
                    f"Database {NAMED} has {said} of data. At its plan's limit (10 GB; 500 MB on the free plan) writes "
                    "fail: delete data you do not need, or spread it over several databases.",
                    DASHBOARD,
                )
            ],
        )
    yield Scene(
        "1.1 s of a query, or 0.9 s; or 9 s of one that is seldom asked.",
        "CloudflareD1QueryTimeHigh",
        "warning",
        {
            Way.ABOVE: slow(1.1),
            Way.BELOW: slow(0.9),
            Way.IDLE: slow(9, 0.05),
            Way.AWAY: slow(rising(9, 0.1, 9 * HOUR - 64 * MINUTE)),
        },
        [
            Firing(
                LABELS,
                "Queries of a D1 database are slow.",
                f"One in twenty queries of database {NAMED} takes 1.1s or more. Find the query (wrangler d1 insights) "
                "and check that it uses an index.",
                DASHBOARD,
            )
        ],
        D1_AND_QUERIES,
    )
