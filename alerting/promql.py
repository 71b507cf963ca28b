"""PromQL shared by rules: rates over Cloudflare's time, norms of earlier days, thresholds with exceptions."""

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exporter.alerts.table import AlertEntry, entry
from exporter.alerts.windows import RECENT
from exporter.catalog import PRODUCTS, d1, durable_objects, kinds_of, kv, r2, workers
from exporter.catalog.asset_kind import AssetKind
from exporter.catalog.product import Product

TIME = "job_account_dataset:cloudflare_exporter_dataset_queried_until_timestamp_seconds"
"""The prefix of the records of Cloudflare's time, one for each window."""

THRESHOLD = "cloudflare:alert_threshold:default"
SETTING = "cloudflare:alert_setting:default"
"""The records of the knobs, ``rules/thresholds.yml``."""

FREE_PLAN = 'cloudflare_cost_account_info{plan="workers_free"}'

DAILY_KV = 'meter=~"kv_(reads|writes|deletes|lists)"'
"""The KV meters that the free plan limits daily; its storage has one total limit."""

OWN = ("job", "account")
PROJECT = (*OWN, "project")


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of alerts: the labels that name it, and the record of its own thresholds."""

    labels: tuple[str, ...]

    @property
    def level(self) -> str:
        """Return the labels as the first part of a record's name."""
        return "_".join(self.labels)

    @property
    def on(self) -> str:
        """Return the labels as a PromQL matching list."""
        return ", ".join(self.labels)

    @property
    def exceptions(self) -> str:
        """Return the record of the thresholds that the exporter's configuration sets for single subjects."""
        return f"{self.level}:cloudflare_alert_threshold:max"


def subject_of(kind: AssetKind) -> Subject:
    """Return the subject for the assets of a kind."""
    return Subject((*PROJECT, kind.label))


def subjects(products: Iterable[Product]) -> Mapping[str, Subject]:
    """Return the subjects of alerts by kind: accounts, projects, and the assets of some products."""
    of_assets = {name: subject_of(kind) for name, kind in kinds_of(products).items()}
    return {entry.ACCOUNT: ACCOUNTS, entry.PROJECT: PROJECTS, **of_assets}


ACCOUNTS, PROJECTS = Subject(OWN), Subject(PROJECT)
WORKER, BUCKET, DATABASE, OBJECTS, KV = map(
    subject_of, (workers.WORKER, r2.BUCKET, d1.DATABASE, durable_objects.NAMESPACE, kv.NAMESPACE)
)

_SUBJECTS = subjects(PRODUCTS)

LEAST_DAYS = 3

NORM = f"""The norm of an hour: of the peaks within half an hour of the same time of day on the last seven days, the \
median, or that of a week before if it is higher. Load that recurs every day or every week is therefore normal, and a \
runaway is not yet after three days. At least {LEAST_DAYS} days must be known."""


def inner(expr: str, spaces: int = 2) -> str:
    """Return an expression without its own indentation, indented."""
    return textwrap.indent(textwrap.dedent(expr).strip(), " " * spaces)


def growth(selector: str, window: str) -> str:
    """Return the growth of counters: exact, since both values were scraped."""
    one_line = f"last_over_time({selector}[{window}]) - min_over_time({selector}[{window}])"
    if len(one_line) <= 100:
        return one_line
    return f"last_over_time({selector}[{window}])\n  - min_over_time({selector}[{window}])"


def rate(selectors: tuple[str, ...], dataset: str, labels: tuple[str, ...], window: str) -> str:
    """Return the growth of a dataset's counters per second of Cloudflare's time."""
    by = ", ".join(labels)
    grown = "\n+\n".join(f"sum by ({by}) (\n{inner(growth(selector, window))}\n)" for selector in selectors)
    if len(selectors) > 1:
        grown = f"(\n{inner(grown)}\n)"
    return (
        f"{grown}\n"
        "  / on (job, account) group_left ()\n"
        "sum by (job, account) (\n"
        f'  {TIME}:increase{window}{{dataset="{dataset}"}} > 0\n'
        ")"
    )


def is_fresh(dataset: str) -> str:
    """Return an expression that has series only while a dataset's data is fresh."""
    return f'{TIME}:increase{RECENT}{{dataset="{dataset}"}} > 0'


