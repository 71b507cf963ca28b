"""One answer of each list, as Cloudflare's documentation shows it, and the assets that it decodes to."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest
import respx

from exporter.catalog import PRODUCTS
from exporter.cloudflare import Client, CloudflareTime, Discovery, RequestBudget, RequestCounts
from exporter.model import Account, Asset, Inventory, Listing
from exporter.simulator import ManualClock
from tests.clock import START, CoupledClock

ACCOUNT = Account("01a7362d577a6c3019a474fd6f485823", "Example Inc")
BASE = "https://api.cloudflare.test/client/v4"
DATE = {"Date": "Mon, 20 Oct 2025 09:41:07 GMT"}

JURISDICTIONS = ("eu", "us", "fedramp", "fedramp-high")
NO_BUCKETS = {"success": True, "result": {"buckets": []}, "result_info": {"cursor": ""}}

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
            client = Client(
                http,
                BASE,
                "secret",
                clock=clock,
                time=time,
                request_counts=RequestCounts(),
                budget=RequestBudget(clock),
            )
            return await Discovery(client, time, products).assets(ACCOUNT)

    return asyncio.run(ask())


@pytest.mark.parametrize("name", [product.name for product in PRODUCTS])
def test_a_documented_list_decodes_to_assets(name: str) -> None:
    """The example answer of each product gives its one asset, whatever else an item holds."""
    path, text, asset = LISTS[name]
    router = respx.MockRouter(assert_all_called=False)
    for jurisdiction in JURISDICTIONS:
        router.get(f"{BASE}/accounts/{ACCOUNT.id}{path}", headers={"cf-r2-jurisdiction": jurisdiction}).respond(
            json=NO_BUCKETS, headers=DATE
        )
    router.get(f"{BASE}/accounts/{ACCOUNT.id}{path}").respond(text=text, headers=DATE)
    assert discover(router, name).listings == {asset.kind: Listing(asset.kind, (asset,))}


def test_a_bucket_of_a_jurisdiction_bears_its_name_in_analytics() -> None:
    """Buckets of each jurisdiction are known by the prefix that GraphQL gives them."""
    path, text, default = LISTS["r2"]
    router = respx.MockRouter()
    router.get(f"{BASE}/accounts/{ACCOUNT.id}{path}").respond(text=text, headers=DATE)
    others = tuple(
        Asset(kind="r2_bucket", id=f"{name}_media", name=f"{name}_media", created=default.created, stem="media")
        for name in JURISDICTIONS
    )
    assert discover(router, "r2").listings == {"r2_bucket": Listing("r2_bucket", (default, *others))}
