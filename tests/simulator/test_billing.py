"""Subscriptions and billable usage: periods, permissions, paths and rows worked out by hand."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from exporter.simulator import (
    DEMO_ACCOUNT_ID,
    DEMO_TOKEN,
    AccountModel,
    Bucket,
    BucketLists,
    Database,
    Documents,
    Fault,
    Kind,
    KvNamespace,
    ManualClock,
    ObjectNamespace,
    Simulator,
    Subscription,
    TokenModel,
    Worker,
    demo_world,
)
from exporter.simulator.http import exact_json
from exporter.simulator.periods import Period, period_at
from tests.simulator.client import ACCOUNT, TOKEN, WORKERS, Client

GB = 10**9
ANCHOR = datetime(2026, 1, 14, tzinfo=UTC)
CYCLE = datetime(2026, 5, 14, tzinfo=UTC)
"""The start of the cycle that the clock, on 2026-06-01, is in; it has 31 days."""
PAID = Subscription(public_name="Workers Paid", price=Decimal("5.00"), rate_plan_id="workers_paid", anchor=ANCHOR)
USAGE = f"/accounts/{ACCOUNT}/billable-usage"
INFO = f"{USAGE}/info"
SUBSCRIPTIONS = f"/accounts/{ACCOUNT}/subscriptions"

REQUESTS = "Workers Standard Requests (first 10M are included)"
CPU = "Workers CPU ms (first 30M are included)"
R2_STORAGE = "R2 Data Storage (First 10GB-Month included)"
D1_STORAGE = "D1 - Storage GB-mo (first 5GB included)"

SMALL = AccountModel(
    id=ACCOUNT,
    name="Example",
    subscriptions=(PAID,),
    covered=True,
    assets=(
        Worker(id="1" * 32, name="web", weight=2_000, cpu_microseconds=2_400),
        Worker(id="2" * 32, name="tenant", weight=900, dispatch_namespace="tenants"),
        Bucket(name="media", weight=100, stored_bytes=45 * GB, growth_bytes=0),
        Database(id="d1", name="orders", weight=1, stored_bytes=20 * GB, growth_bytes=0),
    ),
)

Rows = list[dict[str, Any]]
Build = Callable[..., Client]


@pytest.fixture
def client_of(simulate: Callable[..., Simulator]) -> Build:
    """Build a client of the small account; keywords are fields of the account."""

    def build(**fields: Any) -> Client:
        return Client(simulate(accounts=(replace(SMALL, **fields),)))

    return build


def result(client: Client, path: str, **params: str) -> Any:
    """The result of an answer, with its numbers as they were written."""
    answer = client.get(path, params={name.rstrip("_"): value for name, value in params.items()})
    assert answer.status_code == 200, answer.text
    document = json.loads(answer.text, parse_float=Decimal)
    assert (document["success"], document["errors"], document["messages"]) == (True, [], [])
    return document["result"]


def rows_of(rows: Rows, service: str) -> Rows:
    """The rows of one service."""
    return [row for row in rows if row["ServiceName"] == service]


def costs(rows: Rows, service: str) -> list[Decimal]:
    """What the cycle of a service costs by the end of each day."""
    return [Decimal(row["CumulatedContractedCost"]) for row in rows_of(rows, service)]


def refusal(client: Client, path: str, **params: str) -> tuple[int, int]:
    """The HTTP status and the error code of an answer."""
    answer = client.get(path, params={name.rstrip("_"): value for name, value in params.items()})
    return answer.status_code, answer.json()["errors"][0]["code"]


def at(year: int, month: int, day: int) -> datetime:
    """A midnight."""
    return datetime(year, month, day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("anchor", "months", "now", "start", "end"),
    [
        (at(2024, 2, 14), 1, datetime(2026, 6, 13, 23, 59, tzinfo=UTC), at(2026, 5, 14), at(2026, 6, 14)),
        (at(2024, 2, 14), 1, at(2026, 6, 14), at(2026, 6, 14), at(2026, 7, 14)),
        (at(2024, 12, 14), 1, at(2026, 1, 2), at(2025, 12, 14), at(2026, 1, 14)),
        (at(2025, 1, 31), 1, at(2026, 2, 27), at(2026, 1, 31), at(2026, 2, 28)),
        (at(2025, 1, 31), 1, at(2026, 2, 28), at(2026, 2, 28), at(2026, 3, 31)),
        (at(2025, 1, 31), 1, at(2028, 2, 29), at(2028, 2, 29), at(2028, 3, 31)),
        (at(2025, 1, 31), 1, at(2026, 4, 15), at(2026, 3, 31), at(2026, 4, 30)),
        (at(2025, 1, 29), 1, at(2026, 2, 28), at(2026, 2, 28), at(2026, 3, 29)),
        (datetime(2025, 6, 14, 17, 5, tzinfo=UTC), 12, at(2026, 6, 13), at(2025, 6, 14), at(2026, 6, 14)),
        (at(2025, 6, 14), 12, at(2026, 6, 14), at(2026, 6, 14), at(2027, 6, 14)),
        (at(2024, 2, 29), 12, at(2026, 2, 28), at(2026, 2, 28), at(2027, 2, 28)),
        (at(2024, 2, 29), 12, at(2028, 2, 28), at(2027, 2, 28), at(2028, 2, 29)),
        (at(2025, 5, 20), 1, at(2025, 3, 1), at(2025, 2, 20), at(2025, 3, 20)),
    ],
)
def test_periods(anchor: datetime, months: int, now: datetime, start: datetime, end: datetime) -> None:
    """Periods keep the anchor's day, but for months and years that lack it."""
    assert period_at(anchor, now, months=months) == Period(start, end)


