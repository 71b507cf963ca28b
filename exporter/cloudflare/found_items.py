"""What lists came to: accounts or the assets of one kind, and what is wrong with the lists. Pure."""

from collections.abc import Hashable

from exporter.catalog.asset_kind import AssetKind, Endpoint, Variant
from exporter.cloudflare.rest_list import Item, ItemList
from exporter.cloudflare.time import moment_or_none
from exporter.cloudflare.traits import read_traits
from exporter.model import Account, Asset, ListingFlaw, Traits

TURNS = 3
"""After so many readings in a row with the same result, a list that contradicts itself is taken as it is."""

BAD_ITEMS = "bad_items"
MISCOUNTED = "miscounted"

BAD_ITEMS_ADVICE = (
    "Look for it in Cloudflare's dashboard and give it a name there; if nothing is wrong with it there, report it to "
    "Cloudflare."
)
MISCOUNTED_ADVICE = "Wait; if it stays so, check that the token's permission covers the whole account."


class FoundItems:
    """The items of one list, or of one of each variant, counted."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._ids: set[str] = set()
        self._nameless = 0
        self._unusable = 0
        self._seen = 0
        self._total = 0
        self.is_torn = False
        """Whether a list may have changed while it was read."""

    @property
    def is_doubtful(self) -> bool:
        """Return whether the lists may lack something that is there."""
        return self.is_torn or self._unusable > 0 or self._seen < self._total

    @property
    def evidence(self) -> Hashable:
        """Return what has to be the same from one reading to the next for it to be believed."""
        return frozenset(self._ids), self._unusable, self._total, self.is_torn

    def count(self, found: ItemList, prefix: str = "") -> None:
        """Count a list; ``prefix`` tells the ids of one variant from those of others."""
        self._ids.update(prefix + identity for identity in found.items)
        self._nameless += sum(not _name(self._endpoint, item) for item in found.items.values())
        self._unusable += found.unusable
        self._seen += found.seen
        self._total += found.total
        self.is_torn |= found.is_torn

    def changed(self) -> str:
        """Return what is wrong with a list that is torn."""
        return f"the pages hold {self._seen} of {self._total} items; the list changed while it was read."

    def flaw(self, what: str, *, is_believed: bool) -> ListingFlaw | None:
        """Return what is wrong with the lists, for a person to read; None if nothing is."""
        bad = self._unusable + self._nameless
        if bad:
            parts = [f"{self._unusable} without a usable '{self._endpoint.id}' left out"] * bool(self._unusable)
            parts += [f"{self._nameless} without '{self._endpoint.name}' shown by its id"] * bool(self._nameless)
            detail = f"{what}: {bad} of {self._seen} items cannot be read as they should: {', '.join(parts)}."
            return ListingFlaw(BAD_ITEMS, detail, BAD_ITEMS_ADVICE)
        if not self.is_doubtful:
            return None
        said = f"{what}: Cloudflare counts {self._total} items, and lists {self._seen}"
        if self._seen == self._total:
            said = f"{what}: the pages contradict each other, and hold {self._seen} items"
        if is_believed:
            return ListingFlaw(MISCOUNTED, f"{said}, time and again: the list is taken as it is.", is_hint=True)
        return ListingFlaw(MISCOUNTED, f"{said}; nothing known before is taken for gone yet.", MISCOUNTED_ADVICE)


class FoundAccounts(FoundItems):
    """The accounts of a token, by id."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self.accounts: dict[str, Account] = {}

    def add(self, found: ItemList) -> None:
        """Add the list."""
        self.count(found)
        for identity, item in found.items.items():
            self.accounts[identity] = Account(identity, _name(self._endpoint, item) or identity)


class FoundAssets(FoundItems):
    """The assets of one kind; where parents have a list each, those of the one with the id ``parent``.

    ``traits`` are by the id of the asset, if the kind has any; ``ids_in_list`` are the ids as they are listed, by those
    that analytics have.
    """

    def __init__(self, kind: AssetKind, parent: str = "") -> None:
        super().__init__(kind.list)
        self._kind = kind
        self._parent = parent
        self._assets: dict[str, Asset] = {}
        self.traits: dict[str, Traits] = {}
        self.ids_in_list: dict[str, str] = {}

    @property
    def assets(self) -> tuple[Asset, ...]:
        """Return the assets in their order."""
        return tuple(self._assets.values())

    def add(self, found: ItemList, variant: Variant) -> None:
        """Add the list of a variant."""
        self.count(found, variant.prefix)
        for identity, item in found.items.items():
            asset = _asset(self._kind, self._parent, variant.prefix, identity, item)
            self._assets.setdefault(asset.id, asset)
            self.ids_in_list.setdefault(asset.id, identity)
            if self._kind.has_traits:
                self.traits.setdefault(asset.id, read_traits(self._kind, item))


class Doubts:
    """How many times in a row each doubtful list has been read with the same result."""

    def __init__(self) -> None:
        self._read: dict[Hashable, tuple[Hashable, int]] = {}

    def is_believed(self, key: Hashable, evidence: Hashable) -> bool:
        """Record the reading of a doubtful list; return whether it has been the same often enough."""
        known, times = self._read.get(key, (None, 0))
        times = times + 1 if known == evidence else 1
        self._read[key] = evidence, times
        return times >= TURNS

    def dispel(self, key: Hashable) -> None:
        """Record that there is nothing doubtful about a list."""
        self._read.pop(key, None)


def _asset(kind: AssetKind, of: str, prefix: str, identity: str, item: Item) -> Asset:
    endpoint = kind.list
    asset_id, name = endpoint.spell(prefix + identity), _name(endpoint, item)
    tags, parent = item.get(endpoint.tags), item.get(endpoint.parent)
    return Asset(
        kind=kind.kind,
        id=asset_id,
        name=prefix + name if name else asset_id,
        created=moment_or_none(item.get(endpoint.created)),
        modified=moment_or_none(item.get(endpoint.modified)),
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if endpoint.tags and isinstance(tags, list) else (),
        parent=of or (parent if endpoint.parent and isinstance(parent, str) else ""),
        stem=(name or identity) if prefix else "",
    )


def _name(endpoint: Endpoint, item: Item) -> str:
    """Return an item's name; empty if it has none."""
    name = item.get(endpoint.name)
    return name if isinstance(name, str) else ""
