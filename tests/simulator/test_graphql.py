"""GraphQL: what is answered, what is refused, and how."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from exporter.simulator import AccountModel, Limits, ManualClock, Simulator, TokenModel
from exporter.simulator.products import DATASETS
from exporter.simulator.questions import decimal
from tests.simulator.client import ACCOUNT, OF_ACCOUNTS, OTHER_ACCOUNT, WORKERS, Client, between, iso

SINCE = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
UNTIL = datetime(2026, 6, 1, 10, 30, tzinfo=UTC)
RANGE = between(SINCE, UNTIL)
NEWEST = (
    f"{WORKERS}(limit: 1, filter: {{{RANGE}}}, orderBy: [datetimeMinute_DESC]) {{ dimensions {{ datetimeMinute }} }}"
)
WHOLE = f"{WORKERS}(limit: 9000, filter: {{{RANGE}}}) {{ sum {{ requests }} }}"


@pytest.mark.parametrize("dataset", sorted(name for name, dataset in OF_ACCOUNTS.items() if dataset.cells))
def test_rows_equal_the_oracle(simulator: Simulator, client: Client, dataset: str) -> None:
    """Rows by all dimensions and hour carry exactly the oracle's figures, float64 ones to the millionth."""
    declared = DATASETS[dataset]
    by = (*declared.dimensions, "datetimeHour")
    shown = [measure for measure in declared.measures if measure.shown]
    count = "count" if declared.count else ""
    answer = client.rows(
        f"{dataset}(limit: 9000, filter: {{{RANGE}}}) {{"
        f" dimensions {{ {' '.join(by)} }} sum {{ {' '.join(measure.name for measure in shown)} }} {count} }}"
    )
    rows = {}
    for row in answer:
        figures = {measure.name: round(Decimal(str(row["sum"][measure.name])) * measure.scale) for measure in shown}
        rows[tuple(str(row["dimensions"][name]) for name in by)] = figures | ({"count": row["count"]} if count else {})
    assert rows == simulator.used(ACCOUNT, dataset, SINCE, UNTIL, by=by)


def test_every_field_is_answered(client: Client) -> None:
    """Every dataset answers every field that its settings call available."""
    names = " ".join(f"{name} {{ availableFields }}" for name in OF_ACCOUNTS)
    settings = client.ask(f"settings {{ {names} }}")["data"]["viewer"]["accounts"][0]["settings"]
    for dataset, node in settings.items():
        assert node["availableFields"]
        time = "datetimeHour" if dataset == "durableObjectsStorageGroups" else "datetimeMinute"
        for field in node["availableFields"]:
            group, _, leaf = field.partition("_")
            order = field.removeprefix("dimensions_")
            selection = f"{group} {{ {leaf} }}" if leaf else group
            rows = client.rows(
                f'{dataset}(limit: 10, filter: {{{time}_geq: "{iso(SINCE)}"}}, orderBy: [{order}_ASC])'
                f" {{ {selection} }}"
            )
            assert rows


def test_storage_is_a_maximum(simulator: Simulator, client: Client) -> None:
    """Storage datasets answer the maximum per hour."""
    rows = client.rows(
        f'd1StorageAdaptiveGroups(limit: 10, filter: {{datetimeHour_geq: "{iso(SINCE)}"}},'
        " orderBy: [datetimeHour_DESC]) { dimensions { databaseId datetimeHour } max { databaseSizeBytes } }"
    )
    used = simulator.used(ACCOUNT, "d1StorageAdaptiveGroups", SINCE, UNTIL, by=("databaseId", "datetimeHour"))
    assert [row["dimensions"]["datetimeHour"] for row in rows] == ["2026-06-01T10:00:00Z", "2026-06-01T09:00:00Z"]
    assert [row["max"] for row in rows] == [used[("d1-orders", row["dimensions"]["datetimeHour"])] for row in rows]


def test_quantiles_grow_with_load(client: Client) -> None:
    """The more a Worker is asked, the further its slowest invocations lie from the mean; the mean stays."""
    rows = client.rows(
        f"{WORKERS}(limit: 100, filter: {{{RANGE}}}, orderBy: [sum_requests_ASC])"
        " { dimensions { scriptTag status } sum { requests cpuTimeUs }"
        " quantiles { cpuTimeP50 cpuTimeP90 cpuTimeP99 } }"
    )
    by_worker: dict[str, list[float]] = {}
    for row in rows:
        spread = row["quantiles"]
        assert spread["cpuTimeP50"] < spread["cpuTimeP90"] < spread["cpuTimeP99"]
        mean = row["sum"]["cpuTimeUs"] / row["sum"]["requests"]
        by_worker.setdefault(row["dimensions"]["scriptTag"], []).append(spread["cpuTimeP99"] / mean)
    for tails in by_worker.values():
        assert tails == sorted(tails)
        assert tails[-1] > 1.1 * tails[0]