def test_subscriptions(client_of: Build) -> None:
    """A subscription has the keys that Cloudflare's has, and one that begins later is not there yet."""
    later = replace(PAID, public_name="Later", started=at(2026, 6, 2))
    yearly = Subscription(
        public_name="Pro Plan",
        price=Decimal("240.10"),
        rate_plan_id="pro",
        anchor=at(2025, 8, 31),
        frequency="yearly",
        state="Trial",
        scope="zone",
    )
    first, second = result(client_of(subscriptions=(PAID, later, yearly)), SUBSCRIPTIONS)
    assert first == {
        "id": first["id"],
        "state": "Paid",
        "price": 5,
        "currency": "USD",
        "frequency": "monthly",
        "current_period_start": "2026-05-14T00:00:00Z",
        "current_period_end": "2026-06-14T00:00:00Z",
        "rate_plan": {
            "id": "workers_paid",
            "public_name": "Workers Paid",
            "currency": "USD",
            "externally_managed": False,
            "is_contract": False,
            "scope": "account",
            "sets": [],
        },
    }
    assert (second["price"], second["state"], second["rate_plan"]["scope"]) == (Decimal("240.1"), "Trial", "zone")
    assert (second["current_period_start"], second["current_period_end"]) == (
        "2025-08-31T00:00:00Z",
        "2026-08-31T00:00:00Z",
    )
    assert len(first["id"]) == 32
    assert first["id"] != second["id"]
    alike = result(client_of(subscriptions=(PAID, PAID)), SUBSCRIPTIONS)
    assert len({entry["id"] for entry in alike}) == 2


def test_info(client_of: Build) -> None:
    """A covered account tells its monthly subscriptions with their anchors."""
    yearly = replace(PAID, frequency="yearly")
    begun = replace(PAID, started=at(2026, 1, 2))
    info = result(client_of(subscriptions=(begun, yearly)), INFO)
    (subscription,) = info.pop("subscriptions")
    assert info == {"covered": True}
    assert subscription == {
        "id": subscription["id"],
        "start_timestamp": "2026-01-02T00:00:00Z",
        "billing_cycle_anchor_timestamp": "2026-01-14T00:00:00Z",
    }


