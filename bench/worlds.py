"""Simulated accounts of any size."""

from dataclasses import dataclass
from datetime import timedelta

from exporter.simulator import (
    AccountModel,
    Asset,
    Bucket,
    Database,
    KvNamespace,
    Limits,
    ObjectNamespace,
    TokenModel,
    Worker,
    World,
    Zone,
)

ACCOUNT_ID = "b" * 32
TOKEN = "bench-token"
BUSY = 3_000
"""Events per minute: enough to change every row of an asset every minute."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of assets of each kind in an account."""

    workers: int
    buckets: int
    databases: int
    kv_namespaces: int
    object_namespaces: int

    @property
    def assets(self) -> int:
        """The total number of assets."""
        return self.workers + self.buckets + self.databases + self.kv_namespaces + self.object_namespaces


def usual_counts(assets: int) -> Counts:
    """Return ``assets`` assets in the proportions of an account that is mostly Workers."""
    tenth = assets // 10
    return Counts(assets - 5 * tenth, tenth, 2 * tenth, tenth, tenth)


def busy_world(counts: Counts, retention: timedelta, zones: int = 0) -> World:
    """Return an account whose assets and ``zones`` are all in use, unsampled, with request limits off.

    ``retention`` is how far back Cloudflare keeps data, and so bounds the history fill: at this size the simulated
    Cloudflare would take minutes for a month.
    """
    return World(
        accounts=(AccountModel(id=ACCOUNT_ID, name="Bench", assets=(*_assets(counts), *_zones(zones))),),
        tokens=(TokenModel(token=TOKEN),),
        limits=Limits(rest=None, graphql=None, not_older_than=retention),
    )


def many_accounts(number: int, counts: Counts, retention: timedelta) -> World:
    """Return accounts of one token that all have the same assets in use, with Cloudflare's own request limits."""
    accounts = tuple(
        AccountModel(id=f"{account:032x}", name=f"Bench {account}", assets=tuple(_assets(counts)))
        for account in range(1, number + 1)
    )
    return World(accounts=accounts, tokens=(TokenModel(token=TOKEN),), limits=Limits(not_older_than=retention))


def _assets(counts: Counts) -> list[Asset]:
    assets: list[Asset] = []
    for number in range(counts.workers):
        assets.append(Worker(id=f"{number:032x}", name=f"{_project(number)}-worker-{number}", weight=BUSY))
    for number in range(counts.buckets):
        assets.append(Bucket(name=f"{_project(number)}-bucket-{number}", weight=BUSY))
    for number in range(counts.databases):
        identity = f"00000000-0000-0000-0000-{number:012x}"
        assets.append(Database(id=identity, name=f"{_project(number)}-database-{number}", weight=BUSY))
    for number in range(counts.kv_namespaces):
        assets.append(KvNamespace(id=f"{number:032x}", name=f"{_project(number)}-kv-{number}", weight=BUSY))
    for number in range(counts.object_namespaces):
        script = f"{_project(number)}-worker-{number}"
        assets.append(ObjectNamespace(id=f"{number:032x}", name=f"{script}_Room", script=script, weight=BUSY))
    return assets


def _zones(count: int) -> list[Zone]:
    return [Zone(id=f"{number:032x}", name=f"zone-{number}.example", weight=BUSY) for number in range(count)]


def _project(number: int) -> str:
    """Return the project of an asset, one of a hundred."""
    return f"project{number % 100:02d}"
