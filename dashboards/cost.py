"""What the billing cycle costs and will cost, on what, and how that compares."""

from dashboards import lines
from dashboards.colors import FORECAST as FORECAST_COLORS
from dashboards.colors import PRODUCTS
from dashboards.freshness import alerts_table
from dashboards.grafana import FieldStyle, Json, Query, Size, days, stat, thresholds, timeseries
from dashboards.links import COST, asset_of_row, project_of_row
from dashboards.names import LIST_COST, PROJECT_LEVEL, QUOTA_USED
from dashboards.page import Section, dashboard
from dashboards.queries import (
    FORECAST,
    JOB,
    OF_ASSET,
    TO_DATE,
    TOP,
    money,
    money_of_assets,
    or_none,
    select,
    select_account,
    total,
)
from dashboards.spending import USD, cycle_left, forecast, per_hour_by_product, to_date
from dashboards.tables import COLORED, Column, Value, linked, values_table
from dashboards.text import LIST_PRICE, OF_CYCLE
from dashboards.variables import alerts, of_projects

OF_BUDGET = f'{{{JOB},account=~"$account|"}}'
"""A budget may be of all accounts; its label is then empty."""

ABOUT_MONEY = 'alertname=~"Cloudflare(Cost|ListCost|Budget|Quota|R2Quota|Billed).+"'
"""Alerts of budgets have the product of the budget, so they are known by their names."""

DAY = "time:YYYY-MM-DD"
START, END = (select_account(f"cloudflare_cost_cycle_{which}_timestamp_seconds") for which in ("start", "end"))


def cost() -> Json:
    """Return the dashboard ``Cloudflare / Cost``."""
    third, half = Size(8, 9), Size(12, 9)
    small = Size(4, 4)
    return dashboard(
        COST,
        "Cloudflare / Cost",
        "What the billing cycle costs and will cost: by project, product and asset, by day, against budgets, quotas "
        "and Cloudflare's own bill. Dollars without tax.",
        variables=of_projects(),
        annotations=(alerts(ABOUT_MONEY),),
        sections=(
            Section(
                "What does it cost, and where is it heading?",
                (
                    to_date(small),
                    forecast(small),
                    cycle_left(small),
                    _per_hour(small),
                    _billed(small),
                    _included(small),
                    _heading(half),
                    _daily(half),
                ),
            ),
            Section("On what?", (_by_project(Size(7, 9)), _by_product(Size(7, 9)), _by_asset(Size(10, 9)))),
            Section(
                "Budgets, what the plan includes, and alerts",
                (_budgets(third), _quotas(third), alerts_table(third, ABOUT_MONEY)),
            ),
            Section("At list price", (per_hour_by_product(Size(24, 8), colors=PRODUCTS),)),
            Section("Is the estimate right?", (_lines(Size(24, 9)),), is_collapsed=True),
        ),
        since="now-14d",
    )


def _per_hour(size: Size) -> Json:
    return stat(
        "List cost per hour",
        f"What the usage of the last hour costs. {LIST_PRICE}",
        size,
        [Query(f"{_sum(f'{PROJECT_LEVEL}:{LIST_COST}:rate1h')} or vector(0)", "per hour")],
        USD,
    )


def _billed(size: Size) -> Json:
    billed = select_account("cloudflare_billed_cost_usd")
    return stat(
        "Billed so far",
        "What Cloudflare itself says that the cycle has cost, of all projects: a day late, and without subscriptions. "
        "0 where the bill cannot be read.",
        size,
        [Query(f"sum(max by (account, meter, line) ({billed})) or vector(0)", "billed")],
        USD,
    )


def _included(size: Size) -> Json:
    """Both terms begin with what is recorded, so that they are of the same time."""
    listed = f"sum(increase({select('cloudflare_list_cost_usd_total')}[$__range]))"
    record = select(f"{PROJECT_LEVEL}:{TO_DATE}:sum")
    paid = f"sum({record} - min_over_time({record}[$__range]))"
    return stat(
        "Saved by the plan",
        "List cost of the selected time less what the bill grew by in it: what the plan includes, less what is rounded "
        "up and subscribed to. 0 where the bill grew more.",
        size,
        [Query(f"clamp_min({listed} - {paid}, 0) or vector(0)", "saved")],
        USD,
    )


def _heading(size: Size) -> Json:
    bands = ((TO_DATE, "to date"), (FORECAST, "forecast"))
    edges = (("low", "at least"), ("high", "at most"))
    recorded = [Query(f"{_sum(f'{PROJECT_LEVEL}:{metric}:sum')}", legend) for metric, legend in bands]
    asked = [
        Query(
            f"sum(max by (account, project, product, meter) ({select(f'cloudflare_cost_forecast_{word}_usd')}))",
            legend,
        )
        for word, legend in edges
    ]
    return timeseries(
        "Cost to date and forecast",
        "The cycle's cost so far, what it is forecast to be at its end, and between what it is expected to lie. "
        f"{OF_CYCLE}",
        size,
        [*recorded, *asked],
        USD,
        colors=FORECAST_COLORS,
        band=("at least", "at most"),
    )