def test_running_minute_is_hidden(client: Client, clock: ManualClock) -> None:
    """A minute is answered once it is over and not before, even if it is asked for."""
    later = between(SINCE, UNTIL + timedelta(hours=1))
    newest = NEWEST.replace(RANGE, later)
    assert client.rows(newest) == [{"dimensions": {"datetimeMinute": "2026-06-01T10:29:00Z"}}]
    clock.set(datetime(2026, 6, 1, 10, 30, 59, tzinfo=UTC))
    assert client.rows(newest) == [{"dimensions": {"datetimeMinute": "2026-06-01T10:29:00Z"}}]
    clock.set(datetime(2026, 6, 1, 10, 31, tzinfo=UTC))
    assert client.rows(newest) == [{"dimensions": {"datetimeMinute": "2026-06-01T10:30:00Z"}}]


def test_newest_minute_after_silence(simulator: Simulator, client: Client) -> None:
    """The newest minute with data is found however long ago it is."""
    simulator.set_quiet_from(SINCE + timedelta(minutes=3))
    rows = client.rows(NEWEST)
    assert rows == [{"dimensions": {"datetimeMinute": "2026-06-01T09:02:00Z"}}]


def total(client: Client, condition: str) -> int:
    """Requests of Workers under a filter."""
    rows = client.rows(f"{WORKERS}(limit: 10, filter: {{{condition}}}) {{ sum {{ requests }} }}")
    return sum(row["sum"]["requests"] for row in rows)


@pytest.mark.parametrize(
    ("condition", "opposite"),
    [
        ('status: "success"', 'status_neq: "success"'),
        ('scriptName_in: ["shop-web", "tenant"]', 'scriptName_notin: ["shop-web", "tenant"]'),
        ('scriptName_like: "shop-%"', 'scriptName_notlike: "shop-%"'),
        (f'scriptTag_geq: "{"2" * 32}"', f'scriptTag_lt: "{"2" * 32}"'),
        (f'scriptTag_gt: "{"2" * 32}"', f'scriptTag_leq: "{"2" * 32}"'),
        ('datetimeHour: "2026-06-01T09:00:00Z"', 'datetimeHour_gt: "2026-06-01T09:00:00Z"'),
        ('datetimeFiveMinutes_leq: "2026-06-01T09:20:00Z"', 'datetimeFiveMinutes_gt: "2026-06-01T09:20:00Z"'),
        ('datetimeMinute_in: ["2026-06-01T09:20:00Z"]', 'datetimeMinute_neq: "2026-06-01T09:20:00Z"'),
        (
            'OR: [{status: "success"}, {datetime_lt: "2026-06-01T09:30:00Z"}]',
            'AND: [{status_neq: "success"}, {datetime_geq: "2026-06-01T09:30:00Z"}]',
        ),
        ('OR: [{status: "success"}, {coloCode: "IAD"}]', 'status_neq: "success", coloCode_neq: "IAD"'),
        ('date: "2026-06-01"', 'date_lt: "2026-06-01"'),
    ],
)
def test_filters_divide(client: Client, condition: str, opposite: str) -> None:
    """A filter and its opposite divide the usage of a range between them."""
    parts = [total(client, f"{RANGE}, {condition}"), total(client, f"{RANGE}, {opposite}")]
    assert sum(parts) == total(client, RANGE)
    assert parts[0] > 0


def test_order_and_limit(client: Client) -> None:
    """Rows come in the order asked for and are cut at the limit."""
    question = (
        f"{WORKERS}(limit: %d, filter: {{{RANGE}}}, orderBy: [sum_requests_DESC, scriptTag_ASC])"
        " { dimensions { scriptTag status } sum { requests } }"
    )
    rows = client.rows(question % 9_000)
    figures = [row["sum"]["requests"] for row in rows]
    assert figures == sorted(figures, reverse=True)
    assert client.rows(question % 3) == rows[:3]


