"""Recording rules for costs: sums of the billing cycle, and list cost by the hour and the day."""

from collections.abc import Iterator
from dataclasses import dataclass

from alerting.promql import ACCOUNTS, NORM, OWN, PROJECT, PROJECTS, TIME, Subject, growth, inner, norm, same_hours
from alerting.rule import Group, Record
from exporter.alerts.windows import RECENT

TITLE = """Costs added up by project, by product and for the whole account. The exporter publishes the share of each \
asset in each line; its replicas publish the same values, so one of them is taken first."""

LEAF = "job, account, project, product, meter, kind, asset"

PRODUCT = (*OWN, "product")

LIST_COST = "cloudflare_list_cost_usd"
FORECAST = "job_account:cloudflare_cost_forecast_usd:sum"
DAILY = f"{LIST_COST}:increase1d"
CHANGE = f"{LIST_COST}_per_week_before:ratio_increase1d"

OF_PRODUCTS = f"job_account_project_product:{LIST_COST}:rate{RECENT}"
NOW = f"{PROJECTS.level}:{LIST_COST}:rate{RECENT}"
HOUR = f"{PROJECTS.level}:{LIST_COST}:rate1h"
USUAL = f"{PROJECTS.level}:{LIST_COST}:norm_rate1h"
ABOVE_NOW = f"{PROJECTS.level}:{LIST_COST}:above_norm_rate{RECENT}"
ABOVE_HOUR = f"{PROJECTS.level}:{LIST_COST}:above_norm_rate1h"
ABOVE_DAY = f"{PROJECTS.level}:{LIST_COST}:above_norm_increase1d"
PER_USUAL = f"{PROJECTS.level}:{LIST_COST}_per_norm:ratio_rate{RECENT}"
FORECAST_CHANGE = "job_account:cloudflare_cost_forecast_usd_per_week_before:ratio"

QUOTA_USED = "job_account_meter:cloudflare_quota_used_ratio:max"

LEVELS = (PROJECT, PRODUCT, OWN)

LEAST_HOURLY = 800
"""The least number of five-minute values for a weekly norm: nearly three days."""


@dataclass(frozen=True, slots=True)
class AssetCost:
    """The hourly list cost of meters of the assets of a kind, and what it usually is at this time of day."""

    subject: Subject
    kind: str
    meters: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the labels of its records."""
        return (*self.subject.labels, "meter")

    @property
    def hourly(self) -> str:
        """Return the name of the record of dollars an hour."""
        return f"{'_'.join(self.labels)}:{LIST_COST}:rate1h"

    @property
    def usual(self) -> str:
        """Return the name of the record of the norm."""
        return f"{'_'.join(self.labels)}:{LIST_COST}:norm_rate1h"

    @property
    def change(self) -> str:
        """Return the name of the record of dollars an hour, divided by the norm."""
        return f"{'_'.join(self.labels)}:{LIST_COST}_per_norm:ratio_rate1h"

    def records(self) -> Iterator[Record]:
        """Return the records."""
        of_days = f"{'_'.join(self.labels)}_day:{LIST_COST}:max1h_rate1h"
        matchers = f'{{kind="{self.kind}",meter=~"{"|".join(self.meters)}",asset!=""}}'
        named = (
            f'label_replace(\n{inner(_grown("1h", matchers))},\n  "{self.subject.labels[-1]}", "$1", "asset", "(.+)"\n)'
        )
        yield Record(self.hourly, _per_hour(named, self.labels, "1h"))
        yield Record(of_days, same_hours(self.hourly))
        yield Record(self.usual, norm(of_days, self.labels))
        yield Record(self.change, f"{self.hourly}\n  /\n{self.usual}")


def groups() -> tuple[Group, Group]:
    """Return the sums of the cycle, at every evaluation, and list cost, every five minutes."""
    return (
        Group("cloudflare.costs", list(_cycle())),
        Group("cloudflare.list_costs", [*_list_costs(), *_days(), *_above()], interval="5m"),
    )


def _cycle() -> Iterator[Record]:
    for metric in ("cloudflare_cost_cycle_to_date_usd", "cloudflare_cost_forecast_usd"):
        for labels in (PROJECT, PRODUCT):
            yield Record(
                f"{'_'.join(labels)}:{metric}:sum",
                f"sum by ({', '.join(labels)}) (\n  max by ({LEAF}) ({metric})\n)",
            )
        yield Record(f"{ACCOUNTS.level}:{metric}:sum", f"sum by ({ACCOUNTS.on}) ({PROJECTS.level}:{metric}:sum)")
    yield Record(FORECAST_CHANGE, f"{FORECAST}\n  /\n(last_over_time({FORECAST}[1h] offset 1w) > 0)")
    yield Record(QUOTA_USED, "max by (job, account, meter) (cloudflare_quota_used_ratio)")
    for word in ("low", "high"):
        metric = f"cloudflare_cost_forecast_{word}_usd"
        yield Record(
            f"{ACCOUNTS.level}:{metric}:sum",
            f"sum by ({ACCOUNTS.on}) (max by (job, account, project, product, meter) ({metric}))",
        )


def _grown(window: str, matchers: str = "") -> str:
    """Return what each asset's meters cost in a window; replicas publish the same, so one of them is taken."""
    return f"max by ({LEAF}) (\n{inner(growth(f'cloudflare_list_cost_usd_total{matchers}', window))}\n)"


