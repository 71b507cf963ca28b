"""REST lists as they come: null, with bad items, counted wrongly, repeated or without end."""

import asyncio
from collections.abc import Iterable
from typing import Any

import httpx
import pytest

from exporter.catalog import PRODUCTS
from exporter.cloudflare import CloudflareError, Discovery
from exporter.cloudflare.found_items import TURNS
from exporter.model import Account, AccountList, Asset, Listing, ListingFailure
from tests.cloudflare.conftest import API_URL, Scene, listed, refused

EXAMPLE = Account("a" * 32, "Example")
ACCOUNTS = f"{API_URL}/accounts"
PATHS = {
    "worker": "workers/scripts",
    "r2_bucket": "r2/buckets",
    "d1_database": "d1/database",
    "do_namespace": "workers/durable_objects/namespaces",
    "kv_namespace": "storage/kv/namespaces",
}
KV = "kv_namespace"
ONE, TWO = {"id": "1", "title": "one"}, {"id": "2", "title": "two"}


def names(count: int, since: int = 0) -> list[Any]:
    """Items of a list, as KV has them."""
    return [{"id": f"id{number:04}", "title": f"name{number:04}"} for number in range(since, since + count)]


def buckets(*found: str, **info: object) -> httpx.Response:
    """A page of buckets."""
    return listed({"buckets": [{"name": name} for name in found]}, **info)


def script(scene: Scene, kind: str, answers: Iterable[httpx.Response]) -> None:
    """Answer a kind's list, the last answer again and again."""
    left = list(answers)
    route = scene.router.get(f"{ACCOUNTS}/{EXAMPLE.id}/{PATHS[kind]}")
    route.mock(side_effect=lambda request: left.pop(0) if len(left) > 1 else left[0])


def discovery(scene: Scene, kind: str = KV) -> Discovery:
    """A discovery of one kind."""
    return Discovery(scene.client, scene.time, [product for product in PRODUCTS if product.kinds[0].kind == kind])


def turn(reader: Discovery, kind: str = KV) -> Listing | ListingFailure:
    """What one more reading of a kind's list comes to."""
    return asyncio.run(reader.assets(EXAMPLE)).listings[kind]


def read(scene: Scene, *pages: httpx.Response, kind: str = KV) -> Listing | ListingFailure:
    """What the first reading of a list with these pages comes to."""
    script(scene, kind, pages)
    return turn(discovery(scene, kind), kind)


def ids(found: Listing | ListingFailure) -> list[str]:
    """The assets of a list that was read."""
    assert isinstance(found, Listing), found
    return [asset.id for asset in found.assets]


@pytest.mark.parametrize("kind", PATHS)
def test_a_list_that_is_null_is_empty(scene: Scene, kind: str) -> None:
    """An account without any may have null in the list's place, whatever is around it."""
    inner = {"buckets": None} if kind == "r2_bucket" else None
    for result in (None, inner):
        assert read(scene, listed(result), kind=kind) == Listing(kind, ())


@pytest.mark.parametrize("result", [{}, "none", 5, {"buckets": []}, True])
def test_an_answer_without_a_list_is_an_error(scene: Scene, result: object) -> None:
    """Something else in the list's place is not taken for an empty list."""
    found = read(scene, listed(result, total_count=0))
    assert isinstance(found, ListingFailure)
    assert found.reason.endswith("the response has no list at result.")
    assert not found.final


