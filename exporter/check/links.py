"""The permissions that the exporter needs, and the link that opens Cloudflare's token form with them. Pure.

https://developers.cloudflare.com/fundamentals/api/how-to/account-owned-token-template/
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import quote

from exporter.catalog.entry import Product
from exporter.cloudflare.billing import PERMISSION as BILLING
from exporter.cloudflare.discovery import ACCOUNTS

ANALYTICS = "Account Analytics Read"

KEYS: Mapping[str, str] = MappingProxyType(
    {
        ANALYTICS: "account_analytics",
        "Account Settings Read": "account_settings",
        BILLING: "billing",
        "D1 Read": "d1",
        "Images Read": "images",
        "Pages Read": "page",
        "Queues Read": "queues",
        "Stream Read": "stream",
        "Workers KV Storage Read": "workers_kv_storage",
        "Workers R2 Storage Read": "workers_r2",
        "Workers Scripts Read": "workers_scripts",
    }
)
"""The documented key of each permission for a link; a permission without one must be added by hand."""

_FORM = "https://dash.cloudflare.com/profile/api-tokens?permissionGroupKeys={keys}&accountId=*&zoneId=all&name={name}"
_FORM_OF_ACCOUNT = "https://dash.cloudflare.com/?to=/:account/api-tokens&permissionGroupKeys={keys}&name={name}"
_TOKEN_NAME = "cloudflare-exporter"


def needed_permissions(products: Iterable[Product]) -> tuple[str, ...]:
    """Return the permissions needed to read some products, in Cloudflare's words."""
    lists = (product.endpoint.permission for product in products)
    return tuple(dict.fromkeys((ANALYTICS, ACCOUNTS.permission, *lists, BILLING)))


def token_link(permissions: Sequence[str], *, is_of_account: bool) -> str:
    """Return the link to the filled-in form of a token for a user or for an account."""
    keys = [{"key": KEYS[permission], "type": "read"} for permission in permissions if permission in KEYS]
    form = _FORM_OF_ACCOUNT if is_of_account else _FORM
    return form.format(keys=quote(json.dumps(keys, separators=(",", ":")), safe=""), name=_TOKEN_NAME)


def added_by_hand(permissions: Sequence[str]) -> tuple[str, ...]:
    """Return the permissions that no link can preselect."""
    return tuple(permission for permission in permissions if permission not in KEYS)
