"""Assets with their usage and costs, as documents and rows of tables. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from exporter.costs import dollars_document
from exporter.costs.history import QueryError
from exporter.metrics.asset_usage import NO_ASSET_USAGE, AssetPlace, AssetUsage, ListedAsset, UsageTotals
from exporter.model import format_time
from exporter.pricing import PLACES, AccountCosts, CostAmount, plain
from exporter.pricing.attribution import NOTHING, SUBSCRIPTION
from exporter.pricing.money import exactly
from exporter.views.paging import Order, in_order_of_identity, in_order_of_value

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AssetRow:
    """An asset, its counters, and its share of the billing cycle's cost; ``amount`` is None if not known per asset."""

    listed: ListedAsset
    use: UsageTotals
    amount: CostAmount | None

    @property
    def identity(self) -> tuple[str, ...]:
        """Return the labels and ids by which assets are sorted."""
        return self.listed.account, *self.listed.place[1:], self.listed.id, self.listed.place.account_id


NO_ASSET = AssetRow(ListedAsset(AssetPlace("", "", "", ""), "", ""), NO_ASSET_USAGE, None)
"""A placeholder for no asset, of which only the columns matter."""


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """A filter on assets: account ids, projects and kinds to include (empty: all)."""

    accounts: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()

    def admits(self, place: AssetPlace) -> bool:
        """Return whether a place passes the filter."""
        return (
            (not self.accounts or place.account_id in self.accounts)
            and (not self.projects or place.project in self.projects)
            and (not self.kinds or place.kind in self.kinds)
        )


def dollars_key(value: Decimal | None) -> int | None:
    """Return dollars as an integer sort key; call it within ``exactly()``."""
    return None if value is None else int(value.scaleb(PLACES))


def seconds_key(moment: datetime | None) -> int | None:
    """Return a moment as an integer sort key."""
    return None if moment is None else int(moment.timestamp())


NAME = "name"
LAST_USED = "last_used"

SORTS: Mapping[str, Callable[[AssetRow], int | None]] = {
    "to_date": lambda row: dollars_key(row.amount.to_date if row.amount else None),
    "forecast": lambda row: dollars_key(row.amount.forecast if row.amount else None),
    "list_cost": lambda row: dollars_key(row.use.list_cost),
    "requests": lambda row: row.use.requests,
    "errors": lambda row: row.use.errors,
    "created": lambda row: seconds_key(row.listed.created),
    "modified": lambda row: seconds_key(row.listed.modified),
    LAST_USED: lambda row: seconds_key(row.listed.last_used),
}
"""The sort keys of assets besides their names."""


def asset_rows(
    asset_usage: AssetUsage, costs: Mapping[str, AccountCosts], amounts: Mapping[AssetPlace, CostAmount]
) -> tuple[AssetRow, ...]:
    """Return all assets sorted by name; ``costs`` are by account id, ``amounts`` the cost of each place."""
    told = {key for key, each in costs.items() if _shows_assets(each)}
    return tuple(
        AssetRow(listed, asset_usage.use_of(listed), amounts.get(listed.place, NOTHING))
        if listed.place.account_id in told
        else AssetRow(listed, asset_usage.use_of(listed)._replace(list_cost=None), None)
        for listed in asset_usage.assets
    )


def _shows_assets(costs: AccountCosts) -> bool:
    """Return whether costs are published per asset, not only per project."""
    return all(item.asset or item.kind == SUBSCRIPTION for item in costs.items)


def assets_in_order(rows: Iterable[AssetRow], sort: str, direction: str) -> Order[AssetRow]:
    """Return assets in order, unknown values last. An empty direction is the default: the largest or newest first,
    names ascending. Raises QueryError.
    """
    if sort == NAME:
        return in_order_of_identity(rows, lambda row: row.identity, f"assets {NAME}", direction)
    value_of = SORTS.get(sort)
    if value_of is None:
        raise QueryError(f"sort must be one of {', '.join((NAME, *SORTS))}.")
    with exactly():
        return in_order_of_value(rows, value_of, lambda row: row.identity, f"assets {sort}", direction)


def asset_document(row: AssetRow) -> Json:
    """Return an asset as JSON; dollars are exact, as text, and unknown values are null."""
    listed, place = row.listed, row.listed.place
    return {
        "account": listed.account,
        "account_id": place.account_id,
        "project": place.project,
        "kind": place.kind,
        "name": place.asset,
        "id": listed.id,
        "created": _time(listed.created),
        "modified": _time(listed.modified),
        "last_used": _time(listed.last_used),
        "requests": row.use.requests,
        "errors": row.use.errors,
        **(dict.fromkeys(dollars_document(NOTHING)) if row.amount is None else dollars_document(row.amount)),
        "list_cost_usd": None if row.use.list_cost is None else plain(row.use.list_cost),
        "named_by_usage": listed.named_by_usage,
        "folded": listed.folded,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
