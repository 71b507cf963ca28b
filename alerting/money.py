"""Alerts about money: the forecast, daily cost, budgets, quotas, and whether the estimate can be trusted."""

from collections.abc import Iterator

from alerting.costs import (
    ABOVE_DAY,
    ABOVE_HOUR,
    ABOVE_NOW,
    CHANGE,
    DAILY,
    FORECAST,
    FORECAST_CHANGE,
    NOW,
    OF_PRODUCTS,
    PER_USUAL,
    QUOTA_USED,
    USUAL,
)
from alerting.promql import ACCOUNTS, DAILY_KV, FREE_PLAN, PROJECTS, both, compared, inner, setting, threshold
from alerting.quotas import quota_alerts
from alerting.rule import Alert, Group
from alerting.texts import NUMBER, USD, asked, knob, limit, selected, since
from exporter.alerts.names import OF_COSTS
from exporter.alerts.table import AlertEntry
from exporter.alerts.table.money import (
    APART,
    BUDGET_FORECAST,
    BUDGET_SOON,
    BUDGET_USED,
    FORECAST_HIGH,
    MULTIPLIED,
    PER_DAY,
    PER_HOUR,
    QUOTA,
    RISING,
)

TITLE = "Money: where the bill is heading, what rises, budgets, quotas, and whether bill and estimate agree."

OF_BUDGET = "budget, account, project, product"


def groups() -> tuple[Group, ...]:
    """Return the alerts about money."""
    return (Group("cloudflare.money", [*_runaways(), _rising(), _forecast(), *_budgets(), *_quotas(), _apart()]),)


def _runaways() -> Iterator[Alert]:
    """Return the critical alerts about a project's cost, the most urgent first: it silences the others."""
    yield _runaway(
        PER_HOUR,
        compared(ABOVE_NOW, ">", PER_HOUR),
        "A project costs much more an hour than usual.",
        f"the threshold is {limit(PER_HOUR, 'critical', PROJECTS, USD)} an hour more than usual",
        wait="30m",
    )
    least = setting(MULTIPLIED, "least_usd_per_hour")
    yield _runaway(
        MULTIPLIED,
        _unless(both(compared(PER_USUAL, ">", MULTIPLIED), f"{NOW} > {least}"), PER_HOUR),
        "A project costs many times as much as usual.",
        f"the threshold is {limit(MULTIPLIED, 'critical', PROJECTS, NUMBER)} times the usual, and "
        f"{knob(MULTIPLIED, 'least_usd_per_hour', USD)} an hour",
        wait="1h",
    )
    lasts = compared(f"24 * {ABOVE_HOUR}", ">", PER_DAY)
    yield _runaway(
        PER_DAY,
        _unless(both(compared(ABOVE_DAY, ">", PER_DAY), lasts), PER_HOUR, MULTIPLIED),
        "A project has cost much more than usual for a day.",
        f"within 24 hours it was {asked(selected(ABOVE_DAY, PROJECTS.labels), PROJECTS.labels)} more than usual, and "
        f"the threshold is {limit(PER_DAY, 'critical', PROJECTS, USD)}",
        wait="15m",
        why="It ends when the cost of the last hour would no longer make so much a day.",
    )


def _runaway(alert: AlertEntry, expr: str, summary: str, rule: str, *, wait: str, why: str = "") -> Alert:
    """Return a critical alert about a project's cost; its text is the same but for the rule that is broken."""
    of_project = PROJECTS.labels
    usual = asked(
        selected(USUAL, of_project),
        of_project,
        f"usual at this time of day are {USD}",
        "what is usual is not known before seven days, so all of it counts",
    )
    leader = asked(
        f"topk(1, {selected(OF_PRODUCTS, of_project)})",
        of_project,
        f' Most of it is {{{{ . | label "product" }}}}: {USD} an hour.',
    )
    return Alert(
        alert.name,
        alert.severity,
        OF_COSTS,
        expr,
        summary,
        f"Project {{{{ $labels.project }}}} (account {{{{ $labels.account }}}}) costs "
        f"{asked(selected(NOW, of_project), of_project)} an hour at list price; {usual}; {rule}."
        f"{since(alert, alert.severity, of_project)}{leader}",
        wait=wait,
        keep="15m",
        subject=("account", "project"),
        why=why,
    )


