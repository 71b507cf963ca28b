"""Alerts about money: their numbers."""

from exporter.alerts.table.entry import ACCOUNT, PROJECT, AlertEntry, Section, Setting, Threshold

QUOTA = AlertEntry(
    "CloudflareQuotaHigh",
    thresholds=(
        Threshold("info", 0.8, "Share of what the plan includes in a billing cycle, or on the free plan allows."),
        Threshold("warning", 1, "Share of what the plan includes in a billing cycle, or on the free plan allows."),
    ),
    subject=ACCOUNT,
    unit="share of what is included",
)

FORECAST_HIGH = AlertEntry(
    "CloudflareCostForecastHigh",
    thresholds=(Threshold("warning", 100, "Dollars of a billing cycle."),),
    subject=ACCOUNT,
    unit="dollars of the billing cycle",
)

RISING = AlertEntry(
    "CloudflareListCostRising",
    thresholds=(Threshold("warning", 1.5, "Times the mean day of the week before: 1.5 is 50 % more."),),
    settings=(Setting("least_usd_per_day", 1, "Dollars a day at list price; who costs less may rise."),),
    subject=PROJECT,
    unit="times the daily mean of the week before",
)

PER_HOUR = AlertEntry(
    "CloudflareListCostPerHourHigh",
    thresholds=(
        Threshold("critical", 1, "Dollars an hour at list price, of a project: 720 USD a month if it goes on."),
    ),
    subject=PROJECT,
    unit="dollars an hour at list price",
)

BUDGET_USED = AlertEntry(
    "CloudflareBudgetUsed",
    thresholds=(
        Threshold("warning", 0.8, "Share of a budget."),
        Threshold("critical", 1, "Share of a budget."),
    ),
)

BUDGET_FORECAST = AlertEntry(
    "CloudflareBudgetForecastExceeded",
    thresholds=(Threshold("warning", 1, "Share of a budget that the whole cycle is forecast to take."),),
)

APART = AlertEntry(
    "CloudflareBilledEstimateApart",
    thresholds=(Threshold("warning", 0.1, "Share by which a line of the bill and its estimate differ."),),
    settings=(Setting("least_usd", 1, "Dollars billed; below it rounding decides."),),
    subject=ACCOUNT,
    unit="share by which bill and estimate differ",
)

SECTION = Section(
    "Money",
    (
        QUOTA,
        FORECAST_HIGH,
        RISING,
        PER_HOUR,
        BUDGET_USED,
        BUDGET_FORECAST,
        APART,
    ),
)
