"""Declared faults of GraphQL answers: errors of a part and of the whole, and figures that are wrong."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from exporter.simulator import Fault, Kind, ManualClock, Sampling, Simulator
from exporter.simulator.app import ConnectionBroken
from tests.simulator.client import (
    ACCOUNT,
    DATABASES,
    HOUR,
    MINUTE,
    NINE,
    RANGE,
    REQUESTS,
    SCRIPTS,
    WORKERS,
    Client,
    between,
    node,
)

Fail = Callable[..., None]

BUCKETS = f"buckets: r2OperationsAdaptiveGroups(limit: 100, filter: {{{RANGE}}}) {{ sum {{ requests }} }}"
DOCUMENT = f'{{ viewer {{ accounts(filter: {{accountTag: "{ACCOUNT}"}}) {{ {REQUESTS} }} }} }}'


def told(answer: Any) -> list[tuple[str, str, str | None]]:
    """The last part of the path, the message and the code of each error."""
    return [(error["path"][-1], error["message"], error["extensions"].get("code")) for error in answer["errors"]]


def test_alias_error(fail: Fail, client: Client, clock: ManualClock) -> None:
    """A dataset fails and leaves the others of the document."""
    fail(Kind.ALIAS_ERROR, dataset=WORKERS, message="quota exceeded", code="quota")
    answer = client.ask(REQUESTS, DATABASES)
    assert node(answer)["workers"] is None
    assert node(answer)["databases"]
    assert told(answer) == [("workers", "quota exceeded", "quota")]
    clock.advance(MINUTE)
    assert client.ask(REQUESTS, DATABASES)["errors"] is None


def test_times_count_the_requests_that_are_hit(simulator: Simulator, client: Client) -> None:
    """A fault of a dataset is used up by no REST request and by no document without the dataset."""
    simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR, dataset=WORKERS, times=1))
    client.get(SCRIPTS)
    assert client.ask(DATABASES)["errors"] is None
    assert client.ask(REQUESTS)["errors"]
    assert client.ask(REQUESTS)["errors"] is None


def test_partial(fail: Fail, client: Client, clock: ManualClock) -> None:
    """A dataset fails, and what was selected after it in the account is missing without a word."""
    fail(Kind.PARTIAL, dataset="d1AnalyticsAdaptiveGroups")
    answer = client.ask(REQUESTS, DATABASES, BUCKETS, "accountTag")
    assert list(node(answer)) == ["workers", "databases"]
    assert node(answer)["workers"]
    assert node(answer)["databases"] is None
    assert told(answer) == [("databases", "Internal server error", None)]
    clock.advance(MINUTE)
    whole = client.ask(REQUESTS, DATABASES, BUCKETS, "accountTag")
    assert whole["errors"] is None
    assert list(node(whole)) == ["workers", "databases", "buckets", "accountTag"]


def test_partial_beside_another_error(simulator: Simulator, client: Client) -> None:
    """An error of another kind under the same path does not save what follows."""
    simulator.faults.add(
        Fault(kind=Kind.UNAVAILABLE, dataset=WORKERS, times=1), Fault(kind=Kind.PARTIAL, dataset=WORKERS, times=1)
    )
    answer = client.ask(REQUESTS, DATABASES)
    assert node(answer) == {"workers": None}
    assert [code for _, _, code in told(answer)] == ["authz"]


def test_document_error(fail: Fail, client: Client, clock: ManualClock) -> None:
    """A document is refused as a whole, with a status of its own."""
    fail(Kind.DOCUMENT_ERROR, message="unable to execute query, please try again later", status=503)
    answer = client.graphql(DOCUMENT)
    assert (answer.status_code, answer.json()["data"]) == (503, None)
    assert answer.json()["errors"][0]["message"].startswith("unable to execute query")
    clock.advance(MINUTE)
    assert client.graphql(DOCUMENT).json()["errors"] is None


def test_budget_error(fail: Fail, client: Client, clock: ManualClock) -> None:
    """A budget is exceeded in an answer whose status says that all is well."""
    fail(Kind.BUDGET_ERROR)
    answer = client.graphql(DOCUMENT)
    assert (answer.status_code, answer.json()["data"]) == (200, None)
    (error,) = answer.json()["errors"]
    assert error["message"] == "rate limiter budget depleted, try again after 5 minutes"
    assert error["extensions"]["code"] == "budget"
    clock.advance(MINUTE)
    assert client.graphql(DOCUMENT).json()["errors"] is None


def test_too_many_nodes(fail: Fail, client: Client, clock: ManualClock) -> None:
    """A document with more datasets than a limit is refused, a smaller one is not."""
    fail(Kind.TOO_MANY_NODES, limit=2)
    answer = client.ask(REQUESTS, DATABASES, BUCKETS)
    assert answer["data"] is None
    assert answer["errors"][0]["message"].startswith("in combination, your request queries too many nodes")
    assert client.ask(REQUESTS, DATABASES)["errors"] is None
    clock.advance(MINUTE)
    assert client.ask(REQUESTS, DATABASES, BUCKETS)["errors"] is None


def test_accounts_empty(fail: Fail, client: Client, clock: ManualClock) -> None:
    """An answer lacks the account, without an error."""
    fail(Kind.ACCOUNTS_EMPTY)
    assert client.ask(REQUESTS) == {"data": {"viewer": {"accounts": []}}, "errors": None}
    clock.advance(MINUTE)
    assert node(client.ask(REQUESTS))["workers"]


def test_empty(fail: Fail, client: Client, clock: ManualClock) -> None:
    """A dataset wrongly has no rows."""
    fail(Kind.EMPTY, dataset=WORKERS)
    account = node(client.ask(REQUESTS, DATABASES))
    assert account["workers"] == []
    assert account["databases"]
    clock.advance(MINUTE)
    assert node(client.ask(REQUESTS))["workers"]


def test_lower(fail: Fail, client: Client, clock: ManualClock) -> None:
    """Figures are wrongly lower."""
    (right,) = node(client.ask(REQUESTS))["workers"]
    fail(Kind.LOWER, fraction=250)
    (lower,) = node(client.ask(REQUESTS))["workers"]
    assert lower["sum"]["requests"] == right["sum"]["requests"] // 4
    clock.advance(MINUTE)
    assert node(client.ask(REQUESTS))["workers"] == [right]


def requests_visible(simulator: Simulator, clock: ManualClock, ago: timedelta) -> int:
    """The oracle's requests of Workers since nine as they were visible some time ago."""
    now = clock.now()
    return simulator.visible(ACCOUNT, WORKERS, NINE, now, now - ago).get((), {}).get("requests", 0)


