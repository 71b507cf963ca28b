"""The answers of the API about costs, as JSON Schema."""

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

ROW_LABELS = {name: text(f"The {name}, if rows have one.") for name in ("project", "product", "meter", "kind", "asset")}
SIDE = record("One side of a comparison.", {"of": text("The project or period."), **DOLLARS})

COST_SCHEMAS: Mapping[str, Schema] = {
    "ProductCost": record(
        "The cost of a product in a project of an account.",
        {"account": ACCOUNT["account"], "product": text("The product."), **DOLLARS},
    ),
    "Budget": record(
        "A budget and its use.",
        {
            "budget": text("Its name."),
            "account": text("The account that it covers; empty for all."),
            "project": text("The project that it covers; empty for all."),
            "product": text("The product that it covers; empty for all."),
            "amount_usd": usd("The amount for a billing cycle."),
            "used_ratio": usd("Amount spent so far, divided by the budget."),
            "forecast_ratio": usd("Forecast amount, divided by the budget."),
            "exceeded_on": maybe(
                day("The day on which it is forecast to be exceeded; null if it already is, or will not be.")
            ),
        },
    ),
    "CostRow": record(
        "A row; its keys depend on `by`.",
        {
            "account": ACCOUNT["account"],
            "to_date_usd": DOLLARS["to_date_usd"],
            "list_price_usd": DOLLARS["list_price_usd"],
        },
        {
            **ROW_LABELS,
            "day": day("The day, if rows have one."),
            "quantity": quantity("The quantity used."),
            "unit": text("The unit of the quantity."),
            **{name: schema for name, schema in DOLLARS.items() if name.startswith("forecast")},
        },
    ),
    "CostDifference": record(
        "Two projects or periods side by side.",
        {"first": SIDE, "second": SIDE, "change_usd": usd("The second minus the first, to date.")},
        {"account": ACCOUNT["account"], **ROW_LABELS},
    ),
    "CostLine": record(
        "A line of the account's bill.",
        {
            "meter": text("The meter."),
            "product": text("The product."),
            "basis": text("The quality of the estimate."),
            "quantity": quantity("The quantity used."),
            "included": quantity("The included quantity."),
            "billed": quantity("The billed quantity, in whole blocks."),
            "unit": text("The unit of these quantities."),
            "usd": usd("The cost, rounded to cents."),
            "note": text("A reason why usage and bill may differ."),
        },
    ),
    "Subscription": record(
        "A fee for each period, independent of usage.",
        {
            "name": text("Its name."),
            "usd": usd("Its price in the cycle."),
            "frequency": text("The billing frequency."),
            "is_assumed": number(
                "boolean", "Whether it is an assumption, because the token may not read subscriptions."
            ),
        },
    ),
    "BilledLine": record(
        "A line of Cloudflare's own bill.",
        {
            "line": text("The line, as printed."),
            "meter": text("The matching meter; empty if unknown."),
            "billed_usd": usd("The amount billed so far."),
            "ratio": maybe(usd("The billed amount divided by the estimate.")),
        },
    ),
    "CostAccount": record(
        "An account's cycle.",
        {
            **ACCOUNT,
            "cycle_start": day("The first day of the billing cycle."),
            "cycle_end": day("The day after its last one."),
            "known_from": maybe(day("The first day with known usage.")),
            "known_until": moment("The time until which usage is known."),
            "plan": text("The plan."),
            "plan_source": text("The source of the plan."),
            "cycle_source": text("The source of the cycle."),
            "invoice_usd": usd("The invoice amount so far."),
            **DOLLARS,
            "subscriptions": listed("Subscription"),
            "lines": listed("CostLine"),
            "billed": listed("BilledLine"),
            "unpriced": {
                "type": "array",
                "items": text(),
                "description": "Billable usage that is not in the estimate.",
            },
        },
    ),
    "Costs": record(
        "Costs of a billing cycle, in `rows`, or compared, in `compare`.",
        {
            "by": text("The grouping of the rows."),
            "period": text("The requested period."),
            "accounts": listed("CostAccount"),
            "total": record("The sum of all accounts.", DOLLARS),
            "budgets": listed("Budget"),
            "notes": {"type": "array", "items": text(), "description": "Hints about unknown values."},
        },
        {"rows": listed("CostRow"), "compare": listed("CostDifference")},
    ),
}
"""The schemas by name."""
