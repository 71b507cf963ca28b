"""A statement as CSV, with the columns of FOCUS (https://focus.finops.org/); our own begin with ``x_``."""

import csv
import io
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from exporter.catalog import PRODUCTS
from exporter.costs.statement import Statement, StatementRow
from exporter.model import DAY
from exporter.pricing import AccountCosts, plain, quantity_text
from exporter.pricing.attribution import SUBSCRIPTION

Cell = Callable[[AccountCosts, StatementRow], str]

CATEGORIES: Mapping[str, str] = {
    **{product.name: product.category for product in PRODUCTS},
    "workers_for_platforms": "Compute",
    "containers": "Compute",
    "browser_run": "Compute",
    "vectorize": "Databases",
    "queues": "Integration",
    "workflows": "Integration",
    "workers_ai": "AI and Machine Learning",
    "stream": "Media",
    "images": "Media",
}
"""FOCUS' service categories by product, those of the catalog and others on the rate card; the default is Other."""


def _charged_from(costs: AccountCosts, row: StatementRow) -> str:
    day = row.labels.get("day")
    return _midnight(date.fromisoformat(day) if day else costs.cycle.start)


def _charged_until(costs: AccountCosts, row: StatementRow) -> str:
    day = row.labels.get("day")
    return _midnight(date.fromisoformat(day) + DAY if day else min(costs.until.date() + DAY, costs.cycle.end))


def _midnight(day: date) -> str:
    """Return the start of a day in FOCUS' time format."""
    return f"{day}T00:00:00Z"


def _forecast(row: StatementRow, amount: Decimal) -> str:
    """Return an amount forecast for the end of the cycle; empty for single days."""
    return "" if "day" in row.labels else plain(amount)


def _category(costs: AccountCosts, row: StatementRow) -> str:
    product = row.labels.get("product")
    return CATEGORIES.get(product, "Other") if product else ""


COLUMNS: Mapping[str, Cell] = {
    "ServiceProviderName": lambda costs, row: "Cloudflare",
    "BillingAccountId": lambda costs, row: costs.account_id,
    "BillingAccountName": lambda costs, row: row.account,
    "BillingCurrency": lambda costs, row: "USD",
    "BillingPeriodStart": lambda costs, row: _midnight(costs.cycle.start),
    "BillingPeriodEnd": lambda costs, row: _midnight(costs.cycle.end),
    "ChargePeriodStart": _charged_from,
    "ChargePeriodEnd": _charged_until,
    "ChargeCategory": lambda costs, row: "Purchase" if row.labels.get("kind") == SUBSCRIPTION else "Usage",
    "ServiceCategory": _category,
    "ServiceName": lambda costs, row: row.labels.get("product", ""),
    "SkuMeter": lambda costs, row: row.labels.get("meter", ""),
    "ResourceType": lambda costs, row: row.labels.get("kind", ""),
    "ResourceName": lambda costs, row: row.labels.get("asset", ""),
    "ConsumedQuantity": lambda costs, row: "" if row.quantity is None else quantity_text(row.quantity),
    "ConsumedUnit": lambda costs, row: row.unit,
    "BilledCost": lambda costs, row: plain(row.amount.to_date),
    "EffectiveCost": lambda costs, row: plain(row.amount.to_date),
    "ContractedCost": lambda costs, row: plain(row.amount.to_date),
    "ListCost": lambda costs, row: plain(row.amount.list_price),
    "x_Project": lambda costs, row: row.labels.get("project", ""),
    "x_ForecastCost": lambda costs, row: _forecast(row, row.amount.forecast),
    "x_ForecastCostLow": lambda costs, row: _forecast(row, row.amount.low),
    "x_ForecastCostHigh": lambda costs, row: _forecast(row, row.amount.high),
}
"""The columns of the CSV."""


def as_csv(statement: Statement) -> str:
    """Return the rows of a statement as CSV, or the lines of a comparison."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if statement.query.compare:
        first, second = statement.query.compare
        names = list(statement.differences[0].labels) if statement.differences else []
        writer.writerow([*names, first, second, "change"])
        for each in statement.differences:
            change = plain(each.second.to_date - each.first.to_date)
            writer.writerow([*each.labels.values(), plain(each.first.to_date), plain(each.second.to_date), change])
        return out.getvalue()
    writer.writerow(COLUMNS)
    by_name = {each.account: each for each in statement.accounts}
    for row in statement.rows:
        writer.writerow([cell(by_name[row.account], row) for cell in COLUMNS.values()])
    return out.getvalue()
