"""What a dataset is read from: a node of GraphQL, or a resource of the REST API. Data only.

All facts are from Cloudflare's API pages (paths, permissions, page sizes).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

ASSET = "{asset_id}"
"""The place of an asset's id in a path."""


class Readable:
    """What all of them say; by itself it is none.

    Rows without an id of their own belong to the account if ``is_of_account``, else to the zone or asset that is read.
    Of what ``is_of_zones`` each zone has a book of its own, whichever node tells of it: each zone's, which
    ``is_zone_node``, or the account's, which tells zones apart by its ``zone_dimension``. What ``is_spread`` takes a
    request for each asset, and is asked in the background, spread over the dataset's interval; anything else is part of
    each refresh. Without ``has_history`` an answer tells only of its own moment.
    """

    is_of_zones = False
    is_zone_node = False
    zone_dimension = ""
    is_spread = False
    has_history = True

    @property
    def is_of_account(self) -> bool:
        """Return whether rows without an id of their own belong to the account."""
        return not self.is_of_zones


@dataclass(frozen=True)
class AccountNode(Readable):
    """The dataset's node of the account in GraphQL."""


ACCOUNT_NODE = AccountNode()


@dataclass(frozen=True)
class ZoneNode(Readable):
    """The dataset's node of each zone in GraphQL."""

    is_of_zones = True
    is_zone_node = True


@dataclass(frozen=True)
class AccountNodeByZone(Readable):
    """The dataset's node of the account in GraphQL, of which the rows of each zone are that zone's.

    It is asked about many zones at once; of its own accord about those only, if the node ``has_filter`` for it.
    """

    has_filter: bool = True

    is_of_zones = True
    zone_dimension = "zoneTag"


@dataclass(frozen=True)
class RestResource(Readable):
    """A resource of the REST API: one for each asset if the ``path`` has an ``{asset_id}``, else one for the account.

    In ``path`` and the values of ``params``, ``{account_id}`` stands for the account. ``items`` is the path of the
    object in the response that is read, or of an array of such. A list that comes in pages has ``paging`` ``page`` or
    ``cursor``, at most ``per_page`` items each, with the key ``id``. ``permission`` is what the token needs, in
    Cloudflare's words, and ``permission_key`` its key in a link to Cloudflare's token form (empty: it has none).

    Names of fields and dimensions of such a dataset are paths in an item, with dots: ``count.current``.
    """

    path: str
    permission: str
    permission_key: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    items: tuple[str, ...] = ("result",)
    paging: str = "none"
    per_page: int = 0
    id: str = "id"

    is_spread = True
    has_history = False

    @property
    def is_per_asset(self) -> bool:
        """Return whether each asset has a resource of its own."""
        return ASSET in self.path

    @property
    def is_of_account(self) -> bool:
        """Return whether rows without an id of their own belong to the account."""
        return not self.is_per_asset