@pytest.mark.parametrize("ago", [timedelta(seconds=90), timedelta(minutes=11), timedelta(hours=3)])
def test_stale(late_simulator: Simulator, clock: ManualClock, ago: timedelta) -> None:
    """An answer is what it was some time ago, under the date of now: late rows are not there, nor later minutes."""
    client = Client(late_simulator)
    late_simulator.faults.add(Fault(kind=Kind.STALE, seconds=ago.total_seconds(), until=clock.now() + MINUTE))
    question = f"{WORKERS}(limit: 9, filter: {{{between(NINE, NINE + 3 * HOUR)}}}) {{ sum {{ requests }} }}"
    text = f'{{ viewer {{ accounts(filter: {{accountTag: "{ACCOUNT}"}}) {{ rows: {question} }} }} }}'
    stale = client.graphql(text)
    assert stale.headers["date"] == "Mon, 01 Jun 2026 10:30:05 GMT"
    seen = sum(row["sum"]["requests"] for row in node(stale.json())["rows"])
    assert seen == requests_visible(late_simulator, clock, ago)
    assert seen < requests_visible(late_simulator, clock, timedelta(0))
    clock.advance(MINUTE)
    fresh = node(client.graphql(text).json())["rows"]
    assert fresh[0]["sum"]["requests"] == requests_visible(late_simulator, clock, timedelta(0))


def test_stale_storage(simulator: Simulator, client: Client, clock: ManualClock) -> None:
    """A stale answer lacks the hours of stored sizes that had not begun."""
    question = (
        f"d1StorageAdaptiveGroups(limit: 9, filter: {{{between(NINE, NINE + 2 * HOUR)}}})"
        " { dimensions { datetimeHour } max { databaseSizeBytes } }"
    )
    simulator.faults.add(Fault(kind=Kind.STALE, seconds=31 * 60, product="d1", until=clock.now() + MINUTE))
    assert [row["dimensions"]["datetimeHour"] for row in client.rows(question)] == ["2026-06-01T09:00:00Z"]
    clock.advance(MINUTE)
    assert len(client.rows(question)) == 2


