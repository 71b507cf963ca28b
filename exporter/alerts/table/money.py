"""Alerts about money: their numbers."""

from exporter.alerts.table.entry import ACCOUNT, PROJECT, AlertEntry, Section, Setting, Threshold

QUOTA = AlertEntry(
    "CloudflareQuotaHigh",
    thresholds=(
        Threshold("info", 0.8, "Share of the plan's included usage in a billing cycle, or of the free plan's limit."),
        Threshold("warning", 1, "Share of the plan's included usage in a billing cycle, or of the free plan's limit."),
    ),
    subject=ACCOUNT,
    unit="share of the included usage",
)

FORECAST_HIGH = AlertEntry(
    "CloudflareCostForecastHigh",
    thresholds=(Threshold("warning", 100, "Dollars per billing cycle."),),
    subject=ACCOUNT,
    unit="dollars per billing cycle",
)

RISING = AlertEntry(
    "CloudflareListCostRising",
    thresholds=(Threshold("warning", 1.5, "Multiple of the average day of the week before: 1.5 is 50 % more."),),
    settings=(Setting("least_usd_per_day", 1, "Dollars a day at list price; the cost of cheaper projects may rise."),),
    subject=PROJECT,
    unit="multiple of the daily average of the week before",
)

PER_HOUR = AlertEntry(
    "CloudflareListCostPerHourHigh",
    thresholds=(
        Threshold("critical", 1, "Dollars an hour of a project, at list price: 720 USD a month if it continues."),
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
    thresholds=(Threshold("warning", 1, "Share of a budget that the whole cycle is forecast to use."),),
)

APART = AlertEntry(
    "CloudflareBilledEstimateApart",
    thresholds=(Threshold("warning", 0.1, "Relative difference between a line of the bill and its estimate."),),
    settings=(Setting("least_usd", 1, "Dollars billed; below this, rounding dominates."),),
    subject=ACCOUNT,
    unit="relative difference between bill and estimate",
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
