"""Each asset as it is published, with the usage that its counters hold. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Tallied, tally_id
from exporter.ledger import Publication, PublishedBook, Standing
from exporter.ledger.daily_sums import meter_hours
from exporter.model import Asset, Placement
from exporter.pricing.money import LAST_PLACE, PLACES, exactly


class AssetPlace(NamedTuple):
    """The labels under which an asset is published; the account by its id."""

    account_id: str
    project: str
    kind: str
    asset: str


class UsageTotals(NamedTuple):
    """The sums of the counters under one label set since they began: requests, errors, and dollars at list price.

    None: not counted, or not known.
    """

    requests: int | None = None
    errors: int | None = None
    list_cost: Decimal | None = None


NO_ASSET_USAGE = UsageTotals()


@dataclass(frozen=True, slots=True)
class ListedAsset:
    """An asset that discovery lists, or that is ``named_by_usage`` because no list has its kind.

    ``account`` is the account's label, ``last_used`` the start of an hour. A ``folded`` asset has no series of its own.
    """

    place: AssetPlace
    account: str
    id: str
    created: datetime | None = None
    modified: datetime | None = None
    last_used: datetime | None = None
    named_by_usage: bool = False
    folded: bool = False


@dataclass(frozen=True, slots=True)
class AssetUsage:
    """All listed assets, and the usage under each label set, that of unlisted assets included.

    ``folded`` is the usage of each folded asset by itself, which the label set that they share includes.
    """

    assets: tuple[ListedAsset, ...] = ()
    uses: Mapping[AssetPlace, UsageTotals] = field(default_factory=dict)
    folded: Mapping[AssetPlace, UsageTotals] = field(default_factory=dict)

    def use_of(self, asset: ListedAsset) -> UsageTotals:
        """Return the usage of one asset."""
        return self.folded.get(asset.place) or self.uses.get(asset.place, NO_ASSET_USAGE)


def find_asset_usage(publication: Publication) -> AssetUsage:
    """Return the assets and usage of a publication's accounts, in the order of their labels."""
    assets = sorted(_listed(publication), key=lambda each: (each.account, *each.place[1:], each.id))
    return AssetUsage(tuple(assets), _uses(publication, assets), _uses_of_folded(publication))


def _listed(publication: Publication) -> Iterator[ListedAsset]:
    for account_id, label in publication.accounts.items():
        used = publication.used.get(account_id, {})
        for entry in publication.assets.get(account_id, ()):
            asset = entry.asset
            if entry.is_published:
                place = AssetPlace(account_id, entry.project, asset.kind, entry.label)
                last_used = used.get((asset.kind, asset.id))
                is_named = entry.standing is Standing.NAMED
                times = (asset.created, asset.modified, last_used)
                yield ListedAsset(place, label, asset.id, *times, is_named, entry.is_folded)


def _uses(publication: Publication, assets: Iterable[ListedAsset]) -> dict[AssetPlace, UsageTotals]:
    requests, errors = (_counted(publication.books, tallied) for tallied in (Tallied.REQUESTS, Tallied.ERRORS))
    dollars = _list_costs(publication.list_costs)
    priced = {book.account_id for book in publication.list_costs}
    places = requests.keys() | errors.keys() | dollars.keys()
    places |= {holding.place for holding in assets if holding.place.account_id in priced}
    with exactly():
        return {
            place: UsageTotals(
                requests.get(place),
                errors.get(place),
                _dollars(dollars.get(place, 0 if place.account_id in priced else None)),
            )
            for place in places
        }