def test_usual_account(client: Client) -> None:
    """An account has no subscriptions and is not covered unless it is said to be."""
    assert result(client, SUBSCRIPTIONS) == []
    assert result(client, INFO) == {"covered": False, "subscriptions": []}
    assert refusal(client, USAGE) == (404, 10404)


@pytest.mark.parametrize("path", [SUBSCRIPTIONS, INFO, USAGE])
def test_permission(simulate: Callable[..., Simulator], path: str) -> None:
    """Billing needs a permission of its own."""
    few = TokenModel(token="few", permissions=frozenset({"accounts", "analytics", "workers", "r2", "d1", "kv"}))
    enough = TokenModel(token="enough", permissions=frozenset({"billing"}))
    simulator = simulate(accounts=(SMALL,), tokens=(few, enough))
    assert refusal(Client(simulator, "few"), path) == (403, 10000)
    assert Client(simulator, "enough").get(path).status_code == 200


@pytest.mark.parametrize("offered", ["billable-usage", "paygo-usage", "billing/usage/paygo"])
def test_paths(client_of: Build, offered: str) -> None:
    """Usage is found below the one path that the account offers, its info below the newest in any case."""
    client = client_of(usage_path=offered)
    for path in ("billable-usage", "paygo-usage", "billing/usage/paygo"):
        if path == offered:
            assert result(client, f"/accounts/{ACCOUNT}/{path}")
        else:
            assert refusal(client, f"/accounts/{ACCOUNT}/{path}") == (404, 7003)
    assert result(client, INFO)["covered"] is True


def test_anchor_day(client_of: Build) -> None:
    """A range without the first day of a cycle has no rows; one with it has those of all its days."""
    client = client_of()
    assert result(client, USAGE, from_="2026-05-15", to="2026-06-01") == []
    assert result(client, USAGE, from_="2026-04-15", to="2026-05-13") == []
    over = result(client, USAGE, from_="2026-05-12", to="2026-05-15")
    days = [(row["ChargePeriodStart"][:10], row["BillingPeriodStart"][:10]) for row in rows_of(over, REQUESTS)]
    assert days == [
        ("2026-05-12", "2026-04-14"),
        ("2026-05-13", "2026-04-14"),
        ("2026-05-14", "2026-05-14"),
        ("2026-05-15", "2026-05-14"),
    ]
    # The days before the range count for what its first ones cost, and a new cycle begins with nothing.
    assert costs(over, REQUESTS)[1] > 0
    assert costs(over, REQUESTS)[2] == 0
    assert rows_of(over, REQUESTS)[2:] == rows_of(result(client, USAGE), REQUESTS)[:2]


@pytest.mark.parametrize(
    "query",
    [
        {"from_": "yesterday"},
        {"to": "20260601"},
        {"from_": "2026-W22-1"},
        {"from_": "2026-02-30"},
        {"from_": "0001-01-01"},
        {"from_": "2026-06-01", "to": "2026-05-31"},
    ],
)
def test_wrong_ranges(client_of: Build, query: Mapping[str, str]) -> None:
    """Days are given as YYYY-MM-DD, in order."""
    assert refusal(client_of(), USAGE, **query) == (400, 7400)


def test_first_subscription_begins(client_of: Build) -> None:
    """Nothing is billed of the days before the first subscription."""
    rows = result(client_of(subscriptions=(replace(PAID, started=at(2026, 5, 20)),)), USAGE)
    assert rows[0]["ChargePeriodStart"] == "2026-05-20T00:00:00Z"
    assert rows[0]["BillingPeriodStart"] == "2026-05-14T00:00:00Z"


