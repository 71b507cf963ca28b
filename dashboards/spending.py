"""Panels about money, shared by several pages."""

from dashboards.grafana import FieldStyle, Json, Query, Size, stat, timeseries
from dashboards.links import COST, of_series
from dashboards.names import LIST_COST
from dashboards.queries import FORECAST, TO_DATE, money, select_account, total, week_before
from dashboards.text import BEFORE, LIST_PRICE, OF_CYCLE

USD = FieldStyle("currencyUSD", decimals=2)
USD_AN_HOUR = FieldStyle("currencyUSD", decimals=3)
"""Dollars an hour: a tenth of a cent is 73 cents a month."""

MORE = of_series(COST, "Open the costs")


def summed(metric: str, *matchers: str) -> str:
    """Return a sum of the bill's shares: 0 if there is a bill on which none of them is."""
    return f"sum({money(metric, 'account', *matchers)}) or 0 * count({select_account(metric)})"


def to_date(size: Size, *matchers: str) -> Json:
    """Return the panel with the cost of the cycle so far."""
    return stat(
        "Cost to date",
        f"The cost of the billing cycle so far. {OF_CYCLE}",
        size,
        [Query(summed(TO_DATE, *matchers), "to date")],
        USD,
        links=(MORE,),
    )


def forecast(size: Size, *matchers: str) -> Json:
    """Return the panel with the forecast of the cycle."""
    return stat(
        "Forecast",
        "The cost of the whole billing cycle if usage continues as over the last full days.",
        size,
        [Query(summed(FORECAST, *matchers), "forecast")],
        USD,
        links=(MORE,),
    )


def per_hour_by_product(size: Size, *, colors: dict[str, str]) -> Json:
    """Return the panel with list cost per hour."""
    record = f"job_account_project_product:{LIST_COST}:rate1h"
    return timeseries(
        "List cost per hour by product",
        f"The cost of the last hour's usage. {BEFORE} {LIST_PRICE}",
        size,
        [Query(total(record, "product"), "{{product}}"), week_before(record)],
        USD_AN_HOUR,
        is_stacked=True,
        colors=colors,
    )


def cycle_left(size: Size) -> Json:
    """Return the panel with the days left in the billing cycle."""
    end = select_account("cloudflare_cost_cycle_end_timestamp_seconds")
    return stat(
        "Days left",
        "Days until the next end of an account's billing cycle.",
        size,
        [Query(f"(min({end} > time()) - time()) / 86400", "left")],
        FieldStyle("none", decimals=1),
    )
