"""The real server, the control interface, the clocks and the demo account."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from exporter.simulator import (
    DEMO_ACCOUNT_ID,
    DEMO_TOKEN,
    Fault,
    Kind,
    ManualClock,
    Simulator,
    SystemClock,
    demo_world,
    running,
    serve_simulator,
)
from tests.simulator.client import ACCOUNT, OF_ACCOUNTS, WORKERS, Client, iso


def test_serves_on_a_free_port(simulator: Simulator) -> None:
    """The server answers on a free port, with the simulated date only, breaks connections and stops."""

    async def visit() -> int:
        async with running(simulator) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            answer = await http.get("/client/v4/accounts", headers={"authorization": "Bearer secret"})
            assert answer.headers.get_list("date") == ["Mon, 01 Jun 2026 10:30:05 GMT"]
            assert answer.json()["result"][0]["id"] == ACCOUNT
            simulator.faults.add(Fault(kind=Kind.DISCONNECT, times=1))
            with pytest.raises(httpx.RemoteProtocolError):
                await http.get("/client/v4/accounts")
            assert (await http.get("/client/v4/accounts")).status_code == 401
            return port

    port = asyncio.run(visit())
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_serve_simulator_stops(simulator: Simulator, clock: ManualClock) -> None:
    """The coroutine tells its port and ends when it is told to, or when it is cancelled."""

    async def visit() -> list[int]:
        ports: list[int] = []
        stop = asyncio.Event()

        def ready(port: int) -> None:
            ports.append(port)
            stop.set()

        await serve_simulator("127.0.0.1", 0, simulator.state.world, clock, on_ready=ready, stop=stop)

        def cancel(_port: int) -> None:
            task.cancel()

        task = asyncio.create_task(serve_simulator("127.0.0.1", 0, simulator.state.world, clock, on_ready=cancel))
        with pytest.raises(asyncio.CancelledError):
            await task
        return ports

    assert asyncio.run(visit())[0] > 0


def test_control_clock(simulator: Simulator, client: Client, clock: ManualClock) -> None:
    """The clock is read and set; what a clock can't do is refused."""
    assert client.request("GET", "/_sim/clock").json() == {"now": "2026-06-01T10:30:05+00:00"}
    answer = client.request("POST", "/_sim/clock", json={"now": "2026-06-02T00:00:00Z"})
    assert answer.json() == {"now": "2026-06-02T00:00:00+00:00"}
    assert clock.now() == datetime(2026, 6, 2, tzinfo=UTC)
    assert client.request("POST", "/_sim/clock", json={"speed": 2}).status_code == 400
    assert client.request("POST", "/_sim/clock", json={"sped": 2}).status_code == 400
    running_clock = Client(Simulator(simulator.state.world, SystemClock()), None)
    answer = running_clock.request("POST", "/_sim/clock", json={"now": "2026-06-02T00:00:00Z", "frozen": True}).json()
    assert answer == {"now": "2026-06-02T00:00:00+00:00", "speed": 1.0, "frozen": True}


def test_control_faults(client: Client) -> None:
    """Faults are declared, listed and cleared without a token."""
    declared = client.request("POST", "/_sim/faults", json={"kind": "http_status", "status": 502, "times": 1}).json()
    assert declared["faults"][0]["status"] == 502
    assert client.get("/accounts").status_code == 502
    assert client.request("GET", "/_sim/faults").json() == {"faults": []}
    client.request("POST", "/_sim/faults", json=[{"kind": "throttle", "seconds": 1}])
    assert client.request("DELETE", "/_sim/faults").json() == {"faults": []}
    assert client.request("POST", "/_sim/faults", json={"kind": "nonsense"}).status_code == 400
    for wrong in ({"kind": "slow", "secnds": 1}, {"kind": "stale"}, {"kind": "slow", "until": "2026-06-01T10:00:00"}):
        assert client.request("POST", "/_sim/faults", json=wrong).status_code == 400
    stale = {"kind": "stale", "seconds": 60, "dataset": WORKERS, "until": "2026-06-01T11:00:00Z"}
    assert client.request("POST", "/_sim/faults", json=stale).json()["faults"][0]["until"] == "2026-06-01T11:00:00Z"


def test_control_world(simulator: Simulator, client: Client) -> None:
    """Incidents, lateness, the end of usage and names are changed, and the requests counted."""
    incident = client.request("POST", "/_sim/incident", json={"account": ACCOUNT, "script_tag": "1" * 32, "minutes": 5})
    assert incident.json() == {"since": "2026-06-01T10:30:05+00:00", "until": "2026-06-01T10:35:05+00:00"}
    changed = {
        "quiet_from": "2026-06-01T11:00:00+00:00",
        "lateness_seconds": 60,
        "arrival": [[60, 400], [600, 1000]],
    }
    assert client.request("POST", "/_sim/traffic", json=changed).json() == changed
    assert client.request("POST", "/_sim/traffic", json={"arrival": [[60, 400]]}).status_code == 400
    assert client.request("POST", "/_sim/traffic", json={"quiet_from": None}).json()["quiet_from"] is None
    renamed = {"account": ACCOUNT, "kind": "database", "id": "d1-orders", "name": "sales"}
    assert client.request("POST", "/_sim/rename", json=renamed).status_code == 200
    assert client.get(f"/accounts/{ACCOUNT}/d1/database").json()["result"][0]["name"] == "sales"
    assert client.request("POST", "/_sim/rename", json={**renamed, "id": "none"}).status_code == 400
    assert client.request("GET", "/_sim/requests").json() == {"rest": 1}
    assert client.request("GET", "/_sim/").json()["accounts"][0] == {"id": ACCOUNT, "name": "Example"}
    assert client.request("GET", "/_sim/nonsense").status_code == 404


