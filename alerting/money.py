"""Alerts about money: the forecast, daily cost, budgets, quotas, and whether the estimate can be trusted."""

from collections.abc import Iterator

from alerting.costs import CHANGE, DAILY, FORECAST, LIST_COST, QUOTA_USED
from alerting.promql import DAILY_KV, FREE_PLAN, PROJECTS, both, compared, setting, threshold
from alerting.quotas import quota_alerts
from alerting.rule import Alert, Group
from exporter.alerts.names import OF_COSTS
from exporter.alerts.table.money import APART, BUDGET_FORECAST, BUDGET_USED, FORECAST_HIGH, PER_HOUR, QUOTA, RISING

TITLE = "Money: where the bill is heading, what rises, budgets, quotas, and whether bill and estimate agree."

OF_BUDGET = "budget, account, project, product"


def groups() -> tuple[Group, ...]:
    """Return the alerts about money."""
    return (Group("cloudflare.money", [_forecast(), _rising(), _per_hour(), *_budgets(), *_quotas(), _apart()]),)


def _forecast() -> Alert:
    return Alert(
        FORECAST_HIGH.name,
        FORECAST_HIGH.severity,
        OF_COSTS,
        compared(FORECAST, ">", FORECAST_HIGH),
        "The forecast of an account's bill is above the threshold.",
        "The billing cycle of account {{ $labels.account }} is forecast to cost "
        '{{ $value | printf "%.2f" }} USD. The cost dashboard and cloudflare-exporter costs show which project and '
        "which product.",
        wait="1h",
        subject=("account",),
    )


def _rising() -> Alert:
    daily = f"{PROJECTS.level}:{DAILY}"
    return Alert(
        RISING.name,
        RISING.severity,
        OF_COSTS,
        both(
            compared(f"{PROJECTS.level}:{CHANGE}", ">", RISING),
            f"{daily} > {setting(RISING, 'least_usd_per_day')}",
        ),
        "A project's daily cost has risen sharply.",
        "Project {{ $labels.project }} (account {{ $labels.account }}) cost {{ $value | humanize }} times as much "
        "over the last day as on an average day of the week before, at list price. cloudflare-exporter report shows "
        "what changed.",
        wait="30m",
        subject=("account", "project"),
    )


def _per_hour() -> Alert:
    return Alert(
        PER_HOUR.name,
        PER_HOUR.severity,
        OF_COSTS,
        compared(f"{PROJECTS.level}:{LIST_COST}:rate1h", ">", PER_HOUR),
        "A project's hourly cost is very high.",
        "Over the last hour project {{ $labels.project }} (account {{ $labels.account }}) cost "
        '{{ $value | printf "%.2f" }} USD, at list price. Find the product, then the runaway: a query without '
        "an index, a loop, an alarm that re-arms itself.",
        wait="10m",
        subject=("account", "project"),
        why="New assets have no history to compare with, so a runaway in one of them shows only here.",
    )


def _budgets() -> Iterator[Alert]:
    about = "{{ if $labels.project }}, project {{ $labels.project }}{{ end }}{{ if $labels.account }}, account {{ "
    about += "$labels.account }}{{ end }}{{ if $labels.product }}, product {{ $labels.product }}{{ end }}"
    used = f"max by (job, {OF_BUDGET}) (cloudflare_budget_used_ratio)"
    for severity, comparison, text in (("critical", ">=", "is used up"), ("warning", ">", "is nearly used up")):
        yield Alert(
            BUDGET_USED.name,
            severity,
            "",
            f"{used}\n  {comparison} {threshold(BUDGET_USED, severity)}",
            f"A budget {text}.",
            "{{ $value | humanizePercentage }} of budget {{ $labels.budget }} (for each billing cycle" + about + ") is "
            "spent. cloudflare-exporter costs shows on what.",
            wait="15m",
            optional=("account", "project"),
            page="cost",
        )
    yield Alert(
        BUDGET_FORECAST.name,
        BUDGET_FORECAST.severity,
        "",
        f"max by (job, {OF_BUDGET}) (cloudflare_budget_forecast_ratio)\n"
        f"  > {threshold(BUDGET_FORECAST)}\n"
        "  unless\n"
        f"{used}\n"
        f"  >= {threshold(BUDGET_USED, 'critical')}",
        "A budget is forecast to be exceeded.",
        "By the end of the billing cycle {{ $value | humanizePercentage }} of budget {{ $labels.budget }} (for each "
        "cycle" + about + ") will be spent if usage continues as before. cloudflare-exporter costs shows on what.",
        wait="1h",
        optional=("account", "project"),
        page="cost",
    )


def _quotas() -> Iterator[Alert]:
    """Return the alerts about included usage; R2 and, on the free plan, KV have their own."""
    yield from quota_alerts(
        QUOTA,
        OF_COSTS,
        "(\n"
        f'  {QUOTA_USED}{{meter!~"r2_.+"}}\n'
        "    unless\n"
        f"  ({QUOTA_USED}{{{DAILY_KV}}} and on (job, account) {FREE_PLAN})\n"
        ")",
        "included usage",
        "Usage above it is billed, or refused on the free plan. cloudflare-exporter costs shows what it costs.",
    )


def _apart() -> Alert:
    ratio = "max by (job, account, meter, line) (cloudflare_billed_estimate_ratio)"
    series = f"abs({ratio} - 1)"
    billed = "max by (job, account, meter, line) (cloudflare_billed_cost_usd)"
    return Alert(
        APART.name,
        APART.severity,
        OF_COSTS,
        both(compared(series, ">", APART), f"{billed} > {setting(APART, 'least_usd')}"),
        "Cloudflare's bill and the estimate differ.",
        "Account {{ $labels.account }}: line {{ $labels.line }} of Cloudflare's bill and its estimate differ by {{ "
        "$value | humanizePercentage }}. The reason may be a contract, a discount or a changed price (docs/costs.md); "
        "set it under costs.prices.",
        wait="6h",
        subject=("account",),
    )
