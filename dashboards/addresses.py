"""The pages of assets in Cloudflare's dashboard: a series for each asset, whose label ``page`` is its page's path."""

from collections.abc import Iterable

from dashboards.links import PAGE
from dashboards.queries import OF_ASSET, select, with_product
from dashboards.tables import Column
from exporter.catalog import PRODUCTS, kinds_of
from exporter.catalog.asset_kind import AssetKind
from exporter.catalog.product import Product

HOME = "home"

HIDDEN = Column("page", PAGE, {"noValue": HOME, "custom.hideFrom": {"legend": False, "tooltip": False, "viz": True}})
"""The column that links read; what has no page of its own leads to the account's."""

WITHOUT_ID = "(.+?)( [(].+[)])?"
"""A name, without the id that tells two of the same name apart."""


def of_kind(kind: AssetKind, *matchers: str) -> str:
    """Return the pages of the assets of a kind, by project and the kind's label."""
    return f"max by (project, {kind.label}, page) ({_paged(kind, kind.label, select(kind.info, *matchers))})"


def of_all(products: Iterable[Product] = PRODUCTS) -> str:
    """Return the pages of assets of all kinds, by project, product and asset."""
    kinds = kinds_of(products).values()
    paged = " or ".join(_paged(kind, "asset", select("cloudflare_asset_info", f'kind="{kind.kind}"')) for kind in kinds)
    return f"max by ({OF_ASSET}, page) ({with_product(f'({paged})')})"


def _paged(kind: AssetKind, label: str, listed: str) -> str:
    """Return listed assets with their pages; the ids of variants begin with their prefixes."""
    if not kind.page:
        return _labelled(listed, kind.overview or HOME, "", "")
    if "{name}" in kind.page:
        return _labelled(listed, kind.page.format(name="$1"), label, WITHOUT_ID)
    for variant in kind.variants:
        listed = _labelled(listed, kind.page.format(id="$1", variant=variant.word), "asset_id", f"{variant.prefix}(.+)")
    return listed


def _labelled(listed: str, page: str, source: str, pattern: str) -> str:
    return f'label_replace({listed}, "page", "{page}", "{source}", "{pattern}")'
