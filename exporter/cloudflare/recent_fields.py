"""Fields that the published schema lacks: whether Cloudflare's own schema has them, asked by introspection.

https://developers.cloudflare.com/analytics/graphql-api/features/discovery/introspection/
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field
from exporter.cloudflare.client import Client
from exporter.cloudflare.errors import CloudflareError, graphql_error
from exporter.cloudflare.limits import DatasetLimits
from exporter.cloudflare.nodes import find_errors
from exporter.logs import keys
from exporter.model import Account

log = logging.getLogger(__name__)

WHAT = "Cloudflare's schema"


class RecentFields:
    """The recent fields that Cloudflare's schema has, as one token may see it; each type of it is asked about once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._fields: dict[str, frozenset[str]] = {}

    async def look_up(self, account: Account, datasets: Iterable[Dataset]) -> None:
        """Learn which recent fields of some datasets there are, unless that is known; ``account`` pays for it.

        What Cloudflare refuses to tell is not there. What a passing fault kept from being told is asked again when this
        is next called.
        """
        unknown = [name for name in types_of(datasets) if name not in self._fields]
        if not unknown:
            return
        # Accounts are asked side by side, and one question is enough for all of them.
        self._fields |= dict.fromkeys(unknown, frozenset())
        try:
            reply = await self._client.query(build_introspection(unknown), {}, WHAT, account.id)
            self._fields |= read_introspection(reply.body, unknown)
        except CloudflareError as error:
            log.debug("%s", error, extra=keys(account=account.id))
            if not error.is_final:
                self._fields = {name: fields for name, fields in self._fields.items() if name not in unknown}

    def confirm(self, dataset: Dataset, limits: DatasetLimits) -> DatasetLimits:
        """Return a dataset's limits with the recent fields that the schema has, where settings do not tell."""
        recent = [entry for entry in dataset.fields if entry.is_recent]
        if not recent or limits.confirmed is not None:
            return limits
        there = (entry.name for entry in recent if entry.name in self._fields.get(type_of(dataset, entry), ()))
        return replace(limits, confirmed=frozenset(there))


def types_of(datasets: Iterable[Dataset]) -> tuple[str, ...]:
    """Return the types of the schema that would have the recent fields of some datasets, each once."""
    names = (type_of(dataset, entry) for dataset in datasets for entry in dataset.fields if entry.is_recent)
    return tuple(dict.fromkeys(names))


def type_of(dataset: Dataset, entry: Field) -> str:
    """Return the name of the type that has a field: ``AccountKvOperationsAdaptiveGroupsSum``."""
    parts = ("zone" if dataset.reads.is_zone_node else "account", dataset.name, entry.group)
    return "".join(part[:1].upper() + part[1:] for part in parts)


def build_introspection(types: Iterable[str]) -> str:
    """Return the GraphQL text that asks for the fields of some types."""
    nodes = "".join(f'  {name}: __type(name: "{name}") {{ fields {{ name }} }}\n' for name in types)
    return f"query Schema {{\n{nodes}}}\n"


def read_introspection(body: Mapping[str, Any], types: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the names of the fields of some types; a type that the answer lacks has none.

    Raises CloudflareError if it has errors instead.
    """
    data = body.get("data")
    if not isinstance(data, Mapping):
        raise graphql_error(find_errors(body), WHAT)
    return {name: _names(data.get(name)) for name in types}


def _names(node: Any) -> frozenset[str]:
    fields = node.get("fields") if isinstance(node, Mapping) else None
    named = [entry.get("name") for entry in fields if isinstance(entry, Mapping)] if isinstance(fields, list) else []
    return frozenset(name for name in named if isinstance(name, str))
