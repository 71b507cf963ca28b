"""Declared faults below the API: status, throttling, connection, delay and body; and which requests a fault hits."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import httpx
import pytest

from exporter.simulator import Fault, Kind, ManualClock, Simulator, running
from exporter.simulator.app import ConnectionBroken
from tests.simulator.client import ACCOUNT, MINUTE, SCRIPTS, TOKEN, Client

Fail = Callable[..., None]


@pytest.mark.parametrize("status", [401, 403, 500, 502, 503])
def test_http_status(fail: Fail, client: Client, clock: ManualClock, status: int) -> None:
    """Requests are answered with an HTTP status, in the API's envelope."""
    fail(Kind.HTTP_STATUS, status=status)
    answers = [client.get(SCRIPTS), client.graphql("{ cost }")]
    assert [(answer.status_code, answer.json()["success"]) for answer in answers] == [(status, False)] * 2
    assert answers[0].headers["date"] == "Mon, 01 Jun 2026 10:30:05 GMT"
    clock.advance(MINUTE)
    assert client.get(SCRIPTS).status_code == 200


@pytest.mark.parametrize("status", [200, 502])
def test_html(fail: Fail, client: Client, clock: ManualClock, status: int) -> None:
    """Requests are answered with a page, even one that says that all is well."""
    fail(Kind.HTTP_STATUS, status=status, html=True)
    for answer in (client.get(SCRIPTS), client.graphql("{ cost }")):
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=UTF-8")
        assert answer.text.startswith("<html>")
    clock.advance(MINUTE)
    assert client.get(SCRIPTS).json()["success"] is True


def test_throttle(fail: Fail, client: Client, clock: ManualClock) -> None:
    """A throttled request says in seconds when to come back."""
    fail(Kind.THROTTLE, seconds=17, api="graphql")
    assert client.get(SCRIPTS).status_code == 200
    answer = client.graphql("{ cost }")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "17")
    clock.advance(MINUTE)
    assert client.graphql("{ cost }").status_code == 200


def test_throttle_without_advice(fail: Fail, client: Client, clock: ManualClock) -> None:
    """A throttled request need not say when to come back."""
    fail(Kind.THROTTLE, retry_after=False)
    for answer in (client.get(SCRIPTS), client.graphql("{ cost }")):
        assert answer.status_code == 429
        assert "retry-after" not in answer.headers
    clock.advance(MINUTE)
    assert client.get(SCRIPTS).status_code == 200


def test_disconnect(fail: Fail, simulator: Simulator, client: Client, clock: ManualClock) -> None:
    """A broken connection is raised, as the error that the simulator was given for it."""
    fail(Kind.DISCONNECT)
    with pytest.raises(ConnectionBroken):
        client.get(SCRIPTS)
    clock.advance(MINUTE)
    assert client.get(SCRIPTS).status_code == 200
    given = Simulator(
        simulator.state.world, clock, broken_connection=lambda: httpx.RemoteProtocolError("server disconnected")
    )
    given.faults.add(Fault(kind=Kind.DISCONNECT, path="/accounts/*/workers/*"))
    assert Client(given).get("/accounts").status_code == 200
    with pytest.raises(httpx.RemoteProtocolError):
        Client(given).get(SCRIPTS)


