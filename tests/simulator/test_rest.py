"""The REST side: lists, paging, tokens and permissions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from exporter.simulator import (
    AccountModel,
    Bucket,
    Database,
    KvNamespace,
    ManualClock,
    ObjectNamespace,
    Queue,
    QueueConsumer,
    Simulator,
    TokenModel,
    Worker,
)
from tests.simulator.client import ACCOUNT, OTHER_ACCOUNT, Client

LISTS = {
    "/workers/workers": ("name", 1, 100),
    "/d1/database": ("name", 10, 10_000),
    "/workers/durable_objects/namespaces": ("name", 1, 1_000),
    "/storage/kv/namespaces": ("title", 5, 100),
}


@pytest.fixture
def account() -> AccountModel:
    """An account with 23 assets of every kind that is paged."""
    kinds: tuple[Callable[..., Any], ...] = (Worker, Database, ObjectNamespace, KvNamespace)
    assets = [
        kind(id=f"{kind.__name__}-{number:02}", name=f"asset-{number:02}") for kind in kinds for number in range(23)
    ]
    buckets = [Bucket(name=f"asset-{number:02}") for number in range(23)]
    return AccountModel(id=ACCOUNT, name="Example", assets=(*assets, *buckets, Bucket(name="law", jurisdiction="eu")))


NAMES = [f"asset-{number:02}" for number in range(23)]


@pytest.mark.parametrize("path", sorted(LISTS))
def test_page_lists(client: Client, path: str) -> None:
    """A paged list gives every asset once, over pages of the size asked for, and says how many there are."""
    name, least, most = LISTS[path]
    per_page = max(least, 10)
    pages = [
        client.get(f"/accounts/{ACCOUNT}{path}", params={"page": page, "per_page": per_page}).json()
        for page in range(1, 4)
    ]
    assert [entry[name] for page in pages for entry in page["result"]] == NAMES
    assert pages[2]["result_info"] == {"page": 3, "per_page": per_page, "count": 23 - 2 * per_page, "total_count": 23}
    assert pages[0]["success"] is True
    for wrong in (least - 1, most + 1):
        refused = client.get(f"/accounts/{ACCOUNT}{path}", params={"per_page": wrong})
        assert (refused.status_code, refused.json()["success"]) == (400, False)


def test_bucket_list(client: Client) -> None:
    """Buckets are paged by cursor, per jurisdiction, with the array inside the result."""
    cursor, names = "", []
    while True:
        answer = client.get(f"/accounts/{ACCOUNT}/r2/buckets", params={"per_page": 10, "cursor": cursor}).json()
        names += [bucket["name"] for bucket in answer["result"]["buckets"]]
        cursor = answer["result_info"]["cursor"]
        if not cursor:
            break
    assert names == NAMES
    european = client.get(f"/accounts/{ACCOUNT}/r2/buckets", headers={"cf-r2-jurisdiction": "eu"}).json()
    assert [bucket["name"] for bucket in european["result"]["buckets"]] == ["law"]
    assert client.get(f"/accounts/{ACCOUNT}/r2/buckets", params={"per_page": 1_001}).status_code == 400
    barred = client.get(f"/accounts/{ACCOUNT}/r2/buckets", headers={"cf-r2-jurisdiction": "fedramp"})
    assert barred.status_code == 403


def test_script_list_is_whole(client: Client) -> None:
    """All scripts come in one answer without paging, with the tag as identity."""
    answer = client.get(f"/accounts/{ACCOUNT}/workers/scripts").json()
    assert [(script["id"], script["tag"]) for script in answer["result"]][:1] == [("asset-00", "Worker-00")]
    assert len(answer["result"]) == 23
    assert "result_info" not in answer


def test_account_list(client: Client) -> None:
    """The account list has the accounts that the token sees."""
    answer = client.get("/accounts", params={"per_page": 50}).json()
    assert [(account["id"], account["name"]) for account in answer["result"]] == [(ACCOUNT, "Example")]
    assert answer["result_info"] == {"page": 1, "per_page": 50, "count": 1, "total_count": 1}
    assert client.get("/accounts", params={"per_page": 51}).status_code == 400


def code(client: Client, path: str) -> tuple[int, int]:
    """The HTTP status and the error code of an answer."""
    answer = client.get(path)
    return answer.status_code, answer.json()["errors"][0]["code"]


def test_refused_tokens(simulator: Simulator, simulate: Callable[..., Simulator]) -> None:
    """Missing and unknown tokens fail to authenticate, an expired one is an authentication error."""
    assert code(Client(simulator, None), "/accounts") == (401, 9106)
    assert code(Client(simulator, "wrong"), "/accounts") == (401, 9106)
    assert code(Client(simulator, "wrong"), "/user/tokens/verify") == (401, 1000)
    expired = simulate(tokens=(TokenModel(token="old", status="expired"),))
    assert code(Client(expired, "old"), "/accounts") == (401, 10000)
    assert Client(expired, "old").get("/user/tokens/verify").json()["result"]["status"] == "expired"


def test_permissions(simulate: Callable[..., Simulator]) -> None:
    """Each list needs its own permission, and the account has to be visible to the token."""
    permissions = frozenset({"accounts", "d1", "analytics"})
    token = TokenModel(token="few", accounts=frozenset({ACCOUNT}), permissions=permissions)
    client = Client(simulate(tokens=(token,)), "few")
    assert client.get(f"/accounts/{ACCOUNT}/d1/database").status_code == 200
    for path in ("/r2/buckets", "/workers/scripts", "/storage/kv/namespaces", "/workers/durable_objects/namespaces"):
        assert code(client, f"/accounts/{ACCOUNT}{path}") == (403, 10000)
    assert code(client, f"/accounts/{OTHER_ACCOUNT}/d1/database") == (403, 9109)
    assert code(client, "/accounts/nonsense/d1/database") == (404, 7003)
    assert code(client, f"/accounts/{ACCOUNT}/nonsense") == (404, 7003)


def test_verify(simulate: Callable[..., Simulator]) -> None:
    """A user's token verifies on the user path, an account's on the path of that account only."""
    tokens = (TokenModel(token="users"), TokenModel(token="accounts", owner=ACCOUNT))
    simulator = simulate(tokens=tokens)
    answer = Client(simulator, "users").get("/user/tokens/verify").json()
    assert (answer["result"]["status"], answer["messages"][0]["code"]) == ("active", 10000)
    owned = Client(simulator, "accounts")
    assert code(owned, "/user/tokens/verify") == (401, 1000)
    assert owned.get(f"/accounts/{ACCOUNT}/tokens/verify").json()["result"]["status"] == "active"


def test_r2_not_enabled(account: AccountModel, simulate: Callable[..., Simulator]) -> None:
    """An account without R2 is told to enable it."""
    client = Client(simulate(accounts=(replace(account, r2_enabled=False),)))
    assert code(client, f"/accounts/{ACCOUNT}/r2/buckets") == (403, 10042)


def test_headers(client: Client, clock: ManualClock) -> None:
    """Every answer has the simulated time and what is left of the limit."""
    clock.set(datetime(2026, 6, 1, 10, 30, 5, 700_000, tzinfo=UTC))
    first, second = client.get("/accounts"), client.get("/nonsense")
    assert first.headers["date"] == "Mon, 01 Jun 2026 10:30:05 GMT"
    assert second.headers["date"] == first.headers["date"]
    assert first.headers["ratelimit"] == '"default";r=1199;t=300'
    assert second.headers["ratelimit"] == '"default";r=1198;t=300'
    assert first.headers["ratelimit-policy"] == '"default";q=1200;w=300'


def test_a_queue_has_a_list_of_its_own_consumers(simulate: Callable[..., Simulator]) -> None:
    """Those of other queues are in theirs; a path that is no queue's has no list."""
    assets = (
        Queue(id="q1", name="mail"),
        Queue(id="q2", name="jobs"),
        QueueConsumer(id="c1", queue="q1", script="sender"),
        QueueConsumer(id="c2", queue="q2", type="http_pull"),
    )
    account = AccountModel(id=ACCOUNT, name="Example", assets=assets)
    client = Client(simulate(accounts=(account,)))
    queues = client.get(f"/accounts/{ACCOUNT}/queues").json()["result"]
    assert [(each["queue_id"], each["queue_name"]) for each in queues] == [("q1", "mail"), ("q2", "jobs")]
    found = [client.get(f"/accounts/{ACCOUNT}/queues/{queue}/consumers").json()["result"] for queue in ("q1", "q2")]
    assert [[(each["consumer_id"], each["type"]) for each in of] for of in found] == [
        [("c1", "worker")],
        [("c2", "http_pull")],
    ]
    assert client.get(f"/accounts/{ACCOUNT}/queues//consumers").status_code == 404
