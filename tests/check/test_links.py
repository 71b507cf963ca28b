"""The link to Cloudflare's token form."""

import json
from urllib.parse import parse_qs, urlsplit

from exporter.catalog import PRODUCTS
from exporter.check.links import added_by_hand, needed_permissions, token_link

NEEDED = [
    "Account Analytics Read",
    "Account Settings Read",
    "Workers Scripts Read",
    "Workers R2 Storage Read",
    "D1 Read",
    "Workers KV Storage Read",
    "Billing Read",
]
KEYS = ["account_analytics", "account_settings", "workers_scripts", "workers_r2", "d1", "workers_kv_storage", "billing"]
D1 = {"D1 Read": "d1"}


def test_what_is_needed() -> None:
    """Each permission once, those of the whole account first, and last the one that can be done without."""
    assert list(needed_permissions(PRODUCTS)) == NEEDED
    assert list(needed_permissions(PRODUCTS[:1])) == [*NEEDED[:3], "Billing Read"]


def test_the_link_of_a_users_token() -> None:
    """It fills in every permission as read-only, for all accounts, in the form that Cloudflare documents."""
    link = urlsplit(token_link(needed_permissions(PRODUCTS), is_of_account=False))
    assert (link.scheme, link.netloc, link.path) == ("https", "dash.cloudflare.com", "/profile/api-tokens")
    query = parse_qs(link.query)
    assert json.loads(query["permissionGroupKeys"][0]) == [{"key": key, "type": "read"} for key in KEYS]
    assert (query["accountId"], query["zoneId"], query["name"]) == (["*"], ["all"], ["cloudflare-exporter"])


def test_the_link_of_an_accounts_token() -> None:
    """It leads to the form of the account that one chooses there."""
    link = urlsplit(token_link(D1, is_of_account=True))
    assert (link.netloc, link.path) == ("dash.cloudflare.com", "/")
    query = parse_qs(link.query)
    assert query["to"] == ["/:account/api-tokens"]
    assert json.loads(query["permissionGroupKeys"][0]) == [{"key": "d1", "type": "read"}]


def test_a_permission_without_a_key() -> None:
    """What no link can fill in is left out of it and named."""
    both = {**D1, "Vectorize Read": ""}
    assert added_by_hand(both) == ("Vectorize Read",)
    assert token_link(both, is_of_account=True) == token_link(D1, is_of_account=True)
