"""The links of the page: metrics, API, Cloudflare's dashboard, and ours if Grafana's address is known. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from starlette.datastructures import Headers

from exporter.catalog import PRODUCTS
from exporter.catalog.asset_kind import CONSOLE, AssetKind
from exporter.catalog.product import Product
from exporter.exposition.api import API_PREFIX
from exporter.views import AssetRow, ProjectRow

BEFORE_PRODUCTS = (("overview", "Overview"), ("cost", "Cost"), ("project", "Project"), ("compare", "Compare"))
AFTER_PRODUCTS = (("exporter", "Exporter"),)
"""The dashboards besides those of products: the ends of their uids, and their titles."""


_WITH_ID = re.compile(r" \([^()]*\)$")
"""What tells an asset from another of the same name."""

HERE = "."
"""The root of links that are relative to the page, wherever a proxy serves it."""

_PREFIX = re.compile(r"((?:/[\w.~-]+)+)/?", re.ASCII)


def root_of(headers: Headers, external_url: str | None) -> str:
    """Return the root of links for a request.

    Relative links lead nowhere from a page whose address lacks its last slash. Proxies that serve such a page, such as
    Traefik, name the prefix that they have taken off in ``X-Forwarded-Prefix``; the external URL may have one, too.
    """
    given = headers.getlist("x-forwarded-prefix")
    found = _PREFIX.fullmatch(given[0]) if len(given) == 1 else None
    return found[1] if found else prefix_of(external_url) or HERE


def prefix_of(external_url: str | None) -> str:
    """Return the path of the external URL, without a last slash; empty if it has none."""
    return urlsplit(external_url or "").path.rstrip("/")


@dataclass(frozen=True, slots=True)
class Link:
    """A link: its title and address."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Links:
    """The links of the page; without a ``grafana_url`` there are none to dashboards. Each product has a dashboard.

    ``root`` stands before the paths of the exporter: a proxy may serve them below a prefix.
    """

    metrics: str
    grafana_url: str | None
    products: tuple[Product, ...] = PRODUCTS
    root: str = HERE

    @property
    def dashboards(self) -> tuple[Link, ...]:
        """Return the links to all dashboards."""
        if self.grafana_url is None:
            return ()
        of_products = ((product.name, product.title) for product in self.products)
        named = (*BEFORE_PRODUCTS, *of_products, *AFTER_PRODUCTS)
        return tuple(Link(title, self._dashboard(name)) for name, title in named)

    def of_project(self, row: ProjectRow) -> tuple[Link, ...]:
        """Return the links of a project."""
        api = Link(
            "API",
            f"{self.root}{API_PREFIX}project/{quote(row.project, safe='')}?{urlencode({'account': row.account_id})}",
        )
        if self.grafana_url is None:
            return (api,)
        return Link("Dashboard", self._dashboard("project", account=row.account, project=row.project)), api

    def of_asset(self, row: AssetRow) -> str | None:
        """Return the address of the dashboard that shows an asset, if there is one."""
        place = row.listed.place
        product, kind = self._kind_of(row)
        if self.grafana_url is None or kind is None:
            return None
        chosen = {"account": row.listed.account, "project": place.project, kind.label: place.asset}
        return self._dashboard(product, **chosen)

    def at_cloudflare(self, row: AssetRow) -> str | None:
        """Return the address of an asset's page in Cloudflare's dashboard, or of its kind's, if there is one."""
        _, kind = self._kind_of(row)
        if kind is None or not (kind.page or kind.overview):
            return None
        place = row.listed.place
        path = kind.page_of(row.listed.id, _WITH_ID.sub("", place.asset)) or kind.overview
        return f"{CONSOLE}/{quote(place.account_id, safe='')}/{path}"

    def _kind_of(self, row: AssetRow) -> tuple[str, AssetKind | None]:
        """Return an asset's kind, and the first product that has it."""
        wanted = row.listed.place.kind
        found = ((each.name, kind) for each in self.products for kind in each.kinds if kind.kind == wanted)
        return next(found, ("", None))

    def _dashboard(self, name: str, **chosen: str) -> str:
        values = urlencode({f"var-{variable}": value for variable, value in chosen.items()})
        return f"{self.grafana_url}/d/cloudflare-{name}" + (f"?{values}" if values else "")
