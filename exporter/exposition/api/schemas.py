"""What the API answers, as JSON Schema (2020-12): every key is named, and no other is ever there."""

from collections.abc import Mapping

from exporter.alerts import State
from exporter.exposition.api.cost_schemas import COST_SCHEMAS
from exporter.exposition.api.parameters import SEVERITIES
from exporter.exposition.api.shapes import (
    ACCOUNT,
    AS_OF,
    DATA_UNTIL,
    KIND,
    MAYBE_DOLLARS,
    PAGED,
    PART_STATE,
    PROJECT,
    STANDING,
    USED,
    Schema,
    count,
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
from exporter.views import Step

SCHEMAS: Mapping[str, Schema] = {
    **COST_SCHEMAS,
    "Error": record(
        "Why there is no answer.",
        {
            "error": record(
                "What is wrong.",
                {"code": text("One word, for programs."), "message": text("A sentence, for people.")},
            )
        },
    ),
    "Asset": record(
        "An asset that Cloudflare lists. Dollars are null where `costs.assets` is off, or nothing is counted yet.",
        {
            **ACCOUNT,
            "project": PROJECT,
            "kind": KIND,
            "name": text("The name, as on metrics."),
            "id": text("Cloudflare's id; of a bucket its name."),
            "created": maybe(moment("When it was created, as far as its list says.")),
            "modified": maybe(moment("When it was last changed, as far as its list says.")),
            "last_used": maybe(moment("The start of the newest hour in which it was used since counting began.")),
            **USED,
            **MAYBE_DOLLARS,
            "list_cost_usd": maybe(usd("Usage since counting began at the list price of its hour.")),
        },
    ),
    "Assets": record("A page of assets.", {**AS_OF, **PAGED, "assets": listed("Asset")}),
    "Project": record(
        "What a project of an account has, with what is on no list. Where kinds are asked for: of these alone.",
        {
            **ACCOUNT,
            "project": PROJECT,
            "assets": count("How many assets it has."),
            "assets_by_kind": {
                "type": "object",
                "description": "How many of each kind.",
                "additionalProperties": {"type": "integer", "minimum": 1},
            },
            **USED,
            **MAYBE_DOLLARS,
        },
    ),
    "Projects": record("A page of projects.", {**AS_OF, **PAGED, "projects": listed("Project")}),
    "ProjectDetail": record(
        "A project in all accounts that have it, and a page of its assets.",
        {
            **AS_OF,
            "project": PROJECT,
            "accounts": listed("Project", "Its sums in each account."),
            "products": listed("ProductCost", "Account by account, the most expensive first."),
            "budgets": listed("Budget", "The budgets that are for it."),
            **PAGED,
            "assets": listed("Asset"),
        },
    ),
    "Usage": record(
        "What an asset used of a meter in some days.",
        {
            "since": day("The first UTC day."),
            "until": day("The day after the last one."),
            **ACCOUNT,
            "project": PROJECT,
            "kind": KIND,
            "asset": text("The asset's name, or in brackets what is none."),
            "asset_id": text("Cloudflare's id; empty of what is no asset."),
            "product": text("The product as billed; empty if that is not known."),
            "meter": text("The meter, by its id on the rate card."),
            "quantity": quantity("How much; of what is stored each day adds a thirtieth of its highest hour."),
            "unit": text("The unit of the quantity; empty of a meter that is not billed."),
        },
    ),
    "UsagePage": record(
        "A page of usage, the oldest first.",
        {
            "since": day("The first UTC day that was asked for."),
            "until": day("The day after the last one."),
            "step": text("How long the time of a row is.", enum=[str(each) for each in Step]),
            "known_until": maybe(moment("Up to when the usage of all these accounts is known.")),
            "next_cursor": PAGED["next_cursor"],
            "usage": listed("Usage"),
        },
    ),
    "Alert": record(
        "An alert.",
        {
            "alert": text("Its name."),
            "severity": text(f"Usually {', '.join(SEVERITIES)}."),
            "state": text("How it stands.", enum=[str(each) for each in State]),
            "since": moment("Since when."),
            "product": text("The product; empty if it is about none."),
            "account": text("The account's label; empty if it is about none."),
            "project": text("The project; empty if it is about none."),
            "asset": {
                **record("The asset, if it is about one.", {"kind": text(), "name": text()}),
                "type": ["object", "null"],
            },
            "value": maybe(number("number", "The value of its expression, as far as that is known.")),
            "summary": text("What is wrong, in a line."),
            "description": text("What is wrong."),
            "runbook_url": text("Where it says what to do."),
            "dashboard_url": text("Where to look at it."),
            "labels": {"type": "object", "description": "All its labels.", "additionalProperties": text()},
        },
    ),
    "Alerts": record(
        "What fires, the worst first.",
        {
            "source": text("Who said so.", enum=["alertmanager", "prometheus"]),
            "asked_at": moment("When it was asked."),
            "notes": {"type": "array", "items": text(), "description": "What is not known."},
            "alerts": listed("Alert"),
        },
    ),
    "Problem": record(
        "Something that is wrong.",
        {
            "account": text("The account's label, the token's name, or empty if it is about neither."),
            "part": text("What of it: a dataset, a list, the token, the storage …"),
            "reason": text("One word for what is wrong."),
            "since": maybe(moment("Since when.")),
            "detail": text("What failed, and why."),
            "remedy": text("What to do."),
        },
    ),
    "AccountHealth": record(
        "How an account stands, or a token that shows none (without an id).",
        {
            **ACCOUNT,
            "state": text("Whether its last refresh was answered.", enum=["up", "down"]),
            **STANDING,
            "data_until": {**DATA_UNTIL, "description": "Up to when all its counters hold what Cloudflare said."},
        },
    ),
    "DatasetHealth": record(
        "How a dataset of an account stands.",
        {
            "account": ACCOUNT["account"],
            "dataset": text("Its name in GraphQL."),
            "state": PART_STATE,
            **STANDING,
            "data_until": DATA_UNTIL,
            "sample_interval": number("number", "How coarsely it is sampled; 1 is exact."),
            "audited_until": maybe(moment("Before this everything counted is final.")),
            "days_to_fill_in": count("Days before counting began that are still to be asked."),
        },
    ),
    "ListHealth": record(
        "How the list of a kind of assets stands.",
        {"account": ACCOUNT["account"], "kind": text("The kind."), "state": PART_STATE, **STANDING},
    ),
    "Health": record(
        "How everything stands.",
        {
            "status": text(
                "`ok`: there are data, the exporter goes on asking, and there is no problem.", enum=["ok", "degraded"]
            ),
            "ready": number("boolean", "Whether there are data."),
            "polling": number("boolean", "Whether the exporter goes on asking, as `/-/healthy` says."),
            "as_of": maybe(moment("When what is told was put together.")),
            "version": text("The exporter's version."),
            "build": record("What it runs on.", {"python": text("Python's version."), "system": text("The system.")}),
            "series": count("How many time series are published."),
            "refresh_interval_seconds": maybe(number("number", "How long it takes until every account is asked.")),
            "problems": listed("Problem", "The worst first."),
            "accounts": listed("AccountHealth"),
            "datasets": listed("DatasetHealth"),
            "lists": listed("ListHealth"),
        },
    ),
}
"""The schemas by name. Dollars and quantities are exact decimals, as text; times are UTC."""