def test_variables_and_fragments(client: Client) -> None:
    """Whole filters, lists and limits come as variables, and fragments, aliases and typenames are resolved."""
    text = (
        "query ($account: string!, $filter: AccountWorkersInvocationsAdaptiveFilter_InputObject!, $limit: uint64!) {"
        " cost viewer { budget __typename mine: accounts(filter: {accountTag: $account}) { accountTag ...usage } } }"
        f" fragment usage on account {{ all: {WORKERS}(limit: $limit, filter: $filter)"
        " { of: dimensions { name: scriptName } ... on AccountWorkersInvocationsAdaptive { sum { requests } } } }"
    )
    given = {"datetimeMinute_geq": iso(SINCE), "datetimeMinute_lt": iso(UNTIL), "scriptName_in": ["shop-api"]}
    answer = client.graphql(text, account=ACCOUNT, filter=given, limit=5).json()
    assert answer["errors"] is None
    viewer = answer["data"]["viewer"]
    assert (answer["data"]["cost"], viewer["budget"], viewer["__typename"]) == (1, 299, "viewer")
    requests = total(client, f'{RANGE}, scriptName: "shop-api"')
    rows = [{"of": {"name": "shop-api"}, "sum": {"requests": requests}}]
    assert viewer["mine"] == [{"accountTag": ACCOUNT, "all": rows}]


def test_introspection(client: Client) -> None:
    """The schema can be asked about."""
    answer = client.graphql('{ __type(name: "AccountWorkersInvocationsAdaptiveSum") { fields { name } } }').json()
    assert {"name": "requests"} in answer["data"]["__type"]["fields"]


@pytest.mark.parametrize(
    ("question", "prefix"),
    [
        (WHOLE.replace("requests", "reqests"), "unknown field"),
        ("nonsenseAdaptiveGroups { count }", "unknown field"),
        (WHOLE.replace("{ requests }", "{ requests { more } }"), "scalar fields must have no selections"),
        (WHOLE.replace("{ requests }", ""), "object field must have selections"),
        (WHOLE.replace("limit: 9000, ", ""), "error parsing args"),
        (WHOLE.replace("datetimeMinute_lt", "datetimeMinute_before"), "error parsing args"),
        (WHOLE.replace("9000", '"many"'), "error parsing args"),
        (WHOLE.replace("T09:00:00Z", ""), "error parsing args"),
        (WHOLE + "}", "query contains error"),
    ],
)
def test_refused_documents(client: Client, question: str, prefix: str) -> None:
    """One wrong name or value refuses the whole document, healthy questions included."""
    text = f'{{ viewer {{ accounts(filter: {{accountTag: "{ACCOUNT}"}}) {{ healthy: {WHOLE} {question} }} }} }}'
    response = client.graphql(text)
    answer = response.json()
    assert response.status_code == 400
    assert answer["data"] is None
    assert answer["errors"][0]["message"].startswith(prefix)
    assert answer["errors"][0]["path"] is None


@pytest.mark.parametrize("variables", [{}, {"since": "yesterday"}, {"since": 5}, {"since": None}])
def test_refused_variables(client: Client, variables: dict[str, Any]) -> None:
    """A missing variable or one of another type refuses the document."""
    text = (
        f'query ($since: Time!) {{ viewer {{ accounts(filter: {{accountTag: "{ACCOUNT}"}}) {{'
        f" {WORKERS}(limit: 1, filter: {{datetime_geq: $since}}) {{ sum {{ requests }} }} }} }} }}"
    )
    response = client.graphql(text, **variables)
    assert response.status_code == 400
    assert response.json()["errors"][0]["message"].startswith("error parsing args")


@pytest.mark.parametrize(
    ("question", "prefix"),
    [
        (WHOLE.replace("9000", "0"), "limit must be positive number and not greater than 10000"),
        (WHOLE.replace("9000", "10001"), "limit must be positive number and not greater than 10000"),
        (WHOLE.replace("2026-06-01T09", "2026-01-01T09"), "cannot request data older than 7776000s"),
        (WHOLE.replace("2026-06-01T09", "2026-04-01T09"), "query time range is too large"),
        (WHOLE.replace(RANGE, 'status: "success"'), "cannot request data older than"),
    ],
)
def test_one_failing_question(client: Client, question: str, prefix: str) -> None:
    """A question beyond the limits fails under its own path and leaves the others."""
    answer = client.ask(f"healthy: {WHOLE}", f"failing: {question}")
    node = answer["data"]["viewer"]["accounts"][0]
    assert node["healthy"]
    assert node["failing"] is None
    (error,) = answer["errors"]
    assert error["path"] == ["viewer", "accounts", "0", "failing"]
    assert error["message"].startswith(prefix)
    assert error["extensions"]["timestamp"] == "2026-06-01T10:30:05.000000Z"


