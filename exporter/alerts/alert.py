"""An alert, and its subject by its labels. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from exporter.catalog import PRODUCTS, kinds_of
from exporter.catalog.product import Product


class State(StrEnum):
    """The state of an alert: pending, firing and notified, or firing without notification."""

    PENDING = "pending"
    FIRING = "firing"
    SILENCED = "silenced"
    INHIBITED = "inhibited"
    MUTED = "muted"


@dataclass(frozen=True, slots=True)
class Alert:
    """One of our alerts. ``since`` is when it began to fire; from Prometheus, when its condition began to hold.

    ``value`` is the value of its expression; None if unknown or not finite.
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
        """Return its severity."""
        return self.labels.get("severity", "")

    @property
    def account(self) -> str:
        """Return the label of the account; empty if it concerns none."""
        return self.labels.get("account", "")

    @property
    def project(self) -> str:
        """Return the project; empty if it concerns none."""
        return self.labels.get("project", "")

    @property
    def product(self) -> str:
        """Return the product that the rule names, or else that of the asset."""
        return find_product(self.labels, PRODUCTS)

    @property
    def asset(self) -> tuple[str, str] | None:
        """Return kind and label of the asset: each kind has its own label, costs have ``kind`` and ``asset``."""
        return find_asset(self.labels, PRODUCTS)


def find_product(labels: Mapping[str, str], products: Iterable[Product]) -> str:
    """Return the product that labels name, or else that of their asset; empty if there is neither."""
    known = tuple(products)
    asset = find_asset(labels, known)
    named = (product.name for product in known for kind in product.kinds if asset and kind.kind == asset[0])
    return labels.get("product") or next(named, "")


def find_asset(labels: Mapping[str, str], products: Iterable[Product]) -> tuple[str, str] | None:
    """Return the kind and the label of the asset that labels name, if any."""
    found = next((kind for kind in kinds_of(products).values() if labels.get(kind.label)), None)
    if found is not None:
        return found.kind, labels[found.label]
    kind, asset = labels.get("kind"), labels.get("asset")
    return (kind, asset) if kind and asset else None
