"""Questions about Cloudflare's schema: which types are asked for, and what answers and faults mean."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from exporter.catalog.entry import Field
from exporter.catalog.kv import PRODUCT
from exporter.catalog.readable import ZoneNode
from exporter.cloudflare.limits import USUAL_LIMITS
from exporter.cloudflare.recent_fields import RecentFields, build_introspection, read_introspection, type_of, types_of
from exporter.model import Account
from tests.cloudflare.conftest import API_URL, Scene, answer

ACCOUNT = Account("a" * 32, "Example")
HITS, TOTAL = Field("hits", is_recent=True), Field("count", "", is_recent=True)
DATASET = replace(PRODUCT.datasets[0], fields=(*PRODUCT.datasets[0].fields, HITS, TOTAL))
SUM, ROW = "AccountKvOperationsAdaptiveGroupsSum", "AccountKvOperationsAdaptiveGroups"
THERE = {"data": {SUM: {"fields": [{"name": "requests"}, {"name": "hits"}]}, ROW: None}, "errors": None}


def confirmed(recent: RecentFields) -> frozenset[str] | None:
    """Return the fields that are said to be there."""
    return recent.confirm(DATASET, USUAL_LIMITS).confirmed


def test_types_are_named_as_cloudflare_names_them() -> None:
    """By owner, dataset and group; a field at the top is one of the row itself."""
    assert types_of([DATASET, DATASET, PRODUCT.datasets[0]]) == (SUM, ROW)
    assert type_of(replace(DATASET, reads=ZoneNode()), HITS) == SUM.replace("Account", "Zone")
    assert f'{SUM}: __type(name: "{SUM}") {{ fields {{ name }} }}' in build_introspection([SUM])


def test_what_the_schema_has_is_known_after_one_question(scene: Scene) -> None:
    """It comes out of the account's budget, and is not asked again."""
    route = scene.router.post(f"{API_URL}/graphql").mock(return_value=answer(THERE))
    recent = RecentFields(scene.client)
    left = scene.budget.remaining("graphql")
    assert confirmed(recent) == frozenset()
    for _ in range(2):
        asyncio.run(recent.look_up(ACCOUNT, [DATASET]))
    assert (confirmed(recent), route.call_count) == ({"hits"}, 1)
    assert scene.budget.remaining("graphql") == left - 1


def test_what_settings_say_comes_first(scene: Scene) -> None:
    """A plan may lack what the schema has."""
    scene.router.post(f"{API_URL}/graphql").mock(return_value=answer(THERE))
    recent = RecentFields(scene.client)
    asyncio.run(recent.look_up(ACCOUNT, [DATASET]))
    told = replace(USUAL_LIMITS, confirmed=frozenset())
    assert recent.confirm(DATASET, told) is told


def test_accounts_side_by_side_ask_once(scene: Scene) -> None:
    """Whoever is second does not wait."""

    async def script() -> None:
        recent = RecentFields(scene.client)
        await asyncio.gather(*(recent.look_up(ACCOUNT, [DATASET]) for _ in range(5)))
        assert confirmed(recent) == {"hits"}

    route = scene.router.post(f"{API_URL}/graphql").mock(return_value=answer(THERE))
    asyncio.run(script())
    assert route.call_count == 1


@pytest.mark.parametrize(
    ("fault", "is_passing"),
    [
        (answer({"data": None, "errors": [{"message": "not authorized"}]}, 403), False),
        (answer({"data": None, "errors": [{"message": "unknown field __type"}]}, 400), False),
        (answer({"data": None, "errors": [{"message": "slow down", "extensions": {"code": "budget"}}]}), True),
        (httpx.Response(502, text="Bad Gateway"), True),
    ],
)
def test_a_fault_leaves_the_field_absent(scene: Scene, fault: httpx.Response, is_passing: bool) -> None:
    """Nothing is raised; only after one that passes is the question put again."""
    router = scene.router.post(f"{API_URL}/graphql")
    router.mock(return_value=fault)
    recent = RecentFields(scene.client)
    asyncio.run(recent.look_up(ACCOUNT, [DATASET]))
    assert confirmed(recent) == frozenset()
    router.mock(return_value=answer(THERE))
    scene.clock.advance(600)
    asyncio.run(recent.look_up(ACCOUNT, [DATASET]))
    assert confirmed(recent) == ({"hits"} if is_passing else frozenset())


@pytest.mark.parametrize(
    "node", [None, 5, {}, {"fields": None}, {"fields": "hits"}, {"fields": [None, 5, {"name": []}]}]
)
def test_an_odd_answer_names_no_field(node: object) -> None:
    """Whatever stands where fields should."""
    assert read_introspection({"data": {SUM: node}}, [SUM]) == {SUM: frozenset()}
