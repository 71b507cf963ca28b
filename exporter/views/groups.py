"""Assets grouped by project, as on the status page: filtered and sorted, with the sums of the selected assets. Pure."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from exporter.pricing import CostAmount
from exporter.pricing.attribution import sum_by_key
from exporter.pricing.money import exactly
from exporter.views.assets import LAST_USED, NAME, AssetFilter, AssetRow, dollars_key, seconds_key
from exporter.views.paging import Order, in_order_of_identity, in_order_of_value
from exporter.views.projects import ProjectRow, sum_known

ProjectKey = tuple[str, str]
"""A project of an account: account id and project name."""


@dataclass(frozen=True, slots=True)
class Group:
    """A project of an account with its selected assets, in order."""

    project: ProjectRow
    assets: tuple[AssetRow, ...]


GROUP_SORTS: Mapping[str, Callable[[Group], int | None]] = {
    "requests": lambda group: group.project.requests,
    "errors": lambda group: group.project.errors,
    "to_date": lambda group: dollars_key(group.project.amount.to_date if group.project.amount else None),
    "forecast": lambda group: dollars_key(group.project.amount.forecast if group.project.amount else None),
    LAST_USED: lambda group: max((seconds_key(row.listed.last_used) or 0 for row in group.assets), default=0) or None,
}
"""The sort keys of projects besides their names: the sums of their assets, and the time of the last use."""


def wants(row: AssetRow, asset_filter: AssetFilter, text: str) -> bool:
    """Return whether an asset passes the filter and its name or id contains the text, ignoring case."""
    return asset_filter.admits(row.listed.place) and (
        not text or text in row.listed.place.asset.casefold() or text in row.listed.id.casefold()
    )


def group_by_project(assets: Iterable[AssetRow], projects: Iterable[ProjectRow]) -> list[Group]:
    """Return the projects in their order, each with its assets in theirs."""
    found = _by_project(assets)
    return [Group(row, tuple(found.get((row.account_id, row.project), ()))) for row in projects]


def sums_of_assets(assets: Iterable[AssetRow]) -> list[ProjectRow]:
    """Return the projects of some assets with the sums of those alone; unlisted usage is not included."""
    found = _by_project(assets)
    # Assets that are published under one name share its values, which count once.
    places = {key: {row.listed.place: row for row in rows}.values() for key, rows in found.items()}
    amounts = sum_by_key((key, row.amount) for key, rows in places.items() for row in rows if row.amount is not None)
    return [_sums(rows, places[key], amounts.get(key)) for key, rows in found.items()]


def _by_project(assets: Iterable[AssetRow]) -> dict[ProjectKey, list[AssetRow]]:
    found: dict[ProjectKey, list[AssetRow]] = {}
    for row in assets:
        place = row.listed.place
        found.setdefault((place.account_id, place.project), []).append(row)
    return found


def _sums(rows: Sequence[AssetRow], places: Collection[AssetRow], amount: CostAmount | None) -> ProjectRow:
    listed = rows[0].listed
    return ProjectRow(
        listed.place.account_id,
        listed.account,
        listed.place.project,
        dict(sorted(Counter(row.listed.place.kind for row in rows).items())),
        sum_known(row.use.requests for row in places),
        sum_known(row.use.errors for row in places),
        amount,
    )


def groups_in_order(groups: Iterable[Group], sort: str, direction: str) -> Order[Group]:
    """Return projects in the order of their assets, unknown values last."""
    if sort == NAME:
        return in_order_of_identity(groups, _identity, f"groups {NAME}", direction)
    with exactly():
        return in_order_of_value(groups, GROUP_SORTS[sort], _identity, f"groups {sort}", direction)


def _identity(group: Group) -> tuple[str, ...]:
    return group.project.identity