def only_fresh(expr: str, dataset: str) -> str:
    """Return an expression limited to accounts in which a dataset's data is fresh."""
    return f"{expr.strip()}\n  and on (job, account)\n({is_fresh(dataset)})"


def setting(alert: AlertEntry, name: str) -> str:
    """Return an alert's setting by its name. Raises ValueError if the table has none of that name."""
    return f'scalar({SETTING}{{alert="{alert.name}",setting="{alert.setting(name).name}"}})'


def threshold(alert: AlertEntry, severity: str = "") -> str:
    """Return an alert's default threshold, for subjects without their own.

    The severity may be omitted if there is only one threshold. Raises ValueError if the table has none, or several.
    """
    return f'scalar({THRESHOLD}{{alert="{alert.name}",severity="{alert.threshold(severity).severity}"}})'


def compared(series: str, comparison: str, alert: AlertEntry, severity: str = "", *, among: str = "") -> str:
    """Return the series that are above (``>``) or below (``<``) the threshold of their subject, or else the default's.

    Accounts on the free plan may have a different default. With ``among``, the default is only for these accounts.
    """
    on, own = _exceptions(alert, severity)
    usual = threshold(alert, severity)
    limited = f"\n    and on (job, account)\n  {among}" if among else ""
    others = f"(\n{inner(series)}\n    unless on ({on})\n  {own}{limited}\n)"
    if alert.has_free_plan:
        common = (
            f"({others} unless on (job, account) {FREE_PLAN})\n  {comparison} {usual}\nor\n"
            f"({others} and on (job, account) {FREE_PLAN})\n  {comparison} {setting(alert, entry.FREE_PLAN)}"
        )
    else:
        common = f"{others}\n  {comparison} {usual}"
    return f"{common}\nor\n{series.strip()}\n  {comparison} on ({on}) group_left ()\n{own}"


def effective(series: str, alert: AlertEntry) -> str:
    """Return the effective threshold for each series."""
    on, own = _exceptions(alert, "")
    return f"max by ({on}) ({own})\n  and\n{series}\nor\n0 * {series} + {threshold(alert)}"


def _exceptions(alert: AlertEntry, severity: str) -> tuple[str, str]:
    """Return the labels of an alert's subjects, and the thresholds that the configuration sets for single ones."""
    subject = _SUBJECTS[alert.subject]
    matchers = f'alert="{alert.name}",severity="{alert.threshold(severity).severity}"'
    return subject.on, f"{subject.exceptions}{{{matchers}}}"


def both(first: str, *others: str) -> str:
    """Return the first expression's series where the others have some of the same labels."""
    return "\n  and\n".join(f"(\n{inner(expr)}\n)" if "\n" in expr else expr for expr in (first, *others))


def same_hours(record: str) -> str:
    """Return the peak of a record within half an hour of this time of day, for each of the last seven days "
    "(``day``)."""
    return "\n  or\n".join(
        f'label_replace(max_over_time({record}[1h] offset {24 * day - 1}h30m), "day", "{day}", "", "")'
        for day in range(1, 8)
    )


def same_weeks(record: str) -> str:
    """Return a record at this time of each of the three weeks before (``week``)."""
    return "\n  or\n".join(
        f'label_replace(last_over_time({record}[10m] offset {week}w), "week", "{week}", "", "")' for week in range(1, 4)
    )


def over_all(operation: str, record: str, labels: tuple[str, ...], least: int) -> str:
    """Return an aggregation of a record by labels, where it has at least ``least`` series."""
    by = ", ".join(labels)
    return f"{operation} by ({by}) ({record})\n  and\ncount by ({by}) ({record}) >= {least}"


def norm(of_days: str, labels: tuple[str, ...]) -> str:
    """Return the norm of an hour from its peaks on the last seven days (see ``NORM``)."""
    by = ", ".join(labels)
    return (
        f'max by ({by}) (\n  quantile by ({by}) (0.5, {of_days})\n    or\n  {of_days}{{day="7"}}\n)\n'
        f"  and\ncount by ({by}) ({of_days}) >= {LEAST_DAYS}"
    )
