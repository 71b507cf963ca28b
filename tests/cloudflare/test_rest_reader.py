"""Readings by REST: resources of accounts and assets, their numbers, and what one's fault costs."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from exporter.catalog.dataset import Dataset
from exporter.cloudflare import CloudflareError, Forbidden, NotEnabled, RestReader, TokenRejected
from exporter.cloudflare.errors import Throttled, Unreachable
from exporter.model import Account, Answer, Question, Scope
from tests.cloudflare.conftest import API_URL, Scene, answer, listed, refused
from tests.readings import BACKLOG, RUNS, SIZE, STREAM

EXAMPLE = Account("a" * 32, "Example")
SCOPE = Scope(EXAMPLE.id)
MINUTE = datetime(2025, 10, 20, 10, 0, tzinfo=UTC)
QUEUES = f"{API_URL}/accounts/{EXAMPLE.id}/queues"
Said = Answer | CloudflareError


def question(dataset: Dataset, asset_id: str = "") -> Question:
    """A question about now."""
    since, until = dataset.timing.span(MINUTE, None, MINUTE.replace(day=1))
    return Question(SCOPE, dataset.key, since, until, asset_id=asset_id)


def ask(scene: Scene, dataset: Dataset, *assets: str) -> list[Said]:
    """Ask about some assets, or the account itself, and return what is said of each."""
    questions = [question(dataset, asset) for asset in assets or ("",)]
    found = asyncio.run(RestReader(scene.client).ask(EXAMPLE, [(dataset, each) for each in questions]))
    return [found[each] for each in questions]


def rows(said: Said) -> dict[tuple[str, tuple[str, ...]], tuple[int, ...]]:
    """Return the rows of an answer about one moment."""
    assert isinstance(said, Answer), said
    ((_, found),) = said.hours.items()
    return dict(found)


def test_each_asset_is_read_by_itself(scene: Scene) -> None:
    """An answer has the asset's amounts, under the minute of its date, and its id is quoted in the path."""
    scene.router.get(f"{QUEUES}/q1/metrics").mock(
        return_value=listed({"backlog_count": 42, "backlog_bytes": 12345, "oldest_message_timestamp_ms": 0})
    )
    odd = scene.router.get(url__regex=r".*/queues/a%2F%3Fb/metrics").mock(
        return_value=listed({"backlog_count": 0, "backlog_bytes": 0})
    )
    first, second = ask(scene, BACKLOG, "q1", "a/?b")
    assert isinstance(first, Answer)
    assert first.hours == {MINUTE: {("q1", ()): (42, 12345)}}
    assert first.date == MINUTE.replace(second=5)
    assert (rows(second), odd.call_count) == ({("a/?b", ()): (0, 0)}, 1)
    assert scene.request_counts.counts() == {("rest", "success"): 2}


def test_a_stored_quantity_is_of_the_hour_and_of_the_account(scene: Scene) -> None:
    """Fractions become millionths, exactly; without an asset the row is the account's own."""
    scene.clock.advance(59 * 60 + 59)
    scene.router.get(url__regex=r".*/stream/storage-usage").mock(
        return_value=httpx.Response(
            200,
            text='{"success": true, "result": {"creator": null, "totalStorageMinutes": 1234.1, "videoCount": 42}}',
            headers={"Date": "Mon, 20 Oct 2025 10:59:59 GMT"},
        )
    )
    (said,) = ask(scene, STREAM)
    assert isinstance(said, Answer)
    assert said.hours == {MINUTE: {("", ()): (1_234_100_000, 42)}}


def test_a_list_is_read_page_by_page(scene: Scene) -> None:
    """Each item is a row of its own asset, and a change between two pages is a fault."""
    pages = [
        [
            {"id": "w1", "instances": {"running": 1, "errored": 2}},
            {"id": "w2", "instances": {"running": 0, "errored": 0}},
        ],
        [{"id": "w3", "instances": {"running": 7, "errored": 0}}],
    ]
    route = scene.router.get(url__regex=r".*/workflows")
    route.side_effect = [listed(page, total_count=3) for page in pages]
    reader, asked = RestReader(scene.client), (RUNS, question(RUNS))
    (said,) = asyncio.run(reader.ask(EXAMPLE, [asked])).values()
    assert reader.asked(EXAMPLE.id) == 2
    assert rows(said) == {("w1", ()): (1, 2), ("w2", ()): (0, 0), ("w3", ()): (7, 0)}
    assert [dict(call.request.url.params) for call in route.calls] == [
        {"per_page": "2", "page": "1"},
        {"per_page": "2", "page": "2"},
    ]
    route.side_effect = [listed(pages[0], total_count=3), listed([], total_count=2)]
    assert isinstance(ask(scene, RUNS)[0], Unreachable)


@pytest.mark.parametrize(
    ("pages", "detail"),
    [
        ([listed([{"id": "w1"}], total_count=2)] * 2, "hold 1 of 2 items"),
        ([listed([{"id": "w1"}, {"id": "w2"}], total_count=4), refused(400, 7003, "no page")], "hold 2 of 4 items"),
        ([listed([{"id": "w1"}, {"id": None}], total_count=2), listed([])], "1 of 2 items have no usable 'id'"),
        ([listed([{"id": "w1"}, "w2"]), listed([])], "1 of 2 items have no usable 'id'"),
        ([listed({"id": "w1"})], "no list at result"),
    ],
)
def test_a_list_that_may_lack_something_is_no_reading(scene: Scene, pages: list[httpx.Response], detail: str) -> None:
    """What was not read is not zero, whatever the rest of the list says."""
    scene.router.get(url__regex=r".*/workflows").mock(side_effect=pages)
    (said,) = ask(scene, RUNS)
    assert isinstance(said, Unreachable) and detail in str(said)


