"""Discovery on scripted REST answers."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from exporter.catalog import PRODUCTS
from exporter.catalog.product import Product
from exporter.cloudflare import Discovery, TokenRejected
from exporter.cloudflare.errors import Unreachable
from exporter.model import Account, Asset, Inventory, Listing, ListingFailure
from tests.cloudflare.conftest import API_URL, Scene, answer, listed, refused

EXAMPLE = Account("a" * 32, "Example")
ACCOUNT_URL = f"{API_URL}/accounts/{EXAMPLE.id}"
URLS = {
    "worker": f"{ACCOUNT_URL}/workers/scripts",
    "r2_bucket": f"{ACCOUNT_URL}/r2/buckets",
    "d1_database": f"{ACCOUNT_URL}/d1/database",
    "do_namespace": f"{ACCOUNT_URL}/workers/durable_objects/namespaces",
    "kv_namespace": f"{ACCOUNT_URL}/storage/kv/namespaces",
}


def product(kind: str) -> Product:
    """The product of a kind."""
    return next(product for product in PRODUCTS if product.kinds[0].kind == kind)


def discover(scene: Scene, *kinds: str) -> Inventory:
    """What a discovery of some kinds finds."""
    discovery = Discovery(scene.client, scene.time, [product(kind) for kind in kinds])
    return asyncio.run(discovery.assets(EXAMPLE))


def accounts(scene: Scene, wanted: Sequence[str] = ()) -> tuple[Account, ...]:
    """The accounts that are found."""
    return asyncio.run(Discovery(scene.client, scene.time, PRODUCTS).accounts(wanted)).accounts


def asked(scene: Scene) -> list[dict[str, str]]:
    """The query parameters of all requests so far."""
    return [dict(call.request.url.params) for call in scene.router.calls]


def names(count: int) -> list[dict[str, Any]]:
    """Items of a list, as KV has them."""
    return [{"id": f"id{number:04}", "title": f"name{number:04}"} for number in range(count)]


def buckets(*found: str, cursor: str = "") -> httpx.Response:
    """A page of buckets."""
    return listed({"buckets": [{"name": name} for name in found]}, cursor=cursor, per_page="1000")


def test_all_pages_of_accounts_are_read(scene: Scene) -> None:
    """Pages of fifty, the largest that Cloudflare allows, are read until one is not full."""
    items = [{"id": f"{number:032x}", "name": f"Account {number}"} for number in range(51)]
    scene.router.get(f"{API_URL}/accounts").mock(
        side_effect=[listed(items[:50], page=1, total_count=51), listed(items[50:], page=2, total_count=51)]
    )
    assert accounts(scene) == tuple(Account(f"{number:032x}", f"Account {number}") for number in range(51))
    assert asked(scene) == [{"per_page": "50", "page": "1"}, {"per_page": "50", "page": "2"}]


def test_only_wanted_accounts_are_given(scene: Scene) -> None:
    """Named ids limit what is read; one that the list lacks is kept, with its id for a name."""
    items = [{"id": "a" * 32, "name": "Example"}, {"id": "b" * 32, "name": "Other"}]
    scene.router.get(f"{API_URL}/accounts").mock(return_value=listed(items, total_count=2))
    assert accounts(scene, ["c" * 32, "a" * 32]) == (Account("c" * 32, "c" * 32), Account("a" * 32, "Example"))


def test_wanted_accounts_need_no_list(scene: Scene) -> None:
    """A token that may not list accounts works for those that are named."""
    scene.router.get(f"{API_URL}/accounts").mock(return_value=refused(403, 10000, "Authentication error"))
    assert accounts(scene, ["a" * 32]) == (Account("a" * 32, "a" * 32),)


def test_a_token_that_lists_no_accounts_says_what_to_do(scene: Scene) -> None:
    """Without named accounts the error names the permission and the other way out."""
    scene.router.get(f"{API_URL}/accounts").mock(return_value=refused(403, 10000, "Authentication error"))
    with pytest.raises(TokenRejected) as caught:
        accounts(scene)
    assert str(caught.value) == (
        "Listing the accounts: Cloudflare answered HTTP 403, Authentication error (code 10000). "
        "Give the exporter a valid token with the permission 'Account Settings Read', "
        "or name its accounts (CLOUDFLARE_ACCOUNT_ID or accounts)."
    )


def test_every_list_is_asked_for_its_largest_page(scene: Scene) -> None:
    """Requests carry the documented limits, and paths the account."""
    for kind, url in URLS.items():
        empty = buckets() if kind == "r2_bucket" else listed([], total_count=0)
        scene.router.get(url).mock(return_value=empty)
    inventory = discover(scene, *URLS)
    assert inventory.listings == {kind: Listing(kind, ()) for kind in URLS}
    assert inventory.date == datetime(2025, 10, 20, 10, 0, 5, tzinfo=UTC)
    calls = [(str(call.request.url.copy_with(query=None)), call.request.url.query) for call in scene.router.calls]
    assert sorted(calls) == sorted(
        [
            (URLS["worker"], b""),
            *[(URLS["r2_bucket"], b"per_page=1000")] * 5,
            (URLS["d1_database"], b"per_page=10000&page=1"),
            (URLS["do_namespace"], b"per_page=1000&page=1"),
            (URLS["kv_namespace"], b"per_page=100&page=1"),
        ]
    )


def test_cursors_are_followed_in_every_jurisdiction(scene: Scene) -> None:
    """Buckets come page by page, those of the EU by their header and with the prefix that analytics use."""
    route = scene.router.get(URLS["r2_bucket"]).mock(
        side_effect=[buckets("a", "b", cursor="next"), buckets("media"), buckets("media"), *[buckets()] * 3]
    )
    assert discover(scene, "r2_bucket").listings["r2_bucket"] == Listing(
        "r2_bucket",
        (
            Asset("r2_bucket", "a", "a"),
            Asset("r2_bucket", "b", "b"),
            Asset("r2_bucket", "media", "media"),
            Asset("r2_bucket", "eu_media", "eu_media", stem="media"),
        ),
    )
    first, second, *others = asked(scene)
    assert (first, second) == ({"per_page": "1000"}, {"per_page": "1000", "cursor": "next"})
    assert others == [{"per_page": "1000"}] * 4
    jurisdictions = [call.request.headers.get("cf-r2-jurisdiction") for call in route.calls]
    assert jurisdictions == [None, None, "eu", "us", "fedramp", "fedramp-high"]


@pytest.mark.parametrize(
    "error", [refused(403, 9109, "Unauthorized"), refused(400, 10001, "Invalid jurisdiction"), refused(404, 1, "None")]
)
def test_a_jurisdiction_without_access_is_empty(scene: Scene, error: httpx.Response) -> None:
    """An account that may not use a jurisdiction has only its other buckets."""
    scene.router.get(URLS["r2_bucket"]).mock(side_effect=[buckets("a"), error, *[buckets()] * 3])
    assert discover(scene, "r2_bucket").listings["r2_bucket"] == Listing("r2_bucket", (Asset("r2_bucket", "a", "a"),))


def test_a_jurisdiction_that_holds_nothing_is_asked_daily(scene: Scene) -> None:
    """One that never held a bucket, or may not be used, costs a request a day; one that did, one each time."""
    discovery = Discovery(scene.client, scene.time, [product("r2_bucket")])
    holding = {"": "a", "eu": "b"}
    scene.router.get(URLS["r2_bucket"]).mock(
        side_effect=lambda request: buckets(
            *[name for which, name in holding.items() if which == request.headers.get("cf-r2-jurisdiction", "")]
        )
    )
    costs = []
    for hours in (0, 1, 22, 1, 1):
        scene.clock.advance(hours * 3_600)
        before = len(scene.router.calls)
        asyncio.run(discovery.assets(EXAMPLE))
        costs.append(len(scene.router.calls) - before)
        assert discovery.cost(EXAMPLE.id) == costs[-1]
        holding.pop("eu", None)
    assert costs == [5, 2, 2, 5, 2]


def test_a_jurisdiction_that_does_not_answer_leaves_no_list(scene: Scene) -> None:
    """Half of the buckets would make the other half disappear."""
    failing = [answer({"errors": []}, 500)] * 4
    scene.router.get(URLS["r2_bucket"]).mock(side_effect=[buckets("a"), *failing])
    found = discover(scene, "r2_bucket").listings["r2_bucket"]
    assert isinstance(found, ListingFailure)
    assert not found.final


def test_a_product_that_is_not_enabled_is_empty(scene: Scene) -> None:
    """An account without R2 has no buckets, and that is no fault."""
    scene.router.get(URLS["r2_bucket"]).mock(return_value=refused(403, 10042, "Please enable R2"))
    inventory = discover(scene, "r2_bucket")
    assert inventory.listings == {"r2_bucket": Listing("r2_bucket", ())}
    assert inventory.is_settled


def test_a_missing_permission_is_final_and_costs_only_its_product(scene: Scene) -> None:
    """The product says which permission to give; asking again soon will not help; the others are listed."""
    scene.router.get(URLS["d1_database"]).mock(return_value=refused(403, 10000, "Authentication error"))
    scene.router.get(URLS["kv_namespace"]).mock(return_value=listed(names(1), total_count=1))
    inventory = discover(scene, "d1_database", "kv_namespace")
    assert inventory.listings == {
        "d1_database": ListingFailure(
            "d1_database",
            f"Listing D1 databases of account Example ({EXAMPLE.id}): Cloudflare answered HTTP 403, Authentication "
            "error (code 10000).",
            final=True,
            outcome="forbidden",
            remedy="Grant the token the permission 'D1 Read'.",
        ),
        "kv_namespace": Listing("kv_namespace", (Asset("kv_namespace", "id0000", "name0000"),)),
    }
    assert inventory.is_settled


def test_a_product_that_does_not_answer_is_asked_again(scene: Scene) -> None:
    """A server error is not final, and the inventory is not settled."""
    scene.router.get(URLS["d1_database"]).mock(return_value=answer({"errors": []}, 503))
    scene.router.get(URLS["kv_namespace"]).mock(return_value=listed([], total_count=0))
    inventory = discover(scene, "d1_database", "kv_namespace")
    found = inventory.listings["d1_database"]
    assert isinstance(found, ListingFailure)
    assert not found.final
    assert not inventory.is_settled


def test_a_rejected_token_is_everybodys_fault(scene: Scene) -> None:
    """A wrong token is not reported product by product."""
    scene.router.get(URLS["d1_database"]).mock(return_value=refused(401, 9106, "Authentication failed"))
    scene.router.get(URLS["kv_namespace"]).mock(return_value=listed([], total_count=0))
    with pytest.raises(TokenRejected):
        discover(scene, "d1_database", "kv_namespace")


def test_no_answer_at_all_is_no_inventory(scene: Scene) -> None:
    """Before Cloudflare ever answered there is no date that an inventory could have."""
    scene.router.get(URLS["kv_namespace"]).mock(side_effect=httpx.ConnectError("refused"))
    with pytest.raises(Unreachable):
        discover(scene, "kv_namespace")


def test_an_assets_particulars_are_read(scene: Scene) -> None:
    """Times, tags and the owning Worker are taken where the list has them; a time that is none is left out."""
    script = {
        "id": "shop-web",
        "tag": "t1",
        "created_on": "2025-01-02T03:04:05.678901Z",
        "modified_on": "soon",
        "tags": ["project:shop"],
    }
    namespace = {"id": "n1", "name": "shop_Cart", "class": "Cart", "script": "shop-web", "use_sqlite": True}
    scene.router.get(URLS["worker"]).mock(return_value=listed([script]))
    scene.router.get(URLS["do_namespace"]).mock(return_value=listed([namespace], total_count=1))
    assert discover(scene, "worker", "do_namespace").listings == {
        "worker": Listing(
            "worker",
            (
                Asset(
                    "worker",
                    "t1",
                    "shop-web",
                    created=datetime(2025, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
                    tags=("project:shop",),
                ),
            ),
        ),
        "do_namespace": Listing("do_namespace", (Asset("do_namespace", "n1", "shop_Cart", parent="shop-web"),)),
    }
