"""Zones of two accounts: what each counts is the oracle's, and one that leaves ends where it was."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from exporter.billing import USD
from exporter.catalog import PRODUCTS, meters_of
from exporter.costs.calculator import CostCalculator
from exporter.costs.current import CostSource, CurrentCosts
from exporter.ledger import Ledger
from exporter.ledger.daily_sums import meter_hours
from exporter.model import Amounts, RowKey, Scope
from exporter.pricing import PLACES, ListTariffs
from exporter.simulator import AccountModel, Fault, Kind, Limits, TokenModel, Worker, World, Zone
from tests.exactness.harness import TOKEN, CardOnly, Rig
from tests.exactness.matrix import DOCUMENTS, MINUTE, TRAFFIC
from tests.exactness.oracle import CARD, DAY, add_increases
from tests.exactness.watcher import Kept
from tests.poller.scene import samples
from tests.zones import CACHE_RESERVE, OPERATIONS

ONE, OTHER = "a" * 32, "b" * 32
SHOP, BLOG, DOCS, MAIL = ("c" * 31 + "0", "c" * 31 + "1", "c" * 31 + "2", "d" * 32)
OPERATIONS_TOTAL = OPERATIONS.metrics[0].name
LIST_COST = "cloudflare_list_cost_usd_total"
METERS = meters_of([OPERATIONS])
TARIFFS = ListTariffs(lambda _: replace(CARD, metering=METERS))


def two_accounts(retention: timedelta) -> World:
    """Three zones and a Worker of one account, and a zone of another; one token sees both."""
    zones = [Zone(id=zone, name=f"{number}.example", weight=9) for number, zone in enumerate((SHOP, BLOG, DOCS))]
    return World(
        accounts=(
            AccountModel(id=ONE, name="Example", assets=(Worker(id="1" * 32, name="shop", weight=2), *zones)),
            AccountModel(id=OTHER, name="Other", assets=(Zone(id=MAIL, name="mail.example", weight=5),)),
        ),
        tokens=(TokenModel(token=TOKEN),),
        limits=Limits(rest=None, graphql=None, not_older_than=retention),
    )


def play(
    folder: Path, retention: timedelta, source_costs: Callable[[Ledger, CostCalculator], CostSource] = CardOnly
) -> Rig:
    """An exporter that knows Cache Reserve, on the two accounts."""
    products = (*PRODUCTS, CACHE_RESERVE)
    return Rig(two_accounts(retention), folder, TRAFFIC, DOCUMENTS, products=products, source_costs=source_costs)


async def live(rig: Rig, minutes: int) -> None:
    """Refresh and scrape once a minute."""
    for _ in range(minutes):
        await rig.refresh()
        rig.scrape()
        rig.pass_time(MINUTE)


def truth_of(rig: Rig, scope: Scope, since: datetime, until: datetime) -> dict[RowKey, Amounts]:
    """What the oracle says was used of a zone while it was in an account."""
    by = ("zoneTag", "operationClass", "actionStatus")
    used = rig.simulator.used(scope.account_id, OPERATIONS.name, since, until, by=by)
    return {(key[0], key[1:]): (row["requests"],) for key, row in used.items() if key[0] == scope.zone_id}


def start_of(rig: Rig, scope: Scope) -> datetime:
    """Since when a zone is counted."""
    books = rig.exporter.ledger.publication().books
    return next(book.state.start for book in books if book.state and book.scope == scope)


def counted(rig: Rig) -> set[Scope]:
    """The zones that have a book."""
    return {book.scope for book in rig.exporter.ledger.publication().books if book.scope.zone_id}


def totals(rig: Rig, scope: Scope) -> dict[RowKey, Amounts]:
    """What is counted of a zone."""
    found = rig.exporter.ledger.totals(scope, OPERATIONS.key)
    return {key: total for key, total in found.items() if any(total)}


def daily(rig: Rig, account_id: str) -> dict[tuple[date, str, str], int]:
    """The daily sums of an account's zones, of meters and of tallies."""
    sums = rig.exporter.ledger.daily_sums(account_id)
    return {key: amount for key, amount in sums.items() if key[2] in OPERATIONS.counted_ids and amount}


def metered(truth: Mapping[RowKey, Amounts], day: datetime) -> dict[tuple[date, str, str], int]:
    """The daily sums that some usage of a day comes to."""
    return meter_hours(OPERATIONS, {day: truth})


def of_zones(rig: Rig, name: str) -> dict[tuple[str, str], int | float]:
    """One of the exporter's own metrics of Cache Reserve, by account and zone."""
    found = samples(rig.exporter, name)
    return {(key[0], key[2]): value for key, value in found.items() if key[1] == OPERATIONS.key}


def check(rig: Rig, *scopes: Scope) -> None:
    """Compare the zones' totals, increases and list cost with the oracle, to the last unit."""
    expected: Counter[Kept] = Counter()
    for scope in scopes:
        truth = truth_of(rig, scope, start_of(rig, scope), rig.now)
        assert truth
        assert totals(rig, scope) == truth
        add_increases(expected, OPERATIONS, truth)
        for (_, _, meter), amount in metered(truth, rig.now).items():
            if meter not in METERS:
                continue
            tariff = TARIFFS.find(scope.account_id, meter, rig.now.date(), is_dispatched=False)
            assert tariff is not None
            kept = (("product", "cache_reserve"), ("meter", meter), ("kind", "zone"))
            expected[LIST_COST, kept] += amount * tariff.price // (USD // 10**PLACES)
    seen = {
        key: amount
        for key, amount in rig.watcher.increases.items()
        if key[0] == OPERATIONS_TOTAL or (key[0] == LIST_COST and ("kind", "zone") in key[1])
    }
    assert {key: amount for key, amount in seen.items() if amount} == +expected