def test_nothing_listed_is_an_answer_without_rows(scene: Scene) -> None:
    """A list may be empty."""
    scene.router.get(url__regex=r".*/workflows").mock(return_value=listed([], total_count=0))
    (said,) = ask(scene, RUNS)
    assert isinstance(said, Answer) and said.hours == {}


def test_only_the_fields_wanted_are_asked_for(scene: Scene) -> None:
    """Parameters are those of the resource."""
    route = scene.router.get(url__regex=r".*/d1/database/d1").mock(return_value=listed({"file_size": 12345678}))
    assert rows(ask(scene, SIZE, "d1")[0]) == {("d1", ()): (12345678,)}
    assert dict(route.calls[0].request.url.params) == {"fields": "file_size"}


WHAT = f"queueMetrics of queue q1 of account Example ({EXAMPLE.id})"


@pytest.mark.parametrize(
    ("response", "kind", "detail"),
    [
        (refused(401, 9106, "Authentication failed"), TokenRejected, "HTTP 401"),
        (refused(403, 10000, "Authentication error"), Forbidden, "HTTP 403"),
        (refused(404, 10006, "Queue not found"), NotEnabled, "HTTP 404"),
        (answer({}, 429, Retry_After="300"), Throttled, "throttling"),
        (answer({}, 500), Unreachable, "HTTP 500"),
        (httpx.Response(200, text="<html>", headers={"Date": "Mon, 20 Oct 2025 10:00:05 GMT"}), Unreachable, "JSON"),
        (listed(None), Unreachable, "no object at result"),
        (listed([1]), Unreachable, "no object at result"),
        (listed({"backlog_count": 1}), Unreachable, "no whole amount at backlog_bytes, but None"),
        (listed({"backlog_count": "1", "backlog_bytes": 1}), Unreachable, "no whole amount at backlog_count, but '1'"),
        (listed({"backlog_count": 1.5, "backlog_bytes": 1}), Unreachable, "but 1.5"),
        (listed({"backlog_count": True, "backlog_bytes": 1}), Unreachable, "but True"),
        (listed({"backlog_count": -1, "backlog_bytes": 1}), Unreachable, "but -1"),
        (listed({"backlog_count": {}, "backlog_bytes": 1}), Unreachable, "but {}"),
    ],
)
def test_what_cannot_be_read_costs_only_itself(
    scene: Scene, response: httpx.Response, kind: type[CloudflareError], detail: str
) -> None:
    """The error says what was asked, of which asset and account; the next asset is read."""
    scene.router.get(f"{QUEUES}/q1/metrics").mock(return_value=response)
    scene.router.get(f"{QUEUES}/q2/metrics").mock(return_value=listed({"backlog_count": 1, "backlog_bytes": 2}))
    first, second = ask(scene, BACKLOG, "q2", "q1")[::-1]
    assert type(first) is kind
    assert str(first).startswith(WHAT) and detail in str(first)
    assert rows(second) == {("q2", ()): (1, 2)}


def test_a_missing_permission_is_named(scene: Scene) -> None:
    """The remedy is the permission of the resource, in Cloudflare's words."""
    scene.router.get(f"{QUEUES}/q1/metrics").mock(return_value=refused(403, 10000, "Authentication error"))
    (said,) = ask(scene, BACKLOG, "q1")
    assert isinstance(said, Forbidden) and said.is_final
    assert said.remedy == "Grant the token the permission 'Queues Read'."


def test_a_resource_that_hangs_is_given_up(scene: Scene) -> None:
    """Its time is limited, and those that wait behind it are read."""

    async def hang(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    scene.router.get(f"{QUEUES}/q1/metrics").mock(side_effect=hang)
    scene.router.get(f"{QUEUES}/q2/metrics").mock(return_value=listed({"backlog_count": 1, "backlog_bytes": 2}))
    questions = [(BACKLOG, question(BACKLOG, asset)) for asset in ("q1", "q2")]
    reader = RestReader(scene.client, patience=0.05)
    first, second = asyncio.run(reader.ask(EXAMPLE, questions)).values()
    assert isinstance(first, Unreachable) and "no complete answer within 0.05 s" in str(first)
    assert rows(second) == {("q2", ()): (1, 2)}
    assert (reader.asked(EXAMPLE.id), reader.asked("b")) == (2, 0)


def test_nothing_is_sent_beyond_the_budget(scene: Scene) -> None:
    """What would exceed it is withheld, and says so."""
    scene.budget.set_shares({"graphql": 0.7, "rest": 3 / 1_200})
    names = [f"q{number}" for number in range(5)]
    scene.router.get(url__regex=r".*/metrics").mock(return_value=listed({"backlog_count": 1, "backlog_bytes": 2}))
    said = ask(scene, BACKLOG, *names)
    assert [isinstance(each, Answer) for each in said] == [True, True, True, False, False]
    assert "rest request budget" in str(said[-1])
