"""Cases of the alerts about money."""

from collections.abc import Iterator

from tests.alerting.cases.stage import DAY, HOUR, MINUTE, Counter, Course, Firing, Gauge, Scene, Signal, Way, rising

SHOP = {"project": "shop", "product": "workers", "meter": "workers_requests", "kind": "worker"}
NINE_DAYS = 9 * DAY


def forecast(*usd: float) -> list[Signal]:
    """Return what some Workers are forecast to cost."""
    return [
        Gauge("cloudflare_cost_forecast_usd", amount, SHOP | {"asset": f"shop-{number}"})
        for number, amount in enumerate(usd)
    ]


def listed(usd_per_day: Course) -> list[Signal]:
    """Return list cost that two Workers add by the day, half of it each."""
    halves: Course = (
        (lambda second: (usd_per_day(second) or 0.0) / 2 / DAY) if callable(usd_per_day) else usd_per_day / 2 / DAY
    )
    return [
        Counter("cloudflare_list_cost_usd_total", halves, SHOP | {"asset": asset}) for asset in ("shop-web", "shop-api")
    ]


def budget(used: float, forecast: float = 0.5) -> list[Signal]:
    """Return the budget of a project."""
    labels = {"budget": "shop-monthly", "project": "shop", "product": ""}
    return [
        Gauge("cloudflare_budget_used_ratio", used, labels),
        Gauge("cloudflare_budget_forecast_ratio", forecast, labels),
    ]


def quota(ratio: float, meter: str = "workers_requests", plan: str = "workers_paid") -> list[Signal]:
    """Return how much of what is included is used."""
    return [
        Gauge("cloudflare_quota_used_ratio", ratio, {"meter": meter}),
        Gauge("cloudflare_cost_account_info", 1, {"plan": plan}),
    ]


def billed(ratio: float, usd: float = 5) -> list[Signal]:
    """Return a line of the bill, by its estimate."""
    labels = {"meter": "workers_requests", "line": "Workers Standard Requests"}
    return [
        Gauge("cloudflare_billed_estimate_ratio", ratio, labels),
        Gauge("cloudflare_billed_cost_usd", usd, labels),
    ]


def scenes() -> Iterator[Scene]:
    """Return the cases."""
    yield Scene(
        "100.50 USD in two parts, or 99.50 USD; or nothing.",
        "CloudflareCostForecastHigh",
        "warning",
        {Way.ABOVE: forecast(60, 40.5), Way.BELOW: forecast(60, 39.5), Way.IDLE: forecast(0), Way.STARTED: forecast(0)},
        [
            Firing(
                {"account": "Above", "product": "costs"},
                "The forecast of an account's bill is above the threshold.",
                "The billing cycle of account Above is forecast to cost 100.50 USD. The cost dashboard and "
                "cloudflare-exporter costs show which project and which product.",
                "var-account=Above",
            )
        ],
    )
    lately = NINE_DAYS - 26 * HOUR
    yield Scene(
        "A day costs 1.55 times as much as before, or 1.45 times; or five times a few cents; or nothing is known of "
        "before.",
        "CloudflareListCostRising",
        "warning",
        {
            Way.ABOVE: listed(rising(2, 3.1, lately)),
            Way.BELOW: listed(rising(2, 2.9, lately)),
            Way.IDLE: listed(rising(0.15, 0.75, lately)),
            Way.STARTED: listed(100),
            Way.AWAY: listed(2),
        },
        [
            Firing(
                {"account": "Above", "product": "costs", "project": "shop"},
                "A project's daily cost has risen sharply.",
                "Project shop (account Above) cost 1.542 times as much over the last day as on an average day of the "
                "week before, at list price. cloudflare-exporter report shows what changed.",
                "var-account=Above&var-project=shop",
            )
        ],
        ("workersInvocationsAdaptive",),
        length=NINE_DAYS,
        step=5 * MINUTE,
        checks=1,
    )
    yield Scene(
        "Right after six hours without Cloudflare.",
        "CloudflareListCostRising",
        "warning",
        {Way.AWAY: listed(2)},
        (),
        ("workersInvocationsAdaptive",),
        length=NINE_DAYS,
        step=5 * MINUTE,
    )
    yield Scene(
        "1.01 USD an hour, or 0.99 USD; or nothing is known of a whole hour yet.",
        "CloudflareListCostPerHourHigh",
        "critical",
        {
            Way.ABOVE: listed(24 * 1.01),
            Way.BELOW: listed(24 * 0.99),
            Way.IDLE: listed(0),
            Way.STARTED: listed(24 * 100),
            Way.AWAY: listed(24 * 0.99),
        },
        [
            Firing(
                {"account": "Above", "product": "costs", "project": "shop"},
                "A project's hourly cost is very high.",
                "Over the last hour project shop (account Above) cost 1.01 USD, at list price. Find the product, then "
                "the runaway: a query without an index, a loop, an alarm that re-arms itself.",
                "var-account=Above&var-project=shop",
            )
        ],
        ("workersInvocationsAdaptive",),
        step=5 * MINUTE,
    )
    yield from _budgets()
    yield from _quotas()
    yield Scene(
        "11 % more is billed than was estimated, or 9 %; or twice a few cents.",
        "CloudflareBilledEstimateApart",
        "warning",
        {Way.ABOVE: billed(1.11), Way.BELOW: billed(1.09), Way.IDLE: billed(2, 0.5), Way.OTHER: billed(1)},
        [
            Firing(
                {
                    "account": "Above",
                    "product": "costs",
                    "meter": "workers_requests",
                    "line": "Workers Standard Requests",
                },
                "Cloudflare's bill and the estimate differ.",
                "Account Above: line Workers Standard Requests of Cloudflare's bill and its estimate differ by "
                "11%. The reason may be a contract, a discount or a changed price (docs/costs.md); set it under "
                "costs.prices.",
                "var-account=Above",
            )
        ],
    )