def test_control_assets(simulator: Simulator, client: Client, clock: ManualClock) -> None:
    """Assets are created and deleted; what can't be is refused with the reason."""

    def post(path: str, **body: object) -> httpx.Response:
        return client.request("POST", f"/_sim/{path}", json={"account": ACCOUNT, **body})

    def names() -> list[str]:
        return [entry["name"] for entry in client.get(f"/accounts/{ACCOUNT}/d1/database").json()["result"]]

    assert post("create", kind="database", id="d1-log", name="log", weight=3).json() == {"id": "d1-log"}
    assert names() == ["orders", "log"]
    assert post("delete", kind="database", id="d1-orders").json() == {"id": "d1-orders"}
    assert names() == ["log"]
    since = clock.now().replace(second=0)
    used = simulator.used(ACCOUNT, "d1AnalyticsAdaptiveGroups", since, since + timedelta(hours=1), by=("databaseId",))
    assert set(used) == {("d1-log",)}
    created = post("create", kind="database", id="d1-new", name="orders", created="2026-06-01T10:29:00Z")
    assert created.status_code == 200
    assert names() == ["log", "orders"]
    assert post("create", kind="bucket", name="archive", stored_bytes=5).json() == {"id": "archive"}
    for refused in (
        post("create", kind="database", id="d1-log", name="again"),
        post("create", kind="database", id="d1-odd", name="odd", colour="red"),
        post("create", kind="database", id="d1-odd", name="odd", deleted="2026-06-02T00:00:00Z"),
        post("create", kind="database", id="d1-odd", name="odd", created="2026-06-01T10:29:00"),
        post("create", kind="database", id="d1-odd"),
        post("create", kind="teapot", id="1", name="odd"),
        post("delete", kind="database", id="d1-orders"),
    ):
        assert refused.status_code == 400
        assert refused.json()["error"]
    assert names() == ["log", "orders"]


def test_control_oracle(simulator: Simulator, client: Client, clock: ManualClock) -> None:
    """The oracle's figures are served by dimensions."""
    since, until = clock.now() - timedelta(hours=1), clock.now()
    query = {"account": ACCOUNT, "dataset": WORKERS, "from": iso(since), "until": iso(until), "by": "scriptTag,status"}
    used = simulator.used(ACCOUNT, WORKERS, since, until, by=("scriptTag", "status"))
    rows = client.request("GET", "/_sim/used", params=query).json()["rows"]
    assert {(row["dimensions"]["scriptTag"], row["dimensions"]["status"]): row["sum"] for row in rows} == used
    assert client.request("GET", "/_sim/visible", params=query).json()["rows"] == rows
    early = client.request("GET", "/_sim/visible", params={**query, "at": iso(since)}).json()
    assert early == {"rows": []}
    assert client.request("GET", "/_sim/used", params={**query, "dataset": "none"}).status_code == 400


def test_system_clock() -> None:
    """A system clock runs at its speed from its offset, stands still when frozen and can be set."""
    ticks = [0.0]
    clock = SystemClock(timedelta(hours=1), 60, wall=lambda: 0.0, monotonic=lambda: ticks[0])
    start = datetime(1970, 1, 1, 1, tzinfo=UTC)
    assert clock.now() == start
    ticks[0] = 2.0
    assert clock.now() == start + timedelta(minutes=2)
    clock.freeze()
    ticks[0] = 3.0
    assert clock.now() == start + timedelta(minutes=2)
    clock.freeze(False)
    clock.set_speed(1)
    ticks[0] = 4.0
    assert clock.now() == start + timedelta(minutes=2, seconds=1)
    clock.set(start)
    assert clock.now() == start


def test_demo_account() -> None:
    """The demo account uses all datasets of accounts, an idle Worker, a tenant that no list shows, and is well."""
    now = datetime(2026, 6, 12, 12, tzinfo=UTC)
    simulator = Simulator(demo_world(), ManualClock(now))
    client = Client(simulator, DEMO_TOKEN)
    scripts = client.get(f"/accounts/{DEMO_ACCOUNT_ID}/workers/scripts").json()["result"]
    tags = {script["id"]: script["tag"] for script in scripts}
    hour = timedelta(hours=1)
    used = simulator.used(DEMO_ACCOUNT_ID, WORKERS, now - hour, now, by=("scriptTag",))
    assert (tags["labs-idle"],) not in used
    assert {tag for (tag,) in used} - set(tags.values())
    assert all(figures["errors"] < figures["requests"] // 50 for figures in used.values())
    for dataset in OF_ACCOUNTS:
        assert simulator.used(DEMO_ACCOUNT_ID, dataset, now - hour, now)
