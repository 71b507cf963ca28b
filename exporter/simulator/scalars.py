"""The scalars of Cloudflare's GraphQL schema: their valid values, and how the simulator represents them."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from graphql import GraphQLScalarType, GraphQLSchema, ValueNode, value_from_ast_untyped


def _string(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a string")
    return value


def _integer(value: object, least: int, most: int) -> object:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{value!r} is not an integer of the right size")
    return value


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a number")
    return value


def _boolean(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is not a boolean")
    return value


def _time(value: object) -> object:
    if not isinstance(value, str) or "T" not in value or datetime.fromisoformat(value).tzinfo is None:
        raise ValueError(f"{value!r} is not an RFC 3339 time")
    return value


def _date(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a date")
    date.fromisoformat(value)
    return value


SCALARS: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {
        "string": _string,
        "bytes": _string,
        "bool": _boolean,
        "Time": _time,
        "Date": _date,
        "float32": _number,
        "float64": _number,
        **{f"uint{bits}": partial(_integer, least=0, most=2**bits - 1) for bits in (8, 16, 32, 64)},
        **{
            f"int{bits}": partial(_integer, least=-(2 ** (bits - 1)), most=2 ** (bits - 1) - 1)
            for bits in (8, 16, 32, 64)
        },
    }
)
"""A check per scalar: returns the value, or raises ValueError."""


def install_scalars(schema: GraphQLSchema) -> None:
    """Make the schema's scalars refuse literals that Cloudflare's would refuse."""
    for name, check in SCALARS.items():
        scalar = schema.type_map.get(name)
        if isinstance(scalar, GraphQLScalarType):
            scalar.parse_value = check  # type: ignore[method-assign, assignment]
            scalar.parse_literal = partial(_literal, check)  # type: ignore[method-assign]


def _literal(check: Callable[[object], object], node: ValueNode, _variables: dict[str, Any] | None = None) -> object:
    return check(value_from_ast_untyped(node))


def seconds(value: str) -> int:
    """Return the epoch seconds of a Time or Date value, rounded down."""
    moment = datetime.fromisoformat(value)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