def _budgets() -> Iterator[Scene]:
    of_budget = {"account": "Above", "budget": "shop-monthly", "project": "shop"}
    dashboard = "&var-account=Above&var-project=shop"
    about = "(for each {}, project shop, account Above)"
    for severity, above, below, said, text in (
        ("critical", 1.0, 0.99, "100%", "is used up"),
        ("warning", 0.81, 0.79, "81%", "is nearly used up"),
    ):
        yield Scene(
            f"{said} of a budget is spent, or a little less; or nothing.",
            "CloudflareBudgetUsed",
            severity,
            {Way.ABOVE: budget(above), Way.BELOW: budget(below), Way.IDLE: budget(0)},
            [
                Firing(
                    of_budget,
                    f"A budget {text}.",
                    f"{said} of budget shop-monthly {about.format('billing cycle')} is spent. cloudflare-exporter "
                    "costs shows on what.",
                    dashboard,
                )
            ],
        )
    yield Scene(
        "101 % of a budget will be spent, or 99 %; or it is spent already.",
        "CloudflareBudgetForecastExceeded",
        "warning",
        {
            Way.ABOVE: budget(0.5, 1.01),
            Way.BELOW: budget(0.5, 0.99),
            Way.IDLE: budget(0, 0),
            Way.OTHER: budget(1.1, 2),
        },
        [
            Firing(
                of_budget,
                "A budget is forecast to be exceeded.",
                f"By the end of the billing cycle 101% of budget shop-monthly {about.format('cycle')} will be spent "
                "if usage continues as before. cloudflare-exporter costs shows on what.",
                dashboard,
            )
        ],
    )


def _quotas() -> Iterator[Scene]:
    for severity, above, below, said, text in (
        ("info", 0.81, 0.79, "81%", "is nearly used up"),
        ("warning", 1.0, 0.99, "100%", "is used up"),
    ):
        yield Scene(
            f"{said} of what is included is used, or a little less; or it is R2's, or the free plan's of KV.",
            "CloudflareQuotaHigh",
            severity,
            {
                Way.ABOVE: quota(above),
                Way.BELOW: quota(below),
                Way.IDLE: quota(0),
                Way.OTHER: quota(above, "r2_class_a"),
                Way.DELETED: quota(above, "kv_writes", "workers_free"),
            },
            [
                Firing(
                    {"account": "Above", "product": "costs", "meter": "workers_requests"},
                    f"An account's included usage {text}.",
                    f"Account Above has used {said} of its included usage of workers_requests. Usage above it is "
                    "billed, or refused on the free plan. cloudflare-exporter costs shows what it costs.",
                    "var-account=Above",
                )
            ],
        )
