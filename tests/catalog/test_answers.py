"""One answer of each list and dataset, as Cloudflare's documentation shows it, and what it decodes to."""

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
import respx

from exporter.catalog import DATASETS, PRODUCTS
from exporter.cloudflare import Client, CloudflareTime, Discovery, RequestTally
from exporter.cloudflare.decode import decode_rows
from exporter.model import Account, Asset, Inventory, Listing
from exporter.simulator import ManualClock
from tests.clock import START, CoupledClock

ACCOUNT = Account("01a7362d577a6c3019a474fd6f485823", "Example Inc")
BASE = "https://api.cloudflare.test/client/v4"
DATE = {"Date": "Mon, 20 Oct 2025 09:41:07 GMT"}
HOUR = datetime(2025, 10, 20, 10, tzinfo=UTC)

LISTS: dict[str, tuple[str, str, Asset]] = {
    "workers": (
        "/workers/scripts",
        """{"result": [{"id": "my-worker", "tag": "e8f70fdbc8b1fb0b8ddb1af166186758", "tags": ["team:web"],
        "created_on": "2022-05-05T05:15:11.602148Z", "modified_on": "2025-10-20T19:02:56.446492Z",
        "etag": "13a3240e8fb414561b0366813b0b8f42b3e6cfa0d9e70e99835dae83d0d8a794",
        "handlers": ["fetch", "scheduled"], "usage_model": "standard", "logpush": false,
        "last_deployed_from": "wrangler", "has_assets": false, "compatibility_flags": ["nodejs_compat"],
        "placement": {"mode": "smart"}, "observability": {"enabled": true, "head_sampling_rate": 1},
        "tail_consumers": []}], "success": true, "errors": [], "messages": []}""",
        Asset(
            kind="worker",
            id="e8f70fdbc8b1fb0b8ddb1af166186758",
            name="my-worker",
            created=datetime(2022, 5, 5, 5, 15, 11, 602148, tzinfo=UTC),
            modified=datetime(2025, 10, 20, 19, 2, 56, 446492, tzinfo=UTC),
            tags=("team:web",),
        ),
    ),
    "r2": (
        "/r2/buckets",
        """{"result": {"buckets": [{"name": "media", "creation_date": "2024-06-01T12:00:00.000Z", "location": "weur",
        "jurisdiction": "default", "storage_class": "Standard"}]},
        "result_info": {"cursor": "", "per_page": "1000"}, "success": true, "errors": [], "messages": []}""",
        Asset(kind="r2_bucket", id="media", name="media", created=datetime(2024, 6, 1, 12, tzinfo=UTC)),
    ),
    "d1": (
        "/d1/database",
        """{"result": [{"uuid": "8f1c0c5a-6a0e-4c4b-9b0a-0f6a3c1f7e21", "name": "prod-db",
        "created_at": "2024-11-15T18:25:44.442Z", "version": "production", "jurisdiction": null}],
        "result_info": {"page": 1, "per_page": 10000, "count": 1, "total_count": 1},
        "success": true, "errors": [], "messages": []}""",
        Asset(
            kind="d1_database",
            id="8f1c0c5a-6a0e-4c4b-9b0a-0f6a3c1f7e21",
            name="prod-db",
            created=datetime(2024, 11, 15, 18, 25, 44, 442000, tzinfo=UTC),
        ),
    ),
    "durable_objects": (
        "/workers/durable_objects/namespaces",
        """{"result": [{"id": "5fd1cafff895419c8bcc647fc64ab8f0", "name": "my-worker_Counter", "class": "Counter",
        "script": "my-worker", "use_sqlite": true}],
        "result_info": {"page": 1, "per_page": 1000, "count": 1, "total_count": 1},
        "success": true, "errors": [], "messages": []}""",
        Asset(
            kind="do_namespace",
            id="5fd1cafff895419c8bcc647fc64ab8f0",
            name="my-worker_Counter",
            parent="my-worker",
        ),
    ),
    "kv": (
        "/storage/kv/namespaces",
        """{"result": [{"id": "0f2ac74b498b48028cb68387c421e279", "title": "sessions",
        "supports_url_encoding": true}], "result_info": {"page": 1, "per_page": 100, "count": 1, "total_count": 1},
        "success": true, "errors": [], "messages": []}""",
        Asset(kind="kv_namespace", id="0f2ac74b498b48028cb68387c421e279", name="sessions"),
    ),
}


