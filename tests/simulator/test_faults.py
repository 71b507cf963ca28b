"""Limits and declared faults."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from exporter.simulator import Fault, Kind, Limits, ManualClock, Simulator, TokenModel
from exporter.simulator.app import ConnectionBroken
from tests.simulator.client import ACCOUNT, TOKEN, WORKERS, Client, between

SINCE = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
RANGE = between(SINCE, SINCE + timedelta(hours=1))
WHOLE = f"workers: {WORKERS}(limit: 100, filter: {{{RANGE}}}) {{ sum {{ requests }} }}"
DATABASES = f"databases: d1AnalyticsAdaptiveGroups(limit: 100, filter: {{{RANGE}}}) {{ count }}"
SCRIPTS = f"/accounts/{ACCOUNT}/workers/scripts"


def test_exceeding_blocks_the_user(simulate: Callable[..., Simulator], clock: ManualClock) -> None:
    """One request too many blocks every token and API of the user for five minutes, and nobody else."""
    tokens = (TokenModel(token="one", user="a"), TokenModel(token="two", user="a"), TokenModel(token="three", user="b"))
    simulator = simulate(tokens=tokens, limits=Limits(rest=3, graphql=2))
    one, two, three = (Client(simulator, token.token) for token in tokens)
    assert [client.get("/accounts").status_code for client in (one, two, one, two)] == [200, 200, 200, 429]
    blocked = one.get("/accounts")
    assert (blocked.status_code, blocked.headers["retry-after"]) == (429, "300")
    answer = two.graphql("{ cost }")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (429, "budget")
    assert three.get("/accounts").status_code == 200
    clock.advance(timedelta(minutes=4, seconds=59))
    assert two.get("/accounts").headers["retry-after"] == "1"
    clock.advance(timedelta(seconds=1))
    assert two.get("/accounts").status_code == 200


def test_limits_can_be_off(simulate: Callable[..., Simulator]) -> None:
    """Without limits nothing is refused and no header tells of any."""
    client = Client(simulate(limits=Limits(rest=None, graphql=None)))
    answers = [client.graphql("{ viewer { budget } }") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "ratelimit" not in answers[0].headers


def test_graphql_is_limited(simulate: Callable[..., Simulator]) -> None:
    """The third of two allowed documents is refused with the documented message."""
    client = Client(simulate(limits=Limits(graphql=2)))
    assert [client.graphql("{ cost }").status_code for _ in range(3)] == [200, 200, 429]
    answer = client.graphql("{ cost }").json()
    assert answer["data"] is None
    assert answer["errors"][0]["message"].startswith("rate limiter budget depleted")


@pytest.mark.parametrize("status", [401, 403, 500, 502, 503])
def test_http_status(simulator: Simulator, client: Client, status: int) -> None:
    """A request is answered with an HTTP status, as often as declared, as JSON or as a page."""
    simulator.faults.add(
        Fault(kind=Kind.HTTP_STATUS, status=status, times=1),
        Fault(kind=Kind.HTTP_STATUS, status=status, html=True, times=1),
    )
    first, second, third = client.get(SCRIPTS), client.get(SCRIPTS), client.get(SCRIPTS)
    assert (first.status_code, first.json()["success"]) == (status, False)
    assert (second.status_code, second.headers["content-type"][:9]) == (status, "text/html")
    assert third.status_code == 200
    assert "date" in first.headers


def test_throttle(simulator: Simulator, client: Client) -> None:
    """A throttled request says when to come back."""
    simulator.faults.add(Fault(kind=Kind.THROTTLE, seconds=17, api="graphql"))
    assert client.get(SCRIPTS).status_code == 200
    answer = client.graphql("{ cost }")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "17")


def test_disconnect(simulate: Callable[..., Simulator], clock: ManualClock) -> None:
    """A broken connection is raised, as the error that the simulator was given for it."""
    simulator = simulate()
    simulator.faults.add(Fault(kind=Kind.DISCONNECT))
    with pytest.raises(ConnectionBroken):
        Client(simulator).get(SCRIPTS)
    given = Simulator(
        simulator.state.world, clock, broken_connection=lambda: httpx.RemoteProtocolError("server disconnected")
    )
    given.faults.add(Fault(kind=Kind.DISCONNECT, path="/accounts/*/workers/*"))
    assert Client(given).get("/accounts").status_code == 200
    with pytest.raises(httpx.RemoteProtocolError):
        Client(given).get(SCRIPTS)


def test_slow(simulate: Callable[..., Simulator], clock: ManualClock) -> None:
    """A slow answer waits by the sleep that the simulator was given."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    simulator = Simulator(simulate().state.world, clock, sleep=sleep)
    simulator.faults.add(Fault(kind=Kind.SLOW, seconds=30, product="workers"))
    assert Client(simulator).get(f"/accounts/{ACCOUNT}/d1/database").status_code == 200
    assert Client(simulator).get(SCRIPTS).status_code == 200
    assert waited == [30]


