"""Assets as metrics: one info series each, counts, and the times of creation, last change and last use."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from exporter.catalog.product import Product
from exporter.ledger import Entry, Publication, RosterKey, Standing
from exporter.metrics.family import Family, Labels
from exporter.metrics.own import LabelSource, OwnMetric, Values, build_families
from exporter.model import NAME_PREFIX

ASSET = ("account", "project", "kind", "asset")


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """A listed asset with its account's label, and the newest hour in which it was used; None if it never was."""

    account: str
    entry: Entry
    last_used: datetime | None


AssetFacts = Sequence[ListedEntry]
"""The input of the asset metrics."""


def asset_families(
    publication: Publication, products: Sequence[Product], labels_of: LabelSource = Labels
) -> tuple[Family, ...]:
    """Return the families that describe the listed assets."""
    return build_families(asset_metrics(products), tuple(_listed(publication)), labels_of)


def asset_metrics(products: Iterable[Product]) -> tuple[OwnMetric[AssetFacts], ...]:
    """Return the table: one info metric per product, and the metrics of all kinds."""
    return (*map(_info, products), *ALL_KINDS)


def _listed(publication: Publication) -> Iterator[ListedEntry]:
    for account, roster in publication.assets.items():
        used: Mapping[RosterKey, datetime] = publication.used.get(account, {})
        for entry in roster if account in publication.accounts else ():
            if entry.standing in {Standing.LISTED, Standing.ABSENT} and not entry.asset.id.startswith(NAME_PREFIX):
                last_used = used.get((entry.asset.kind, entry.asset.id))
                yield ListedEntry(publication.accounts[account], entry, last_used)


def _info(product: Product) -> OwnMetric[AssetFacts]:
    return OwnMetric(
        product.info,
        "info",
        f"Assets of kind {product.kind}, one series each; joins to usage metrics on the shared labels.",
        ("account", "project", product.label, "asset_id"),
        lambda listed: {
            (each.account, each.entry.project, each.entry.label, each.entry.asset.id): 1
            for each in listed
            if each.entry.asset.kind == product.kind
        },
    )


def _labels(each: ListedEntry) -> tuple[str, str, str, str]:
    return each.account, each.entry.project, each.entry.asset.kind, each.entry.label


def _newest(read: Callable[[ListedEntry], datetime | None]) -> Callable[[AssetFacts], Values]:
    """Return a reader of one time per asset, in Unix seconds; of assets with the same labels, the newest."""

    def read_all(listed: AssetFacts) -> Values:
        moments: dict[tuple[str, ...], float] = {}
        for each in listed:
            moment = read(each)
            if moment is not None:
                key = _labels(each)
                moments[key] = max(moment.timestamp(), moments.get(key, 0.0))
        return moments

    return read_all


ALL_KINDS: tuple[OwnMetric[AssetFacts], ...] = (
    OwnMetric(
        "cloudflare_asset_info",
        "info",
        "Assets of all kinds, one series each.",
        (*ASSET, "asset_id"),
        lambda listed: {(*_labels(each), each.entry.asset.id): 1 for each in listed},
    ),
    OwnMetric(
        "cloudflare_assets",
        "gauge",
        "Number of assets.",
        ("account", "kind"),
        lambda listed: Counter((each.account, each.entry.asset.kind) for each in listed),
    ),
    OwnMetric(
        "cloudflare_asset_created_timestamp_seconds",
        "gauge",
        "When an asset was created; absent if its list does not say.",
        ASSET,
        _newest(lambda each: each.entry.asset.created),
    ),
    OwnMetric(
        "cloudflare_asset_modified_timestamp_seconds",
        "gauge",
        "When an asset was last changed; absent if its list does not say.",
        ASSET,
        _newest(lambda each: each.entry.asset.modified),
    ),
    OwnMetric(
        "cloudflare_asset_last_used_timestamp_seconds",
        "gauge",
        "Start of the newest hour in which an asset was used; absent if it has not been used since counting began.",
        ASSET,
        _newest(lambda each: each.last_used),
    ),
)
