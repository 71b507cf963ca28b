"""Discovery: lists the accounts of a token and all assets of an account, page by page."""

import asyncio
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from exporter.catalog import kinds_of
from exporter.catalog.asset_kind import AssetKind, Endpoint
from exporter.catalog.product import Product
from exporter.cloudflare.client import Client
from exporter.cloudflare.errors import (
    CloudflareError,
    Forbidden,
    NotEnabled,
    Rejected,
    Throttled,
    TokenRejected,
    Unreachable,
)
from exporter.cloudflare.found_items import Doubts, FoundAccounts, FoundAssets, FoundItems
from exporter.cloudflare.rest_list import ItemList, read_list
from exporter.cloudflare.time import CloudflareTime
from exporter.model import Account, AccountList, Asset, Inventory, Listing, ListingFailure, ListingFlaw

ACCOUNTS_PER_PAGE = 50
"""The largest page of GET /accounts."""

LISTING_ADVICE = (
    "Give the exporter a valid token with the permission 'Account Settings Read', "
    "or name its accounts (CLOUDFLARE_ACCOUNT_ID or accounts)."
)

SELDOM = timedelta(days=1)
"""How often a further variant of a list (an R2 jurisdiction) is queried while it is empty."""

BEFORE = datetime.min.replace(tzinfo=UTC)
"""When a list was read that never was."""

MOST_AT_ONCE = 4
"""How many lists of one kind are read at the same time where each parent has one."""

ACCOUNTS = Endpoint(
    path="/accounts",
    permission="Account Settings Read",
    permission_key="account_settings",
    paging="page",
    per_page=ACCOUNTS_PER_PAGE,
)


