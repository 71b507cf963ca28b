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
        "The bill is heading above what was set as high.",
        "The billing cycle of account {{ $labels.account }} is forecast to cost "
        '{{ $value | printf "%.2f" }} USD. The cost dashboard and cloudflare-exporter costs say which project and '
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
        "A project costs much more a day than it did.",
        "Project {{ $labels.project }} (account {{ $labels.account }}) cost {{ $value | humanize }} times as much on "
        "the "
        "last day as on a mean day of the week before, at list price. cloudflare-exporter report says what changed.",
        wait="30m",
        subject=("account", "project"),
    )


def _per_hour() -> Alert:
    return Alert(
        PER_HOUR.name,
        PER_HOUR.severity,
        OF_COSTS,
        compared(f"{PROJECTS.level}:{LIST_COST}:rate1h", ">", PER_HOUR),
        "A project costs very much at this hour.",
        "Over the last hour project {{ $labels.project }} (account {{ $labels.account }}) cost "
        '{{ $value | printf "%.2f" }} USD, at list price. Look at which product it is, then for what runs away: a '
        "query without index, a loop, an alarm that sets itself again.",
        wait="10m",
        subject=("account", "project"),
        why="What is new has no norm yet, so that a runaway in it shows only here.",
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
            "spent. cloudflare-exporter costs says on what.",
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
        "A budget will not last.",
        "By the end of the billing cycle {{ $value | humanizePercentage }} of budget {{ $labels.budget }} (for each "
        "cycle" + about + ") will be spent, if usage goes on as it did. cloudflare-exporter costs says on what.",
        wait="1h",
        optional=("account", "project"),
        page="cost",
    )


def _quotas() -> Iterator[Alert]:
    """R2 and, on the free plan, KV have alerts of their own about what is included."""
    yield from quota_alerts(
        QUOTA,
        OF_COSTS,
        "(\n"
        f'  {QUOTA_USED}{{meter!~"r2_.+"}}\n'
        "    unless\n"
        f"  ({QUOTA_USED}{{{DAILY_KV}}} and on (job, account) {FREE_PLAN})\n"
        ")",
        "its plan includes",
        "What lies above is billed; on the free plan it is refused. cloudflare-exporter costs says what it comes to.",
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
        "Of account {{ $labels.account }} the line {{ $labels.line }} of Cloudflare's bill and its estimate differ by "
        "{{ $value | humanizePercentage }}. See docs/costs.md: a contract, a discount or a price that has changed; set "
        "it under costs.prices.",
        wait="6h",
        subject=("account",),
    )
