"""The demo account with five different projects, and its token."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from exporter.simulator.dataset import fixed
from exporter.simulator.world import (
    AccountModel,
    Asset,
    Bucket,
    BucketLists,
    Database,
    KvNamespace,
    Limits,
    ObjectNamespace,
    Subscription,
    TokenModel,
    Worker,
    World,
)

DEMO_ACCOUNT_ID = "d3300000000000000000000000000001"
DEMO_TOKEN = "demo-token"

_GB = 10**9


def demo_world(seed: int = 1) -> World:
    """Return the world of the demo account, in which nothing is wrong."""
    account = AccountModel(
        id=DEMO_ACCOUNT_ID,
        name="Example",
        assets=(*_shop(), *_blog(), *_chat(), *_data(), *_labs()),
        subscriptions=_subscriptions(),
        covered=True,
    )
    token = TokenModel(token=DEMO_TOKEN, user="demo")
    return World(accounts=(account,), tokens=(token,), seed=seed, lateness=timedelta(minutes=2), limits=Limits())


def _subscriptions() -> tuple[Subscription, ...]:
    """Return the subscriptions: three monthly ones, from the 14th on, and the yearly plan of a zone."""
    anchor = datetime(2024, 2, 14, tzinfo=UTC)
    return (
        Subscription(public_name="Workers Paid", price=Decimal("5.00"), rate_plan_id="workers_paid", anchor=anchor),
        Subscription(public_name="R2 Paid", price=Decimal("0.00"), rate_plan_id="r2_paid", anchor=anchor),
        Subscription(
            public_name="Workers for Platforms",
            price=Decimal("25.00"),
            rate_plan_id="workers_for_platforms",
            anchor=anchor,
        ),
        Subscription(
            public_name="Pro Plan",
            price=Decimal("240.00"),
            rate_plan_id="pro",
            anchor=datetime(2025, 6, 14, tzinfo=UTC),
            frequency="yearly",
            scope="zone",
        ),
    )


def _script(name: str, weight: int, *, tags: tuple[str, ...] = (), growth: int = 0) -> Worker:
    return Worker(id=_identifier(name), name=name, weight=weight, tags=tags, growth=growth)


def _identifier(name: str) -> str:
    return fixed(Worker(id=name, name=name), "demo")


def _uuid(name: str) -> str:
    digits = _identifier(name)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"


def _shop() -> tuple[Asset, ...]:
    """Return a steady business."""
    checkout = Worker(
        id=_identifier("checkout"), name="checkout", weight=180, tags=("project:shop",), cpu_microseconds=6_200
    )
    return (
        _script("shop-web", 900),
        checkout,
        Bucket(name="shop-images", weight=180, stored_bytes=6 * _GB, growth_bytes=_GB // 20, cycle_days=60),
        Database(id=_uuid("shop-orders"), name="shop-orders", weight=240, stored_bytes=_GB // 2),
        KvNamespace(id=_identifier("shop-sessions"), name="shop-sessions", weight=350),
    )


def _blog() -> tuple[Asset, ...]:
    return (
        _script("blog-render", 260),
        _script("newsletter", 12, tags=("project:blog",)),
        Bucket(name="blog-media", weight=130, stored_bytes=2 * _GB),
        Bucket(name="blog-archive", weight=2, stored_bytes=3 * _GB, storage_class="InfrequentAccess"),
        KvNamespace(id=_identifier("blog-cache"), name="blog-cache", weight=110),
        BucketLists(),
    )


def _chat() -> tuple[Asset, ...]:
    """Return Durable Objects whose usage and cost grow from day to day."""
    return (
        _script("chat-gateway", 320, growth=40),
        ObjectNamespace(
            id=_identifier("chat-rooms"),
            name="chat-gateway_Room",
            class_name="Room",
            script="chat-gateway",
            weight=240,
            growth=40,
            objects=6,
        ),
        ObjectNamespace(
            id=_identifier("chat-presence"),
            name="chat-gateway_Presence",
            class_name="Presence",
            script="chat-gateway",
            weight=90,
            use_sqlite=False,
        ),
        Bucket(name="chat-uploads", jurisdiction="eu", weight=60, stored_bytes=4 * _GB),
    )


def _data() -> tuple[Asset, ...]:
    """Return an import that computes much, and what it imports into: most of the account's cost."""
    return (
        Worker(
            id=_identifier("data-import"),
            name="data-import",
            weight=3_550,
            tags=("team:data",),
            cpu_microseconds=120_000,
        ),
        Database(
            id=_uuid("data-warehouse"),
            name="data-warehouse",
            weight=70,
            stored_bytes=3 * _GB,
            growth_bytes=2_000_000,
        ),
        Bucket(name="data-lake", weight=35, stored_bytes=5 * _GB, growth_bytes=_GB // 25, cycle_days=90),
    )


def _labs() -> tuple[Asset, ...]:
    """Return experiments: an unused Worker, and a tenant's in a dispatch namespace."""
    return (
        _script("labs-idle", 0),
        _script("labs-ocr", 8),
        Worker(id=_identifier("tenant-a"), name="tenant-a", weight=15, dispatch_namespace="labs-tenants"),
        Database(id=_uuid("labs-notes"), name="labs-notes", weight=3, stored_bytes=4_000_000, growth_bytes=10_000),
    )
