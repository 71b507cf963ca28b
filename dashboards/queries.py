"""PromQL of the dashboards: every selector carries the dashboard's variables.

Rates come from recording rules, over Cloudflare's time. Totals over the selected time range are the growth of counters,
which is right however late they arrive.
"""

from collections.abc import Iterable, Sequence

from alerting.promql import growth
from dashboards.colors import DISTINCT
from dashboards.grafana import ABOUT, WEEK_BEFORE, Query
from dashboards.names import PROJECT_LEVEL
from exporter.alerts.names import PREFIX, WATCHDOG
from exporter.catalog import PRODUCTS, kinds_of
from exporter.catalog.product import Product

JOB = 'job=~"$job"'

ACCOUNT = f'{JOB},account=~"$account"'
"""The matchers for the exporter's metrics about itself."""

ASSET = f'{ACCOUNT},project=~"$project"'
"""The matchers for usage."""

TOP = 10

LINE = "account, project, product, meter, kind, asset"
"""One share of one line of the bill; replicas publish the same, so one of them is taken."""

OF_ASSET = "project, product, asset"

NAMED, UNNAMED = 'asset!=""', 'asset=""'
"""The matchers of what belongs to an asset, and of subscriptions."""

RANGE = "$__range"

TO_DATE = "cloudflare_cost_cycle_to_date_usd"
FORECAST = "cloudflare_cost_forecast_usd"


def total(record: str, by: str, *matchers: str) -> str:
    """Return the sum of a recorded rate or size by some labels."""
    return f"sum by ({by}) ({select(record, *matchers)})"


def used(counter: str, by: str, *matchers: str) -> str:
    """Return the usage in the selected time range, by labels."""
    return f"sum by ({by}) ({grown(select(counter, *matchers))})"


def grown(series: str) -> str:
    """Return the growth of each counter in the selected time range: exact, unless it began anew."""
    estimate = f"round(increase({series}[{RANGE}]))"
    return f"{growth(series, RANGE)} unless resets({series}[{RANGE}]) > 0 or {estimate}"


def used_in_all(counter: str, *matchers: str) -> str:
    """Return the usage in the selected time range, marked by a label if it is an estimate, and 0 if there is none."""
    anew = f'label_replace({began_anew((counter,), "", *matchers)}, "about", "{ABOUT}", "", "")'
    marked = f"{used(counter, '', *matchers)} * on () group_left (about) ({anew} or on () vector(1))"
    return f"{marked} or on () {NO_USAGE}"


def began_anew(counters: Iterable[str], by: str, *matchers: str) -> str:
    """Return 1 where one of some counters began anew within the selected time range."""
    fallen = " or ".join(f"resets({select(counter, *matchers)}[{RANGE}]) > 0" for counter in counters)
    return f"group by ({by}) ({fallen})"


def failed(errors: str, requests: str, by: str, *matchers: str) -> str:
    """Return the share of the requests in the selected time range that failed."""
    return f"{used(errors, by, *matchers)} / ({used(requests, by, *matchers)} > 0)"


def failed_in_all(errors: str, requests: str, *matchers: str) -> str:
    """Return that share of all of them, and -1 if there were no requests."""
    return f"{failed(errors, requests, '', *matchers)} or on () {NO_USAGE} - 1"


def rate_of_largest(record: str, counter: str, by: str, *matchers: str) -> str:
    """Return a recorded rate for those with the most usage in the selected time range, the same along the graph."""
    largest = f"topk({TOP}, sum by ({by}) (increase({select(counter, *matchers)}[$__range] @ end())))"
    return f"{total(record, by, *matchers)} and on ({by}) {largest}"


def largest(record: str, by: str, *matchers: str) -> str:
    """Return a recorded value for the label sets with the largest current values, along the graph."""
    most = f"topk({TOP}, max by ({by}) ({select(record, *matchers)} @ end()))"
    return f"max by ({by}) ({select(record, *matchers)}) and on ({by}) {most}"


