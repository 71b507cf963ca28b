"""The cost of the billing cycle so far, its forecast, its breakdown and comparisons."""

from dashboards import addresses, lines
from dashboards.colors import FORECAST as FORECAST_COLORS
from dashboards.colors import PRODUCTS
from dashboards.freshness import alerts_table
from dashboards.grafana import FieldStyle, Json, Query, Size, days, stat, thresholds, timeseries
from dashboards.links import COST, asset_of_row, cloudflare_of_row, project_of_row
from dashboards.names import LIST_COST, PROJECT_LEVEL, QUOTA_USED
from dashboards.page import Section, dashboard
from dashboards.queries import (
    FORECAST,
    JOB,
    OF_ASSET,
    TO_DATE,
    TOP,
    by_project,
    money,
    money_of_assets,
    select,
    select_account,
    total,
    week_before,
)
from dashboards.spending import USD, cycle_left, forecast, per_hour_by_product, to_date
from dashboards.tables import COLORED, Column, Value, linked, values_table
from dashboards.text import BEFORE, LIST_PRICE, OF_CYCLE
from dashboards.variables import alerts, of_projects

OF_BUDGET = f'{{{JOB},account=~"$account|"}}'
"""A budget may cover all accounts; its label is then empty."""

ABOUT_MONEY = 'alertname=~"Cloudflare(Cost|ListCost|Budget|Quota|R2Quota|Billed).+"'
"""Alerts about budgets have the product of the budget, so they are selected by name."""

DAY = "time:YYYY-MM-DD"
START, END = (select_account(f"cloudflare_cost_cycle_{which}_timestamp_seconds") for which in ("start", "end"))


def cost() -> Json:
    """Return the dashboard ``Cloudflare / Cost``."""
    third, half = Size(8, 9), Size(12, 9)
    small = Size(4, 4)
    return dashboard(
        COST,
        "Cloudflare / Cost",
        "The cost of the billing cycle so far and its forecast: by project, product, asset and day, compared with "
        "budgets, quotas and Cloudflare's own bill. Dollars without tax.",
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
            Section("Breakdown", (_by_project(Size(7, 9)), _by_product(Size(7, 9)), _by_asset(Size(10, 9)))),
            Section(
                "Budgets, included usage and alerts",
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
        f"The cost of the last hour's usage. {LIST_PRICE}",
        size,
        [Query(_sum(f"{PROJECT_LEVEL}:{LIST_COST}:rate1h"), "per hour")],
        USD,
    )


def _billed(size: Size) -> Json:
    billed = select_account("cloudflare_billed_cost_usd")
    return stat(
        "Billed so far",
        "The cost of the cycle on Cloudflare's own bill, for all projects: a day late, and without subscriptions. No "
        "data if the bill cannot be read.",
        size,
        [Query(f"sum(max by (account, meter, line) ({billed}))", "billed")],
        USD,
    )


def _included(size: Size) -> Json:
    """Return the panel of savings.

    Both terms grow from the same moment: when the cycle had begun, and the usage of its first days was known. Looking
    every five minutes is exact enough, and reads a twentieth of the samples.
    """
    filling = select_account("cloudflare_exporter_history_fill_remaining_seconds")
    whole = f"max by (account) ({START} @ end()) <= time() unless on (account) max by (account) ({filling}) > 0"
    listed = select(f"{LIST_COST}_total")
    paid = select(f"{PROJECT_LEVEL}:{TO_DATE}:sum")
    grown = (
        f"sum({each} - min_over_time(({each} and on (account) ({whole}))[$__range:5m]))" for each in (listed, paid)
    )
    return stat(
        "Saved by the plan",
        "Of the selected time range, as far as it lies in this cycle: the list cost minus the growth of the bill, that "
        "is, included usage, less rounding. 0 if the bill grew more.",
        size,
        [Query(f"clamp_min({' - '.join(grown)}, 0)", "saved")],
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
        f"The cycle's cost so far, the forecast for its end, and the expected range. {OF_CYCLE}",
        size,
        [*recorded, *asked],
        USD,
        colors=FORECAST_COLORS,
        band=("at least", "at most"),
    )


def _daily(size: Size) -> Json:
    record = f"{PROJECT_LEVEL}:{LIST_COST}:increase1d"
    return days(
        "List cost by day",
        f"The cost of each day's usage by project; a column ends at the midnight (UTC) that ends its day. "
        f"{BEFORE} {LIST_PRICE}",
        size,
        [Query(by_project(total(record, "project")), "{{project}}"), week_before(record)],
        USD,
    )


def _by_project(size: Size) -> Json:
    record = f"{PROJECT_LEVEL}:{TO_DATE}:sum"
    before = f"sum by (project) ({select(record)} offset 30d)"
    return values_table(
        "By project",
        f"{OF_CYCLE} For comparison, the value 30 days ago: about the same day of the previous cycle.",
        size,
        (Column("project", "Project", linked(project_of_row())),),
        (
            Value("To date", money(TO_DATE, "project")),
            Value("Forecast", money(FORECAST, "project")),
            Value("30 days ago", before),
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
        f"The {2 * TOP} assets and subscriptions with the highest forecast. {OF_CYCLE}",
        size,
        (
            Column("asset", "Asset", linked(asset_of_row(), cloudflare_of_row(), **{"custom.width": 170})),
            Column("project", "Project", {"custom.width": 80}),
            Column("product", "Product", {"custom.width": 120}),
            addresses.HIDDEN,
        ),
        (
            Value("To date", f"{money_of_assets(TO_DATE)} and on ({OF_ASSET}) {most}"),
            Value("Forecast", most),
            Value("", f"{addresses.of_all()} and on ({OF_ASSET}) {most}"),
        ),
        look=USD,
        sort_by="Forecast",
    )


def _budgets(size: Size) -> Json:
    share = {"unit": "percentunit", "decimals": 0, "custom.cellOptions": COLORED}
    return values_table(
        "Budgets",
        "Budgets for each billing cycle, from the exporter's configuration: the share spent, the forecast, and the "
        "day on which a budget is forecast to be exceeded, if any.",
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
        if_empty="No budget is known",
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
        "Included usage",
        "The share of the plan's included usage that is used in the cycle (on the free plan: in the day, or in "
        "total), and the day on which it will be used up at the cycle's average pace, if any. Usage above it is "
        "billed.",
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
        "For each line of Cloudflare's own bill, a day late: the billed cost, the estimate for the same days, and "
        "their ratio. Empty if the token cannot read the bill.",
        size,
        (Column("account", "Account"), Column("line", "Line of the bill", {"custom.width": 500})),
        (
            Value("Billed", billed),
            Value("Estimated", f"{billed} / ({ratio} > 0)"),
            Value("Billed by estimated", ratio, {"unit": "percentunit", "decimals": 1}),
        ),
        look=USD,
        sort_by="Billed",
        if_empty="No bill is known",
    )


def _sum(record: str) -> str:
    return f"sum({select(record)})"
