"""The world of whole exporters that are fuzzed: a small account with two zones."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from exporter.catalog import PRODUCTS
from exporter.simulator import World, Zone
from tests.exactness.matrix import DOCUMENTS, TRAFFIC
from tests.exactness.worlds import small_world
from tests.poller.altered_scene import AlteredRig
from tests.zones import CACHE_RESERVE

ZONES = ("c" * 31 + "0", "c" * 31 + "1")


def world() -> World:
    """Return the small account, with two zones."""
    small = small_world(1, timedelta(0), retention=timedelta(days=2))
    (account,) = small.accounts
    zones = [Zone(id=zone, name=f"{number}.example", weight=9) for number, zone in enumerate(ZONES)]
    return replace(small, accounts=(replace(account, assets=(*account.assets, *zones)),))


def play(folder: Path, **options: Any) -> AlteredRig:
    """Return an exporter that knows a product of zones."""
    return AlteredRig(
        world(), folder, traffic=TRAFFIC, documents=DOCUMENTS, products=(*PRODUCTS, CACHE_RESERVE), **options
    )
