"""Lists that each parent has: read after the parents', a few at a time, and failing one by one."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from exporter.catalog.asset_kind import AssetKind, Endpoint
from exporter.catalog.product import Product
from exporter.cloudflare import CloudflareError, Discovery
from exporter.cloudflare.discovery import MOST_AT_ONCE
from exporter.cloudflare.found_items import TURNS
from exporter.model import Account, Asset, Inventory, Listing, ListingFailure
from tests.cloudflare.conftest import API_URL, Scene, listed, refused

EXAMPLE = Account("a" * 32, "Example")
QUEUES_URL = f"{API_URL}/accounts/{EXAMPLE.id}/queues"

QUEUE = AssetKind(
    kind="queue",
    label="queue",
    info="cloudflare_queue_info",
    asset="queue",
    assets="queues",
    endpoint=Endpoint("/accounts/{account_id}/queues", "Queues Read", id="queue_id", name="queue_name"),
)
CONSUMER = AssetKind(
    kind="queue_consumer",
    label="consumer",
    info="cloudflare_queue_consumer_info",
    asset="consumer",
    assets="consumers",
    parent="queue",
    endpoint=Endpoint(
        "/accounts/{account_id}/queues/{parent_id}/consumers", "Queues Read", id="consumer_id", name="consumer_id"
    ),
)
QUEUES = Product("queues", "Queues", "Integration", (QUEUE, CONSUMER), ())


def queues(*ids: str) -> httpx.Response:
    """A list of queues."""
    return listed([{"queue_id": identity, "queue_name": f"name of {identity}"} for identity in ids])


def consumers(*ids: str) -> httpx.Response:
    """A list of the consumers of a queue."""
    return listed([{"consumer_id": identity, "type": "worker"} for identity in ids])


def discovery_of(scene: Scene, product: Product = QUEUES) -> Discovery:
    """Return what lists queues and their consumers."""
    return Discovery(scene.client, scene.time, [product])


def discover(scene: Scene) -> Inventory:
    """What one discovery finds."""
    return asyncio.run(discovery_of(scene).assets(EXAMPLE))


def turn(discovery: Discovery) -> Listing:
    """What one more reading of the lists of consumers comes to."""
    found = asyncio.run(discovery.assets(EXAMPLE)).listings["queue_consumer"]
    assert isinstance(found, Listing)
    return found


def consumer(identity: str, parent: str) -> Asset:
    """Return a consumer as it is listed."""
    return Asset("queue_consumer", identity, identity, parent=parent)


def test_the_children_of_each_parent_are_listed(scene: Scene) -> None:
    """They know the id of their parent, and the account costs a request more for each parent."""
    scene.router.get(QUEUES_URL).mock(return_value=queues("q1", "q2"))
    scene.router.get(f"{QUEUES_URL}/q1/consumers").mock(return_value=consumers("c1", "c2"))
    scene.router.get(f"{QUEUES_URL}/q2/consumers").mock(return_value=consumers())
    discovery = discovery_of(scene)
    inventory = asyncio.run(discovery.assets(EXAMPLE))
    assert inventory.listings["queue_consumer"] == Listing(
        "queue_consumer", (consumer("c1", "q1"), consumer("c2", "q1"))
    )
    assert inventory.parents == {"queue_consumer": "queue"}
    assert discovery.cost(EXAMPLE.id) == 3


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/accounts/{account_id}/queues/{parent_id}/consumers", "/Q%2F1/consumers"),
        ("/accounts/{account_id}/queues/{parent_name}/consumers", "/name%20of%20Q%2F1/consumers"),
    ],
)
def test_a_parent_is_addressed_as_its_own_list_has_it(scene: Scene, path: str, asked: str) -> None:
    """Its id is not spelled as analytics do, and nothing in it is taken for a part of the path."""
    queue = replace(QUEUE, endpoint=replace(QUEUE.endpoint, spell=str.lower))
    child = replace(CONSUMER, endpoint=replace(CONSUMER.endpoint, path=path))
    scene.router.get(QUEUES_URL).mock(return_value=queues("Q/1"))
    route = scene.router.get(url__regex=".*/consumers").mock(return_value=consumers("c1"))
    product = Product("queues", "Queues", "Integration", (queue, child), ())
    inventory = asyncio.run(discovery_of(scene, product).assets(EXAMPLE))
    assert inventory.listings["queue_consumer"] == Listing("queue_consumer", (consumer("c1", "q/1"),))
    assert route.calls.last.request.url.raw_path.decode().endswith(f"/queues{asked}")


def test_a_failing_list_costs_only_the_children_of_that_parent(scene: Scene) -> None:
    """The others are there, and what failed is told with its parent."""
    scene.router.get(QUEUES_URL).mock(return_value=queues("q1", "q2", "q3"))
    scene.router.get(f"{QUEUES_URL}/q1/consumers").mock(return_value=consumers("c1"))
    for identity in ("q2", "q3"):
        scene.router.get(f"{QUEUES_URL}/{identity}/consumers").mock(return_value=refused(404, 7003, "No route"))
    inventory = discover(scene)
    found = inventory.listings["queue_consumer"]
    assert isinstance(found, Listing)
    assert (found.assets, set(found.unread)) == ((consumer("c1", "q1"),), {"q2", "q3"})
    failure = inventory.failures["queue_consumer"]
    assert failure.reason.startswith(f"Listing consumers of name of q2 (q2) of account Example ({EXAMPLE.id}): ")
    assert failure.reason.endswith(" Nor could 1 more of these lists be read.")
    assert inventory.is_settled


@pytest.mark.parametrize("url", [QUEUES_URL, f"{QUEUES_URL}/q1/consumers"])
def test_without_any_list_of_children_the_kind_has_failed(scene: Scene, url: str) -> None:
    """So it has where the parents themselves could not be listed."""
    scene.router.get(QUEUES_URL).mock(return_value=queues("q1"))
    scene.router.get(url).mock(return_value=refused(403, 10000, "Authentication error"))
    found = discover(scene).listings["queue_consumer"]
    assert isinstance(found, ListingFailure)
    assert (found.outcome, found.final) == ("forbidden", True)


def test_a_doubtful_list_of_one_parent_makes_the_children_incomplete(scene: Scene) -> None:
    """What is wrong is told with the parent; after the same reading three times the list is taken as it is."""
    scene.router.get(QUEUES_URL).mock(return_value=queues("q1", "q2"))
    scene.router.get(f"{QUEUES_URL}/q1/consumers").mock(return_value=consumers("c1"))
    bad = listed([{"consumer_id": "c2"}, {"type": "worker"}])
    scene.router.get(f"{QUEUES_URL}/q2/consumers").mock(return_value=bad)
    discovery = discovery_of(scene)
    found = [turn(discovery) for _ in range(TURNS)]
    assert {listing.assets for listing in found} == {(consumer("c1", "q1"), consumer("c2", "q2"))}
    assert [listing.is_complete for listing in found] == [False, False, True]
    flaw = found[0].flaw
    assert flaw is not None and flaw.outcome == "bad_items"
    assert flaw.reason.startswith(f"Listing consumers of name of q2 (q2) of account Example ({EXAMPLE.id}): 1 of 2 ")


def test_the_children_of_parents_that_a_doubtful_list_lacks_are_not_gone(scene: Scene) -> None:
    """As long as the list of parents may lack one, so may that of the children; nothing is wrong with it itself."""
    scene.router.get(QUEUES_URL).mock(return_value=listed([{"queue_id": "q1", "queue_name": "one"}], total_count=2))
    scene.router.get(f"{QUEUES_URL}/q1/consumers").mock(return_value=consumers("c1"))
    discovery = discovery_of(scene)
    found = [turn(discovery) for _ in range(TURNS)]
    assert [(listing.is_complete, listing.flaw) for listing in found] == [(False, None), (False, None), (True, None)]


def test_a_list_of_children_may_be_null(scene: Scene) -> None:
    """Then there are none."""
    scene.router.get(QUEUES_URL).mock(return_value=queues("q1"))
    scene.router.get(f"{QUEUES_URL}/q1/consumers").mock(return_value=listed(None))
    assert turn(discovery_of(scene)) == Listing("queue_consumer", ())


def test_without_parents_there_are_no_children(scene: Scene) -> None:
    """An account without queues has no consumers, and that is known."""
    scene.router.get(QUEUES_URL).mock(return_value=queues())
    assert discover(scene).listings["queue_consumer"] == Listing("queue_consumer", ())


def test_few_lists_of_children_are_read_at_once(scene: Scene) -> None:
    """However many parents there are."""
    under_way, most = 0, 0
    scene.router.get(QUEUES_URL).mock(return_value=queues(*(f"q{number}" for number in range(20))))

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return consumers()

    scene.router.get(url__regex=".*/consumers").mock(side_effect=answer)
    discover(scene)
    assert 1 < most <= MOST_AT_ONCE


def test_a_used_up_budget_is_not_always_at_the_expense_of_the_same_parents(scene: Scene) -> None:
    """The lists that it left out are the first ones of the next discovery."""
    scene.budget.set_shares({"rest": 7 / 1_200, "graphql": 0.5})
    scene.router.get(QUEUES_URL).mock(return_value=queues(*(f"q{number}" for number in range(10))))
    read: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        read.append(request.url.path.split("/")[-2])
        return consumers()

    scene.router.get(url__regex=".*/consumers").mock(side_effect=answer)
    discovery = discovery_of(scene)

    async def twice() -> list[Any]:
        first = await discovery.assets(EXAMPLE)
        scene.clock.advance(301)
        return [first, await discovery.assets(EXAMPLE)]

    first, second = [inventory.listings["queue_consumer"] for inventory in asyncio.run(twice())]
    assert read[:6] == [f"q{number}" for number in range(6)]
    assert read[6:10] == [f"q{number}" for number in range(6, 10)]
    assert set(first.unread) == {f"q{number}" for number in range(6, 10)}
    assert {failure.outcome for failure in first.unread.values()} == {"withheld"}
    assert len(second.unread) == 4


def test_a_rejected_token_is_asked_no_further(scene: Scene) -> None:
    """Twenty lists that it cannot read are not twenty requests."""
    scene.router.get(QUEUES_URL).mock(return_value=queues(*(f"q{number}" for number in range(20))))
    route = scene.router.get(url__regex=".*/consumers").mock(return_value=refused(401, 9106, "Authentication failed"))
    with pytest.raises(CloudflareError):
        discover(scene)
    assert route.call_count <= MOST_AT_ONCE


def test_a_list_of_parents_comes_first() -> None:
    """A product that lists children before or without their parents is refused."""
    for kinds in ((CONSUMER, QUEUE), (CONSUMER,)):
        with pytest.raises(ValueError, match="the kind queue has to come before its children, queue_consumer"):
            Product("queues", "Queues", "Integration", kinds, ())
    with pytest.raises(ValueError, match="its list is that of a parent"):
        replace(CONSUMER, parent="")