def discover(router: respx.MockRouter, product_name: str) -> Inventory:
    """List one product of the account."""

    async def ask() -> Inventory:
        clock = CoupledClock(ManualClock(START))
        time = CloudflareTime(clock)
        products = [product for product in PRODUCTS if product.name == product_name]
        async with httpx.AsyncClient(transport=httpx.MockTransport(router.async_handler)) as http:
            client = Client(http, BASE, "secret", clock=clock, time=time, tally=RequestTally())
            return await Discovery(client, time, products).assets(ACCOUNT)

    return asyncio.run(ask())


@pytest.mark.parametrize("name", [product.name for product in PRODUCTS])
def test_a_documented_list_decodes_to_assets(name: str) -> None:
    """The example answer of each product gives its one asset, whatever else an item holds."""
    path, text, asset = LISTS[name]
    router = respx.MockRouter()
    if name == "r2":
        empty = {"success": True, "result": {"buckets": []}, "result_info": {"cursor": ""}}
        router.get(f"{BASE}/accounts/{ACCOUNT.id}{path}", headers={"cf-r2-jurisdiction": "eu"}).respond(
            json=empty, headers=DATE
        )
    router.get(f"{BASE}/accounts/{ACCOUNT.id}{path}").respond(text=text, headers=DATE)
    assert discover(router, name).listings == {asset.kind: Listing(asset.kind, (asset,))}


def test_a_bucket_of_a_jurisdiction_bears_its_name_in_analytics() -> None:
    """Buckets of the European jurisdiction are known by the prefix that GraphQL gives them."""
    path, text, default = LISTS["r2"]
    router = respx.MockRouter()
    router.get(f"{BASE}/accounts/{ACCOUNT.id}{path}").respond(text=text, headers=DATE)
    eu = Asset(kind="r2_bucket", id="eu_media", name="eu_media", created=default.created, stem="media")
    assert discover(router, "r2").listings == {"r2_bucket": Listing("r2_bucket", (default, eu))}


