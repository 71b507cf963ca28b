"""Building blocks of the API's JSON Schemas."""

from collections.abc import Iterable, Mapping
from typing import Any

from exporter.catalog import PRODUCTS, kinds_of
from exporter.catalog.product import Product

Schema = Mapping[str, Any]


def text(says: str = "", **further: Any) -> Schema:
    """Return the schema of a string."""
    return {"type": "string", **({"description": says} if says else {}), **further}


def maybe(schema: Schema) -> Schema:
    """Return a schema that also allows null."""
    return {**schema, "type": [schema["type"], "null"]}


def number(kind: str, says: str) -> Schema:
    """Return the schema of a number or a boolean."""
    return {"type": kind, "description": says}


def count(says: str) -> Schema:
    """Return the schema of a non-negative count."""
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
    """Return a reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(name: str, says: str = "") -> Schema:
    """Return the schema of a list whose items have a named schema."""
    return {"type": "array", "items": reference(name), **({"description": says} if says else {})}


def record(says: str, fields: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of an object with all ``fields``, any of the ``optional`` ones, and no others."""
    return {
        "type": "object",
        "description": says,
        "properties": {**fields, **(optional or {})},
        "required": list(fields),
        "additionalProperties": False,
    }


def asset_kind(products: Iterable[Product]) -> Schema:
    """Return the schema of an asset's kind, for assets of some products."""
    return text("The kind of asset.", enum=list(kinds_of(products)))


DOLLARS: Mapping[str, Schema] = {
    "to_date_usd": usd("Estimated cost in the billing cycle so far."),
    "forecast_usd": usd("Estimated cost of the whole cycle."),
    "forecast_low_usd": usd("Lower bound of the cost of the whole cycle."),
    "forecast_high_usd": usd("Upper bound of the cost of the whole cycle."),
    "list_price_usd": usd(
        "Usage of the cycle at list price, without deducting included usage or rounding up to blocks."
    ),
}
MAYBE_DOLLARS = {name: maybe(schema) for name, schema in DOLLARS.items()}
ACCOUNT = {"account": text("The account's label."), "account_id": text("The account's id.")}
PROJECT = text("The project, as on metrics.")
KIND = asset_kind(PRODUCTS)
USED = {
    "requests": maybe(count("Requests or operations, as counted in `/metrics`; null if they are not counted.")),
    "errors": maybe(count("Failed ones among them; null if unknown. For R2: answered with status 5xx.")),
}
PAGED = {
    "total": count("The number of rows on all pages."),
    "next_cursor": maybe(text("The `cursor` of the next page; null on the last page.")),
}
AS_OF = {"as_of": moment("When this was put together, by the exporter's clock.")}

STANDING = {
    "reason": text("One word for what is wrong; empty if nothing is."),
    "detail": text("What failed, and why."),
    "remedy": text("What to do."),
    "since": maybe(moment("When this state began.")),
}
PART_STATE = text(
    "`failing`: retried soon; `unavailable`: not covered by the token or the plan.",
    enum=["ok", "failing", "unavailable"],
)
LIST_STATE = text(
    "`incomplete`: some of its items could not be read; `failing`: retried soon; `unavailable`: not covered by the "
    "token.",
    enum=["ok", "incomplete", "failing", "unavailable"],
)
DATA_UNTIL = maybe(moment("The time until which published values include Cloudflare's data."))
