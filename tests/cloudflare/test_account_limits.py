"""GraphQL requests that are limited by account: each account has a pool, and the user's limits hold if it has none."""

import asyncio

import httpx
import pytest

from exporter.cloudflare import OverBudget, Throttled
from exporter.cloudflare.client import Reply
from tests.cloudflare.conftest import Scene, answer
from tests.cloudflare.test_client import GRAPHQL_URL

A, B = "a" * 32, "b" * 32


@pytest.fixture
def by_account(scene: Scene) -> Scene:
    """A client that asks for limits by account."""
    scene.budget.limit_by_account(True)
    return scene


def query(scene: Scene, account: str = A) -> Reply:
    """The answer to a GraphQL request about an account."""
    return asyncio.run(scene.client.query("query { viewer }", {"account": account}, f"Analytics of {account}", account))


def exceeded(message: str, status: int = 200) -> httpx.Response:
    """Return the answer to a request that is one too many."""
    return answer({"data": None, "errors": [{"message": message, "extensions": {"code": "budget"}}]}, status)


def test_it_is_asked_for_by_a_header(by_account: Scene) -> None:
    """Of GraphQL requests only, and not unless it is wanted."""
    route = by_account.router.post(GRAPHQL_URL).mock(return_value=answer({"data": {}}))
    query(by_account)
    assert route.calls.last.request.headers["X-Rate-Limit-Type"] == "account-based"
    by_account.budget.limit_by_account(False)
    query(by_account)
    assert "X-Rate-Limit-Type" not in route.calls.last.request.headers


def test_each_account_has_a_pool(by_account: Scene) -> None:
    """When one is used up, questions about the other are sent all the same; both are as large as a user's."""
    by_account.router.post(GRAPHQL_URL).mock(return_value=answer({"data": {}}))
    for _ in range(210):
        query(by_account, A)
    with pytest.raises(OverBudget):
        query(by_account, A)
    assert query(by_account, B).status == 200
    assert [by_account.budget.remaining("graphql", pool) for pool in (A, B)] == [0, 209]
    assert by_account.budget.remaining("rest") == 600


def test_cloudflares_own_count_is_heeded_for_the_account(by_account: Scene) -> None:
    """Others may ask about it, too."""
    headers = {"Ratelimit": '"default";r=100;t=200', "Ratelimit_Policy": '"default";q=300;w=300'}
    by_account.router.post(GRAPHQL_URL).mock(return_value=answer({"data": {}}, **headers))
    query(by_account, A)
    assert [by_account.budget.remaining("graphql", pool) for pool in (A, B)] == [10, 210]


@pytest.mark.parametrize("status", [200, 429])
def test_an_account_that_is_limited_is_silenced_alone(by_account: Scene, status: int) -> None:
    """Cloudflare names it."""
    message = f"Account {A} has exceeded its rate limit"
    by_account.router.post(GRAPHQL_URL).mock(side_effect=[exceeded(message, status), answer({"data": {}})])
    if status == 200:
        query(by_account, A)
        by_account.client.silence_account(A, 300, f"Analytics of {A}: Cloudflare answered: {message}.")
    with pytest.raises(Throttled):
        query(by_account, A)
    assert query(by_account, B).status == 200
    assert by_account.budget.is_by_account


@pytest.mark.parametrize("status", [200, 429])
def test_a_limit_of_the_user_ends_it(by_account: Scene, status: int, caplog: pytest.LogCaptureFixture) -> None:
    """Then all accounts share the user's pool again, and pause; it is told once."""
    message = "rate limiter budget depleted, try again after 5 minutes"
    by_account.router.post(GRAPHQL_URL).mock(side_effect=[exceeded(message, status), answer({"data": {}})])
    if status == 200:
        query(by_account, A)
        by_account.client.silence_account(A, 300, f"Analytics of {A}: Cloudflare answered: {message}.")
    for account in (A, B):
        with pytest.raises(Throttled):
            query(by_account, account)
    assert not by_account.budget.is_by_account
    assert caplog.text.count("does not limit requests by account (cloudflare.rate_limit)") == 1
    by_account.clock.advance(301)
    assert query(by_account, B).status == 200


def test_a_refused_header_is_left_out(by_account: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """The question is asked again without it at once."""
    refusal = answer({"data": None, "errors": [{"message": "unsupported rate limit type"}]}, 400)
    route = by_account.router.post(GRAPHQL_URL).mock(side_effect=[refusal, answer({"data": {}})])
    assert query(by_account).body == {"data": {}}
    assert "X-Rate-Limit-Type" not in route.calls.last.request.headers
    assert not by_account.budget.is_by_account
    assert "it refuses the header" in caplog.text


def test_a_count_of_all_accounts_ends_it(by_account: Scene) -> None:
    """Where Cloudflare's own figures go down with every account's requests, they are the user's."""

    def counting(left: int) -> httpx.Response:
        headers = {"Ratelimit": f'"default";r={left};t=200', "Ratelimit_Policy": '"default";q=300;w=300'}
        return answer({"data": {}}, **headers)

    by_account.router.post(GRAPHQL_URL).mock(side_effect=[counting(299 - number) for number in range(20)])
    for number in range(10):
        query(by_account, f"{number:032x}")
    assert by_account.budget.is_by_account
    query(by_account, "e" * 32)
    assert not by_account.budget.is_by_account


def test_others_that_ask_about_one_account_change_nothing(by_account: Scene) -> None:
    """A count far above our own requests about all accounts is not ours, but one of this account."""
    headers = {"Ratelimit": '"default";r=299;t=200', "Ratelimit_Policy": '"default";q=300;w=300'}
    by_account.router.post(GRAPHQL_URL).mock(return_value=answer({"data": {}}, **headers))
    for number in range(100):
        query(by_account, f"{number:032x}")
    assert by_account.budget.is_by_account