def test_field_and_node_limits(simulate: Callable[..., Simulator]) -> None:
    """Too many fields fail one question, too many questions the document."""
    client = Client(simulate(limits=Limits(max_fields=1, max_nodes=2)))
    answer = client.ask(WHOLE.replace("requests", "requests errors"))
    assert answer["errors"][0]["message"].startswith("number of fields can't be more than 1")
    answer = client.ask(*(f"q{number}: {WHOLE}" for number in range(3)))
    assert answer["data"] is None
    assert answer["errors"][0]["message"].startswith("in combination, your request queries too many nodes")


def test_settings_and_plan(account: AccountModel, simulate: Callable[..., Simulator]) -> None:
    """A dataset outside the plan says so in its settings and fails alone; unknown fields are not available."""
    dataset = "d1QueriesAdaptiveGroups"
    limited = replace(account, disabled_datasets=frozenset({dataset}))
    missing = {WORKERS: frozenset({"sum_subrequests"})}
    client = Client(simulate(accounts=(limited,), missing_fields=missing))
    fields = "enabled maxDuration maxNumberOfFields maxPageSize notOlderThan"
    answer = client.ask(f"settings {{ {dataset} {{ {fields} }} {WORKERS} {{ availableFields }} }}", f"ok: {WHOLE}")
    node = answer["data"]["viewer"]["accounts"][0]
    assert node["settings"][dataset] == {
        "enabled": False,
        "maxDuration": 2_678_400,
        "maxNumberOfFields": 30,
        "maxPageSize": 10_000,
        "notOlderThan": 2_678_400,
    }
    available = node["settings"][WORKERS]["availableFields"]
    assert "sum_requests" in available
    assert "sum_subrequests" not in available
    refused = client.ask(WHOLE.replace("requests", "subrequests"))
    assert refused["data"] is None
    assert refused["errors"][0]["message"].startswith("unknown field")
    failing = client.ask(f"{dataset}(limit: 1, filter: {{{RANGE}}}) {{ count }}", f"ok: {WHOLE}")
    assert failing["errors"][0]["extensions"]["code"] == "authz"
    assert failing["data"]["viewer"]["accounts"][0]["ok"]


def test_retention_of_the_world(simulate: Callable[..., Simulator]) -> None:
    """A world in which data are kept for less time says so and refuses what is older."""
    client = Client(simulate(limits=Limits(not_older_than=timedelta(hours=1))))
    answer = client.ask(f"settings {{ {WORKERS} {{ notOlderThan }} }}", f"failing: {WHOLE}")
    node = answer["data"]["viewer"]["accounts"][0]
    assert node["settings"][WORKERS] == {"notOlderThan": 3_600}
    assert node["failing"] is None
    assert answer["errors"][0]["message"].startswith("cannot request data older than 3600s")


def test_foreign_account(client: Client, simulate: Callable[..., Simulator]) -> None:
    """An account that the token does not see, or whose analytics it may not read, is not authorized."""
    answers = [client.ask(WHOLE, account=account) for account in (OTHER_ACCOUNT, "f" * 32)]
    token = TokenModel(token="few", permissions=frozenset({"workers"}))
    answers.append(Client(simulate(tokens=(token,)), "few").ask(WHOLE))
    for answer in answers:
        assert answer["data"] is None
        assert answer["errors"][0]["message"] == "not authorized for that account"
        assert answer["errors"][0]["extensions"]["code"] == "authz"


def test_unauthorized(simulator: Simulator) -> None:
    """Without a valid token GraphQL answers 401."""
    response = Client(simulator, "wrong").graphql("{ cost }")
    assert (response.status_code, response.json()["errors"][0]["message"]) == (401, "Unauthorized")


@pytest.mark.parametrize(
    ("millionths", "printed"), [(0, "0"), (1, "0.000001"), (1_500_000, "1.5"), (10**17, "100000000000")]
)
def test_decimal(millionths: int, printed: str) -> None:
    """Millionths are printed exactly, with as many digits as they need."""
    assert decimal(millionths, 1_000_000) == printed