def test_wrong_figures_add_up(simulate: Callable[..., Simulator], clock: ManualClock) -> None:
    """An answer can be stale, sampled and lower at once."""
    simulator = simulate(lateness=timedelta(minutes=20), sampling={WORKERS: Sampling(interval=10)})
    ago = timedelta(minutes=70)
    simulator.faults.add(
        Fault(kind=Kind.LOWER, fraction=500), Fault(kind=Kind.STALE, seconds=ago.total_seconds(), dataset=WORKERS)
    )
    seen = node(Client(simulator).ask(REQUESTS))["workers"][0]["sum"]["requests"]
    visible = requests_visible(simulator, clock, ago)
    assert seen == (visible + 5) // 10 * 10 // 2
    assert 0 < seen < requests_visible(simulator, clock, timedelta(0)) // 2


EVERYTHING: tuple[dict[str, Any], ...] = (
    {"kind": Kind.HTTP_STATUS, "status": 502, "html": True},
    {"kind": Kind.HTTP_STATUS, "status": 200, "html": True},
    {"kind": Kind.THROTTLE, "retry_after": False},
    {"kind": Kind.DISCONNECT},
    {"kind": Kind.SLOW, "seconds": 30},
    {"kind": Kind.TRUNCATED_BODY},
    {"kind": Kind.REVOKED},
    {"kind": Kind.ACCOUNT_GONE, "account": ACCOUNT},
    {"kind": Kind.SHORT_LIST},
    {"kind": Kind.ZONE_ABSENT, "zone": "8" * 32},
    {"kind": Kind.ALIAS_ERROR, "dataset": WORKERS, "code": "authz"},
    {"kind": Kind.PARTIAL, "dataset": WORKERS},
    {"kind": Kind.DOCUMENT_ERROR, "status": 503},
    {"kind": Kind.BUDGET_ERROR},
    {"kind": Kind.TOO_MANY_NODES, "limit": 1},
    {"kind": Kind.ODD_RESULT, "message": "[1]"},
    {"kind": Kind.ACCOUNTS_EMPTY},
    {"kind": Kind.EMPTY, "product": "d1"},
    {"kind": Kind.LOWER},
    {"kind": Kind.STALE, "seconds": 10_800},
    {"kind": Kind.UNAVAILABLE, "dataset": WORKERS},
    {"kind": Kind.MISSING_FIELD, "dataset": WORKERS, "field": "sum_requests"},
    {"kind": Kind.SHORT_DURATION, "seconds": 1_800},
    {"kind": Kind.SHORT_RETENTION, "seconds": 3_600},
    {"kind": Kind.SMALL_PAGES, "limit": 10},
)


def test_any_combination(simulator: Simulator, client: Client, clock: ManualClock) -> None:
    """Whatever goes wrong at once, every request is answered or its connection breaks, and afterwards all is well."""
    assert {fault["kind"] for fault in EVERYTHING} == set(Kind)
    settings = f"settings {{ {WORKERS} {{ enabled availableFields maxDuration notOlderThan maxPageSize }} }}"
    text = (
        f'{{ cost viewer {{ budget accounts(filter: {{accountTag: "{ACCOUNT}"}})'
        f" {{ {REQUESTS} {DATABASES} {settings} }} }} }}"
    )
    before = node(client.graphql(text).json())
    dice = Random(7)
    statuses: set[int] = set()
    for _ in range(200):
        chosen = dice.sample(EVERYTHING, dice.randint(1, 6))
        simulator.faults.add(*(Fault(**fields, until=clock.now() + MINUTE) for fields in chosen))
        for ask, what in ((client.get, SCRIPTS), (client.graphql, text)):
            try:
                statuses.add(ask(what).status_code)
            except ConnectionBroken:
                assert Kind.DISCONNECT in {fields["kind"] for fields in chosen}
                statuses.add(0)
        clock.advance(MINUTE)
        simulator.faults.clear()
    assert statuses == {0, 200, 400, 401, 403, 429, 502, 503}
    assert node(client.graphql(text).json()) == before