def test_row(client_of: Build) -> None:
    """A row has the keys of Cloudflare's, and is of one day of one service."""
    client = client_of()
    row = rows_of(result(client, USAGE), R2_STORAGE)[6]
    (subscription,) = result(client, SUBSCRIPTIONS)
    # 45 GB of payload and 108 MB of metadata: 45.108 / 30 = 1.5036 a day, 10.5252 on the seventh.
    assert row == {
        "BillingAccountId": ACCOUNT,
        "BillingAccountName": "Example",
        "BillingCurrency": "USD",
        "BillingPeriodStart": "2026-05-14T00:00:00Z",
        "ChargePeriodStart": "2026-05-20T00:00:00Z",
        "ChargePeriodEnd": "2026-05-21T00:00:00Z",
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": R2_STORAGE,
        "ServiceName": R2_STORAGE,
        "ServiceFamilyName": "R2",
        "ConsumedQuantity": Decimal("1.5036"),
        "ConsumedUnit": "GB-month",
        "PricingQuantity": Decimal("0.5252"),
        "PricingUnit": "GB-month",
        "ContractedCost": Decimal("0.015"),
        "BilledCost": Decimal("0.015"),
        "EffectiveCost": Decimal("0.015"),
        "ListCost": Decimal("0.015"),
        "CumulatedContractedCost": Decimal("0.015"),
        "CumulatedPricingQuantity": Decimal("0.5252"),
        "SubscriptionId": subscription["id"],
        "ZoneId": None,
        "ZoneName": None,
        "HostProviderName": "Cloudflare",
        "InvoiceIssuerName": "Cloudflare",
        "ServiceProviderName": "Cloudflare",
    }


def test_storage_costs(client_of: Build) -> None:
    """Stored data are billed by the begun GB-month, where thirds of one add up exactly."""
    rows = result(client_of(), USAGE, from_="2026-05-14", to="2026-05-23")
    # Less the 10 included: 0.5252, 2.0288, 3.5324 and 5.036, which begin 1, 3, 4 and 6 blocks of 0.015.
    assert costs(rows, R2_STORAGE) == [Decimal(text) for text in ["0"] * 6 + ["0.015", "0.045", "0.06", "0.09"]]
    # 20 GB are 2/3 a day; less the 5 included: 1/3 on the eighth day, exactly 1 on the ninth, 5/3 on the tenth.
    assert costs(rows, D1_STORAGE) == [Decimal(text) for text in ["0"] * 7 + ["0.75", "0.75", "1.50"]]
    assert rows_of(rows, D1_STORAGE)[0]["ConsumedQuantity"] == Decimal("0.666666666667")


def test_days_of_the_cycle(client_of: Build) -> None:
    """A month of storage has thirty days, other ones that are told, or those of the cycle."""
    for days, quantity in (("cycle", "0.645161290323"), (10, "2"), (30, "0.666666666667")):
        rows = result(client_of(storage_month_days=days), USAGE)
        assert rows_of(rows, D1_STORAGE)[0]["ConsumedQuantity"] == Decimal(quantity)


def test_peak_of_the_account(client_of: Build) -> None:
    """What counts of a day is the hour in which the account held most, not the sum of each asset's own."""
    full = {"weight": 0, "growth_bytes": 0}
    noon = datetime(2026, 5, 15, 12, tzinfo=UTC)
    first = Database(id="first", name="first", stored_bytes=30 * GB, deleted=noon, **full)  # type: ignore[arg-type]
    second = Database(id="second", name="second", stored_bytes=45 * GB, created=noon, **full)  # type: ignore[arg-type]
    rows = rows_of(result(client_of(assets=(first, second)), USAGE), D1_STORAGE)
    assert [row["ConsumedQuantity"] for row in rows[:3]] == [1, Decimal("1.5"), Decimal("1.5")]


