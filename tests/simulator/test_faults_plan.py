"""Declared faults of the plan: what a dataset may be asked is less for a while, and its settings say so."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from exporter.simulator import Fault, Kind, ManualClock, Simulator
from tests.simulator.client import DATABASES, HOUR, MINUTE, NINE, REQUESTS, WORKERS, Client, between, node

Fail = Callable[..., None]

QUERIES = "d1QueriesAdaptiveGroups"
FIELDS = "enabled availableFields maxDuration notOlderThan maxPageSize"


def settings(client: Client, dataset: str = WORKERS) -> dict[str, Any]:
    """The settings of a dataset."""
    return dict(node(client.ask(f"settings {{ {dataset} {{ {FIELDS} }} }}"))["settings"][dataset])


def refusal(client: Client, question: str) -> tuple[str, str | None]:
    """The message and the code with which one question fails beside a healthy one."""
    answer = client.ask(f"failing: {question}", DATABASES)
    assert node(answer)["failing"] is None
    assert node(answer)["databases"]
    (error,) = answer["errors"]
    assert error["path"][-1] == "failing"
    return error["message"], error["extensions"].get("code")


def requests_of(hours: int, limit: int = 100) -> str:
    """A question about some hours from nine."""
    return f"{WORKERS}(limit: {limit}, filter: {{{between(NINE, NINE + hours * HOUR)}}}) {{ sum {{ requests }} }}"


def test_unavailable(fail: Fail, client: Client, clock: ManualClock) -> None:
    """A dataset is not part of the plan, and then is again."""
    fail(Kind.UNAVAILABLE, dataset=WORKERS)
    assert settings(client)["enabled"] is False
    assert settings(client, QUERIES)["enabled"] is True
    message, code = refusal(client, requests_of(1))
    assert (message.endswith(f"does not have access to the path {WORKERS}"), code) == (True, "authz")
    clock.advance(MINUTE)
    assert settings(client)["enabled"] is True
    assert node(client.ask(REQUESTS))["workers"]


def test_missing_field(fail: Fail, client: Client, clock: ManualClock) -> None:
    """A field is removed: it is not available, and a document that selects it is refused as a whole."""
    fail(Kind.MISSING_FIELD, dataset=WORKERS, field="sum_clientDisconnects")
    assert "sum_clientDisconnects" not in settings(client)["availableFields"]
    assert "sum_requests" in settings(client)["availableFields"]
    removed = REQUESTS.replace("requests", "clientDisconnects requests")
    answer = client.ask(DATABASES, removed)
    assert answer["data"] is None
    assert answer["errors"][0]["message"] == 'unknown field "clientDisconnects"'
    assert client.ask(DATABASES, REQUESTS)["errors"] is None
    clock.advance(MINUTE)
    assert "sum_clientDisconnects" in settings(client)["availableFields"]
    assert client.ask(DATABASES, removed)["errors"] is None


def test_missing_field_that_was_asked_before(fail: Fail, client: Client) -> None:
    """A document that was answered is refused once its field is removed, from whichever dataset."""
    assert client.ask(REQUESTS)["errors"] is None
    fail(Kind.MISSING_FIELD, field="sum_requests")
    assert client.ask(REQUESTS)["errors"][0]["message"] == 'unknown field "requests"'
    assert client.ask(DATABASES)["errors"] is None


def test_removed_fields_join_those_of_the_world(simulate: Callable[..., Simulator]) -> None:
    """A removed field is missing beside those that never were."""
    simulator = simulate(missing_fields={WORKERS: frozenset({"sum_errors"})})
    client = Client(simulator)
    assert client.ask(REQUESTS)["errors"] is None
    simulator.faults.add(Fault(kind=Kind.MISSING_FIELD, dataset=WORKERS, field="sum_requests", times=2))
    assert {"sum_errors", "sum_requests"}.isdisjoint(settings(client)["availableFields"])
    assert client.ask(REQUESTS)["data"] is None
    assert client.ask(REQUESTS)["errors"] is None
    assert client.ask(REQUESTS.replace("requests", "errors"))["data"] is None


def test_short_duration(fail: Fail, client: Client, clock: ManualClock) -> None:
    """One question may span less time than usual."""
    fail(Kind.SHORT_DURATION, dataset=WORKERS, seconds=3_600)
    assert settings(client)["maxDuration"] == 3_600
    assert settings(client, QUERIES)["maxDuration"] == 31 * 86_400
    message, _ = refusal(client, requests_of(2))
    assert message == "query time range is too large: cannot request a time range wider than 3600s"
    assert client.ask(requests_of(1))["errors"] is None
    clock.advance(MINUTE)
    assert settings(client)["maxDuration"] == 31 * 86_400
    assert client.ask(requests_of(2))["errors"] is None


def test_short_retention(fail: Fail, client: Client, clock: ManualClock) -> None:
    """Data are kept for less time than usual."""
    fail(Kind.SHORT_RETENTION, dataset=WORKERS, seconds=3_600)
    assert settings(client)["notOlderThan"] == 3_600
    assert settings(client, QUERIES)["notOlderThan"] == 31 * 86_400
    message, _ = refusal(client, requests_of(1))
    assert message == "cannot request data older than 3600s, requested 2026-06-01T09:00:00Z"
    recent = requests_of(1).replace("T09:00:00Z", "T09:30:10Z")
    assert client.ask(recent)["errors"] is None
    clock.advance(MINUTE)
    assert settings(client)["notOlderThan"] == 90 * 86_400
    assert client.ask(requests_of(1))["errors"] is None


def test_small_pages(fail: Fail, client: Client, clock: ManualClock) -> None:
    """Pages hold fewer rows than usual."""
    fail(Kind.SMALL_PAGES, dataset=WORKERS, limit=50)
    assert settings(client)["maxPageSize"] == 50
    message, _ = refusal(client, requests_of(1, limit=51))
    assert message == "limit must be positive number and not greater than 50"
    assert client.ask(requests_of(1, limit=50))["errors"] is None
    clock.advance(MINUTE)
    assert settings(client)["maxPageSize"] == 10_000
    assert client.ask(requests_of(1, limit=51))["errors"] is None


def test_the_least_holds(simulator: Simulator, client: Client, clock: ManualClock) -> None:
    """Of several limits the smallest holds, whatever the order; a larger one than usual changes nothing."""
    day = timedelta(days=1).total_seconds()
    simulator.faults.add(
        Fault(kind=Kind.SHORT_DURATION, seconds=7 * day),
        Fault(kind=Kind.SHORT_DURATION, seconds=day, until=clock.now() + MINUTE),
        Fault(kind=Kind.SHORT_RETENTION, seconds=365 * day),
        Fault(kind=Kind.SMALL_PAGES, limit=100_000),
    )
    held = settings(client)
    assert (held["maxDuration"], held["notOlderThan"], held["maxPageSize"]) == (86_400, 90 * 86_400, 10_000)
    clock.advance(MINUTE)
    assert settings(client)["maxDuration"] == 7 * 86_400
