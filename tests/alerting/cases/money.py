"""Cases of the alerts about money."""

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
    scaled,
)

SHOP = {"project": "shop", "product": "workers", "meter": "workers_requests", "kind": "worker"}
EIGHT_DAYS, NINE_DAYS = 8 * DAY, 9 * DAY


def forecast(*usd: Course) -> list[Signal]:
    """Return what some Workers are forecast to cost."""
    return [
        Gauge("cloudflare_cost_forecast_usd", amount, SHOP | {"asset": f"shop-{number}"})
        for number, amount in enumerate(usd)
    ]


def listed(usd_per_day: Course) -> list[Signal]:
    """Return list cost that two Workers add by the day, half of it each."""
    halves = scaled(usd_per_day, 0.5 / DAY)
    return [
        Counter("cloudflare_list_cost_usd_total", halves, SHOP | {"asset": asset}) for asset in ("shop-web", "shop-api")
    ]


def budget(used: float, forecast: float = 0.5, days: float | None = None) -> list[Signal]:
    """Return the budget of a project, and in how many days it is forecast to be exceeded."""
    labels = {"budget": "shop-monthly", "project": "shop", "product": ""}
    exceeded: list[Signal] = []
    if days is not None:
        exceeded = [
            Gauge("cloudflare_budget_exceeded_timestamp_seconds", lambda second: second + days * DAY, labels),
            Gauge("cloudflare_budget_amount_usd", 80, labels),
        ]
    return [
        Gauge("cloudflare_budget_used_ratio", used, labels),
        Gauge("cloudflare_budget_forecast_ratio", forecast, labels),
        *exceeded,
    ]


def quota(ratio: float, meter: str = "workers_requests", plan: str = "workers_free") -> list[Signal]:
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
    risen = EIGHT_DAYS - 3 * HOUR
    yield Scene(
        "26 % and 26 USD more than a week ago, in two parts, or 24 % more; or twice a little, or nothing is known of "
        "the week before.",
        "CloudflareCostForecastHigh",
        "info",
        {
            Way.ABOVE: forecast(60, rising(40, 66, risen)),
            Way.BELOW: forecast(60, rising(40, 64, risen)),
            Way.IDLE: forecast(rising(19, 38, risen)),
            Way.STARTED: forecast(1_000),
        },
        [
            Firing(
                {"account": "Above", "product": "costs"},
                "The forecast of an account's bill has risen.",
                "The billing cycle of account Above is forecast to cost 126.00 USD; a week ago it was 100.00 USD. The "
                "cost dashboard and cloudflare-exporter costs show which project and which product.",
                "var-account=Above",
            )
        ],
        length=EIGHT_DAYS,
        step=5 * MINUTE,
        norm=WEEK,
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
                "Project shop (account Above) cost 3.10 USD over the last day, 1.542 times as much as on an average "
                "day of the week before, at list price; the threshold is 1.5 times. cloudflare-exporter report shows "
                "what changed.",
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
        "A budget is exceeded in 2.9 days, or in 3.1; or it is not known when, or it is exceeded.",
        "CloudflareBudgetExceededSoon",
        "critical",
        {
            Way.ABOVE: budget(0.9, 1.2, 2.9),
            Way.BELOW: budget(0.9, 1.2, 3.1),
            Way.IDLE: budget(0.9, 0.99),
            Way.OTHER: budget(1.1, 2),
        },
        [
            Firing(
                of_budget,
                "A budget will be exceeded within days.",
                f"Budget shop-monthly of 80.00 USD {about.format('billing cycle')} is forecast to be exceeded in 2.9 "
                "days; 90% of it is spent.",
                dashboard,
            )
        ],
    )
    yield Scene(
        "101 % of a budget will be spent, or 99 %; or it is spent already, or will be within three days.",
        "CloudflareBudgetForecastExceeded",
        "warning",
        {
            Way.ABOVE: budget(0.5, 1.01),
            Way.BELOW: budget(0.5, 0.99),
            Way.IDLE: budget(0, 0),
            Way.OTHER: budget(1.1, 2),
            Way.DELETED: budget(0.9, 1.2, 2.9),
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
            f"{said} of a limit is used, or a little less; or on a paid plan, or it is R2's, or KV's.",
            "CloudflareQuotaHigh",
            severity,
            {
                Way.ABOVE: quota(above),
                Way.BELOW: quota(below),
                Way.IDLE: quota(5, plan="workers_paid"),
                Way.OTHER: quota(above, "r2_class_a"),
                Way.DELETED: quota(above, "kv_writes"),
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