ROWS: dict[str, tuple[str, tuple[str, tuple[str, ...]], dict[str, int]]] = {
    "workersInvocationsAdaptive": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z", "scriptTag": "e8f70fdbc8b1fb0b8ddb1af166186758",
        "scriptName": "my-worker", "dispatchNamespaceName": "", "status": "success"},
        "sum": {"requests": 1200, "errors": 0, "subrequests": 340, "responseBodySize": 9876543,
        "clientDisconnects": 3, "duration": 12.3456785, "cpuTimeUs": 4567890}}""",
        ("e8f70fdbc8b1fb0b8ddb1af166186758", ("success",)),
        {
            "requests": 1200,
            "subrequests": 340,
            "responseBodySize": 9876543,
            "clientDisconnects": 3,
            "duration": 12_345_678,
            "cpuTimeUs": 4567890,
        },
    ),
    "r2OperationsAdaptiveGroups": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z", "bucketName": "eu_media",
        "actionType": "GetObject", "responseStatusCode": 200, "storageClass": "Standard"},
        "sum": {"requests": 17, "responseBytes": 123456, "responseObjectSize": 120000}}""",
        ("eu_media", ("GetObject", "B", "200", "Standard")),
        {"requests": 17, "responseBytes": 123456, "responseObjectSize": 120000},
    ),
    "d1AnalyticsAdaptiveGroups": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z",
        "databaseId": "8f1c0c5a-6a0e-4c4b-9b0a-0f6a3c1f7e21"},
        "sum": {"readQueries": 90, "writeQueries": 10, "rowsRead": 25000000000, "rowsWritten": 12,
        "queryBatchResponseBytes": 1024.5}}""",
        ("8f1c0c5a-6a0e-4c4b-9b0a-0f6a3c1f7e21", ()),
        {
            "readQueries": 90,
            "writeQueries": 10,
            "rowsRead": 25_000_000_000,
            "rowsWritten": 12,
            "queryBatchResponseBytes": 1_024_500_000,
        },
    ),
    "durableObjectsInvocationsAdaptiveGroups": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z", "namespaceId": "5fd1cafff895419c8bcc647fc64ab8f0",
        "status": "scriptThrewException"}, "sum": {"requests": 40, "errors": 40}}""",
        ("5fd1cafff895419c8bcc647fc64ab8f0", ("scriptThrewException",)),
        {"requests": 40, "errors": 40},
    ),
    "durableObjectsPeriodicGroups": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z", "namespaceId": "5fd1cafff895419c8bcc647fc64ab8f0"},
        "sum": {"duration": 0.0000005, "activeTime": 3600000000, "cpuTime": 12000000, "rowsRead": 5, "rowsWritten": 4,
        "storageReadUnits": 3, "storageWriteUnits": 2, "storageDeletes": 1, "subrequests": 6,
        "inboundWebsocketMsgCount": 700, "outboundWebsocketMsgCount": 900, "exceededCpuErrors": 1,
        "exceededMemoryErrors": 2, "fatalInternalErrors": 3}}""",
        ("5fd1cafff895419c8bcc647fc64ab8f0", ()),
        {
            "activeTime": 3_600_000_000,
            "cpuTime": 12_000_000,
            "rowsRead": 5,
            "rowsWritten": 4,
            "storageReadUnits": 3,
            "storageWriteUnits": 2,
            "storageDeletes": 1,
            "subrequests": 6,
            "inboundWebsocketMsgCount": 700,
            "outboundWebsocketMsgCount": 900,
            "exceededCpuErrors": 1,
            "exceededMemoryErrors": 2,
            "fatalInternalErrors": 3,
        },
    ),
    "kvOperationsAdaptiveGroups": (
        """{"dimensions": {"datetimeHour": "2025-10-20T10:00:00Z", "namespaceId": "0f2ac74b498b48028cb68387c421e279",
        "actionType": "read", "result": "hot_read"}, "sum": {"requests": 5000, "objectBytes": 81920000}}""",
        ("0f2ac74b498b48028cb68387c421e279", ("read", "hot_read")),
        {"requests": 5000, "objectBytes": 81920000},
    ),
}


@pytest.mark.parametrize("name", DATASETS)
def test_a_row_decodes_to_amounts(name: str) -> None:
    """The example row of each dataset gives integers in the smallest unit, halves to even; the rest is 0."""
    text, key, amounts = ROWS[name]
    dataset = DATASETS[name]
    expected = tuple(amounts.get(entry.name, 0) for entry in dataset.fields)
    assert decode_rows(dataset, [json.loads(text, parse_float=Decimal)]) == {HOUR: {key: expected}}


def test_a_row_of_a_dispatch_namespace_belongs_to_the_namespace() -> None:
    """Scripts of a dispatch namespace are counted together, under the namespace."""
    row = json.loads(ROWS["workersInvocationsAdaptive"][0], parse_float=Decimal)
    row["dimensions"]["dispatchNamespaceName"] = "tenants"
    (decoded,) = decode_rows(DATASETS["workersInvocationsAdaptive"], [row]).values()
    assert list(decoded) == [("dispatch:tenants", ("success",))]


def test_a_row_without_an_id_goes_by_its_name() -> None:
    """A Worker's row that carries no tag is known by the script's name."""
    row = json.loads(ROWS["workersInvocationsAdaptive"][0], parse_float=Decimal)
    row["dimensions"]["scriptTag"] = ""
    (decoded,) = decode_rows(DATASETS["workersInvocationsAdaptive"], [row]).values()
    assert list(decoded) == [("name:my-worker", ("success",))]
