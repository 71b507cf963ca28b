"""The scenes of the demo account: what goes wrong in it, from the moment at which a scene begins."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from exporter.simulator.demo import demo_world
from exporter.simulator.incident import Incident, Mishap
from exporter.simulator.world import AccountModel, Asset, Bucket, Database, World

Change = Callable[[AccountModel, datetime], AccountModel]

_CALM = timedelta(minutes=5)
"""How long an account is well before its incident."""

_FOREVER = timedelta(days=3_650)
_TB = 10**12


def scene_world(name: str, begins: datetime, seed: int = 1) -> World:
    """Return the world of the demo account with a scene. Raises KeyError if there is none of that name."""
    change = CHANGES[name]
    world = demo_world(seed)
    return replace(world, accounts=tuple(change(account, begins) for account in world.accounts))


def _healthy(account: AccountModel, _begins: datetime) -> AccountModel:
    return account


def _incident(asset: str, *, mishap: Mishap = Mishap.THROWS, events: int = 0, lasts: timedelta = _FOREVER) -> Change:
    """Return the scene of one incident of an asset."""

    def change(account: AccountModel, begins: datetime) -> AccountModel:
        since = begins + _CALM
        incident = Incident(since=since, until=since + lasts, mishap=mishap, events=events)
        return _changed(account, asset, lambda known: replace(known, incidents=(*known.incidents, incident)))

    return change


def _full_scans(account: AccountModel, _begins: datetime) -> AccountModel:
    def without_index(asset: Asset) -> Asset:
        assert isinstance(asset, Database)
        return replace(asset, rows_per_query=120_000)

    return _changed(account, "data-warehouse", without_index)


def _storage(account: AccountModel, begins: datetime) -> AccountModel:
    copies = Bucket(
        name="shop-backups", created=begins - timedelta(days=5), weight=20, stored_bytes=_TB, growth_bytes=5 * _TB
    )
    return replace(account, assets=(*account.assets, copies))


def _changed(account: AccountModel, name: str, change: Callable[[Asset], Asset]) -> AccountModel:
    """Return an account one of whose assets is changed."""
    return replace(account, assets=tuple(change(asset) if asset.name == name else asset for asset in account.assets))


CHANGES: Mapping[str, Change] = MappingProxyType(
    {
        "errors": _incident("checkout", lasts=timedelta(minutes=15)),
        "healthy": _healthy,
        "full-scans": _full_scans,
        "runaway-query": _incident("shop-orders", mishap=Mishap.SCANS, events=1_000),
        "rows-written": _incident("shop-orders", mishap=Mishap.WRITES, events=300),
        "alarm-loop": _incident("chat-gateway_Room", mishap=Mishap.ALARMS, events=40_000),
        "storage": _storage,
    }
)
"""What each scene changes in the account."""