def test_zones_are_counted_exactly(tmp_path: Path) -> None:
    """Through one zone's failures, a refused document and a restart, each zone's counters and days are the oracle's."""
    scopes = (*(Scope(ONE, zone) for zone in (SHOP, BLOG, DOCS)), Scope(OTHER, MAIL))

    async def script() -> None:
        async with play(tmp_path, timedelta(days=4)) as rig:
            await live(rig, 10)
            assert counted(rig) == set(scopes)
            troubles = (Kind.ALIAS_ERROR, Kind.ZONE_ABSENT, Kind.LOWER)
            for zone, kind in zip((SHOP, BLOG, DOCS), troubles, strict=True):
                rig.simulator.faults.add(Fault(kind=kind, zone=zone, until=rig.now + 15 * MINUTE))
            await live(rig, 10)
            until = of_zones(rig, "dataset_queried_until_timestamp_seconds")
            assert until["Example", "0.example"] == until["Example", "1.example"] < until["Example", "2.example"]
            assert until["Other", "mail.example"] == until["Example", "2.example"]
            await rig.restart()
            await live(rig, 40)
            assert len(set(of_zones(rig, "dataset_queried_until_timestamp_seconds").values())) == 1
            first = rig.now
            await rig.come_to_audit()
            check(rig, *scopes)
            for account in (ONE, OTHER):
                oldest = datetime.combine((first - timedelta(days=4)).date() + DAY, time(), rig.now.tzinfo)
                expected: Counter[tuple[date, str, str]] = Counter()
                for scope in scopes:
                    day = oldest
                    while scope.account_id == account and day.date() < rig.now.date():
                        expected.update(metered(truth_of(rig, scope, day, day + DAY), day))
                        day += DAY
                found = {key: amount for key, amount in daily(rig, account).items() if key[0] >= oldest.date()}
                assert found == dict(+expected)
            assert not any(of_zones(rig, "gap_seconds_total").values())

    asyncio.run(script())


def test_what_zones_use_is_part_of_their_accounts_bill(tmp_path: Path) -> None:
    """Begun millions of operations are charged to the account, and shared out over its zones."""

    async def script() -> None:
        async with play(tmp_path, timedelta(hours=3), CurrentCosts) as rig:
            await live(rig, 5)
            snapshot = rig.exporter.published.snapshot
            assert snapshot is not None
            costs: dict[tuple[str, str], Decimal] = {}
            for account in snapshot.costs.accounts.values():
                for item in account.items:
                    if item.product == "cache_reserve" and item.amount.to_date:
                        assert (item.kind, item.asset.endswith(".example")) == ("zone", True)
                        key = (account.account, item.meter)
                        costs[key] = costs.get(key, Decimal(0)) + item.amount.to_date
            of_class = {"cache_reserve_class_a": Decimal("4.50"), "cache_reserve_class_b": Decimal("0.36")}
            assert costs == {
                (account, meter): usd for account in ("Example", "Other") for meter, usd in of_class.items()
            }

    asyncio.run(script())


def test_a_zone_that_moves_ends_in_one_account_and_begins_in_the_other(tmp_path: Path) -> None:
    """Nothing is counted twice, the first account keeps what it counted, and the gap says what neither did."""
    before, after = Scope(ONE, SHOP), Scope(OTHER, SHOP)

    async def script() -> None:
        async with play(tmp_path, timedelta(hours=3)) as rig:
            await live(rig, 15)
            start, until = start_of(rig, before), rig.now.replace(second=0) - MINUTE
            rig.simulator.move_zone(ONE, SHOP, OTHER)
            await live(rig, 25)
            assert counted(rig) == {Scope(ONE, BLOG), Scope(ONE, DOCS), Scope(OTHER, MAIL), after}
            began = start_of(rig, after)
            gaps = of_zones(rig, "gap_seconds_total")
            lost = (began - until).total_seconds()
            assert gaps["Example", "0.example"] + gaps["Other", "0.example"] == lost > 0
            today = rig.now.replace(hour=0, minute=0, second=0)
            kept = {key: amount for key, amount in daily(rig, ONE).items() if key[1] == SHOP}
            assert kept == metered(truth_of(rig, before, start, until), today)
            await rig.come_to_rest()
            assert totals(rig, after) == truth_of(rig, after, began, rig.now)
            assert totals(rig, before) == {}
            assert {key: amount for key, amount in daily(rig, ONE).items() if key[1] == SHOP} == kept
            assert of_zones(rig, "gap_seconds_total") == gaps
            assert not any(state == "failing" for *_, state, _ in samples(rig.exporter, "dataset_state"))

    asyncio.run(script())


def test_zones_come_and_go(tmp_path: Path) -> None:
    """One is counted from when a list has it, and asked no more when none has; the days that it had stay."""
    created = Scope(ONE, "e" * 32)

    async def script() -> None:
        async with play(tmp_path, timedelta(hours=3)) as rig:
            await live(rig, 12)
            rig.simulator.add(ONE, Zone(id=created.zone_id, name="new.example", weight=9, created=rig.now))
            rig.simulator.delete(ONE, "zone", BLOG)
            await live(rig, 30)
            assert counted(rig) == {Scope(ONE, SHOP), Scope(ONE, DOCS), Scope(OTHER, MAIL), created}
            kept = {key: amount for key, amount in daily(rig, ONE).items() if key[1] == BLOG}
            assert kept
            rig.simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR, zone=BLOG))
            await rig.come_to_rest()
            assert totals(rig, created) == truth_of(rig, created, start_of(rig, created), rig.now)
            assert {key: amount for key, amount in daily(rig, ONE).items() if key[1] == BLOG} == kept
            assert ("Example", "1.example") not in of_zones(rig, "dataset_state")

    asyncio.run(script())
