"""Holds documents to JSON Schema, as far as the API's schemas use it; what it does not know it refuses."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

Schema = Mapping[str, Any]

TYPES: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
KNOWN = {
    "$ref",
    "additionalProperties",
    "default",
    "description",
    "enum",
    "format",
    "items",
    "maximum",
    "minimum",
    "pattern",
    "properties",
    "required",
    "type",
}


def faults(value: Any, schema: Schema, schemas: Mapping[str, Schema], place: str = "$") -> Iterator[str]:
    """Return where a value is not as its schema says."""
    unknown = schema.keys() - KNOWN
    assert not unknown, f"{place}: {unknown} is not looked at"
    if "$ref" in schema:
        assert schema.keys() == {"$ref"}, f"{place}: nothing may be beside $ref"
        yield from faults(value, schemas[name_of(schema)], schemas, place)
        return
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if not any(TYPES[kind](value) for kind in types):
        yield f"{place}: {value!r} is not {' or '.join(types)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place}: {value!r} is none of {schema['enum']}"
    match value:
        case str():
            yield from _text_faults(value, schema, place)
        case bool() | None:
            pass
        case int() | float():
            if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
                yield f"{place}: {value} is out of bounds"
        case list():
            for number, item in enumerate(value):
                yield from faults(item, schema["items"], schemas, f"{place}[{number}]")
        case dict():
            yield from _object_faults(value, schema, schemas, place)


def _text_faults(value: str, schema: Schema, place: str) -> Iterator[str]:
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{place}: {value!r} does not match {schema['pattern']}"
    formats: Mapping[str, Callable[[str], Any]] = {"date": date.fromisoformat, "date-time": _moment}
    if "format" in schema:
        try:
            formats[schema["format"]](value)
        except ValueError:
            yield f"{place}: {value!r} is no {schema['format']}"


def _moment(text: str) -> None:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(text)


def _object_faults(
    value: Mapping[str, Any], schema: Schema, schemas: Mapping[str, Schema], place: str
) -> Iterator[str]:
    properties, others = schema.get("properties", {}), schema["additionalProperties"]
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{place}: {name} is missing"
    for name, item in value.items():
        if name in properties:
            yield from faults(item, properties[name], schemas, f"{place}.{name}")
        elif others is False:
            yield f"{place}: {name} is not in the schema"
        else:
            yield from faults(item, others, schemas, f"{place}.{name}")


def name_of(schema: Schema) -> str:
    """The name of the schema that is referred to."""
    prefix = "#/components/schemas/"
    reference = str(schema["$ref"])
    assert reference.startswith(prefix)
    return reference.removeprefix(prefix)


def schemas_within(schema: Any) -> Iterator[Schema]:
    """A schema and all schemas in it."""
    yield schema
    within = [*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")]
    for each in within:
        if isinstance(each, dict):
            yield from schemas_within(each)
