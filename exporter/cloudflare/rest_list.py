"""REST lists, read page by page until nothing more comes, whatever they say of their own length."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from exporter.catalog.asset_kind import Endpoint, Variant
from exporter.catalog.readable import RestResource
from exporter.cloudflare.client import ATTEMPTS, Client, Reply
from exporter.cloudflare.errors import Forbidden, NotEnabled, Rejected, Unreachable

Item = Mapping[str, Any]

NO_VARIANT = Variant("", "", "")

MOST_PAGES = 1_000
"""More pages than any list has; a longer list is treated as a fault."""


@dataclass(slots=True)
class ItemList:
    """What the pages of a list held: its items by id, and how many elements had no id or were no objects.

    ``counts`` are the totals that the pages stated, ``dates`` those of their responses. It ``is_torn`` if the pages
    contradict each other, or did not end where the list does, so that it may have changed while it was read.
    """

    items: dict[str, Item] = field(default_factory=dict)
    unusable: int = 0
    requests: int = 0
    parts: int = 0
    """How many pages there were, without those that held nothing but what came before."""
    counts: set[int] = field(default_factory=set)
    dates: list[datetime] = field(default_factory=list)
    is_torn: bool = False

    @property
    def seen(self) -> int:
        """Return how many elements the list had."""
        return len(self.items) + self.unusable

    @property
    def total(self) -> int:
        """Return how many elements there are by the highest count that was stated, or by the list itself."""
        return max(self.counts | {self.seen})


async def read_list(
    client: Client,
    endpoint: Endpoint | RestResource,
    account_id: str,
    variant: Variant,
    what: str,
    *,
    asset_id: str = "",
    attempts: int = ATTEMPTS,
) -> ItemList:
    """Return the list at an endpoint, or of a resource of an account or asset; one that is null is empty.

    Each page is given so many ``attempts``. Errors mention ``what``. Raises CloudflareError.
    """
    names = {"account_id": account_id, "asset_id": asset_id}
    path = endpoint.path.format(**names)
    headers = {variant.header: variant.value} if variant.header else {}
    params: dict[str, str | int] = {name: value.format(**names) for name, value in endpoint.params.items()}
    if endpoint.per_page:
        params["per_page"] = endpoint.per_page
    found, cursors = ItemList(), {""}
    for page in range(1, MOST_PAGES + 1):
        if endpoint.paging == "page":
            params["page"] = page
        try:
            reply = await client.get(path, params, headers, what, endpoint.permission, attempts=attempts)
        except (Forbidden, NotEnabled, Rejected):
            if page == 1:
                raise
            # Beyond the last page there may be an error instead of an empty page.
            found.is_torn |= not found.counts or found.seen < found.total
            return _ended(found)
        batch, info = _elements(reply, endpoint, what), _info(reply)
        has_more = _take(found, batch, info, endpoint)
        found.requests += 1
        found.dates.append(reply.date)
        if endpoint.paging == "cursor":
            cursor = _cursor(info)
            if cursor and (cursor in cursors or not has_more):
                found.is_torn = True
            if cursor in cursors or not has_more:
                return _ended(found)
            cursors.add(cursor)
            params["cursor"] = cursor
        elif endpoint.paging != "page" or not has_more or _is_last(found, len(batch), info, endpoint):
            return _ended(found)
    raise Unreachable(f"{what}: the list did not end after {MOST_PAGES} pages.")


def _take(found: ItemList, batch: list[Any], info: Item, endpoint: Endpoint | RestResource) -> bool:
    """Add a page to a list; return whether it held an item that was not there before."""
    known, unusable = len(found.items), 0
    for element in batch:
        identity = element.get(endpoint.id) if isinstance(element, Mapping) else None
        if isinstance(identity, str) and identity:
            found.items.setdefault(identity, element)
        else:
            unusable += 1
    count = info.get("total_count")
    if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
        found.counts.add(count)
    is_new = len(found.items) > known
    if is_new or not found.requests:
        # What has no id cannot be told from the same element on a page that came before.
        found.unusable += unusable
        found.parts += 1
    return is_new


def _is_last(found: ItemList, length: int, info: Item, endpoint: Endpoint | RestResource) -> bool:
    """Return whether a page is the last by its length; one that is full is followed by another, whatever the count."""
    told = info.get("per_page")
    size = told if isinstance(told, int) and 0 < told < endpoint.per_page else endpoint.per_page
    return length < size and found.seen >= found.total


def _ended(found: ItemList) -> ItemList:
    """Return a list that was read to its end; only one of several pages can change while it is read."""
    found.is_torn |= len(found.counts) > 1 or (found.parts > 1 and found.seen < found.total)
    return found


def _elements(reply: Reply, endpoint: Endpoint | RestResource, what: str) -> list[Any]:
    """Return the elements of a page; where a list is null, there are none."""
    found: Any = reply.body
    for key in endpoint.items:
        if not isinstance(found, Mapping) or key not in found:
            raise Unreachable(f"{what}: the response has no list at {'.'.join(endpoint.items)}.")
        found = found[key]
        if found is None:
            return []
    if not isinstance(found, list):
        raise Unreachable(f"{what}: the response has no list at {'.'.join(endpoint.items)}.")
    return found


def _info(reply: Reply) -> Item:
    info = reply.body.get("result_info")
    return info if isinstance(info, Mapping) else {}


def _cursor(info: Item) -> str:
    cursor = info.get("cursor")
    return str(cursor) if isinstance(cursor, str | int) and not isinstance(cursor, bool) else ""
