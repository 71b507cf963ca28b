"""Discovery: lists the accounts of a token and all assets of an account, page by page."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from exporter.catalog.product import Endpoint, Product, Variant
from exporter.cloudflare.client import Client, Reply
from exporter.cloudflare.errors import CloudflareError, Forbidden, NotEnabled, Rejected, TokenRejected, Unreachable
from exporter.cloudflare.time import CloudflareTime, moment_or_none
from exporter.model import Account, Asset, Inventory, Listing, ListingFailure

ACCOUNTS_PER_PAGE = 50
"""The largest page of GET /accounts."""

LISTING_ADVICE = (
    "Give the exporter a valid token with the permission 'Account Settings Read', "
    "or name its accounts (CLOUDFLARE_ACCOUNT_ID or accounts)."
)

SELDOM = timedelta(days=1)
"""How often a further variant of a list (an R2 jurisdiction) is queried while it is empty."""

MOST_PAGES = 1_000
"""More pages than any list has; a longer list is treated as a fault."""

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
        self._seldom: dict[tuple[str, str, str], datetime] = {}
        self._held: set[tuple[str, str, str]] = set()

    def cost(self, account_id: str) -> int:
        """Return the number of requests that an account's last lists took; before the first, one per list."""
        return self._requests.get(account_id, sum(len(product.endpoint.variants) for product in self._products))

    async def accounts(self, wanted: Sequence[str]) -> tuple[Account, ...]:
        """Return the accounts that the token can see, or only the ``wanted`` ids if there are any.

        The name of a wanted account that the token cannot list is its id. Raises CloudflareError.
        """
        try:
            items = await self._pages(ACCOUNTS, "", ACCOUNTS.variants[0], "Listing the accounts")
        except Forbidden as error:
            if not wanted:
                raise TokenRejected(error.detail, LISTING_ADVICE) from error
            items = []
        seen = {account.id: account for account in map(_account, items)}
        if not wanted:
            return tuple(seen.values())
        return tuple(seen.get(account_id, Account(account_id, account_id)) for account_id in wanted)

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
        endpoint = product.endpoint
        assets: dict[str, Asset] = {}
        for position, variant in enumerate(endpoint.variants):
            what = f"Listing {product.name} of account {account.name} ({account.id})"
            key = (account.id, product.kind, variant.value)
            if self._is_seldom(key):
                continue
            try:
                items = await self._pages(endpoint, account.id, variant, what)
                self._requests[account.id] += max(-(-len(items) // (endpoint.per_page or len(items) or 1)), 1)
                for item in items:
                    asset = _asset(product, item, variant, what)
                    assets.setdefault(asset.id, asset)
                self._record_variant(key, is_empty=position > 0 and not items)
            except (Forbidden, NotEnabled, Rejected) as error:
                # An account without access to a jurisdiction may get an error: it has nothing there.
                if position == 0:
                    return error
                self._record_variant(key, is_empty=True)
            except CloudflareError as error:
                return error
        return Listing(product.kind, tuple(assets.values()))

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

    async def _pages(self, endpoint: Endpoint, account_id: str, variant: Variant, what: str) -> list[Mapping[str, Any]]:
        path = endpoint.path.format(account_id=account_id)
        headers = {variant.header: variant.value} if variant.header else {}
        items: list[Mapping[str, Any]] = []
        totals: set[Any] = set()
        params: dict[str, str | int] = {
            name: value.format(account_id=account_id) for name, value in endpoint.params.items()
        }
        if endpoint.per_page:
            params["per_page"] = endpoint.per_page
        for page in range(1, MOST_PAGES + 1):
            if endpoint.paging == "page":
                params["page"] = page
            reply = await self._client.get(path, params, headers, what, endpoint.permission)
            batch = _items(reply, endpoint, what)
            items += batch
            info = reply.body.get("result_info")
            info = info if isinstance(info, Mapping) else {}
            totals.add(info.get("total_count"))
            if endpoint.paging == "cursor":
                cursor = str(info.get("cursor") or "")
                if cursor and cursor == params.get("cursor"):
                    raise Unreachable(f"{what}: the list repeats the same page.")
                params["cursor"] = cursor
            if _is_last(endpoint, info, page, len(batch), params):
                _check_complete(endpoint, totals, items, what)
                return items
        raise Unreachable(f"{what}: the list did not end after {MOST_PAGES} pages.")


def _items(reply: Reply, endpoint: Endpoint, what: str) -> list[Mapping[str, Any]]:
    found = reply.body
    for key in endpoint.items:
        found = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise Unreachable(f"{what}: the response has no list at {'.'.join(endpoint.items)}.")
    return found


def _is_last(
    endpoint: Endpoint, info: Mapping[str, Any], page: int, count: int, params: Mapping[str, str | int]
) -> bool:
    if endpoint.paging == "page":
        total = info.get("total_count")
        return count < endpoint.per_page or (isinstance(total, int) and page * endpoint.per_page >= total)
    return endpoint.paging != "cursor" or not params["cursor"]


def _check_complete(endpoint: Endpoint, totals: set[Any], items: Sequence[Mapping[str, Any]], what: str) -> None:
    """Raise Unreachable if a list changed between two pages: an incomplete list is worse than none."""
    total = max((total for total in totals if isinstance(total, int)), default=None)
    distinct = len({str(item.get(endpoint.id)) for item in items})
    if endpoint.paging == "page" and total is not None and (distinct < total or len(totals) > 1):
        raise Unreachable(f"{what}: the pages hold {distinct} of {total} items; the list changed while it was read.")


def _account(item: Mapping[str, Any]) -> Account:
    identity = item.get("id")
    if not isinstance(identity, str) or not identity:
        raise Unreachable("Listing the accounts: an item lacks 'id'.")
    return Account(identity, str(item.get("name") or identity))


def _asset(product: Product, item: Mapping[str, Any], variant: Variant, what: str) -> Asset:
    endpoint = product.endpoint
    identity, name = item.get(endpoint.id), item.get(endpoint.name)
    if not isinstance(identity, str) or not identity or not isinstance(name, str) or not name:
        raise Unreachable(f"{what}: an item lacks '{endpoint.id}' or '{endpoint.name}'.")
    is_prefixed = bool(variant.prefix)
    tags = item.get(endpoint.tags) if endpoint.tags else None
    return Asset(
        kind=product.kind,
        id=variant.prefix + identity if is_prefixed else identity,
        name=variant.prefix + name if is_prefixed else name,
        created=moment_or_none(item.get(endpoint.created)),
        modified=moment_or_none(item.get(endpoint.modified)),
        tags=tuple(str(tag) for tag in tags) if isinstance(tags, list) else (),
        parent=str(item.get(endpoint.parent) or "") if endpoint.parent else "",
        stem=name if is_prefixed else "",
    )
