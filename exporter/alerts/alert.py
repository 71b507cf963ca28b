"""An alert, and what it is about by its labels. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from exporter.catalog import PRODUCTS

PREFIX = "Cloudflare"
"""How the names of our alerts begin; whoever else uses the same Prometheus is not our business."""

WATCHDOG = "CloudflareWatchdog"
"""An alert that always fires: who does not have it has not been told what fires."""


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
        kind = self.asset[0] if self.asset else ""
        of_kind = next((product.name for product in PRODUCTS if product.kind == kind), "")
        return self.labels.get("product") or of_kind

    @property
    def asset(self) -> tuple[str, str] | None:
        """Return kind and label of the asset: each product has its own label, costs have ``kind`` and ``asset``."""
        found = next((product for product in PRODUCTS if self.labels.get(product.label)), None)
        if found is not None:
            return found.kind, self.labels[found.label]
        kind, asset = self.labels.get("kind"), self.labels.get("asset")
        return (kind, asset) if kind and asset else None