def _unless(expr: str, *alerts: AlertEntry) -> str:
    """Return an expression without the projects of which one of some alerts tells already."""
    names = "|".join(alert.name for alert in alerts)
    return f'(\n{inner(expr)}\n)\n  unless on ({PROJECTS.on})\nALERTS{{alertname=~"{names}",alertstate="firing"}}'


def _rising() -> Alert:
    daily = f"{PROJECTS.level}:{DAILY}"
    risen = both(
        compared(f"{PROJECTS.level}:{CHANGE}", ">", RISING),
        f"{daily} > {setting(RISING, 'least_usd_per_day')}",
    )
    return Alert(
        RISING.name,
        RISING.severity,
        OF_COSTS,
        _unless(risen, PER_HOUR, MULTIPLIED, PER_DAY),
        "A project's daily cost has risen sharply.",
        "Project {{ $labels.project }} (account {{ $labels.account }}) cost "
        f"{asked(selected(daily, PROJECTS.labels), PROJECTS.labels)} over the last day, {{{{ $value | humanize }}}} "
        "times as much as on an average day of the week before, at list price; the threshold is "
        f"{limit(RISING, 'warning', PROJECTS, NUMBER)} times. cloudflare-exporter report shows what changed.",
        wait="30m",
        subject=("account", "project"),
    )


def _forecast() -> Alert:
    before = f"last_over_time({FORECAST}[1h] offset 1w)"
    now, then = (
        asked(f"last_over_time({FORECAST}{{job=%q,account=%q}}[1h]{offset})", ACCOUNTS.labels)
        for offset in ("", " offset 1w")
    )
    return Alert(
        FORECAST_HIGH.name,
        FORECAST_HIGH.severity,
        OF_COSTS,
        both(
            compared(FORECAST_CHANGE, ">", FORECAST_HIGH),
            f"{FORECAST} - {before} > {setting(FORECAST_HIGH, 'least_usd')}",
        ),
        "The forecast of an account's bill has risen.",
        f"The billing cycle of account {{{{ $labels.account }}}} is forecast to cost {now}; a week ago it was {then}. "
        "The cost dashboard and cloudflare-exporter costs show which project and which product.",
        wait="1h",
        subject=("account",),
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
    yield _soon(about)
    told = f"{used}\n  >= {threshold(BUDGET_USED, 'critical')}\n  or\n{_left()}\n  < {threshold(BUDGET_SOON)}"
    yield Alert(
        BUDGET_FORECAST.name,
        BUDGET_FORECAST.severity,
        "",
        f"max by (job, {OF_BUDGET}) (cloudflare_budget_forecast_ratio)\n"
        f"  > {threshold(BUDGET_FORECAST)}\n"
        "  unless\n"
        f"(\n{inner(told)}\n)",
        "A budget is forecast to be exceeded.",
        "By the end of the billing cycle {{ $value | humanizePercentage }} of budget {{ $labels.budget }} (for each "
        "cycle" + about + ") will be spent if usage continues as before. cloudflare-exporter costs shows on what.",
        wait="1h",
        optional=("account", "project"),
        page="cost",
    )


def _left() -> str:
    """Return the days until each budget is forecast to be exceeded."""
    return f"(max by (job, {OF_BUDGET}) (cloudflare_budget_exceeded_timestamp_seconds) - time()) / 86400"


def _soon(about: str) -> Alert:
    of_budget = ("job", *OF_BUDGET.split(", "))
    amount = asked(f"max({selected('cloudflare_budget_amount_usd', of_budget)})", of_budget, f" of {USD}")
    used = asked(
        f"max({selected('cloudflare_budget_used_ratio', of_budget)})",
        of_budget,
        "; {{ . | value | humanizePercentage }} of it is spent",
    )
    return Alert(
        BUDGET_SOON.name,
        BUDGET_SOON.severity,
        "",
        f"{_left()}\n  < {threshold(BUDGET_SOON)}",
        "A budget will be exceeded within days.",
        "Budget {{ $labels.budget }}" + amount + " (for each billing cycle" + about + ") is forecast to be exceeded in "
        '{{ if gt $value 0.0 }}{{ $value | printf "%.1f" }} days{{ else }}less than a day{{ end }}' + used + ".",
        wait="1h",
        keep="1h",
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
