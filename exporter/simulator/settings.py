"""The ``settings`` node: an account's plan in GraphQL."""

from collections.abc import Sequence
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type

from exporter.simulator.dataset import Dataset
from exporter.simulator.documents import Selected
from exporter.simulator.faults import Fault, about
from exporter.simulator.plan import Plan, plan_of
from exporter.simulator.products import DATASETS
from exporter.simulator.world import AccountModel, World


def dataset_settings(
    schema: GraphQLSchema, world: World, account: AccountModel, selected: Selected, faults: Sequence[Fault]
) -> dict[str, Any]:
    """Return the settings of every selected dataset, by the keys of the document."""
    settings: dict[str, Any] = {}
    for child in selected.children:
        if child.name == "__typename":
            settings[child.key] = "AccountSettings"
            continue
        dataset = DATASETS[child.name]
        plan = plan_of(world, account, dataset, about(faults, dataset, account.id))
        known = {
            "__typename": "Settings",
            "availableFields": available_fields(schema, dataset, plan),
            "enabled": plan.is_enabled,
            "maxDuration": plan.max_duration,
            "maxNumberOfFields": plan.max_fields,
            "maxPageSize": plan.max_page_size,
            "notOlderThan": plan.not_older_than,
        }
        settings[child.key] = {wanted.key: known[wanted.name] for wanted in child.children}
    return settings


def available_fields(schema: GraphQLSchema, dataset: Dataset, plan: Plan) -> list[str]:
    """Return the fields of a dataset, flattened: ``sum_requests``, ``dimensions_scriptName``, ``count``."""
    account = schema.type_map["account"]
    assert isinstance(account, GraphQLObjectType)
    row = get_named_type(account.fields[dataset.name].type)
    assert isinstance(row, GraphQLObjectType)
    names: list[str] = []
    for name, declared in row.fields.items():
        inner = get_named_type(declared.type)
        names += [f"{name}_{leaf}" for leaf in inner.fields] if isinstance(inner, GraphQLObjectType) else [name]
    return [name for name in names if name not in plan.missing_fields]


def selected_fields(selected: Selected) -> list[str]:
    """Return the fields that a question selects, written like those of ``available_fields``."""
    return [
        name
        for child in selected.children
        for name in ([f"{child.name}_{leaf.name}" for leaf in child.children] or [child.name])
    ]
