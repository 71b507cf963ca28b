"""What the API answers about money, as JSON Schema."""

from collections.abc import Mapping

from exporter.exposition.api.shapes import (
    ACCOUNT,
    DOLLARS,
    Schema,
    day,
    listed,
    maybe,
    moment,
    number,
    quantity,
    record,
    text,
    usd,
)

ROW_LABELS = {
    name: text(f"The {name}, where a row is of one.") for name in ("project", "product", "meter", "kind", "asset")
}
SIDE = record("One side of a comparison.", {"of": text("Which project or period."), **DOLLARS})

COST_SCHEMAS: Mapping[str, Schema] = {
    "ProductCost": record(
        "What a product costs in a project of an account.",
        {"account": ACCOUNT["account"], "product": text("The product."), **DOLLARS},
    ),
    "Budget": record(
        "How a budget stands.",
        {
            "budget": text("Its name."),
            "account": text("The account that it is for; empty: all."),
            "project": text("The project that it is for; empty: all."),
            "product": text("The product that it is for; empty: all."),
            "amount_usd": usd("How much may be spent in a cycle."),
            "used_ratio": usd("Spent so far, by this."),
            "forecast_ratio": usd("What will be spent, by this."),
            "exceeded_on": maybe(day("The day on which it will be exceeded; null: it is already, or will not be.")),
        },
    ),
    "CostRow": record(
        "A row; which keys there are depends on `by`.",
        {
            "account": ACCOUNT["account"],
            "to_date_usd": DOLLARS["to_date_usd"],
            "list_price_usd": DOLLARS["list_price_usd"],
        },
        {
            **ROW_LABELS,
            "day": day("The day, where a row is of one."),
            "quantity": quantity("How much was used."),
            "unit": text("The unit of the quantity."),
            **{name: schema for name, schema in DOLLARS.items() if name.startswith("forecast")},
        },
    ),
    "CostDifference": record(
        "Two projects or periods side by side.",
        {"first": SIDE, "second": SIDE, "change_usd": usd("The second less the first, to date.")},
        {"account": ACCOUNT["account"], **ROW_LABELS},
    ),
    "CostLine": record(
        "A line of the account's bill.",
        {
            "meter": text("The meter."),
            "product": text("The product."),
            "basis": text("How good the estimate is."),
            "quantity": quantity("How much was used."),
            "included": quantity("How much is included."),
            "billed": quantity("How much is billed, in whole blocks."),
            "unit": text("The unit of these."),
            "usd": usd("What it comes to, in cents."),
            "note": text("Where usage and bill may differ."),
        },
    ),
    "Subscription": record(
        "What is paid for each period, whatever is used.",
        {
            "name": text("Its name."),
            "usd": usd("Its price in the cycle."),
            "frequency": text("How often it is paid."),
            "is_assumed": number("boolean", "Whether the token may not read subscriptions."),
        },
    ),
    "BilledLine": record(
        "What Cloudflare's own bill says.",
        {
            "line": text("The line, as printed."),
            "meter": text("The meter that it is; empty if that is not known."),
            "billed_usd": usd("Billed so far."),
            "ratio": maybe(usd("The estimate by this.")),
        },
    ),
    "CostAccount": record(
        "An account's cycle.",
        {
            **ACCOUNT,
            "cycle_start": day("The first day of the billing cycle."),
            "cycle_end": day("The day after its last one."),
            "known_from": maybe(day("The first day of which usage is known.")),
            "known_until": moment("Up to when usage is known."),
            "plan": text("The plan."),
            "plan_source": text("How it is known."),
            "cycle_source": text("How the cycle is known."),
            "invoice_usd": usd("What an invoice would say so far."),
            **DOLLARS,
            "subscriptions": listed("Subscription"),
            "lines": listed("CostLine"),
            "billed": listed("BilledLine"),
            "unpriced": {"type": "array", "items": text(), "description": "What costs, but is not in the estimate."},
        },
    ),
    "Costs": record(
        "Costs in a billing cycle: in `rows`, or compared in `compare`.",
        {
            "by": text("What a row is."),
            "period": text("The period that was asked for."),
            "accounts": listed("CostAccount"),
            "total": record("The sum of all accounts.", DOLLARS),
            "budgets": listed("Budget"),
            "notes": {"type": "array", "items": text(), "description": "Where something is not known."},
        },
        {"rows": listed("CostRow"), "compare": listed("CostDifference")},
    ),
}
"""The schemas by name."""
