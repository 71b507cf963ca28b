"""Assets over time: created, renamed, swapped, deleted, and created again under the same name."""

from datetime import UTC, datetime, timedelta

import pytest

from exporter.simulator import Bucket, Database, KvNamespace, ManualClock, Simulator, Worker
from tests.simulator.client import ACCOUNT, HOUR, MINUTE, SCRIPTS, WORKERS, Client, between

REQUESTS = "d1AnalyticsAdaptiveGroups"
OPERATIONS = "r2OperationsAdaptiveGroups"


def test_rename_holds_from_its_minute(simulator: Simulator, client: Client, clock: ManualClock) -> None:
    """Rows carry the name that was valid at their minute, and the list the name that is valid now."""
    clock.set(datetime(2026, 6, 1, 9, 20, 30, tzinfo=UTC))
    simulator.rename(ACCOUNT, "worker", "1" * 32, "store-web")
    clock.set(datetime(2026, 6, 1, 10, 0, tzinfo=UTC))
    hour = datetime(2026, 6, 1, 9, tzinfo=UTC)
    rows = client.rows(
        f'{WORKERS}(limit: 100, filter: {{{between(hour, hour + HOUR)}, scriptTag: "{"1" * 32}"}})'
        " { dimensions { scriptName } sum { requests } }"
    )
    asked = {row["dimensions"]["scriptName"]: row["sum"]["requests"] for row in rows}
    renamed = hour + timedelta(minutes=20)
    by = ("scriptTag",)
    assert asked == {
        "shop-web": simulator.used(ACCOUNT, WORKERS, hour, renamed, by=by)[("1" * 32,)]["requests"],
        "store-web": simulator.used(ACCOUNT, WORKERS, renamed, hour + HOUR, by=by)[("1" * 32,)]["requests"],
    }
    names = [script["id"] for script in client.get(SCRIPTS).json()["result"]]
    assert names == ["store-web", "shop-api"]


def test_swapped_names(simulator: Simulator, client: Client) -> None:
    """Two assets take each other's name: the lists follow, the usage stays with the ids."""
    simulator.add(ACCOUNT, KvNamespace(id="8" * 32, name="flags"))
    simulator.rename(ACCOUNT, "kv_namespace", "7" * 32, "flags")
    simulator.rename(ACCOUNT, "kv_namespace", "8" * 32, "sessions")
    listed = client.get(f"/accounts/{ACCOUNT}/storage/kv/namespaces").json()["result"]
    assert {entry["id"]: entry["title"] for entry in listed} == {"7" * 32: "flags", "8" * 32: "sessions"}


def test_deleted_and_created(simulator: Simulator, client: Client, clock: ManualClock) -> None:
    """An asset is listed and used from its creation until its deletion, and not otherwise."""
    now = clock.now().replace(second=0)
    simulator.delete(ACCOUNT, "database", "d1-orders")
    simulator.add(ACCOUNT, Database(id="d1-new", name="orders", created=now + timedelta(minutes=10)))
    assert set(simulator.used(ACCOUNT, REQUESTS, now - HOUR, now, by=("databaseId",))) == {("d1-orders",)}
    assert simulator.used(ACCOUNT, REQUESTS, now, now + timedelta(minutes=10)) == {}
    assert set(simulator.used(ACCOUNT, REQUESTS, now, now + HOUR, by=("databaseId",))) == {("d1-new",)}
    assert client.get(f"/accounts/{ACCOUNT}/d1/database").json()["result"] == []
    clock.advance(HOUR)
    assert [entry["uuid"] for entry in client.get(f"/accounts/{ACCOUNT}/d1/database").json()["result"]] == ["d1-new"]


def test_a_name_that_two_had(simulator: Simulator, client: Client, clock: ManualClock) -> None:
    """A Worker deleted and another created under its name both count, each under its own id."""
    now = clock.now().replace(second=0)
    simulator.delete(ACCOUNT, "worker", "1" * 32)
    simulator.add(ACCOUNT, Worker(id="9" * 32, name="shop-web", weight=20, created=now))
    clock.set(now + HOUR)
    rows = client.rows(
        f'{WORKERS}(limit: 100, filter: {{{between(now - HOUR, now + HOUR)}, scriptName: "shop-web"}})'
        " { dimensions { scriptTag } sum { requests } }"
    )
    asked = {row["dimensions"]["scriptTag"]: row["sum"]["requests"] for row in rows}
    by = ("scriptTag",)
    before = simulator.used(ACCOUNT, WORKERS, now - HOUR, now, by=by)
    after = simulator.used(ACCOUNT, WORKERS, now, now + HOUR, by=by)
    assert asked == {
        "1" * 32: before[("1" * 32,)]["requests"],
        "9" * 32: after[("9" * 32,)]["requests"],
    }
    assert [(entry["id"], entry["tag"]) for entry in client.get(SCRIPTS).json()["result"]] == [
        ("shop-api", "2" * 32),
        ("shop-web", "9" * 32),
    ]


def test_a_bucket_created_again(simulator: Simulator, client: Client, clock: ManualClock) -> None:
    """A bucket, whose name is its identity, is used before its deletion and after its creation, and not between."""
    deleted = clock.now().replace(second=0)
    created = deleted + 10 * MINUTE
    simulator.delete(ACCOUNT, "bucket", "media")
    simulator.add(ACCOUNT, Bucket(name="media", created=created, stored_bytes=1_000, growth_bytes=0))

    def used(since: datetime, until: datetime) -> int:
        rows = simulator.used(ACCOUNT, OPERATIONS, since, until, by=("bucketName",))
        return rows.get(("media",), {}).get("requests", 0)

    def listed() -> list[str]:
        answer = client.get(f"/accounts/{ACCOUNT}/r2/buckets").json()
        return [bucket["name"] for bucket in answer["result"]["buckets"]]

    assert used(deleted, created) == 0
    assert used(deleted - HOUR, created + HOUR) == used(deleted - HOUR, deleted) + used(created, created + HOUR)
    assert min(used(deleted - HOUR, deleted), used(created, created + HOUR)) > 0
    assert listed() == []
    clock.set(created + 2 * HOUR)
    assert listed() == ["media"]
    rows = client.rows(
        f'r2StorageAdaptiveGroups(limit: 9, filter: {{{between(created, clock.now())}, bucketName: "media"}})'
        " { max { payloadSize } }"
    )
    assert rows == [{"max": {"payloadSize": 1_000}}]
    simulator.rename(ACCOUNT, "bucket", "media", "renamed")
    simulator.delete(ACCOUNT, "bucket", "media")
    assert listed() == []


def test_what_is_not_there_is_not_changed(simulator: Simulator, clock: ManualClock) -> None:
    """An asset is deleted once, renamed only while it is there, and has no double."""
    now = clock.now()
    with pytest.raises(ValueError, match="has a database d1-orders already"):
        simulator.add(ACCOUNT, Database(id="d1-orders", name="double"))
    simulator.delete(ACCOUNT, "database", "d1-orders")
    with pytest.raises(ValueError, match="has a database d1-orders already"):
        simulator.add(ACCOUNT, Database(id="d1-orders", name="early", created=now - MINUTE))
    with pytest.raises(KeyError, match="has no database d1-orders"):
        simulator.delete(ACCOUNT, "database", "d1-orders")
    with pytest.raises(KeyError, match="has no database d1-orders"):
        simulator.rename(ACCOUNT, "database", "d1-orders", "sales")
    simulator.add(ACCOUNT, Database(id="d1-orders", name="orders", created=now))
