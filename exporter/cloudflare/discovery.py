"""Discovery: lists the accounts of a token and all assets of an account, page by page."""

import asyncio
from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta

from exporter.catalog.product import Endpoint, Product
from exporter.cloudflare.client import Client
from exporter.cloudflare.errors import CloudflareError, Forbidden, NotEnabled, Rejected, TokenRejected, Unreachable
from exporter.cloudflare.found_items import Doubts, FoundAccounts, FoundAssets, FoundItems
from exporter.cloudflare.rest_list import ItemList, read_list
from exporter.cloudflare.time import CloudflareTime
from exporter.model import Account, AccountList, Inventory, Listing, ListingFailure

ACCOUNTS_PER_PAGE = 50
"""The largest page of GET /accounts."""

LISTING_ADVICE = (
    "Give the exporter a valid token with the permission 'Account Settings Read', "
    "or name its accounts (CLOUDFLARE_ACCOUNT_ID or accounts)."
)

SELDOM = timedelta(days=1)
"""How often a further variant of a list (an R2 jurisdiction) is queried while it is empty."""

ACCOUNTS = Endpoint(
    path="/accounts",
    permission="Account Settings Read",
    permission_key="account_settings",
    paging="page",
    per_page=ACCOUNTS_PER_PAGE,
)


class Discovery:
    """Lists accounts and assets with one token."""

    def __init__(self, client: Client, time: CloudflareTime, products: Sequence[Product]) -> None:
        self._client = client
        self._time = time
        self._products = products
        self._requests: dict[str, int] = {}
        self._doubts = Doubts()
        self._seldom: dict[tuple[str, str, str], datetime] = {}
        self._held: set[tuple[str, str, str]] = set()

    def cost(self, account_id: str) -> int:
        """Return the number of requests that an account's last lists took; before the first, one per list."""
        return self._requests.get(account_id, sum(len(product.endpoint.variants) for product in self._products))

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
        """Return all assets of an account, with a reason for each product that could not be listed.

        Raises CloudflareError if the token is rejected or Cloudflare never answered.
        """
        self._requests[account.id] = 0
        found = await asyncio.gather(*(self._product(account, product) for product in self._products))
        date = self._time.now()
        errors = [result for result in found if isinstance(result, CloudflareError)]
        rejected = next((error for error in errors if isinstance(error, TokenRejected)), None)
        if rejected or date is None:
            raise rejected or errors[0]
        listings: dict[str, Listing | ListingFailure] = {}
        for product, result in zip(self._products, found, strict=True):
            match result:
                case Listing():
                    listings[product.kind] = result
                case NotEnabled():
                    listings[product.kind] = Listing(product.kind, ())
                case _:
                    listings[product.kind] = ListingFailure(
                        product.kind, result.detail, result.is_final, result.outcome, result.remedy
                    )
        return Inventory(account, date, listings)

    async def _product(self, account: Account, product: Product) -> Listing | CloudflareError:
        what = f"Listing {product.name} of account {account.name} ({account.id})"
        found = FoundAssets(product.endpoint, product.kind)
        for position, variant in enumerate(product.endpoint.variants):
            key = (account.id, product.kind, variant.value)
            if self._is_seldom(key):
                continue
            try:
                items = await read_list(self._client, product.endpoint, account.id, variant, what)
                self._requests[account.id] += items.requests
                found.add(items, variant)
                self._record_variant(key, is_empty=position > 0 and not items.seen)
            except (Forbidden, NotEnabled, Rejected) as error:
                # An account without access to a jurisdiction may get an error: it has nothing there.
                if position == 0:
                    return error
                self._record_variant(key, is_empty=True)
            except CloudflareError as error:
                return error
        try:
            is_complete = self._judge((account.id, product.kind), found, what)
        except Unreachable as error:
            return error
        return Listing(product.kind, found.assets, found.flaw(what, is_believed=is_complete), is_complete)

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

    def _is_seldom(self, key: tuple[str, str, str]) -> bool:
        """Return whether a variant that was empty was queried within the last day."""
        asked, now = self._seldom.get(key), self._time.now()
        return asked is not None and now is not None and now - asked < SELDOM

    def _record_variant(self, key: tuple[str, str, str], *, is_empty: bool) -> None:
        """Record an empty variant; one that was ever not empty is queried each time."""
        now = self._time.now()
        if not is_empty:
            self._held.add(key)
        elif now is not None and key not in self._held:
            self._seldom[key] = now