def sum_along(record: str, *matchers: str) -> str:
    """Return the sum of a recorded rate along the graph: nothing where nothing is known."""
    return f"sum({select(record, *matchers)})"


def week_before(record: str, *matchers: str) -> Query:
    """Return the curve of the sum of a recorded value seven days earlier; a record is cheap to read again."""
    return Query(f"sum({select(record, *matchers)} offset 1w)", WEEK_BEFORE)


def by_project(expression: str) -> str:
    """Return curves by project, and where there are few projects, a hidden stand-in for each without a curve.

    Colours go by position, so a project then has the same one in all panels of a page. A stand-in is a series of its
    own, and sorted like the project's: nothing is drawn where a project has no value.
    """
    known = f"group by (project) ({select(f'{PROJECT_LEVEL}:{TO_DATE}:sum')} @ end())"
    few = f"-1 * ({known} and on () count({known}) <= {DISTINCT})"
    return f'{expression} or on (project) label_replace({few}, "stand_in", "yes", "", "")'


def money(metric: str, by: str, *matchers: str) -> str:
    """Return a sum of the shares of the bill, by some labels."""
    return f"sum by ({by}) (max by ({LINE}) ({select(metric, *matchers)}))"


def money_of_assets(metric: str) -> str:
    """Return a sum of the shares of the bill by asset; its product is the one that has a page.

    A subscription is named by its meter; the page about it is that about costs.
    """
    shares = f"max by ({LINE}) ({select(metric, NAMED)})"
    paged = f'label_replace({shares}, "product", "workers", "product", "workers_for_platforms")'
    subscribed = f'label_replace(max by ({LINE}) ({select(metric, UNNAMED)}), "asset", "($1)", "meter", "(.+)")'
    on_cost = f'label_replace({subscribed}, "product", "cost", "", "")'
    return f"sum by ({OF_ASSET}) ({paged} or {on_cost})"


def select(name: str, *matchers: str) -> str:
    """Return the series of a metric that match the variables."""
    return f"{name}{{{','.join((ASSET, *matchers))}}}"


def select_account(name: str, *matchers: str) -> str:
    """Return the series of a metric of accounts, or of the exporter, that match the variables."""
    return f"{name}{{{','.join((ACCOUNT, *matchers))}}}"


def select_job(name: str, *matchers: str) -> str:
    """Return the series of a metric of the whole exporter."""
    return f"{name}{{{','.join((JOB, *matchers))}}}"


NO_USAGE = f"0 * max({select_account('cloudflare_exporter_account_up')} == 1)"
"""The usage of what no counter counts, where Cloudflare answers the exporter."""

RULES_RUN = f'ALERTS{{alertname="{WATCHDOG}"}}'
"""The alert that fires wherever these rules are evaluated; it is about no job."""


def firing(*matchers: str) -> str:
    """Return the firing alerts about Cloudflare from Prometheus, without the one that always fires.

    An alert that there is no exporter at all has no job.
    """
    job = 'job=~"$job|"'
    named = f'alertname=~"{PREFIX}.+",alertname!="{WATCHDOG}",alertstate="firing"'
    return f"ALERTS{{{','.join((job, named, *matchers))}}}"


def with_product(expression: str, products: Sequence[Product] = PRODUCTS) -> str:
    """Return what has a label ``kind`` the label ``product`` too; kinds that begin with it need one step for all."""
    owners = {kind: product.name for product in reversed(products) for kind in kinds_of((product,))}
    prefixed = {kind: name for kind, name in owners.items() if kind.startswith(f"{name}_")}
    names = "|".join(product.name for product in products if product.name in prefixed.values())
    named = f'label_replace({expression}, "product", "$1", "kind", "({names})_.+")'
    for kind in kinds_of(products):
        if kind not in prefixed:
            named = f'label_replace({named}, "product", "{owners[kind]}", "kind", "{kind}")'
    return named
