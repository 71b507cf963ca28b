"""Recording rules for costs: sums of the billing cycle, and list cost by the hour and the day."""

from collections.abc import Iterator

from alerting.promql import ACCOUNTS, OWN, PROJECT, PROJECTS, TIME, growth, inner
from alerting.rule import Group, Record

TITLE = """Costs added up by project, by product and for the whole account. The exporter publishes the share of each \
asset in each line; its replicas publish the same values, so one of them is taken first."""

LEAF = "job, account, project, product, meter, kind, asset"

PRODUCT = (*OWN, "product")

LIST_COST = "cloudflare_list_cost_usd"
FORECAST = "job_account:cloudflare_cost_forecast_usd:sum"
HOURLY = f"job_account_project_product:{LIST_COST}:rate1h"
DAILY = f"{LIST_COST}:increase1d"
CHANGE = f"{LIST_COST}_per_week_before:ratio_increase1d"
ACCOUNT_TIME = "job_account:cloudflare_exporter_dataset_queried_until_timestamp_seconds:max_increase1h"

QUOTA_USED = "job_account_meter:cloudflare_quota_used_ratio:max"

LEVELS = (PROJECT, PRODUCT, OWN)

LEAST_HOURLY = 800
"""The least number of five-minute values for a weekly norm: nearly three days."""


def groups() -> tuple[Group, Group]:
    """Return the sums of the cycle, at every evaluation, and list cost, every five minutes."""
    return (
        Group("cloudflare.costs", list(_cycle())),
        Group("cloudflare.list_costs", list(_list_costs()), interval="5m"),
    )


def _cycle() -> Iterator[Record]:
    for metric in ("cloudflare_cost_cycle_to_date_usd", "cloudflare_cost_forecast_usd"):
        for labels in (PROJECT, PRODUCT):
            yield Record(
                f"{'_'.join(labels)}:{metric}:sum",
                f"sum by ({', '.join(labels)}) (\n  max by ({LEAF}) ({metric})\n)",
            )
        yield Record(f"{ACCOUNTS.level}:{metric}:sum", f"sum by ({ACCOUNTS.on}) ({PROJECTS.level}:{metric}:sum)")
    yield Record(QUOTA_USED, "max by (job, account, meter) (cloudflare_quota_used_ratio)")
    for word in ("low", "high"):
        metric = f"cloudflare_cost_forecast_{word}_usd"
        yield Record(
            f"{ACCOUNTS.level}:{metric}:sum",
            f"sum by ({ACCOUNTS.on}) (max by (job, account, project, product, meter) ({metric}))",
        )


def _list_costs() -> Iterator[Record]:
    yield Record(
        ACCOUNT_TIME,
        f"max by (job, account) ({TIME}:increase1h)",
        "List cost covers all datasets, so it is divided by the time of the most current one.",
    )
    yield Record(
        HOURLY,
        "3600 *\n"
        "sum by (job, account, project, product) (\n"
        f"  max by ({LEAF}) (\n{inner(growth('cloudflare_list_cost_usd_total', '1h'), 4)}\n  )\n"
        ")\n"
        "  / on (job, account) group_left ()\n"
        f"({ACCOUNT_TIME} > 0)",
        "Dollars an hour, at list price.",
    )
    for labels in LEVELS:
        yield Record(f"{'_'.join(labels)}:{LIST_COST}:rate1h", f"sum by ({', '.join(labels)}) ({HOURLY})")
    for labels in LEVELS:
        level = "_".join(labels)
        yield Record(
            f"{level}:{DAILY}",
            f"24 * avg_over_time({level}:{LIST_COST}:rate1h[1d])",
            "Dollars of the last day: 24 times the mean of those of its hours that are known."
            if labels is LEVELS[0]
            else "",
        )
        yield Record(
            f"{level}:{CHANGE}",
            f"{level}:{DAILY}\n"
            "  /\n"
            "(\n"
            f"  24 * avg_over_time({level}:{LIST_COST}:rate1h[7d] offset 1d) > 0\n"
            "    and\n"
            f"  count_over_time({level}:{LIST_COST}:rate1h[7d] offset 1d) > {LEAST_HOURLY}\n"
            ")",
            "The last day divided by the average day of the week before it; absent until enough of that week is known."
            if labels is LEVELS[0]
            else "",
        )
