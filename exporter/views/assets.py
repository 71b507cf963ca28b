"""Assets as programs and tables show them: what each is, what its counters say, and what it costs. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from exporter.costs import dollars_document
from exporter.costs.history import QueryError
from exporter.metrics.asset_usage import NO_ASSET_USAGE, AssetPlace, AssetUsage, ListedAsset, UsageTotals
from exporter.model import format_time
from exporter.pricing import PLACES, AccountCosts, Amount, plain
from exporter.pricing.attribution import NOTHING, SUBSCRIPTION
from exporter.pricing.money import exactly
from exporter.views.paging import Order, in_order_of_identity, in_order_of_value

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AssetRow:
    """An asset, its counters, and its share of the billing cycle's cost; ``amount`` None: not told by asset."""

    listed: ListedAsset
    use: UsageTotals
    amount: Amount | None

    @property
    def identity(self) -> tuple[str, ...]:
        """Return the labels and the id, by which assets are in order."""
        return self.listed.account, *self.listed.place[1:], self.listed.id, self.listed.place.account_id


NO_ASSET = AssetRow(ListedAsset(AssetPlace("", "", "", ""), "", ""), NO_ASSET_USAGE, None)
"""Stands for none, where only the columns matter."""


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """Which assets are wanted: of each that is named one of its values. Accounts are ids; empty: all."""

    accounts: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()

    def admits(self, place: AssetPlace) -> bool:
        """Return whether what is published there is wanted."""
        return (
            (not self.accounts or place.account_id in self.accounts)
            and (not self.projects or place.project in self.projects)
            and (not self.kinds or place.kind in self.kinds)
        )


def dollars_key(value: Decimal | None) -> int | None:
    """Return dollars as a whole number to sort by; within ``exactly()``."""
    return None if value is None else int(value.scaleb(PLACES))


def seconds_key(moment: datetime | None) -> int | None:
    """Return a moment as a whole number to sort by."""
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
"""By what assets can be sorted besides their names: figures, times."""


def asset_rows(
    asset_usage: AssetUsage, costs: Mapping[str, AccountCosts], amounts: Mapping[AssetPlace, Amount]
) -> tuple[AssetRow, ...]:
    """Return all assets in the order of their names; ``costs`` are by account id, ``amounts`` what they come to."""
    told = {key for key, each in costs.items() if _shows_assets(each)}
    return tuple(
        AssetRow(listed, asset_usage.uses.get(listed.place, NO_ASSET_USAGE), amounts.get(listed.place, NOTHING))
        if listed.place.account_id in told
        else AssetRow(listed, asset_usage.uses.get(listed.place, NO_ASSET_USAGE)._replace(list_cost=None), None)
        for listed in asset_usage.assets
    )


def _shows_assets(costs: AccountCosts) -> bool:
    """Return whether costs are shown for each asset, and not only for projects."""
    return all(item.asset or item.kind == SUBSCRIPTION for item in costs.items)


def assets_in_order(rows: Iterable[AssetRow], sort: str, direction: str) -> Order[AssetRow]:
    """Return assets in order; what is not known comes last. An empty direction is the usual one: the largest or newest
    first, names from A on. Raises QueryError.
    """
    if sort == NAME:
        return in_order_of_identity(rows, lambda row: row.identity, f"assets {NAME}", direction)
    value_of = SORTS.get(sort)
    if value_of is None:
        raise QueryError(f"sort is one of {', '.join((NAME, *SORTS))}.")
    with exactly():
        return in_order_of_value(rows, value_of, lambda row: row.identity, f"assets {sort}", direction)


def asset_document(row: AssetRow) -> Json:
    """Return an asset as JSON; dollars are exact, as text, and what nobody knows is null."""
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
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