class Discovery:
    """Lists accounts and assets with one token; of ``named_kinds`` there are no lists."""

    def __init__(self, client: Client, time: CloudflareTime, products: Sequence[Product]) -> None:
        self._client = client
        self._time = time
        kinds = kinds_of(products).values()
        self._kinds = tuple(kind for kind in kinds if kind.endpoint is not None)
        self.named_kinds = frozenset(kind.kind for kind in kinds if kind.endpoint is None)
        self._requests: dict[str, int] = {}
        self._doubts = Doubts()
        self._seldom: dict[tuple[str, ...], datetime] = {}
        self._held: set[tuple[str, ...]] = set()
        self._read_at: dict[tuple[str, str, str], datetime] = {}
        self._ids_in_lists: dict[tuple[str, str, str], str] = {}

    def cost(self, account_id: str) -> int:
        """Return the number of requests that an account's last lists took; before the first, one per list."""
        return self._requests.get(account_id, sum(len(kind.list.variants) for kind in self._kinds))

    async def accounts(self, wanted: Sequence[str]) -> AccountList:
        """Return the accounts that the token can see, or only the ``wanted`` ids if there are any.

        The name of a wanted account that the token cannot list is its id. Raises CloudflareError.
        """
        what = "Listing the accounts"
        try:
            found = await read_list(self._client, ACCOUNTS, "", ACCOUNTS.variants[0], what)
        except Forbidden as error:
            if not wanted:
                raise TokenRejected(error.detail, LISTING_ADVICE) from error
            found = ItemList()
        of_list = FoundAccounts(ACCOUNTS)
        of_list.add(found)
        is_complete = self._judge(ACCOUNTS.path, of_list, what)
        accounts, flaw = of_list.accounts, of_list.flaw(what, is_believed=is_complete)
        if not wanted:
            return AccountList(tuple(accounts.values()), flaw, is_complete)
        chosen = tuple(accounts.get(account_id, Account(account_id, account_id)) for account_id in wanted)
        return AccountList(chosen, None if accounts.keys() >= set(wanted) else flaw)

    async def assets(self, account: Account) -> Inventory:
        """Return all assets of an account, with a reason for each kind that could not be listed.

        Raises CloudflareError if the token is rejected or Cloudflare never answered.
        """
        self._requests[account.id] = 0
        found: dict[str, Listing | CloudflareError] = {}
        for kinds in _generations(self._kinds):
            results = await asyncio.gather(*(self._kind(account, kind, found.get(kind.parent)) for kind in kinds))
            found |= {kind.kind: result for kind, result in zip(kinds, results, strict=True)}
        date = self._time.now()
        errors = [result for result in found.values() if isinstance(result, CloudflareError)]
        rejected = next((error for error in errors if isinstance(error, TokenRejected)), None)
        if rejected or date is None:
            raise rejected or errors[0]
        listings: dict[str, Listing | ListingFailure] = {}
        for name in [kind.kind for kind in self._kinds]:
            match found[name]:
                case Listing() as listing:
                    listings[name] = listing
                case NotEnabled():
                    listings[name] = Listing(name, ())
                case CloudflareError() as error:
                    listings[name] = _failure(name, error)
        parents = {kind.kind: kind.parent for kind in self._kinds if kind.parent}
        return Inventory(account, date, listings, parents, self.named_kinds)

    async def _kind(
        self, account: Account, kind: AssetKind, parents: Listing | CloudflareError | None
    ) -> Listing | CloudflareError:
        if not kind.is_of_parents or parents is None:
            return await self._list(account, kind)
        return parents if isinstance(parents, CloudflareError) else await self._children(account, kind, parents)

    async def _children(self, account: Account, kind: AssetKind, parents: Listing) -> Listing | CloudflareError:
        """Return the children of all parents, or the error if the list of every parent failed.

        They are not complete while the list of one parent, or that of the parents, may lack something. The lists read
        longest ago go first, so that a budget too small for all is not spent on the same ones each time.
        """
        places, ended = asyncio.Semaphore(MOST_AT_ONCE), list[CloudflareError]()
        read_at = {
            parent.id: self._read_at.get((account.id, kind.kind, parent.id), BEFORE) for parent in parents.assets
        }

        async def read(parent: Asset) -> Listing | CloudflareError:
            async with places:
                found = ended[0] if ended else await self._list(account, kind, parent)
            if isinstance(found, TokenRejected | Throttled):
                ended.append(found)
            return Listing(kind.kind, ()) if isinstance(found, NotEnabled) else found

        in_turn = sorted(parents.assets, key=lambda parent: read_at[parent.id])
        results = await asyncio.gather(*map(read, in_turn))
        found = {parent.id: result for parent, result in zip(in_turn, results, strict=True)}
        errors = {parent: result for parent, result in found.items() if isinstance(result, CloudflareError)}
        if errors and len(errors) == len(found):
            return next(iter(errors.values()))
        listed = [result for result in found.values() if isinstance(result, Listing)]
        return Listing(
            kind.kind,
            tuple({asset.id: asset for listing in listed for asset in listing.assets}.values()),
            _worst([listing.flaw for listing in listed if listing.flaw is not None]),
            parents.is_complete and all(listing.is_complete for listing in listed),
            {parent: _failure(kind.kind, error) for parent, error in errors.items()},
            {asset_id: traits for listing in listed for asset_id, traits in listing.traits.items()},
        )

    async def _list(self, account: Account, kind: AssetKind, parent: Asset | None = None) -> Listing | CloudflareError:
        of = f"{parent.name} ({parent.id}) of " if parent else ""
        what = f"Listing {kind.assets} of {of}account {account.name} ({account.id})"
        key = (account.id, kind.kind, parent.id if parent else "")
        found, endpoint = FoundAssets(kind, key[-1]), self._endpoint(account, kind, parent)
        for position, variant in enumerate(endpoint.variants):
            if self._is_seldom((*key, variant.value)):
                continue
            try:
                items = await read_list(self._client, endpoint, account.id, variant, what)
                self._requests[account.id] += items.requests
                found.add(items, variant)
                self._record_variant((*key, variant.value), is_empty=position > 0 and not items.seen)
            except (Forbidden, NotEnabled, Rejected) as error:
                # An account without access to a jurisdiction may get an error: it has nothing there.
                if position == 0:
                    return error
                self._record_variant((*key, variant.value), is_empty=True)
            except CloudflareError as error:
                return error
        try:
            is_complete = self._judge(key, found, what)
        except Unreachable as error:
            return error
        for asset_id, in_list in found.ids_in_list.items():
            self._ids_in_lists[account.id, kind.kind, asset_id] = in_list
        if parent is not None:
            self._read_at[key] = self._time.now() or BEFORE
        flaw = found.flaw(what, is_believed=is_complete)
        return Listing(kind.kind, found.assets, flaw, is_complete, traits=found.traits)

    def _endpoint(self, account: Account, kind: AssetKind, parent: Asset | None) -> Endpoint:
        """Return the list of a kind; where parents have one each, that of a parent."""
        if parent is None:
            return kind.list
        in_list = self._ids_in_lists[account.id, kind.parent, parent.id]
        path = kind.list.path.replace("{parent_id}", quote(in_list, safe=""))
        return replace(kind.list, path=path.replace("{parent_name}", quote(parent.name, safe="")))

    def _judge(self, key: Hashable, found: FoundItems, what: str) -> bool:
        """Return whether what a list lacks is gone. Raises Unreachable if the list may have changed meanwhile.

        Lists that contradict themselves are believed once they have been the same several times in a row.
        """
        if not found.is_doubtful:
            self._doubts.dispel(key)
            return True
        is_believed = self._doubts.is_believed(key, found.evidence)
        if found.is_torn and not is_believed:
            raise Unreachable(f"{what}: {found.changed()}")
        return is_believed

    def _is_seldom(self, key: tuple[str, ...]) -> bool:
        """Return whether a variant that was empty was queried within the last day."""
        asked, now = self._seldom.get(key), self._time.now()
        return asked is not None and now is not None and now - asked < SELDOM

    def _record_variant(self, key: tuple[str, ...], *, is_empty: bool) -> None:
        """Record an empty variant; one that was ever not empty is queried each time."""
        now = self._time.now()
        if not is_empty:
            self._held.add(key)
        elif now is not None and key not in self._held:
            self._seldom[key] = now


def _generations(kinds: Sequence[AssetKind]) -> Iterator[Sequence[AssetKind]]:
    """Yield kinds so that the lists of parents are read before those of each parent's children."""
    waiting = list(kinds)
    while waiting:
        later = {kind.kind for kind in waiting}
        ready = [kind for kind in waiting if not (kind.is_of_parents and kind.parent in later)]
        yield ready
        waiting = [kind for kind in waiting if kind not in ready]


def _failure(kind: str, error: CloudflareError) -> ListingFailure:
    return ListingFailure(kind, error.detail, error.is_final, error.outcome, error.remedy)


def _worst(flaws: Sequence[ListingFlaw]) -> ListingFlaw | None:
    """Return the first of some flaws about which something needs to be done; else the first, if there is any."""
    return next((flaw for flaw in flaws if not flaw.is_hint), next(iter(flaws), None))
