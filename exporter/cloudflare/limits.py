"""The limits that plan and token set for each dataset of an account or a zone, from the ``settings`` node. Pure.

https://developers.cloudflare.com/analytics/graphql-api/features/discovery/settings/
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import ROWS, Field
from exporter.cloudflare.errors import ZONE_ADVICE, graphql_error
from exporter.cloudflare.nodes import Node, find_account, find_errors, find_zones, zone_id_of
from exporter.model import RETENTION, BookKey, Scope

PAGE_LIMIT = 10_000
"""The largest page that Cloudflare documents, in rows."""

LONGEST_SECONDS = 10**9
"""Any longer time that a limit allows counts as this, some thirty years."""

SETTINGS = "enabled maxDuration maxNumberOfFields maxPageSize notOlderThan availableFields"


@dataclass(frozen=True, slots=True)
class DatasetLimits:
    """The limits of a dataset; ``missing`` are the fields that the plan does not include.

    ``confirmed`` are the recent fields that settings name (None: they do not tell), and ``most_fields`` is how many
    fields and dimensions a node may select (None: any number).
    """

    is_enabled: bool = True
    page_size: int = PAGE_LIMIT
    longest: timedelta | None = None
    retention: timedelta = RETENTION
    missing: frozenset[str] = frozenset()
    confirmed: frozenset[str] | None = None
    most_fields: int | None = None

    def lacks(self, entry: Field) -> bool:
        """Return whether a field cannot be asked: the plan lacks it, or nothing says that Cloudflare has it yet."""
        return entry.name in self.missing or (entry.is_recent and entry.name not in (self.confirmed or ()))


USUAL_LIMITS = DatasetLimits()
"""The limits assumed until Cloudflare gives others."""


def find_limits(known: Mapping[BookKey, DatasetLimits], book: BookKey) -> DatasetLimits | None:
    """Return the limits of a book as far as they are known: of a zone the account's, where its node is asked."""
    return known.get(book) or known.get(BookKey(Scope(book.scope.account_id), book.dataset))


def build_settings_document(datasets: Iterable[Dataset]) -> str:
    """Return the GraphQL text that queries the settings of some datasets; its variable is ``account``."""
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


def build_zone_settings_document(datasets: Iterable[Dataset]) -> str:
    """Return the text that queries the settings of datasets of zones; its variables are ``account`` and ``zones``."""
    names = dict.fromkeys(entry.name for entry in datasets)
    nodes = "".join(f"          {name} {{ {SETTINGS} }}\n" for name in names)
    return (
        "query Settings($account: string!, $zones: [string!]!) {\n"
        "  viewer {\n"
        "    accounts(filter: {accountTag: $account}) {\n"
        "      zones(filter: {zoneTag_in: $zones}) {\n"
        "        zoneTag\n"
        f"        settings {{\n{nodes}        }}\n"
        "      }\n"
        "    }\n"
        "  }\n"
        "}\n"
    )


def read_settings(body: Mapping[str, Any], datasets: Iterable[Dataset], page_limit: int) -> dict[str, DatasetLimits]:
    """Return the limits in an answer by dataset key; a setting that is absent keeps its default."""
    return _read(find_account(body), datasets, page_limit)


def read_zone_settings(
    body: Mapping[str, Any], datasets: Sequence[Dataset], page_limit: int
) -> dict[str, dict[str, DatasetLimits]]:
    """Return the limits in an answer by zone id, then by dataset key. Raises CloudflareError if it has no zones."""
    zones, errors = find_zones(find_account(body)), find_errors(body)
    if not zones and errors:
        raise graphql_error(errors, "Limits of zones", ZONE_ADVICE)
    return {zone_id_of(zone): _read(zone, datasets, page_limit) for zone in zones}


def _read(node: Node | None, datasets: Iterable[Dataset], page_limit: int) -> dict[str, DatasetLimits]:
    settings = node.get("settings") if node is not None else None
    if not isinstance(settings, Mapping):
        return {}
    found = ((entry, settings.get(entry.name)) for entry in datasets)
    return {entry.key: _limits(entry, said, page_limit) for entry, said in found if isinstance(said, Mapping)}


def _limits(dataset: Dataset, said: Mapping[str, Any], page_limit: int) -> DatasetLimits:
    available = said.get("availableFields")
    names = {entry.name: _flat(entry) for entry in dataset.fields if entry.group != ROWS}
    there = {name for name in available if isinstance(name, str)} if isinstance(available, list) else set()
    # Cloudflare's pages spell the names in several ways: a list without any of ours proves nothing.
    is_readable = bool(there & set(names.values()))
    recent = {entry.name for entry in dataset.fields if entry.is_recent}
    return DatasetLimits(
        is_enabled=said.get("enabled") is not False,
        page_size=min(page_limit, _positive(said.get("maxPageSize")) or page_limit),
        longest=_seconds(said.get("maxDuration")),
        retention=_seconds(said.get("notOlderThan")) or RETENTION,
        missing=frozenset(
            name for name, flat in names.items() if is_readable and flat not in there and name not in recent
        ),
        confirmed=frozenset(name for name in recent if names[name] in there) if recent and is_readable else None,
        most_fields=_positive(said.get("maxNumberOfFields")),
    )


def _flat(entry: Field) -> str:
    return f"{entry.group}_{entry.name}" if entry.group else entry.name


def _positive(number: Any) -> int | None:
    return number if isinstance(number, int) and not isinstance(number, bool) and number > 0 else None


def _seconds(number: Any) -> timedelta | None:
    seconds = _positive(number)
    return timedelta(seconds=min(seconds, LONGEST_SECONDS)) if seconds else None
