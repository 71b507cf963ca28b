"""Questions about the schema: answered from it, without the fields that the world is said to lack."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import GraphQLSchema, execute, get_named_type

from exporter.simulator.documents import Operation, argument
from exporter.simulator.products import DATASETS
from exporter.simulator.questions import row_type


def describe_schema(
    schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any], missing: Mapping[str, frozenset[str]]
) -> dict[str, Any] | None:
    """Return the data of a document about the schema; ``missing`` has the lacking fields (``sum_requests``) by dataset.

    They are left out where a type is asked for by its name.
    """
    result = execute(schema, operation.document, variable_values=dict(variables))
    data: dict[str, Any] | None = getattr(result, "data", None)
    lacking = {name for dataset, fields in missing.items() for name in _lacking(schema, dataset, fields)}
    for selected in operation.selected:
        described = (data or {}).get(selected.key)
        if selected.name == "__type" and described is not None and described.get("fields"):
            name = argument(selected.arguments["name"], variables)
            described["fields"] = [each for each in described["fields"] if (name, each.get("name")) not in lacking]
    return data


def _lacking(schema: GraphQLSchema, dataset: str, fields: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield the types of a dataset with the names of the fields that they lack."""
    row = row_type(schema, DATASETS[dataset])
    for field in fields:
        group, _, leaf = field.rpartition("_")
        yield (get_named_type(row.fields[group].type).name if group else row.name), leaf
