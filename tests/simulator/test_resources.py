"""Resources of accounts and of single assets, and what goes wrong with them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from exporter.simulator import AccountModel, Kind, Queue, Simulator, TokenModel
from tests.simulator.client import ACCOUNT, TOKEN, Client

BACKLOG = f"/accounts/{ACCOUNT}/queues/q1/metrics"


@pytest.fixture
def account(account: AccountModel) -> AccountModel:
    """The account with a queue."""
    return replace(account, assets=(*account.assets, Queue(id="q1", name="jobs", weight=2)))


def test_queues_are_listed_and_have_a_backlog(client: Client) -> None:
    """The backlog grows by the minute; its time is that of the oldest message."""
    (queue,) = client.get(f"/accounts/{ACCOUNT}/queues", params={"per_page": 100}).json()["result"]
    assert (queue["queue_id"], queue["queue_name"]) == ("q1", "jobs")
    assert client.get(BACKLOG).json()["result"] == {
        "backlog_count": 60,
        "backlog_bytes": 60 * 128,
        "oldest_message_timestamp_ms": 1780308000000,
    }


def test_a_database_has_a_size(client: Client, simulator: Simulator) -> None:
    """It is that of the storage dataset; a database that is not there is not found."""
    found = client.get(f"/accounts/{ACCOUNT}/d1/database/d1-orders").json()["result"]
    assert found["file_size"] > 50_000_000 and found["name"] == "orders"
    absent = client.get(f"/accounts/{ACCOUNT}/d1/database/other")
    assert (absent.status_code, absent.json()["errors"][0]["code"]) == (404, 7404)
    simulator.delete(ACCOUNT, "database", "d1-orders")
    assert client.get(f"/accounts/{ACCOUNT}/d1/database/d1-orders").status_code == 404


def test_an_account_has_resources(client: Client) -> None:
    """Without an asset in the path."""
    found = client.get(f"/accounts/{ACCOUNT}/stream/storage-usage").json()["result"]
    assert found["totalStorageMinutes"] == found["videoCount"] * 2.5


def test_each_needs_its_permission(simulate: Callable[..., Simulator]) -> None:
    """A token without it is refused, and other paths do not exist."""
    client = Client(simulate(tokens=(TokenModel(token=TOKEN, permissions=frozenset({"d1"})),)))
    assert client.get(BACKLOG).status_code == 403
    assert client.get(f"/accounts/{ACCOUNT}/stream/storage-usage").status_code == 403
    assert client.get(f"/accounts/{ACCOUNT}/queues/q1/q2/metrics").json()["errors"][0]["code"] == 7003


@pytest.mark.parametrize(("message", "result"), [("", None), ('{"backlog_count": "x"}', {"backlog_count": "x"})])
def test_results_can_be_odd(client: Client, fail: Callable[..., None], message: str, result: Any) -> None:
    """Of one product only; errors stay errors."""
    fail(Kind.ODD_RESULT, product="queues", message=message)
    answer = client.get(BACKLOG)
    assert (answer.status_code, answer.json()["success"], answer.json()["result"]) == (200, True, result)
    assert client.get(f"/accounts/{ACCOUNT}/queues/q9/metrics").status_code == 404
    assert client.get(f"/accounts/{ACCOUNT}/d1/database/d1-orders").json()["result"]["name"] == "orders"
