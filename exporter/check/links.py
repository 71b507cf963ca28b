"""The permissions that the exporter needs, and the link that opens Cloudflare's token form with them. Pure.

https://developers.cloudflare.com/fundamentals/api/how-to/account-owned-token-template/
"""

import json
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from exporter.catalog import kinds_of
from exporter.catalog.asset_kind import CONSOLE, CONSOLE_OF_ACCOUNT
from exporter.catalog.product import Product
from exporter.catalog.readable import RestResource
from exporter.cloudflare.billing import PERMISSION as BILLING
from exporter.cloudflare.discovery import ACCOUNTS
from exporter.cloudflare.errors import ANALYTICS_PERMISSION

ANALYTICS = ANALYTICS_PERMISSION

_FORM = f"{CONSOLE}/profile/api-tokens?permissionGroupKeys={{keys}}&accountId=*&zoneId=all&name={{name}}"
_FORM_OF_ACCOUNT = f"{CONSOLE_OF_ACCOUNT}api-tokens&permissionGroupKeys={{keys}}&name={{name}}"
_TOKEN_NAME = "cloudflare-exporter"


def needed_permissions(products: Iterable[Product]) -> Mapping[str, str]:
    """Return the permissions needed to read some products, in Cloudflare's words.

    The value of each is its documented key in a link; one without a key (empty) must be added by hand.
    """
    known = tuple(products)
    endpoints = (kind.endpoint for kind in kinds_of(known).values() if kind.endpoint is not None)
    lists = {each.permission: each.permission_key for each in (ACCOUNTS, *endpoints)}
    reads = [dataset.reads for product in known for dataset in product.datasets]
    readings = {each.permission: each.permission_key for each in reads if isinstance(each, RestResource)}
    return {ANALYTICS: "account_analytics", **lists, **(readings | lists), BILLING: "billing"}


def token_link(permissions: Mapping[str, str], *, is_of_account: bool) -> str:
    """Return the link to the filled-in form of a token for a user or for an account."""
    keys = [{"key": key, "type": "read"} for key in permissions.values() if key]
    form = _FORM_OF_ACCOUNT if is_of_account else _FORM
    return form.format(keys=quote(json.dumps(keys, separators=(",", ":")), safe=""), name=_TOKEN_NAME)


def added_by_hand(permissions: Mapping[str, str]) -> tuple[str, ...]:
    """Return the permissions that no link can preselect."""
    return tuple(permission for permission, key in permissions.items() if not key)
