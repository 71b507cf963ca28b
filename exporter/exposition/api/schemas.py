"""The answers of the API as JSON Schema (2020-12): every key is listed, and there are no others."""

from collections.abc import Mapping

from exporter.alerts import SEVERITIES, State
from exporter.exposition.api.cost_schemas import COST_SCHEMAS
from exporter.exposition.api.shapes import (
    ACCOUNT,
    AS_OF,
    DATA_UNTIL,
    KIND,
    LIST_STATE,
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
        "The reason for a failed request.",
        {
            "error": record(
                "What went wrong.",
                {"code": text("One word, for programs."), "message": text("A sentence, for people.")},
            )
        },
    ),
    "Asset": record(
        "An asset that Cloudflare lists, or that usage names. Dollars are null if `costs.assets` is off or nothing has "
        "been counted yet.",
        {
            **ACCOUNT,
            "project": PROJECT,
            "kind": KIND,
            "name": text("The name, as on metrics unless it is folded."),
            "id": text("Cloudflare's id; for a bucket its name."),
            "created": maybe(moment("When it was created, if Cloudflare's list says so.")),
            "modified": maybe(moment("When it was last changed, if Cloudflare's list says so.")),
            "last_used": maybe(moment("The start of the last hour with usage, since counting began.")),
            **USED,
            **MAYBE_DOLLARS,
            "list_cost_usd": maybe(usd("Usage since counting began, at the list price of each hour.")),
            "named_by_usage": number("boolean", "Whether no list has assets of its kind, so that only usage names it."),
            "folded": number("boolean", "Whether metrics have it as part of the asset `other` of its project."),
        },
    ),
    "Assets": record("A page of assets.", {**AS_OF, **PAGED, "assets": listed("Asset")}),
    "Project": record(
        "A project in an account, including usage that no list shows. If kinds are requested, only these are counted.",
        {
            **ACCOUNT,
            "project": PROJECT,
            "assets": count("The number of its assets."),
            "assets_by_kind": {
                "type": "object",
                "description": "The number of assets of each kind.",
                "additionalProperties": {"type": "integer", "minimum": 1},
            },
            **USED,
            **MAYBE_DOLLARS,
        },
    ),
    "Projects": record("A page of projects.", {**AS_OF, **PAGED, "projects": listed("Project")}),
    "ProjectDetail": record(
        "A project in every account that has it, and a page of its assets.",
        {
            **AS_OF,
            "project": PROJECT,
            "accounts": listed("Project", "Its sums in each account."),
            "products": listed("ProductCost", "By account, the most expensive product first."),
            "budgets": listed("Budget", "The budgets that cover it."),
            **PAGED,
            "assets": listed("Asset"),
        },
    ),
    "Usage": record(
        "The usage of a meter by an asset in a period.",
        {
            "since": day("The first UTC day."),
            "until": day("The day after the last one."),
            **ACCOUNT,
            "project": PROJECT,
            "kind": KIND,
            "asset": text("The asset's name, or a word in parentheses for usage without an asset."),
            "asset_id": text("Cloudflare's id; empty for usage without an asset."),
            "product": text("The product as billed; empty if unknown."),
            "meter": text("The meter, by its id on the rate card."),
            "quantity": quantity("The quantity; for storage each day adds a thirtieth of its highest hour."),
            "unit": text("The unit of the quantity; empty for a meter that is not billed."),
        },
    ),
    "UsagePage": record(
        "A page of usage, the oldest first.",
        {
            "since": day("The first requested UTC day."),
            "until": day("The day after the last one."),
            "step": text("The period of a row.", enum=[str(each) for each in Step]),
            "known_until": maybe(moment("The time until which the usage of all these accounts is known.")),
            "next_cursor": PAGED["next_cursor"],
            "usage": listed("Usage"),
        },
    ),
    "LabelText": record(
        "A text for which a hash stands as the value of a label.",
        {
            **ACCOUNT,
            "product": text("The product whose metrics have the label."),
            "dataset": text("Its name in GraphQL."),
            "label": text("The label's name."),
            "value": text("The label's value: the first 10 hexadecimal digits of the text's SHA-256."),
            "text": text("The text, as Cloudflare gives it."),
        },
    ),
    "Texts": record("A page of texts.", {**AS_OF, **PAGED, "texts": listed("LabelText")}),
    "Alert": record(
        "An alert.",
        {
            "alert": text("Its name."),
            "severity": text(f"Usually {', '.join(SEVERITIES)}."),
            "state": text("Its state.", enum=[str(each) for each in State]),
            "since": moment("When this state began."),
            "product": text("The product; empty if it concerns none."),
            "account": text("The account's label; empty if it concerns none."),
            "project": text("The project; empty if it concerns none."),
            "asset": {
                **record("The asset, if it concerns one.", {"kind": text(), "name": text()}),
                "type": ["object", "null"],
            },
            "value": maybe(number("number", "The value of its expression, if known.")),
            "summary": text("What is wrong, in one line."),
            "description": text("What is wrong, in detail."),
            "action": text("What to do first."),
            "runbook_url": text("The runbook entry: a path, unless `web.external_url` or `runbook_url` is set."),
            "dashboard_url": text("The dashboard that shows it: a path, unless `grafana_url` is set."),
            "logs_url": text("Where Cloudflare shows its logs; empty if nowhere."),
            "labels": {"type": "object", "description": "All its labels.", "additionalProperties": text()},
        },
    ),
    "Alerts": record(
        "The alerts that fire, the worst first.",
        {
            "source": text("The source of the alerts.", enum=["alertmanager", "prometheus"]),
            "asked_at": moment("When the source was asked."),
            "notes": {"type": "array", "items": text(), "description": "What the answer lacks."},
            "alerts": listed("Alert"),
        },
    ),
    "Problem": record(
        "A current problem.",
        {
            "account": text("The account's label, the token's name, or empty if it concerns neither."),
            "part": text("The affected part: a dataset, a list, the token, the storage …"),
            "reason": text("One word for what is wrong."),
            "since": maybe(moment("When this state began.")),
            "detail": text("What failed, and why."),
            "remedy": text("What to do."),
        },
    ),
    "AccountHealth": record(
        "The health of an account, or of a token that lists no accounts (then without an id).",
        {
            **ACCOUNT,
            "state": text("Whether Cloudflare answered its last refresh.", enum=["up", "down"]),
            **STANDING,
            "data_until": {
                **DATA_UNTIL,
                "description": "The time until which all its counters include Cloudflare's data.",
            },
        },
    ),
    "DatasetHealth": record(
        "The health of a dataset of an account, or of one of its zones.",
        {
            "account": ACCOUNT["account"],
            "dataset": text("Its name in GraphQL."),
            "zone": text("The zone's name; empty if the dataset is the account's."),
            "state": PART_STATE,
            **STANDING,
            "data_until": DATA_UNTIL,
            "sample_interval": number(
                "number", "The sample interval: 1 is exact, 10 means that one event in ten was kept."
            ),
            "audited_until": maybe(moment("The time until which all counts are final.")),
            "days_to_fill_in": count(
                "Days still to be back-filled: before counting began, or for a meter added since."
            ),
        },
    ),
    "ListHealth": record(
        "The health of the list of a kind of assets.",
        {"account": ACCOUNT["account"], "kind": text("The kind."), "state": LIST_STATE, **STANDING},
    ),
    "SourceHealth": record(
        "The health of a source, which is read beside usage.",
        {
            "source": text("Its name."),
            "state": text("Whether what it last said is current, and so published.", enum=["up", "down"]),
            **STANDING,
            "last_success": maybe(moment("When it was last read.")),
            "duration_seconds": maybe(number("number", "How long the newest poll took.")),
        },
    ),
    "Health": record(
        "The health of the exporter, its accounts, datasets, lists and sources.",
        {
            "status": text(
                "`ok`: there is data, the exporter keeps polling, and there is no problem.", enum=["ok", "degraded"]
            ),
            "ready": number("boolean", "Whether there is data."),
            "polling": number("boolean", "Whether the exporter keeps polling, as reported by `/-/healthy`."),
            "refresh": maybe(text("The id of the newest refresh, as in the key `refresh` of its log lines.")),
            "as_of": maybe(moment("When this data was put together.")),
            "version": text("The exporter's version."),
            "build": record(
                "The runtime environment.",
                {"python": text("Python's version."), "system": text("The operating system.")},
            ),
            "series": count("The number of published time series."),
            "refresh_interval_seconds": maybe(number("number", "The time in which every account is polled once.")),
            "problems": listed("Problem", "The worst first."),
            "accounts": listed("AccountHealth"),
            "datasets": listed("DatasetHealth"),
            "lists": listed("ListHealth"),
            "sources": listed("SourceHealth"),
        },
    ),
}
"""The schemas by name. Dollars and quantities are exact decimals, as text; times are UTC."""
