"""Links between the pages: they keep the selection, and select the clicked item."""

from collections.abc import Iterable

from dashboards.grafana import Json
from exporter.catalog import PRODUCTS, kinds_of
from exporter.catalog.asset_kind import CONSOLE_OF_ACCOUNT, AssetKind
from exporter.catalog.product import Product

TAG = "cloudflare"

OVERVIEW, COST, PROJECT, COMPARE, EXPORTER = (
    f"{TAG}-{name}" for name in ("overview", "cost", "project", "compare", "exporter")
)

KEPT = "${datasource:queryparam}&${job:queryparam}&${account:queryparam}"

TO_PROJECT = "Open the project"
TO_ASSET = "Open the asset"

PAGE = "Page"
"""The head of the hidden column with the path of an asset's page there."""


def product_page(product: str) -> str:
    """Return the uid of a product's page: made of the label ``product``, so that a link can be made of it too."""
    return f"{TAG}-{product}"


def all_pages() -> Json:
    """Return the list of the other pages, at the top of each."""
    return {
        "title": "Cloudflare",
        "type": "dashboards",
        "tags": [TAG],
        "asDropdown": True,
        "keepTime": True,
        "includeVars": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        "url": "",
    }


def of_series(uid: str, title: str, *labels: str) -> Json:
    """Return a link from a series in a graph, which selects its labels."""
    return _link(uid, title, ((label, f"__field.labels.{label}") for label in labels))


def of_row(uid: str, title: str, **columns: str) -> Json:
    """Return a link from a row of a table: the variables are what the columns (by their heads) say."""
    return _link(uid, title, ((name, f'__data.fields["{head}"]') for name, head in columns.items()))


def project_of_row() -> Json:
    """Return the link from a row with the column Project."""
    return of_row(PROJECT, TO_PROJECT, project="Project")


def asset_of_row(products: Iterable[Product] = PRODUCTS) -> Json:
    """Return the link from a row with the columns Product, Project and Asset to the product's page.

    The asset variable of that page is the label of a kind; a page ignores the variables of others.
    """
    named = {kind.label: "Asset" for kind in kinds_of(products).values()}
    return of_row('${__data.fields["Product"]}', TO_ASSET, project="Project", **named)


def cloudflare_of_row() -> Json:
    """Return the link from a row with the column Page to the asset's page in Cloudflare's dashboard."""
    return _outside("Open in Cloudflare", f'${{__data.fields["{PAGE}"]}}')


def cloudflare_of_series(kind: AssetKind) -> Json:
    """Return the link from a series to the asset's page there; a page that is found by an id, to the list of assets."""
    if "{name}" in kind.page:
        named = f"${{__field.labels.{kind.label}:percentencode}}"
        return _outside("Open in Cloudflare", kind.page.format(name=named))
    return _outside(f"{kind.assets} in Cloudflare", kind.overview)


def _outside(title: str, path: str) -> Json:
    return {"title": title, "url": f"{CONSOLE_OF_ACCOUNT}{path}", "targetBlank": True}


def _link(uid: str, title: str, chosen: Iterable[tuple[str, str]]) -> Json:
    page = f"{TAG}-{uid}" if uid.startswith("$") else uid
    values = "".join(f"&var-{name}=${{{source}:percentencode}}" for name, source in chosen)
    return {"title": title, "url": f"/d/{page}/{page}?{KEPT}{values}&${{__url_time_range}}", "targetBlank": False}
