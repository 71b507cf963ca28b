"""What a product file declares: the product, its kinds of assets, and its datasets. Data only."""

from dataclasses import dataclass

from exporter.catalog.asset_kind import AssetKind
from exporter.catalog.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Product:
    """A Cloudflare product: the kinds of its assets, the main one first, and its datasets.

    ``title`` is the product's name for people, and ``category`` the FOCUS service category. Products whose usage is of
    the same assets (zones) each have that kind.
    """

    name: str
    title: str
    category: str
    kinds: tuple[AssetKind, ...]
    datasets: tuple[Dataset, ...]

    def __post_init__(self) -> None:
        """Raise ValueError if a list of a parent comes before the kind of that parent, or without it."""
        known: set[str] = set()
        for kind in self.kinds:
            if kind.is_of_parents and kind.parent not in known:
                raise ValueError(f"{self.name}: the kind {kind.parent} has to come before its children, {kind.kind}")
            known.add(kind.kind)