def test_slow(simulator: Simulator, clock: ManualClock) -> None:
    """A slow answer waits by the sleep that the simulator was given."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    slow = Simulator(simulator.state.world, clock, sleep=sleep)
    slow.faults.add(Fault(kind=Kind.SLOW, seconds=30, product="workers", until=clock.now() + MINUTE))
    assert Client(slow).get(f"/accounts/{ACCOUNT}/d1/database").status_code == 200
    assert Client(slow).get(SCRIPTS).status_code == 200
    assert waited == [30]
    clock.advance(MINUTE)
    assert Client(slow).get(SCRIPTS).status_code == 200
    assert waited == [30]


def test_slow_beyond_the_timeout_in_process(simulator: Simulator, clock: ManualClock) -> None:
    """The sleep decides what happens to a client that does not wait so long: what it raises reaches the client."""

    async def sleep(seconds: float) -> None:
        raise httpx.ReadTimeout(f"no answer within {seconds} s")

    slow = Simulator(simulator.state.world, clock, sleep=sleep)
    slow.faults.add(Fault(kind=Kind.SLOW, seconds=40, times=1))
    with pytest.raises(httpx.ReadTimeout):
        Client(slow).get(SCRIPTS)
    assert Client(slow).get(SCRIPTS).status_code == 200


def test_slow_beyond_the_timeout_of_a_connection(fail: Fail, simulator: Simulator, clock: ManualClock) -> None:
    """A client of the real server runs into its own timeout, and the server does not go on waiting without it."""
    fail(Kind.SLOW, seconds=600)

    async def visit() -> None:
        headers = {"authorization": f"Bearer {TOKEN}"}
        async with running(simulator) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            with pytest.raises(httpx.ReadTimeout):
                await http.get("/client/v4/accounts", headers=headers, timeout=0.05)
            clock.advance(MINUTE)
            assert (await http.get("/client/v4/accounts", headers=headers)).status_code == 200

    asyncio.run(visit())


def test_truncated_body(fail: Fail, client: Client, clock: ManualClock) -> None:
    """A body that ends halfway is no JSON."""
    fail(Kind.TRUNCATED_BODY)
    for answer in (client.get(SCRIPTS), client.graphql("{ cost }")):
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            answer.json()
    clock.advance(MINUTE)
    assert client.get(SCRIPTS).json()["success"] is True


def test_faults_of_transport_join_others(simulator: Simulator, clock: ManualClock) -> None:
    """A failure can be slow and cut short too, whichever is declared first; of two whole answers the first is given."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    slow = Simulator(simulator.state.world, clock, sleep=sleep)
    slow.faults.add(
        Fault(kind=Kind.HTTP_STATUS, status=503, times=1),
        Fault(kind=Kind.DISCONNECT, times=1),
        Fault(kind=Kind.SLOW, seconds=5, times=2),
        Fault(kind=Kind.TRUNCATED_BODY, times=1),
    )
    answer = Client(slow).get(SCRIPTS)
    assert (answer.status_code, waited) == (503, [5])
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        answer.json()
    with pytest.raises(ConnectionBroken):
        Client(slow).get(SCRIPTS)
    assert waited == [5, 5]
    assert Client(slow).get(SCRIPTS).json()["success"] is True


def test_since_until_and_times(simulator: Simulator, client: Client, clock: ManualClock) -> None:
    """A fault holds between its times, and hits as many requests as it says at most."""
    simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, since=clock.now() + MINUTE, until=clock.now() + 2 * MINUTE))
    assert client.get(SCRIPTS).status_code == 200
    clock.advance(MINUTE)
    assert client.get(SCRIPTS).status_code == 500
    clock.advance(MINUTE)
    simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, times=2))
    assert [client.get(SCRIPTS).status_code for _ in range(3)] == [500, 500, 200]


def test_chance(simulator: Simulator, clock: ManualClock) -> None:
    """By chance a fault hits the same requests whenever they are repeated."""
    outcomes = []
    for _ in range(2):
        each = Simulator(simulator.state.world, clock)
        each.faults.add(Fault(kind=Kind.HTTP_STATUS, probability=0.3))
        outcomes.append([Client(each).get(SCRIPTS).status_code for _ in range(30)])
    assert outcomes[0] == outcomes[1]
    assert 2 <= outcomes[0].count(500) <= 18


@pytest.mark.parametrize(
    ("kind", "needed"),
    [
        (Kind.ACCOUNT_GONE, "account"),
        (Kind.MISSING_FIELD, "field"),
        (Kind.STALE, "seconds"),
        (Kind.SHORT_DURATION, "seconds"),
        (Kind.SHORT_RETENTION, "seconds"),
        (Kind.SMALL_PAGES, "limit"),
        (Kind.TOO_MANY_NODES, "limit"),
    ],
)
def test_a_fault_says_what_it_lacks(kind: Kind, needed: str) -> None:
    """A kind that would do nothing without one of its fields is not declared without it."""
    with pytest.raises(ValueError, match=f"a fault {kind} needs {needed}"):
        Fault(kind=kind)


def test_times_of_a_fault_are_aware() -> None:
    """A time without its offset from UTC is refused when the fault is declared."""
    with pytest.raises(ValueError, match="until of a fault slow lacks an offset"):
        Fault(kind=Kind.SLOW, until=datetime(2026, 6, 1, 10))  # noqa: DTZ001
