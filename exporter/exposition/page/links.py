"""Where the page leads: metrics, API, and the dashboards in Grafana where it is known where that is. Pure."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from exporter.catalog import PRODUCTS
from exporter.exposition.api import API_PREFIX
from exporter.views import AssetRow, ProjectRow


def _title(product: str) -> str:
    return product.upper() if len(product) == 2 else product.replace("_", " ").capitalize()


DASHBOARDS = (
    ("overview", "Overview"),
    ("cost", "Cost"),
    ("project", "Project"),
    ("compare", "Compare"),
    *((product.name, _title(product.name)) for product in PRODUCTS),
    ("exporter", "Exporter"),
)
"""The dashboards that come with the exporter: the ends of their uids, and their titles."""

_PRODUCTS = {product.kind: product for product in PRODUCTS}


@dataclass(frozen=True, slots=True)
class Link:
    """Where to go, and what is there."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Links:
    """The links of a page; without a ``grafana_url`` none lead to dashboards."""

    metrics: str
    grafana_url: str | None

    @property
    def dashboards(self) -> tuple[Link, ...]:
        """Return the links to all dashboards."""
        if self.grafana_url is None:
            return ()
        return tuple(Link(title, self._dashboard(name)) for name, title in DASHBOARDS)

    def of_project(self, row: ProjectRow) -> tuple[Link, ...]:
        """Return what leads on from a project."""
        api = Link("API", f"{API_PREFIX}project/{quote(row.project, safe='')}?{urlencode({'account': row.account_id})}")
        if self.grafana_url is None:
            return (api,)
        return Link("Dashboard", self._dashboard("project", account=row.account, project=row.project)), api

    def of_asset(self, row: AssetRow) -> str | None:
        """Return the dashboard that shows an asset."""
        product = _PRODUCTS.get(row.listed.place.kind)
        if self.grafana_url is None or product is None:
            return None
        place = row.listed.place
        chosen = {"account": row.listed.account, "project": place.project, product.label: place.asset}
        return self._dashboard(product.name, **chosen)

    def _dashboard(self, name: str, **chosen: str) -> str:
        values = urlencode({f"var-{variable}": value for variable, value in chosen.items()})
        return f"{self.grafana_url}/d/cloudflare-{name}" + (f"?{values}" if values else "")
