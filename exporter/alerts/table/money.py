"""Alerts about money: their numbers."""

from exporter.alerts.table.entry import ACCOUNT, PROJECT, AlertEntry, Scale, Section, Setting, Threshold

QUOTA = AlertEntry(
    "CloudflareQuotaHigh",
    thresholds=(
        Threshold("info", 0.8, "Share of a limit of the free plan."),
        Threshold("warning", 1, "Share of a limit of the free plan."),
    ),
    subject=ACCOUNT,
    unit="share of the included usage; accounts on a paid plan have no threshold unless one is set",
    scale=Scale.MONEY,
    why="The free plan refuses usage above its limits. On a paid plan using what is included is normal.",
    if_wrong="A quiet end of the day is looked at for nothing; missed, an application fails until midnight UTC.",
)

FORECAST_HIGH = AlertEntry(
    "CloudflareCostForecastHigh",
    thresholds=(Threshold("info", 1.25, "Multiple of the forecast of a week before: 1.25 is 25 % more."),),
    settings=(Setting("least_usd", 20, "Dollars by which the forecast of a billing cycle must have risen, too."),),
    subject=ACCOUNT,
    unit="multiple of the forecast of a week before",
    scale=Scale.MONEY,
    why="The bill is heading elsewhere than a week ago. For a fixed amount there are budgets.",
    if_wrong="A line about growth that is wanted; missed, CloudflareListCostRising and budgets still tell.",
)

RISING = AlertEntry(
    "CloudflareListCostRising",
    thresholds=(Threshold("warning", 1.5, "Multiple of the average day of the week before: 1.5 is 50 % more."),),
    settings=(Setting("least_usd_per_day", 1, "Dollars a day at list price; the cost of cheaper projects may rise."),),
    subject=PROJECT,
    unit="multiple of the daily average of the week before",
    scale=Scale.MONEY,
    why="A rise of half shows a change of habits long before the bill.",
    if_wrong="A busy day is looked at for nothing; missed, it is on the bill.",
)

PER_HOUR = AlertEntry(
    "CloudflareListCostPerHourHigh",
    thresholds=(
        Threshold("critical", 5, "Dollars an hour of a project above the usual at this time of day, for 30 minutes."),
    ),
    subject=PROJECT,
    unit="dollars an hour above the usual at this time of day, at list price",
    scale=Scale.MONEY,
    why="A runaway at 5 USD an hour costs 3,650 USD a month; somebody should end it tonight.",
    if_wrong="Somebody is woken by a launch that nobody announced; missed, every hour costs at least 5 USD.",
)

PER_DAY = AlertEntry(
    "CloudflareListCostPerDayHigh",
    thresholds=(Threshold("critical", 50, "Dollars of a project above the usual within 24 hours."),),
    subject=PROJECT,
    unit="dollars above the usual within 24 hours, at list price",
    scale=Scale.MONEY,
    why="What stays just below the hourly threshold, or comes in bursts, adds up over a day.",
    if_wrong="Somebody is woken by a busy day; missed, every day costs at least 50 USD.",
)

MULTIPLIED = AlertEntry(
    "CloudflareListCostMultiplied",
    thresholds=(
        Threshold("critical", 10, "Multiple of the usual cost of a project at this time of day, for an hour."),
    ),
    settings=(Setting("least_usd_per_hour", 1, "Dollars an hour at list price: 730 USD a month if it continues."),),
    subject=PROJECT,
    unit="multiple of the usual cost at this time of day, at list price",
    scale=Scale.MONEY,
    why="A small project that suddenly costs ten times as much runs away, though in dollars it is not much yet.",
    if_wrong="Somebody is woken by the launch of a project that was idle; missed, 24 USD and more a day.",
)

BUDGET_USED = AlertEntry(
    "CloudflareBudgetUsed",
    thresholds=(
        Threshold("warning", 0.8, "Share of a budget."),
        Threshold("critical", 1, "Share of a budget."),
    ),
    scale=Scale.MONEY,
    why="A budget is an amount that somebody has stated; this is what it is for.",
    if_wrong="A budget that is too small is seen early; missed, more is spent than was agreed.",
)

BUDGET_SOON = AlertEntry(
    "CloudflareBudgetExceededSoon",
    thresholds=(Threshold("critical", 3, "Days until a budget is forecast to be exceeded."),),
    scale=Scale.MONEY,
    why="Three days are enough to decide what to switch off, or to raise the budget.",
    if_wrong="Somebody is notified of a budget that would just have sufficed; missed, it is exceeded.",
)

BUDGET_FORECAST = AlertEntry(
    "CloudflareBudgetForecastExceeded",
    thresholds=(Threshold("warning", 1, "Share of a budget that the whole cycle is forecast to use."),),
    scale=Scale.MONEY,
    why="What will be spent can still be changed.",
    if_wrong="A busy week is looked at for nothing; missed, CloudflareBudgetExceededSoon still tells.",
)

APART = AlertEntry(
    "CloudflareBilledEstimateApart",
    thresholds=(Threshold("warning", 0.1, "Relative difference between a line of the bill and its estimate."),),
    settings=(Setting("least_usd", 1, "Dollars billed; below this, rounding dominates."),),
    subject=ACCOUNT,
    unit="relative difference between bill and estimate",
    scale=Scale.MONEY,
    why="Forecasts and budgets are as good as the estimate; a contract or a changed price makes it wrong.",
    if_wrong="A rounding is looked at for nothing; missed, all other figures about money are wrong.",
)

SECTION = Section(
    "Money",
    (
        QUOTA,
        FORECAST_HIGH,
        RISING,
        PER_HOUR,
        MULTIPLIED,
        PER_DAY,
        BUDGET_USED,
        BUDGET_SOON,
        BUDGET_FORECAST,
        APART,
    ),
)
