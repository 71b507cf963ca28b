"""The account that the scenes look at."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from exporter.simulator import (
    AccountModel,
    Asset,
    Bucket,
    Database,
    Incident,
    KvNamespace,
    Limits,
    ObjectNamespace,
    TokenModel,
    Worker,
    World,
)
from tests.alerting.scene import minute
from tests.exactness.harness import ACCOUNT_ID, TOKEN

NO_LATENESS = timedelta(0)

WEB, API, CRON, FRESH = "shop-web", "shop-api", "shop-cron", "shop-fresh"
MEDIA = "shop-media"

DATABASE_ID = "00000000-0000-0000-0000-000000000001"
OBJECTS_ID = "3" * 32
KV_ID = "4" * 32

NAMES = {DATABASE_ID: "shop-orders", OBJECTS_ID: "shop-web_Cart", KV_ID: "shop-sessions"}
"""What ids are published as."""


def shop(
    *,
    bursts: Mapping[str, tuple[int, int]] = MappingProxyType({}),
    fresh_from: int | None = None,
    lateness: timedelta = NO_LATENESS,
) -> World:
    """One account with assets of each kind, all of one project.

    One Worker fails always, but is called so seldom that nobody need know; one bucket is large. ``bursts`` names the
    Workers that fail between two minutes; from minute ``fresh_from`` on there are a Worker and a bucket more.
    """
    old = minute(-1_440)
    incidents = {name: (_incident(*span),) for name, span in bursts.items()}
    assets: tuple[Asset, ...] = (
        Worker(id="1" * 32, name=WEB, created=old, weight=60, incidents=incidents.get(WEB, ())),
        Worker(id="2" * 32, name=API, created=old, weight=40, incidents=incidents.get(API, ())),
        Worker(id="6" * 32, name=CRON, created=old, weight=1, incidents=(_incident(-600, 6_000),)),
        Bucket(name=MEDIA, created=old, weight=100, stored_bytes=12_000_000_000, growth_bytes=0),
        Database(id=DATABASE_ID, name=NAMES[DATABASE_ID], created=old, weight=100),
        ObjectNamespace(id=OBJECTS_ID, name=NAMES[OBJECTS_ID], created=old, script=WEB, weight=100),
        KvNamespace(id=KV_ID, name=NAMES[KV_ID], created=old, weight=100),
    )
    if fresh_from is not None:
        created = minute(fresh_from)
        assets += (
            Worker(id="5" * 32, name=FRESH, weight=30, created=created),
            Bucket(name=FRESH, weight=100, stored_bytes=0, growth_bytes=0, created=created),
        )
    return World(
        accounts=(AccountModel(id=ACCOUNT_ID, name="Example", assets=assets),),
        tokens=(TokenModel(token=TOKEN),),
        lateness=lateness,
        limits=Limits(rest=None, graphql=None),
    )


def _incident(since: int, until: int) -> Incident:
    return Incident(since=minute(since), until=minute(until))
