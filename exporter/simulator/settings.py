"""The ``settings`` node: the plan of an account or a zone in GraphQL."""

from collections.abc import Sequence
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type

from exporter.simulator.dataset import Dataset
from exporter.simulator.documents import Selected
from exporter.simulator.faults import Fault, about
from exporter.simulator.plan import Plan, plan_of
from exporter.simulator.products import DATASETS
from exporter.simulator.questions import row_type
from exporter.simulator.world import AccountModel, World, Zone


def dataset_settings(
    schema: GraphQLSchema,
    world: World,
    account: AccountModel,
    selected: Selected,
    faults: Sequence[Fault],
    *,
    zone: Zone | None = None,
) -> dict[str, Any]:
    """Return the settings of every selected dataset of an account or its ``zone``, by the keys of the document."""
    settings: dict[str, Any] = {}
    for child in selected.children:
        if child.name == "__typename":
            settings[child.key] = "AccountSettings" if zone is None else "ZoneSettings"
            continue
        dataset = DATASETS[child.name]
        faults_of_plan = about(faults, dataset, account.id, "" if zone is None else zone.id)
        plan = plan_of(world, zone or account, dataset, faults_of_plan)
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
    row = row_type(schema, dataset)
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