def _daily(size: Size) -> Json:
    return days(
        "List cost by day",
        f"What each day's usage costs, by project; a column ends at the midnight (UTC) that ends its day. {LIST_PRICE}",
        size,
        [Query(or_none(total(f"{PROJECT_LEVEL}:{LIST_COST}:increase1d", "project"), "project"), "{{project}}")],
        USD,
    )


def _by_project(size: Size) -> Json:
    record = f"{PROJECT_LEVEL}:{TO_DATE}:sum"
    before = f"sum by (project) ({select(record)} offset 30d)"
    return values_table(
        "By project",
        f"{OF_CYCLE} Beside it, what it was 30 days ago: at about the same day of the cycle before.",
        size,
        (Column("project", "Project", linked(project_of_row())),),
        (
            Value("To date", total(record, "project")),
            Value("Forecast", total(f"{PROJECT_LEVEL}:{FORECAST}:sum", "project")),
            Value("30 days ago", before, {"noValue": "-"}),
        ),
        look=USD,
        sort_by="Forecast",
    )


def _by_product(size: Size) -> Json:
    return values_table(
        "By product",
        OF_CYCLE,
        size,
        (Column("product", "Product", {"custom.width": 170}),),
        (
            Value("To date", money(TO_DATE, "product")),
            Value("Forecast", money(FORECAST, "product")),
        ),
        look=USD,
        sort_by="Forecast",
    )


def _by_asset(size: Size) -> Json:
    most = f"topk({2 * TOP}, {money_of_assets(FORECAST)})"
    return values_table(
        "By asset",
        f"The {2 * TOP} assets with the highest forecast. {OF_CYCLE}",
        size,
        (
            Column("asset", "Asset", linked(asset_of_row(), **{"custom.width": 170})),
            Column("project", "Project", {"custom.width": 80}),
            Column("product", "Product", {"custom.width": 120}),
        ),
        (
            Value("To date", f"{money_of_assets(TO_DATE)} and on ({OF_ASSET}) {most}"),
            Value("Forecast", most),
        ),
        look=USD,
        sort_by="Forecast",
    )


def _budgets(size: Size) -> Json:
    share = {"unit": "percentunit", "decimals": 0, "custom.cellOptions": COLORED}
    return values_table(
        "Budgets",
        "Of each billing cycle, from the exporter's configuration: what is spent, what the forecast comes to, and the "
        "day on which it will be exceeded, if it will.",
        size,
        (Column("budget", "Budget", {"custom.width": 90}),),
        (
            Value("Amount", _budget("amount_usd"), {"unit": "currencyUSD"}),
            Value("Spent", _budget("used_ratio"), share | {"thresholds": thresholds(lines.BUDGET)}),
            Value(
                "Forecast",
                _budget("forecast_ratio"),
                share | {"thresholds": thresholds(lines.BUDGET_FORECAST.colored("text"))},
            ),
            Value(
                "Exceeded",
                f"1000 * {_budget('exceeded_timestamp_seconds')}",
                {"unit": DAY, "noValue": "-"},
            ),
        ),
        look=USD,
        sort_by="Forecast",
        if_empty="No budget is set",
    )


def _budget(what: str) -> str:
    return f"max by (budget) (cloudflare_budget_{what}{OF_BUDGET})"


def _quotas(size: Size) -> Json:
    ratio = f"max by (account, meter) ({select_account(QUOTA_USED)})"
    paid = select_account("cloudflare_cost_account_info", 'plan!="workers_free"')
    start, end = f"max by (account) ({START})", f"max by (account) ({END})"
    of_cycle = f"(time() - {start})"
    runs_out = (
        f"1000 * (({of_cycle} / on (account) group_right () ({ratio} > 0 < 1) + on (account) group_left () {start})"
        f" < on (account) group_left () {end})"
    )
    return values_table(
        "What the plan includes",
        "How much of it is used in the cycle (on the free plan: of the day, or in all), and the day on which it will "
        "be used up at the cycle's mean pace, if it will. What lies above is billed.",
        size,
        (Column("account", "Account", {"custom.width": 80}), Column("meter", "Meter", {"custom.width": 170})),
        (
            Value(
                "Used",
                ratio,
                {"unit": "percentunit", "thresholds": thresholds(lines.QUOTA), "custom.cellOptions": COLORED},
            ),
            Value("Used up", f"{runs_out} and on (account) {paid}", {"unit": DAY, "noValue": "-"}),
        ),
        look=FieldStyle("none", decimals=0),
        sort_by="Used",
    )


def _lines(size: Size) -> Json:
    billed = f"max by (account, line) ({select_account('cloudflare_billed_cost_usd')})"
    ratio = f"max by (account, line) ({select_account('cloudflare_billed_estimate_ratio')})"
    return values_table(
        "Billed and estimated",
        "By line of Cloudflare's own bill, a day late: what is billed, what was estimated of the same days, and the "
        "first by the second. Where the token cannot read the bill, there is none.",
        size,
        (Column("account", "Account"), Column("line", "Line of the bill", {"custom.width": 500})),
        (
            Value("Billed", billed),
            Value("Estimated", f"{billed} / ({ratio} > 0)"),
            Value("Billed by estimated", ratio, {"unit": "percentunit", "decimals": 1}),
        ),
        look=USD,
        sort_by="Billed",
        if_empty="The bill cannot be read",
    )


def _sum(record: str) -> str:
    return f"sum({select(record)})"
