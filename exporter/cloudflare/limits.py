"""What an account's plan and token allow of each dataset, as Cloudflare's ``settings`` node tells. Pure.

https://developers.cloudflare.com/analytics/graphql-api/features/discovery/settings/
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from exporter.catalog.entry import ROWS, Dataset, Field

PAGE_LIMIT = 10_000
"""Rows of a page: the largest that Cloudflare documents."""

RETENTION = timedelta(days=31)
"""How far back datasets can be asked if Cloudflare does not say, by the products' analytics pages."""

SETTINGS = "enabled maxDuration maxPageSize notOlderThan availableFields"


@dataclass(frozen=True, slots=True)
class DatasetLimits:
    """What may be asked of a dataset: ``missing`` are its fields that the plan does not have."""

    is_enabled: bool = True
    page_size: int = PAGE_LIMIT
    longest: timedelta | None = None
    retention: timedelta = RETENTION
    missing: frozenset[str] = frozenset()


USUAL_LIMITS = DatasetLimits()
"""What holds as long as Cloudflare has not said otherwise."""


def build_settings_document(datasets: Iterable[Dataset]) -> str:
    """Return the GraphQL text that asks for the settings of some datasets; its variable is ``account``."""
    nodes = "".join(f"        {name} {{ {SETTINGS} }}\n" for name in dict.fromkeys(entry.name for entry in datasets))
    return (
        "query Settings($account: string!) {\n"
        "  viewer {\n"
        "    accounts(filter: {accountTag: $account}) {\n"
        f"      settings {{\n{nodes}      }}\n"
        "    }\n"
        "  }\n"
        "}\n"
    )


def read_settings(body: Mapping[str, Any], datasets: Iterable[Dataset], page_limit: int) -> dict[str, DatasetLimits]:
    """Return the limits by dataset key, as far as the answer has them; what it leaves out keeps its defaults."""
    try:
        settings = body["data"]["viewer"]["accounts"][0]["settings"]
    except (KeyError, IndexError, TypeError):
        return {}
    if not isinstance(settings, Mapping):
        return {}
    found = ((entry, settings.get(entry.name)) for entry in datasets)
    return {entry.key: _limits(entry, said, page_limit) for entry, said in found if isinstance(said, Mapping)}


def _limits(dataset: Dataset, said: Mapping[str, Any], page_limit: int) -> DatasetLimits:
    available = said.get("availableFields")
    names = {entry.name: _flat(entry) for entry in dataset.fields if entry.group != ROWS}
    there = set(available) if isinstance(available, list) else set()
    # Names are spelled in more than one way in Cloudflare's pages: a list that has none of ours proves nothing.
    is_readable = bool(there & set(names.values()))
    longest = _seconds(said.get("maxDuration"))
    return DatasetLimits(
        is_enabled=said.get("enabled") is not False,
        page_size=min(page_limit, _positive(said.get("maxPageSize")) or page_limit),
        longest=longest,
        retention=_seconds(said.get("notOlderThan")) or RETENTION,
        missing=frozenset(name for name, flat in names.items() if is_readable and flat not in there),
    )


def _flat(entry: Field) -> str:
    return f"{entry.group}_{entry.name}" if entry.group else entry.name


def _positive(number: Any) -> int | None:
    return number if isinstance(number, int) and number > 0 else None


def _seconds(number: Any) -> timedelta | None:
    seconds = _positive(number)
    return timedelta(seconds=seconds) if seconds else None