def test_alias_error(simulator: Simulator, client: Client) -> None:
    """A failing dataset leaves the others of the document; REST requests use none of its times up."""
    simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR, dataset=WORKERS, message="quota exceeded", code="quota", times=1))
    client.get(SCRIPTS)
    assert client.ask(DATABASES)["errors"] is None
    answer = client.ask(WHOLE, DATABASES)
    node = answer["data"]["viewer"]["accounts"][0]
    assert node["workers"] is None
    assert node["databases"]
    assert [(error["path"][-1], error["message"], error["extensions"]["code"]) for error in answer["errors"]] == [
        ("workers", "quota exceeded", "quota")
    ]
    assert client.ask(WHOLE, DATABASES)["errors"] is None


def test_document_and_budget_errors(simulator: Simulator, client: Client) -> None:
    """A document is refused as a whole, with a status of its own or as a budget error in an answer 200."""
    simulator.faults.add(
        Fault(kind=Kind.DOCUMENT_ERROR, message="unable to execute query, please try again later", status=503, times=1),
        Fault(kind=Kind.BUDGET_ERROR, message="Account has exceeded its rate limit", times=1),
    )
    text = f'{{ viewer {{ accounts(filter: {{accountTag: "{ACCOUNT}"}}) {{ {WHOLE} }} }} }}'
    first, second, third = client.graphql(text), client.graphql(text), client.graphql(text)
    assert (first.status_code, first.json()["data"]) == (503, None)
    assert (second.status_code, second.json()["data"]) == (200, None)
    assert second.json()["errors"][0]["extensions"]["code"] == "budget"
    assert third.json()["errors"] is None


def test_wrong_figures(simulator: Simulator, client: Client) -> None:
    """A dataset wrongly answers nothing or less, and an answer can lack the account."""
    (right,) = client.ask(WHOLE)["data"]["viewer"]["accounts"][0]["workers"]
    simulator.faults.add(Fault(kind=Kind.ACCOUNTS_EMPTY, times=1))
    assert client.ask(WHOLE) == {"data": {"viewer": {"accounts": []}}, "errors": None}
    simulator.faults.add(Fault(kind=Kind.EMPTY, dataset=WORKERS, times=1))
    node = client.ask(WHOLE, DATABASES)["data"]["viewer"]["accounts"][0]
    assert node["workers"] == []
    assert node["databases"]
    simulator.faults.add(Fault(kind=Kind.LOWER, fraction=250, times=1))
    (lower,) = client.ask(WHOLE)["data"]["viewer"]["accounts"][0]["workers"]
    assert lower["sum"]["requests"] == right["sum"]["requests"] // 4


def test_truncated_body(simulator: Simulator, client: Client) -> None:
    """A body that ends halfway is no JSON."""
    simulator.faults.add(Fault(kind=Kind.TRUNCATED_BODY, times=2))
    for answer in (client.get(SCRIPTS), client.graphql("{ cost }")):
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            answer.json()


def test_short_list(simulator: Simulator, client: Client) -> None:
    """A list that is short once lacks assets that the next answer has."""
    simulator.faults.add(Fault(kind=Kind.SHORT_LIST, times=1))
    assert [len(client.get(SCRIPTS).json()["result"]) for _ in range(2)] == [1, 2]


def test_time_and_chance(simulator: Simulator, client: Client, clock: ManualClock) -> None:
    """A fault holds between its times, and by chance hits the same requests whenever they are repeated."""
    simulator.faults.add(
        Fault(kind=Kind.HTTP_STATUS, since=clock.now() + timedelta(minutes=1), until=clock.now() + timedelta(minutes=2))
    )
    assert client.get(SCRIPTS).status_code == 200
    clock.advance(timedelta(minutes=1))
    assert client.get(SCRIPTS).status_code == 500
    clock.advance(timedelta(minutes=1))
    assert client.get(SCRIPTS).status_code == 200
    simulator.faults.clear()
    again = Simulator(simulator.state.world, clock)
    outcomes = []
    for each in (simulator, again):
        each.requests.clear()
        each.faults.add(Fault(kind=Kind.HTTP_STATUS, probability=0.3))
        outcomes.append([Client(each, TOKEN).get(SCRIPTS).status_code for _ in range(30)])
    assert outcomes[0] == outcomes[1]
    assert 2 <= outcomes[0].count(500) <= 18
