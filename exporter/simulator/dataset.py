"""The types of a product's declaration: its analytics datasets, REST lists and resources. Data, no behaviour."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from exporter.simulator.incident import Mishap
from exporter.simulator.world import Asset

MILLIONTHS = 1_000_000
DAY_31 = timedelta(days=31)

Dimension = str | int | None
"""The value of a dimension; None stands for the asset's name at the row's minute."""


@dataclass(frozen=True)
class Measure:
    """A numeric field of a row. With ``scale`` 1,000,000 it is kept in millionths, as Cloudflare returns it as float64.

    A measure that is not ``shown`` has no ``sum`` or ``max`` field: it is only the source of averages and quantiles.
    """

    name: str
    scale: int = 1
    shown: bool = True


@dataclass(frozen=True)
class Cell:
    """One combination of dimension values of an asset.

    ``share`` is its part of the asset's events in thousandths. A measure with ``(a, b)`` in ``weights`` is
    ``a`` times the events plus ``b`` times a small noise, so that sums over minutes are sums of two integers.
    Incidents of a ``mishap`` add events to the cell.
    """

    dimensions: tuple[Dimension, ...]
    share: int
    weights: tuple[tuple[int, int], ...]
    mishap: Mishap | None = None


@dataclass(frozen=True)
class Level:
    """A stored quantity of an asset: the size of each measure in the hour that starts at the given epoch hour."""

    dimensions: tuple[Dimension, ...]
    sizes: Callable[[int], Sequence[int]]


@dataclass(frozen=True)
class Dataset:
    """A GraphQL dataset of an account, or ``of_zones``: then its first dimension is the zone's id.

    Rows of a zone do not show it; those of the account do, if it is ``of_accounts`` as well. The first measure
    counts events. ``sources`` names the measure behind the averages, extremes and quantiles of a name, if it is not the
    measure of the same name. ``levels`` makes it a storage dataset: hourly maxima.
    """

    name: str
    product: str
    kinds: tuple[str, ...]
    dimensions: tuple[str, ...]
    measures: tuple[Measure, ...]
    cells: Callable[[Any], Sequence[Cell]] | None = None
    levels: Callable[[Any], Sequence[Level]] | None = None
    levels_add_up: bool = False
    count: bool = False
    sources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    not_older_than: timedelta = DAY_31
    of_zones: bool = False
    of_accounts: bool = False


@dataclass(frozen=True)
class PageSize:
    """The minimum, maximum and default number of entries on a page of a REST list."""

    least: int
    most: int
    usual: int


@dataclass(frozen=True)
class Listing:
    """A REST list below ``/accounts/{id}``. Without ``page_size`` it is one page; ``cursor`` means paging by cursor.

    ``nested`` is the key of the array in the result. ``shown`` decides whether an asset is listed. With a ``parent``,
    whose id stands for ``{parent}`` in the path, it is the list of the assets of one parent.
    """

    path: str
    product: str
    kind: str
    permission: str
    entry: Callable[[Any, datetime], dict[str, Any]]
    page_size: PageSize | None = None
    cursor: bool = False
    nested: str | None = None
    shown: Callable[[Any], bool] = field(default=lambda _asset: True)
    parent: Callable[[Any], str] | None = None

    def parent_in(self, path: str) -> str | None:
        """Return the id of the parent whose list a path is, or that of none; None: it is another path."""
        before, _, after = self.path.partition("{parent}")
        if self.parent is None or not (path.startswith(before) and path.endswith(after)):
            return "" if path == self.path else None
        parent = path[len(before) : len(path) - len(after)]
        return parent if parent and "/" not in parent else None


@dataclass(frozen=True)
class Resource:
    """A REST resource below ``/accounts/{id}``: of each asset of a kind, whose id stands for ``{}`` in the path, or,
    without a kind, of the account.

    ``result`` is made of the asset or account, and the time. ``absent_code`` is the error for an asset that is not
    there.
    """

    path: str
    product: str
    permission: str
    result: Callable[[Any, datetime], dict[str, Any]]
    kind: str = ""
    absent_code: int = 404

    def asset_in(self, path: str) -> str | None:
        """Return the id of the asset in a path (empty: there is none), or None if it is not the resource's."""
        before, _, after = self.path.partition("{}")
        if not self.kind:
            return "" if path == self.path else None
        asset_id = path.removeprefix(before).removesuffix(after)
        return asset_id if path == f"{before}{asset_id}{after}" and "/" not in asset_id else None


def timestamp(when: datetime) -> str:
    """Return a time as in the REST API: RFC 3339 with microseconds."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def fixed(asset: Asset, salt: str, digits: int = 32) -> str:
    """Return a permanent hexadecimal identifier of the asset."""
    return hashlib.sha256(f"{salt}/{asset.kind}/{asset.id}".encode()).hexdigest()[:digits]