def test_worker_costs(simulate: Callable[..., Simulator], clock: ManualClock) -> None:
    """Requests count but for internal errors and the scripts of dispatch namespaces; costs are a staircase."""
    simulator = simulate(accounts=(SMALL,))
    rows = result(Client(simulator), USAGE)
    by = ("scriptTag", "status", "date")
    used = simulator.visible(ACCOUNT, WORKERS, CYCLE, clock.now(), clock.now(), by=by)
    billed: dict[str, list[int]] = {}
    for (tag, status, day), row in used.items():
        if tag == "1" * 32 and status != "internalError":
            requests, microseconds = billed.setdefault(day, [0, 0])
            billed[day] = [requests + row["requests"], microseconds + row["cpuTimeUs"]]
    assert [row["ConsumedQuantity"] for row in rows_of(rows, REQUESTS)] == [billed[day][0] for day in sorted(billed)]
    milliseconds = [Decimal(billed[day][1]) / 1_000 for day in sorted(billed)]
    assert [row["ConsumedQuantity"] for row in rows_of(rows, CPU)] == milliseconds
    assert len(milliseconds) == 19
    by_hand = []
    total = 0
    for day in sorted(billed):
        total += billed[day][0]
        # 0.30 for each begun million beyond the ten that are included.
        by_hand.append(Decimal("0.30") * max(0, (total - 10_000_000 + 999_999) // 1_000_000))
    assert costs(rows, REQUESTS) == by_hand
    assert by_hand[2] == 0
    assert by_hand[-1] > 10
    for row, before in zip(rows_of(rows, REQUESTS)[1:], by_hand, strict=False):
        assert Decimal(row["ContractedCost"]) == Decimal(row["CumulatedContractedCost"]) - before


def test_newest_day_grows(simulate: Callable[..., Simulator], clock: ManualClock) -> None:
    """Of the day that has not ended there is what is visible by now."""
    client = Client(simulate(accounts=(SMALL,), lateness=timedelta(hours=3)))
    earlier = rows_of(result(client, USAGE), REQUESTS)
    clock.set(clock.now() + timedelta(hours=1))
    later = rows_of(result(client, USAGE), REQUESTS)
    assert earlier[:-1] == later[:-1]
    assert earlier[-1]["ConsumedQuantity"] < later[-1]["ConsumedQuantity"]


def test_operations_of_a_bucket(simulate: Callable[..., Simulator], clock: ManualClock) -> None:
    """Operations are sorted into classes; those refused and those that are free don't count."""
    cold = Bucket(name="cold", weight=50, storage_class="InfrequentAccess")
    account = replace(SMALL, assets=(Bucket(name="media", weight=100), cold, BucketLists(weight=5)))
    simulator = simulate(accounts=(account,))
    used = simulator.visible(
        ACCOUNT,
        "r2OperationsAdaptiveGroups",
        CYCLE,
        clock.now(),
        clock.now(),
        by=("bucketName", "actionType", "responseStatusCode"),
    )

    def of(bucket: str, *operations: tuple[str, str]) -> int:
        return sum(used[bucket, action, code]["requests"] for action, code in operations)

    expected = {
        "R2 Storage Class A Operations (First 1M included)": of("media", ("PutObject", "200"), ("ListObjects", "200"))
        + of("", ("ListBuckets", "200")),
        "R2 Storage Class B Operations (First 10M included)": of(
            "media", ("GetObject", "200"), ("GetObject", "404"), ("HeadObject", "200")
        ),
        "R2 Infrequent Access - Class A Operations": of("cold", ("PutObject", "200"), ("ListObjects", "200")),
        "R2 Infrequent Access - Class B Operations": of(
            "cold", ("GetObject", "200"), ("GetObject", "404"), ("HeadObject", "200")
        ),
        "R2 Infrequent Access - Data Retrieval": Decimal(
            sum(row["responseBytes"] for (bucket, *_), row in used.items() if bucket == "cold")
        )
        / GB,
    }
    assert ("media", "GetObject", "403") in used
    rows = result(Client(simulator), USAGE)
    assert {name: sum(row["ConsumedQuantity"] for row in rows_of(rows, name)) for name in expected} == expected


def test_durable_object_requests(simulate: Callable[..., Simulator], clock: ManualClock) -> None:
    """Twenty messages that come in are a request."""
    simulator = simulate(accounts=(replace(SMALL, assets=(ObjectNamespace(id="5" * 32, name="Room", weight=90),)),))

    def used(dataset: str) -> dict[str, int]:
        return simulator.visible(ACCOUNT, dataset, CYCLE, clock.now(), clock.now())[()]

    requests = used("durableObjectsInvocationsAdaptiveGroups")["requests"]
    periodic = used("durableObjectsPeriodicGroups")
    rows = result(Client(simulator), USAGE)
    (compute,) = {row["ServiceName"] for row in rows if "Compute Requests" in row["ServiceName"]}
    assert (
        sum(row["ConsumedQuantity"] for row in rows_of(rows, compute))
        == requests + Decimal(periodic["inboundWebsocketMsgCount"]) / 20
    )
    (duration,) = {row["ServiceName"] for row in rows if "Compute Duration" in row["ServiceName"]}
    assert sum(row["ConsumedQuantity"] for row in rows_of(rows, duration)) == Decimal(periodic["duration"]) / 10**6


def test_sums(simulate: Callable[..., Simulator], account: AccountModel) -> None:
    """What the days add is what the last of them has cumulated, for every service, all of which are used."""
    assets = (*account.assets, Bucket(name="cold", storage_class="InfrequentAccess"), KvNamespace(id="8", name="more"))
    busy = replace(account, assets=assets, subscriptions=(PAID,), covered=True)
    rows = result(Client(simulate(accounts=(busy,))), USAGE)
    services = {row["ServiceName"] for row in rows}
    assert len(services) == 26
    for service in services:
        of_service = rows_of(rows, service)
        for each, cumulated in (
            ("ContractedCost", "CumulatedContractedCost"),
            ("PricingQuantity", "CumulatedPricingQuantity"),
        ):
            assert sum(Decimal(row[each]) for row in of_service) == Decimal(of_service[-1][cumulated])


def test_demo(clock: ManualClock, documents: Documents) -> None:
    """The demo account pays for four subscriptions and has a bill."""
    client = Client(Simulator(demo_world(), clock, documents=documents), DEMO_TOKEN)
    paid = result(client, f"/accounts/{DEMO_ACCOUNT_ID}/subscriptions")
    assert [(entry["rate_plan"]["public_name"], entry["price"], entry["frequency"]) for entry in paid] == [
        ("Workers Paid", 5, "monthly"),
        ("R2 Paid", 0, "monthly"),
        ("Workers for Platforms", 25, "monthly"),
        ("Pro Plan", 240, "yearly"),
    ]
    rows = result(client, f"/accounts/{DEMO_ACCOUNT_ID}/billable-usage")
    assert rows[0]["BillingPeriodStart"] == "2026-05-14T00:00:00Z"
    assert sum(Decimal(row["ContractedCost"]) for row in rows) > 100


def test_faults(simulate: Callable[..., Simulator]) -> None:
    """Faults of the REST side hit billing by its path, and short lists are short here too."""
    simulator = simulate(accounts=(SMALL,))
    client = Client(simulator)
    whole = result(client, USAGE)
    simulator.faults.add(Fault(kind=Kind.SHORT_LIST, path="*/billable-usage", times=1))
    assert result(client, USAGE) == whole[: len(whole) // 2]
    simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, path="*/billable-usage*", status=503))
    assert (client.get(USAGE).status_code, client.get(INFO).status_code) == (503, 503)
    assert client.get(SUBSCRIPTIONS).status_code == 200


def test_exact_numbers() -> None:
    """Decimals become numbers with all their digits, which a float would not have."""
    digits = "12345678901234567.000000000001"
    document = {"a": [Decimal(digits), Decimal("5.00"), Decimal("0E-12"), Decimal("-1.50"), Decimal("1E+3")]}
    assert exact_json(document) == f'{{"a": [{digits}, 5, 0, -1.5, 1000]}}'
    assert json.loads(exact_json({"é": [None, True, 1, "x"], "b": {}})) == {"é": [None, True, 1, "x"], "b": {}}


def test_no_floats(client_of: Build) -> None:
    """No number of an answer needs an exponent or more digits than were counted."""
    text = client_of().get(USAGE).text
    numbers: list[str] = []
    json.loads(text, parse_float=numbers.append)
    assert numbers
    assert all("e" not in number.lower() and len(number.partition(".")[2]) <= 12 for number in numbers)
    assert TOKEN not in text
