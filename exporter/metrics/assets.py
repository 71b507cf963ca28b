"""Assets as metrics: one info series each, counts, and the times of creation, last change and last use."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from exporter.catalog.asset_kind import AssetKind
from exporter.ledger import Publication
from exporter.metrics.family import Family, Labels
from exporter.metrics.listed import AssetFacts, ListedEntry, listed_entries, shown
from exporter.metrics.own import LabelSource, OwnMetric, Values, build_families
from exporter.metrics.traits import trait_metrics

ASSET = ("account", "project", "kind", "asset")


def asset_families(
    publication: Publication, kinds: Iterable[AssetKind], labels_of: LabelSource = Labels
) -> tuple[Family, ...]:
    """Return the families that describe the listed assets."""
    known = tuple(kinds)
    table = (*asset_metrics(known), *trait_metrics(known))
    return build_families(table, tuple(listed_entries(publication)), labels_of)


def asset_metrics(kinds: Iterable[AssetKind]) -> tuple[OwnMetric[AssetFacts], ...]:
    """Return the table: one info metric per kind, and the metrics of all kinds."""
    return (*map(_info, kinds), *ALL_KINDS)


def _info(kind: AssetKind) -> OwnMetric[AssetFacts]:
    return OwnMetric(
        kind.info,
        "info",
        f"Assets of kind {kind.kind}, one series each; joins to usage metrics on the shared labels.",
        ("account", "project", kind.label, "asset_id", *(detail.label for detail in kind.details)),
        lambda listed: {
            (
                each.account,
                each.entry.project,
                each.entry.label,
                each.entry.asset.id,
                *(each.traits.details or ("",) * len(kind.details)),
            ): 1
            for each in shown(listed)
            if each.entry.asset.kind == kind.kind
        },
    )


def _labels(each: ListedEntry) -> tuple[str, str, str, str]:
    return each.account, each.entry.project, each.entry.asset.kind, each.entry.label


def _newest(read: Callable[[ListedEntry], datetime | None]) -> Callable[[AssetFacts], Values]:
    """Return a reader of one time per asset, in Unix seconds; of assets with the same labels, the newest."""

    def read_all(listed: AssetFacts) -> Values:
        moments: dict[tuple[str, ...], float] = {}
        for each in shown(listed):
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
        lambda listed: {(*_labels(each), each.entry.asset.id): 1 for each in shown(listed)},
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
