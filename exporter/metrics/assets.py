"""What there is, as metrics: one info series an asset, counts, and when each was created, changed and last used."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from exporter.catalog.entry import Product
from exporter.ledger import Entry, Publication, Standing
from exporter.metrics.family import Family, labelled_family
from exporter.model import NAME_PREFIX

TIMES = {
    "created": "When an asset was created, as far as its list says.",
    "modified": "When an asset was last changed, as far as its list says.",
    "last_used": "The start of the newest hour in which an asset was used; absent if it was not since counting began.",
}


def asset_families(publication: Publication, products: Sequence[Product]) -> Iterable[Family]:
    """Return the families that describe the assets that are listed."""
    labels = ("account", "project", "kind", "asset")
    listed = [
        (publication.accounts[account], account, entry)
        for account, roster in publication.assets.items()
        if account in publication.accounts
        for entry in roster
        if entry.standing in {Standing.LISTED, Standing.ABSENT} and not entry.asset.id.startswith(NAME_PREFIX)
    ]
    for product in products:
        of_kind = [(account, entry) for account, _, entry in listed if entry.asset.kind == product.kind]
        yield labelled_family(
            product.info,
            "info",
            f"The assets of kind {product.kind}, with the labels that their usage has.",
            ("account", "project", product.label, "asset_id"),
            {(account, entry.project, entry.label, entry.asset.id): 1 for account, entry in of_kind},
        )
    yield labelled_family(
        "cloudflare_asset_info",
        "info",
        "All assets, whatever their kind.",
        (*labels, "asset_id"),
        {(account, entry.project, entry.asset.kind, entry.label, entry.asset.id): 1 for account, _, entry in listed},
    )
    yield labelled_family(
        "cloudflare_assets",
        "gauge",
        "Number of assets.",
        ("account", "kind"),
        Counter((account, entry.asset.kind) for account, _, entry in listed),
    )
    for word, text in TIMES.items():
        moments: dict[tuple[str, str, str, str], float] = {}
        for account, account_id, entry in listed:
            moment = _moment(word, entry, publication.used.get(account_id, {}).get((entry.asset.kind, entry.asset.id)))
            if moment is not None:
                key = (account, entry.project, entry.asset.kind, entry.label)
                moments[key] = max(moment.timestamp(), moments.get(key, 0.0))
        yield labelled_family(f"cloudflare_asset_{word}_timestamp_seconds", "gauge", text, labels, moments)


def _moment(word: str, entry: Entry, last_used: datetime | None) -> datetime | None:
    return {"created": entry.asset.created, "modified": entry.asset.modified}.get(word, last_used)