@pytest.mark.parametrize(
    "odd", [None, "x", 7, [], {}, {"title": "x"}, {"id": None}, {"id": ""}, {"id": 7, "title": "x"}]
)
def test_what_has_no_id_is_left_out_and_told(scene: Scene, odd: object) -> None:
    """The others are listed; nothing known before is taken for gone, until the list has been like this some times."""
    script(scene, KV, [listed([ONE, odd, TWO], total_count=3)])
    reader = discovery(scene)
    found = [turn(reader) for _ in range(TURNS)]
    assert [ids(each) for each in found] == [["1", "2"]] * TURNS
    assert [isinstance(each, Listing) and each.is_complete for each in found] == [False] * (TURNS - 1) + [True]
    for each in found:
        assert isinstance(each, Listing) and each.flaw is not None
        assert (each.flaw.outcome, each.flaw.is_hint) == ("bad_items", False)
        assert each.flaw.reason == (
            f"Listing KV namespaces of account Example ({EXAMPLE.id}): 1 of 3 items cannot be read as they should: "
            "1 without a usable 'id' left out."
        )
        assert "dashboard" in each.flaw.remedy


@pytest.mark.parametrize("name", [{}, {"title": None}, {"title": ""}, {"title": 5}, {"title": ["x"]}])
def test_what_has_no_name_goes_by_its_id(scene: Scene, name: dict[str, object]) -> None:
    """It is there, so nothing is missing; it is told nevertheless."""
    found = read(scene, listed([ONE, {"id": "9", **name}], total_count=2))
    assert isinstance(found, Listing) and found.flaw is not None
    assert found.assets == (Asset(KV, "1", "one"), Asset(KV, "9", "9"))
    assert found.is_complete
    assert "1 of 2 items" in found.flaw.reason and "1 without 'title' shown by its id" in found.flaw.reason


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"created_on": "soon", "modified_on": 7}, {}),
        ({"created_on": "0001-01-01T00:00:00+14:00"}, {}),
        ({"tags": "project:shop"}, {}),
        ({"tags": {"project": "shop"}}, {}),
        ({"tags": [None, 5, "project:shop", ["x"]]}, {"tags": ("project:shop",)}),
    ],
)
def test_particulars_of_a_wrong_type_are_left_out(
    scene: Scene, fields: dict[str, object], expected: dict[str, Any]
) -> None:
    """The asset is listed all the same."""
    found = read(scene, listed([{"id": "shop", "tag": "t1", **fields}]), kind="worker")
    assert found == Listing("worker", (Asset("worker", "t1", "shop", **expected),))


def test_a_parent_of_a_wrong_type_is_none(scene: Scene) -> None:
    """A namespace whose Worker is not told by name has none."""
    item = {"id": "1", "name": "shop_Cart", "script": {"name": "shop"}}
    found = read(scene, listed([item], total_count=1), kind="do_namespace")
    assert found == Listing("do_namespace", (Asset("do_namespace", "1", "shop_Cart"),))


def test_an_item_that_comes_twice_is_listed_once(scene: Scene) -> None:
    """The first one counts."""
    assert read(scene, listed([ONE, ONE | {"title": "other"}, TWO])) == Listing(
        KV, (Asset(KV, "1", "one"), Asset(KV, "2", "two"))
    )


@pytest.mark.parametrize("total", [None, "3", -1, 0, 1, 2, 2.5, True, 99, 100, 150, [150]])
def test_a_count_that_is_too_low_hides_nothing(scene: Scene, total: object) -> None:
    """A full page is followed by another whatever the count says."""
    pages = [listed(names(100), total_count=total), listed(names(50, 100), total_count=total)]
    assert read(scene, *pages) == Listing(
        KV, tuple(Asset(KV, f"id{number:04}", f"name{number:04}") for number in range(150))
    )


@pytest.mark.parametrize(
    "more",
    [listed([]), listed(None), refused(400, 7400, "Invalid page"), refused(404, 1, "None"), refused(404, 7003, "No")],
)
def test_after_a_last_page_that_is_full_there_may_be_nothing_or_an_error(scene: Scene, more: httpx.Response) -> None:
    """Two hundred items are two full pages; where the count says so, an error in a third one's place is no fault."""
    pages = [listed(names(100), total_count=200), listed(names(100, 100), total_count=200), more]
    found = read(scene, *pages)
    assert isinstance(found, Listing)
    assert (len(found.assets), found.flaw, found.is_complete) == (200, None, True)
    assert [call.request.url.params["page"] for call in scene.router.calls] == ["1", "2", "3"]


