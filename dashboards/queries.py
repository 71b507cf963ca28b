"""PromQL of the dashboards: every selector carries the dashboard's variables.

Rates come from recording rules, over Cloudflare's time. Totals over the selected time range are increases of counters,
which are right however late they arrive.
"""

from collections.abc import Sequence

from dashboards.grafana import WEEK_BEFORE, Query
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

NAMED = 'asset!=""'
"""The matcher that excludes subscriptions."""

TO_DATE = "cloudflare_cost_cycle_to_date_usd"
FORECAST = "cloudflare_cost_forecast_usd"


def total(record: str, by: str, *matchers: str) -> str:
    """Return the sum of a recorded rate or size by some labels."""
    return f"sum by ({by}) ({select(record, *matchers)})"


def sum_of(record: str, *matchers: str) -> str:
    """Return the sum of a recorded rate or size, 0 if there is none."""
    return f"sum({select(record, *matchers)}) or vector(0)"


def used(counter: str, by: str, *matchers: str) -> str:
    """Return the usage in the selected time range, by labels."""
    return f"sum by ({by}) (increase({select(counter, *matchers)}[$__range]))"


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


def money(metric: str, by: str, *matchers: str) -> str:
    """Return a sum of the shares of the bill, by some labels."""
    return f"sum by ({by}) (max by ({LINE}) ({select(metric, *matchers)}))"


def money_of_assets(metric: str) -> str:
    """Return a sum of the shares of the bill by asset; its product is the one that has a page."""
    shares = f"max by ({LINE}) ({select(metric, NAMED)})"
    paged = f'label_replace({shares}, "product", "workers", "product", "workers_for_platforms")'
    return f"sum by ({OF_ASSET}) ({paged})"


def select(name: str, *matchers: str) -> str:
    """Return the series of a metric that match the variables."""
    return f"{name}{{{','.join((ASSET, *matchers))}}}"


def select_account(name: str, *matchers: str) -> str:
    """Return the series of a metric of accounts, or of the exporter, that match the variables."""
    return f"{name}{{{','.join((ACCOUNT, *matchers))}}}"


def select_job(name: str, *matchers: str) -> str:
    """Return the series of a metric of the whole exporter."""
    return f"{name}{{{','.join((JOB, *matchers))}}}"


def firing(*matchers: str) -> str:
    """Return the firing alerts about Cloudflare from Prometheus, without the one that always fires."""
    always = f'alertname=~"{PREFIX}.+",alertname!="{WATCHDOG}",alertstate="firing"'
    return select_job("ALERTS", always, *matchers)


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
