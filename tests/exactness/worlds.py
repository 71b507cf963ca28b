"""The small worlds that the exporter is tried on: an account with a few assets of each kind."""

from datetime import timedelta

from exporter.simulator import (
    AccountModel,
    Asset,
    Bucket,
    BucketLists,
    Database,
    KvNamespace,
    Limits,
    ObjectNamespace,
    TokenModel,
    Worker,
    World,
)

ACCOUNT_ID = "a" * 32
TOKEN = "secret-token"


RENAMABLE = (
    ("worker", "1" * 32),
    ("worker", "2" * 32),
    ("database", "00000000-0000-0000-0000-000000000001"),
    ("database", "00000000-0000-0000-0000-000000000002"),
    ("object_namespace", "3" * 32),
    ("kv_namespace", "4" * 32),
    ("kv_namespace", "5" * 32),
)


def small_assets() -> tuple[Asset, ...]:
    """Two assets of most kinds, a script that no list has, and the account's own operations."""
    return (
        Worker(id="1" * 32, name="shop-web", weight=6),
        Worker(id="2" * 32, name="shop-api", weight=1, tags=("project:store",)),
        Worker(id="6" * 32, name="hidden", weight=2, listed=False),
        Worker(id="7" * 32, name="tenant-one", weight=1, listed=False, dispatch_namespace="tenants"),
        Bucket(name="media", weight=4),
        Bucket(name="media", jurisdiction="eu", weight=1),
        BucketLists(),
        Database(id="00000000-0000-0000-0000-000000000001", name="orders", weight=4),
        Database(id="00000000-0000-0000-0000-000000000002", name="shop-log", weight=1),
        ObjectNamespace(id="3" * 32, name="shop-web_Cart", script="shop-web", weight=3),
        KvNamespace(id="4" * 32, name="sessions", weight=5),
        KvNamespace(id="5" * 32, name="flags", weight=0),
    )


def small_world(
    seed: int, lateness: timedelta, max_page_size: int = 10_000, retention: timedelta = timedelta(days=4)
) -> World:
    """One account that one token sees, with request limits off, and few days before counting to fill in."""
    return World(
        accounts=(AccountModel(id=ACCOUNT_ID, name="Example", assets=small_assets()),),
        tokens=(TokenModel(token=TOKEN),),
        seed=seed,
        lateness=lateness,
        limits=Limits(rest=None, graphql=None, max_page_size=max_page_size, not_older_than=retention),
    )