def _uses_of_folded(publication: Publication) -> dict[AssetPlace, UsageTotals]:
    """Return what the rows of each folded asset come to."""
    folded = [
        (account_id, entry)
        for account_id in publication.accounts
        for entry in publication.assets.get(account_id, ())
        if entry.is_folded and entry.is_published
    ]
    if not folded:
        return {}
    counted, dollars = _count_rows(publication.books), _cost_of_rows(publication.list_costs)
    known = {(account_id, counted_id) for account_id, _, counted_id in counted}
    priced = {book.account_id for book in publication.list_costs}

    def total(account_id: str, asset: Asset, tallied: Tallied) -> int | None:
        counted_id = tally_id(asset.kind, tallied)
        return counted.get((account_id, asset.id, counted_id), 0 if (account_id, counted_id) in known else None)

    with exactly():
        return {
            AssetPlace(account_id, entry.project, entry.asset.kind, entry.label): UsageTotals(
                total(account_id, entry.asset, Tallied.REQUESTS),
                total(account_id, entry.asset, Tallied.ERRORS),
                _dollars(
                    dollars.get((account_id, entry.asset.kind, entry.asset.id), 0 if account_id in priced else None)
                ),
            )
            for account_id, entry in folded
        }


def _count_rows(books: Iterable[PublishedBook]) -> dict[tuple[str, str, str], int]:
    """Return the tallies of folded assets by account, asset and id; of no asset 0, where something is tallied."""
    sums: dict[tuple[str, str, str], int] = {}
    for book in books:
        if book.state is None:
            continue
        for tally in book.dataset.tallies:
            sums.setdefault((book.account_id, "", tally_id(book.dataset.kind, tally.tallied)), 0)
        for (_, asset, counted_id), amount in meter_hours(book.dataset, {book.state.start: book.folded}).items():
            key = (book.account_id, asset, counted_id)
            sums[key] = sums.get(key, 0) + amount
    return sums


def _cost_of_rows(books: Iterable[PublishedBook]) -> dict[tuple[str, str, str], int]:
    """Return the list cost of folded assets by account, kind and asset."""
    sums: dict[tuple[str, str, str], int] = {}
    for book in books:
        for (asset, _), (cost,) in book.folded.items():
            key = (book.account_id, book.dataset.kind, asset)
            sums[key] = sums.get(key, 0) + cost // LAST_PLACE
    return sums


def _counted(books: Iterable[PublishedBook], tallied: Tallied) -> dict[AssetPlace, int]:
    sums: dict[AssetPlace, int] = {}
    for book in books:
        account, kind = book.account_id, book.dataset.kind
        counting = dict(_positions(book.dataset, tallied))
        if not counting:
            continue
        there: dict[Placement, int] = {}
        for placement, key, amount in book.series:
            found = counting.get(key.metric)
            if found is not None:
                position, starts = found
                counts = position is None or key.values[position].startswith(starts)
                there[placement] = there.get(placement, 0) + (amount if counts else 0)
        _add(sums, account, kind, there)
    return sums


def _add(sums: dict[AssetPlace, int], account: str, kind: str, there: Mapping[Placement, int]) -> None:
    for placement, amount in there.items():
        place = AssetPlace(account, placement.project, kind, placement.asset)
        sums[place] = sums.get(place, 0) + amount


def _positions(dataset: Dataset, tallied: Tallied) -> Iterator[tuple[int, tuple[int | None, str]]]:
    """Yield the metrics that count, each with the position of the deciding label and the prefix its value must have."""
    by_name = {tally.metric: tally for tally in dataset.tallies if tally.tallied is tallied}
    for index, metric in enumerate(dataset.metrics):
        tally = by_name.get(metric.name)
        if tally is not None:
            yield index, (metric.labels.index(tally.label) if tally.label else None, tally.starts)


def _list_costs(books: Iterable[PublishedBook]) -> dict[AssetPlace, int]:
    sums: dict[AssetPlace, int] = {}
    for book in books:
        there: dict[Placement, int] = {}
        for placement, _, amount in book.series:
            there[placement] = there.get(placement, 0) + amount // LAST_PLACE
        _add(sums, book.account_id, book.dataset.kind, there)
    return sums


def _dollars(amount: int | None) -> Decimal | None:
    return None if amount is None else Decimal(amount).scaleb(-PLACES)
