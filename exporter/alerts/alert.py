"""An alert, and what it is about by its labels. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from exporter.catalog import PRODUCTS
from exporter.catalog.entry import Product


class State(StrEnum):
    """How an alert stands: it waits for its time, fires and is told, or fires and nobody is told."""

    PENDING = "pending"
    FIRING = "firing"
    SILENCED = "silenced"
    INHIBITED = "inhibited"
    MUTED = "muted"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert of ours. ``since`` is when it began to fire, by Prometheus when its condition began to hold.

    ``value`` is that of its expression; None where it is not known, or no finite number.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: State
    since: datetime
    value: float | None = None

    @property
    def name(self) -> str:
        """Return its name."""
        return self.labels.get("alertname", "")

    @property
    def severity(self) -> str:
        """Return how bad it is."""
        return self.labels.get("severity", "")

    @property
    def account(self) -> str:
        """Return the label of the account; empty if it is about none."""
        return self.labels.get("account", "")

    @property
    def project(self) -> str:
        """Return the project; empty if it is about none."""
        return self.labels.get("project", "")

    @property
    def product(self) -> str:
        """Return the product: as the rule says, else that of the asset."""
        return find_product(self.labels, PRODUCTS)

    @property
    def asset(self) -> tuple[str, str] | None:
        """Return kind and label of the asset: each product has its own label, costs have ``kind`` and ``asset``."""
        return find_asset(self.labels, PRODUCTS)


def find_product(labels: Mapping[str, str], products: Iterable[Product]) -> str:
    """Return the product that labels name, else that of their asset; empty if they are about none of the products."""
    known = tuple(products)
    asset = find_asset(labels, known)
    kind = asset[0] if asset else ""
    return labels.get("product") or next((product.name for product in known if product.kind == kind), "")


def find_asset(labels: Mapping[str, str], products: Iterable[Product]) -> tuple[str, str] | None:
    """Return kind and label of the asset that labels name, if they name one."""
    found = next((product for product in products if labels.get(product.label)), None)
    if found is not None:
        return found.kind, labels[found.label]
    kind, asset = labels.get("kind"), labels.get("asset")
    return (kind, asset) if kind and asset else None
