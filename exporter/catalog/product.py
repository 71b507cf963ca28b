"""What a product file declares: the product, its list of assets, and its datasets. Data only.

All facts are from Cloudflare's API pages (endpoints, page sizes).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.catalog.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of querying an endpoint whose answers are partial: its header, and the prefix of names in analytics."""

    header: str
    value: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A REST list of assets.

    ``paging`` is ``none``, ``page`` or ``cursor``; ``items`` is the path of the array in the response; the others are
    keys of an item (empty: not in the list). ``per_page`` is the largest documented page. ``permission_key`` is the
    permission's key in a link to Cloudflare's token form (empty: it has none). ``params`` are further parameters of the
    query; like in the path, ``{account_id}`` in a value stands for the account.
    """

    path: str
    permission: str
    permission_key: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    paging: str = "none"
    per_page: int = 0
    items: tuple[str, ...] = ("result",)
    id: str = "id"
    name: str = "name"
    created: str = ""
    modified: str = ""
    tags: str = ""
    parent: str = ""
    variants: tuple[Variant, ...] = (Variant("", "", ""),)


@dataclass(frozen=True, slots=True)
class Product:
    """A Cloudflare product: its asset kind, the label and info metric of an asset, the list, and the datasets.

    ``title`` is the product's name for people, ``asset`` the word for one asset within a sentence, and ``assets`` that
    for all of them where no product is named beside it. ``category`` is the FOCUS service category.
    """

    name: str
    title: str
    kind: str
    asset: str
    assets: str
    label: str
    info: str
    category: str
    endpoint: Endpoint
    datasets: tuple[Dataset, ...]

    @property
    def asset_title(self) -> str:
        """Return the word for one asset as it begins a title."""
        return self.asset[:1].upper() + self.asset[1:]