def _per_hour(grown: str, labels: tuple[str, ...], window: str) -> str:
    """Return sums of cost in a window as dollars an hour of Cloudflare's time."""
    return (
        f"3600 *\nsum by ({', '.join(labels)}) (\n{inner(grown)}\n)\n"
        "  / on (job, account) group_left ()\n"
        f"({_account_time(window)} > 0)"
    )


def _account_time(window: str) -> str:
    return f"job_account:cloudflare_exporter_dataset_queried_until_timestamp_seconds:max_increase{window}"


def _list_costs() -> Iterator[Record]:
    """Return dollars an hour over the last minutes and the last hour."""
    for window in (RECENT, "1h"):
        yield Record(
            _account_time(window),
            f"max by (job, account) ({TIME}:increase{window})",
            "List cost covers all datasets, so it is divided by the time of the most current one."
            if window == RECENT
            else "",
        )
        hourly = f"job_account_project_product:{LIST_COST}:rate{window}"
        yield Record(
            hourly,
            _per_hour(_grown(window), (*PROJECT, "product"), window),
            "Dollars an hour, at list price." if window == RECENT else "",
        )
        for labels in (PROJECT,) if window == RECENT else LEVELS:
            yield Record(f"{'_'.join(labels)}:{LIST_COST}:rate{window}", f"sum by ({', '.join(labels)}) ({hourly})")


def _days() -> Iterator[Record]:
    """Return the last day, and how it compares with the days before."""
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


def _above() -> Iterator[Record]:
    """Return by how much projects are above their norm, and all of their cost where there is none yet."""
    of_days = f"{PROJECTS.level}_day:{LIST_COST}:max1h_rate1h"
    yield Record(of_days, same_hours(HOUR), NORM)
    yield Record(
        USUAL,
        f"{norm(of_days, PROJECT)}\n  and\nlast_over_time({HOUR}[1d] offset 1w)",
        "Critical alerts rest on it, so a project has a norm only when it is known for a week.",
    )
    yield Record(
        ABOVE_NOW, f"{NOW} - {USUAL}\n  or\n{NOW}", "Dollars an hour above the norm; without one, all of them."
    )
    yield Record(ABOVE_HOUR, f"clamp_min(\n  {HOUR} - {USUAL}\n    or\n  {HOUR},\n  0\n)")
    yield Record(
        ABOVE_DAY,
        f"5 / 60 * sum_over_time({ABOVE_HOUR}[1439m])",
        "Dollars above the norm within a day: the sum of the hourly rates of every five minutes. Hours that are not "
        "known count as none. A whole day would have a value more where ranges include both ends (Prometheus 2).",
    )
    yield Record(PER_USUAL, f"{NOW}\n  /\n{USUAL}")
