"""The shapes that answers of the API are made of, as JSON Schema."""

from collections.abc import Iterable, Mapping
from typing import Any

from exporter.catalog import PRODUCTS
from exporter.catalog.entry import Product

Schema = Mapping[str, Any]


def text(says: str = "", **further: Any) -> Schema:
    """Return the schema of a text."""
    return {"type": "string", **({"description": says} if says else {}), **further}


def maybe(schema: Schema) -> Schema:
    """Return the schema of what may also be null."""
    return {**schema, "type": [schema["type"], "null"]}


def number(kind: str, says: str) -> Schema:
    """Return the schema of a number, or of true and false."""
    return {"type": kind, "description": says}


def count(says: str) -> Schema:
    """Return the schema of a number of things."""
    return {"type": "integer", "minimum": 0, "description": says}


def usd(says: str) -> Schema:
    """Return the schema of an exact amount of dollars, or of a ratio."""
    return text(says, pattern=r"^-?[0-9]+\.[0-9]{2,}$")


def quantity(says: str) -> Schema:
    """Return the schema of an exact quantity."""
    return text(says, pattern=r"^-?[0-9]+(\.[0-9]+)?$")


def moment(says: str) -> Schema:
    """Return the schema of a moment."""
    return text(says, format="date-time")


def day(says: str) -> Schema:
    """Return the schema of a day."""
    return text(says, format="date")


def reference(name: str) -> Schema:
    """Return the schema that has a name."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(name: str, says: str = "") -> Schema:
    """Return the schema of a list of what has a name."""
    return {"type": "array", "items": reference(name), **({"description": says} if says else {})}


def record(says: str, fields: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of an object that has all ``fields``, perhaps some of the ``optional`` ones, and no other."""
    return {
        "type": "object",
        "description": says,
        "properties": {**fields, **(optional or {})},
        "required": list(fields),
        "additionalProperties": False,
    }


def asset_kind(products: Iterable[Product]) -> Schema:
    """Return the schema of the kind of an asset of some products."""
    return text("The kind of asset.", enum=[product.kind for product in products])


DOLLARS: Mapping[str, Schema] = {
    "to_date_usd": usd("Estimated cost in the billing cycle so far."),
    "forecast_usd": usd("Estimated cost of the whole cycle."),
    "forecast_low_usd": usd("What the whole cycle costs at least."),
    "forecast_high_usd": usd("What the whole cycle costs at most."),
    "list_price_usd": usd("Usage of the cycle at list price: without what is included, and without blocks."),
}
MAYBE_DOLLARS = {name: maybe(schema) for name, schema in DOLLARS.items()}
ACCOUNT = {"account": text("The account's label."), "account_id": text("The account's id.")}
PROJECT = text("The project, as on metrics.")
KIND = asset_kind(PRODUCTS)
USED = {
    "requests": maybe(count("Requests or operations, by the counters of `/metrics`; null: nobody counts them.")),
    "errors": maybe(count("Of these, those that failed; null: nobody says. Of R2: answered with a status of 5xx.")),
}
PAGED = {
    "total": count("How many there are on all pages."),
    "next_cursor": maybe(text("What to give as `cursor` for the next page; null: this is the last.")),
}
AS_OF = {"as_of": moment("When this was put together, by the exporter's clock.")}

STANDING = {
    "reason": text("One word for what is wrong; empty if nothing is."),
    "detail": text("What failed, and why."),
    "remedy": text("What to do."),
    "since": maybe(moment("Since when it stands so.")),
}
PART_STATE = text(
    "`failing` is asked again soon, `unavailable` is what token or plan lack.", enum=["ok", "failing", "unavailable"]
)
DATA_UNTIL = maybe(moment("Up to when the published values hold what Cloudflare said."))