@pytest.mark.parametrize("first", [listed(names(100)), listed(names(100), total_count=150)])
def test_an_error_within_the_list_leaves_none(scene: Scene, first: httpx.Response) -> None:
    """Half of the list would make the other half disappear."""
    found = read(scene, first, refused(400, 7400, "No"))
    assert isinstance(found, ListingFailure) and not found.final


@pytest.mark.parametrize("size", [50, 1, 99])
def test_pages_that_are_smaller_than_asked_are_read_to_the_end(scene: Scene, size: int) -> None:
    """How large a page is is what the answer says; without that, the count tells that there is more."""
    for told in ({"per_page": size}, {"total_count": 101}, {"per_page": size, "total_count": 101}):
        pages = [listed(names(min(size, 101 - first), first), **told) for first in range(0, 101, size)]
        found = read(scene, *pages, listed([]))
        assert len(ids(found)) == 101
        assert isinstance(found, Listing) and found.is_complete


TORN = [
    pytest.param([listed(names(100), total_count=150), listed(names(49, 101), total_count=150)], id="an item slipped"),
    pytest.param([listed(names(100), total_count=150), listed(names(49, 101), total_count=149)], id="an item is gone"),
    pytest.param([listed(names(100), total_count=150), listed(names(50, 99), total_count=150)], id="an item twice"),
]


@pytest.mark.parametrize("pages", TORN)
def test_a_list_that_changed_between_its_pages_is_not_taken(scene: Scene, pages: list[httpx.Response]) -> None:
    """An incomplete list would make assets disappear, so there is no list until the next discovery."""
    found = read(scene, *pages)
    assert isinstance(found, ListingFailure)
    assert not found.final
    assert "the list changed while it was read" in found.reason


def test_a_list_that_contradicts_itself_is_taken_once_it_has_done_so_several_times(scene: Scene) -> None:
    """It had time to change back; what is told then is a hint."""
    reader, pages = discovery(scene), [listed(names(100), total_count=150), listed(names(49, 101), total_count=150)]
    found = []
    for _ in range(TURNS):
        script(scene, KV, [*pages, listed([])])
        found.append(turn(reader))
    assert [isinstance(each, Listing) for each in found] == [False] * (TURNS - 1) + [True]
    last = found[-1]
    assert isinstance(last, Listing) and last.is_complete and last.flaw is not None
    assert (last.flaw.is_hint, len(last.assets)) == (True, 149)


def test_a_count_that_is_too_high_is_believed_to_be_wrong_in_the_end(scene: Scene) -> None:
    """What is listed is there at once; what is not may be gone only once it has been missing several times."""
    script(scene, KV, [listed([ONE, TWO], total_count=3)])
    reader = discovery(scene)
    found = [turn(reader) for _ in range(TURNS + 1)]
    assert [ids(each) for each in found] == [["1", "2"]] * (TURNS + 1)
    told = [
        (each.is_complete, each.flaw.outcome, each.flaw.is_hint)
        for each in found
        if isinstance(each, Listing) and each.flaw is not None
    ]
    assert told == [(False, "miscounted", False)] * (TURNS - 1) + [(True, "miscounted", True)] * 2


