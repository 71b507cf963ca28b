"""Zones in a schedule: born at different times, and asked by their own node or by the account's, as the release has it.

Whichever node is asked, the book is the zone's: what it counts is the oracle's.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from operator import le

from exporter.catalog import PRODUCTS
from exporter.catalog.product import Product
from exporter.catalog.readable import AccountNodeByZone, Readable, ZoneNode
from exporter.ledger.daily_sums import meter_hours
from exporter.model import DAY, HOUR, Amounts, DailyKey, RowKey, Scope, floor_hour
from exporter.simulator import AccountModel, Kind, World, Zone
from tests.exactness.events import Event, be_away, fault, lie, nothing, outage, wait
from tests.exactness.harness import ACCOUNT_ID, Rig
from tests.exactness.oracle import add_increases
from tests.exactness.watcher import Kept
from tests.zones import QUERIES, dns

ZONES = tuple(f"{number:032x}" for number in range(0xC0, 0xC3))
"""Those that are there from the beginning, the last of them without traffic."""

METRIC = QUERIES.metrics[0].name


def products(reads: Readable) -> tuple[Product, ...]:
    """Return the catalog of a release that asks one of the nodes."""
    return (*PRODUCTS[:1], dns(reads))


FIRST_PRODUCTS = products(ZoneNode())


def zoned(world: World) -> World:
    """Return a world whose account has nothing but zones."""
    zones = tuple(
        Zone(id=zone, name=f"{number}.example", weight=weight)
        for number, (zone, weight) in enumerate(zip(ZONES, (9, 2, 0), strict=True))
    )
    return replace(world, accounts=(AccountModel(id=ACCOUNT_ID, name="Example", assets=zones),))


async def ask_other_node(rig: Rig) -> None:
    """Install a release that asks the other node."""
    (was,) = (dataset for product in rig.products for dataset in product.datasets if dataset.key == QUERIES.key)
    await rig.start_with(products(ZoneNode() if was.reads.zone_dimension else AccountNodeByZone()))


async def create_zone(rig: Rig) -> None:
    """Let another zone appear."""
    rig.note_changing()
    count = len(rig.simulator.state.accounts[ACCOUNT_ID].assets)
    zone = Zone(id=f"{0xC0 + count:032x}", name=f"{count}.example", weight=3, created=rig.now)
    rig.simulator.add(ACCOUNT_ID, zone)


EVENTS: Mapping[str, Event] = {
    **{f"nothing {number}": nothing for number in range(6)},
    **{f"other node {number}": ask_other_node for number in range(6)},
    **{f"another zone {number}": create_zone for number in range(3)},
    "one zone fails": outage(12, kind=Kind.ALIAS_ERROR, zone=ZONES[0]),
    "one zone absent": fault(kind=Kind.ZONE_ABSENT, zone=ZONES[1], times=3),
    "dataset fails": outage(35, kind=Kind.ALIAS_ERROR, dataset=QUERIES.name),
    "analytics down": outage(40, kind=Kind.HTTP_STATUS, status=500, api="graphql"),
    "document refused": fault(kind=Kind.DOCUMENT_ERROR, message="unknown field", times=1),
    "too many nodes": outage(30, kind=Kind.TOO_MANY_NODES, limit=4),
    "small pages": outage(30, kind=Kind.SMALL_PAGES, limit=7),
    "short duration": outage(30, kind=Kind.SHORT_DURATION, seconds=3_600),
    "wrongly empty": lie(kind=Kind.EMPTY, dataset=QUERIES.name),
    "wrongly low": lie(kind=Kind.LOWER, dataset=QUERIES.name, fraction=400),
    "sleep long": wait(95),
    "restart": Rig.restart,
    "kill": Rig.kill,
    "be away": be_away(187),
}
"""What may happen to zones, and to an exporter that asks about them by either node."""


def _truth(rig: Rig, zone: str, since: datetime, until: datetime) -> dict[RowKey, Amounts]:
    used = rig.simulator.used(ACCOUNT_ID, QUERIES.name, since, until, by=("zoneTag", *QUERIES.words))
    return {(key[0], key[1:]): (row["count"],) for key, row in used.items() if key[0] == zone and row["count"]}


def _starts(rig: Rig) -> dict[Scope, datetime]:
    """Return since when each zone is counted."""
    books = rig.exporter.ledger.publication().books
    return {book.scope: book.state.start for book in books if book.state and book.dataset.key == QUERIES.key}


def check_on_the_way(rig: Rig) -> None:
    """Compare the totals of zones with the oracle while usage is still becoming visible: none may exceed it."""
    for scope, start in _starts(rig).items():
        truth = _truth(rig, scope.zone_id, start, rig.now)
        for row, total in rig.exporter.ledger.totals(scope, QUERIES.key).items():
            used = truth.get(row, (0,))
            assert all(map(le, total, used)), f"{scope.zone_id} {row}: {total} exceeds {used}"


def check(rig: Rig) -> None:
    """Compare the totals and increases of all zones with the oracle, to the last unit."""
    starts = _starts(rig)
    there = {asset.id for asset in rig.simulator.state.accounts[ACCOUNT_ID].assets if asset.kind == "zone"}
    assert {scope.zone_id for scope in starts} == there
    expected: Counter[Kept] = Counter()
    for scope, start in starts.items():
        truth = _truth(rig, scope.zone_id, start, rig.now)
        totals = rig.exporter.ledger.totals(scope, QUERIES.key)
        assert {row: total for row, total in totals.items() if any(total)} == truth, scope
        add_increases(expected, QUERIES, truth)
    assert +Counter({kept: grown for kept, grown in rig.watcher.increases.items() if kept[0] == METRIC}) == expected


def check_daily(rig: Rig, first: datetime) -> None:
    """Compare the daily sums of zones with the oracle: of each whole day that could be asked at ``first``."""
    oldest = floor_hour(first - rig.simulator.state.world.limits.not_older_than) + HOUR
    day = datetime.combine((oldest - timedelta(microseconds=1)).date() + DAY, time(), oldest.tzinfo)
    since, expected = day.date(), Counter[DailyKey]()
    while day.date() < rig.now.date():
        for scope in _starts(rig):
            expected.update(meter_hours(QUERIES, {day: _truth(rig, scope.zone_id, day, day + DAY)}))
        day += DAY
    assert _known_sums(rig, since) == dict(+expected)


def _known_sums(rig: Rig, since: date) -> dict[DailyKey, int]:
    today = rig.now.date()
    sums = rig.exporter.ledger.daily_sums(ACCOUNT_ID)
    return {
        key: amount
        for key, amount in sums.items()
        if amount and key[2] in QUERIES.counted_ids and since <= key[0] < today
    }