def test_a_short_list_that_changes_is_never_believed(scene: Scene) -> None:
    """A list that lacks another item each time is not one that is counted wrongly; a good one ends all doubts."""
    short = [listed([ONE], total_count=2), listed([TWO], total_count=2)]
    reader = discovery(scene)
    for number in range(2 * TURNS):
        script(scene, KV, [short[number % 2]])
        found = turn(reader)
        assert isinstance(found, Listing) and not found.is_complete
    for page in [listed([ONE], total_count=2)] * (TURNS - 1) + [listed([ONE, TWO], total_count=2), short[0]]:
        script(scene, KV, [page])
        found = turn(reader)
    assert isinstance(found, Listing) and not found.is_complete


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param([buckets("a", cursor="x"), buckets("b", cursor="x")], id="the same cursor"),
        pytest.param([buckets("a", cursor="x"), buckets("b", cursor="y"), buckets("c", cursor="x")], id="a circle"),
        pytest.param([buckets("a", cursor="x"), buckets("a", cursor="y")], id="the same page"),
        pytest.param([buckets("a", cursor="x"), buckets(cursor="y")], id="nothing more, and a cursor"),
    ],
)
def test_cursors_that_do_not_end_are_not_followed(scene: Scene, pages: list[httpx.Response]) -> None:
    """It is no list at first, and taken once it has been the same several times."""
    reader = discovery(scene, "r2_bucket")
    for number in range(TURNS):
        script(scene, "r2_bucket", pages)
        before = len(scene.router.calls)
        found = turn(reader, "r2_bucket")
        assert len(scene.router.calls) - before <= 5 * len(pages)
        assert isinstance(found, Listing if number == TURNS - 1 else ListingFailure)


@pytest.mark.parametrize("cursor", [None, False, [], {"next": 1}, 1.5])
def test_what_is_no_cursor_ends_the_list(scene: Scene, cursor: object) -> None:
    """Only text or a number leads on."""
    assert read(scene, buckets("a", cursor=cursor), kind="r2_bucket") == Listing(
        "r2_bucket",
        (Asset("r2_bucket", "a", "a"), *(Asset("r2_bucket", f"{place}_a", f"{place}_a", stem="a") for place in PLACES)),
    )


PLACES = ("eu", "us", "fedramp", "fedramp-high")


def accounts(scene: Scene, *pages: httpx.Response, wanted: tuple[str, ...] = ()) -> AccountList:
    """What listing the accounts comes to."""
    scene.router.get(ACCOUNTS).mock(side_effect=list(pages))
    return asyncio.run(Discovery(scene.client, scene.time, PRODUCTS).accounts(wanted))


@pytest.mark.parametrize("odd", [{"name": "Example"}, {"id": None, "name": "Example"}, {"id": 7}, None, "a"])
def test_an_account_without_an_id_costs_only_itself(scene: Scene, odd: object) -> None:
    """The others are listed; the list says that it lacks one."""
    found = accounts(scene, listed([odd, {"id": "b" * 32, "name": "Other"}], total_count=2))
    assert found.accounts == (Account("b" * 32, "Other"),)
    assert not found.is_complete
    assert found.flaw is not None and found.flaw.reason.startswith("Listing the accounts: 1 of 2 items")


@pytest.mark.parametrize("name", [None, "", 5, {"x": 1}])
def test_an_account_without_a_name_goes_by_its_id(scene: Scene, name: object) -> None:
    """Its name is its id, as it is for one that may not be listed."""
    assert accounts(scene, listed([{"id": "b", "name": name}])).accounts == (Account("b", "b"),)


def test_no_accounts_at_all(scene: Scene) -> None:
    """Null is an empty list here, too; something else is an error."""
    assert accounts(scene, listed(None)) == AccountList(())
    with pytest.raises(CloudflareError):
        accounts(scene, listed({"id": "b"}))


def test_what_is_wrong_with_a_list_matters_only_if_a_wanted_account_may_be_missing_in_it(scene: Scene) -> None:
    """Who names the accounts is not told of others."""
    page = listed([{"id": "b", "name": "Other"}, None])
    assert accounts(scene, page, wanted=("b",)) == AccountList((Account("b", "Other"),))
    found = accounts(scene, page, wanted=("b", "c"))
    assert found.accounts == (Account("b", "Other"), Account("c", "c"))
    assert found.flaw is not None and found.is_complete
