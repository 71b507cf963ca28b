"""Zones of an account on the simulated Cloudflare: who is asked, what one's trouble costs, and what asking takes."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exporter.catalog import PRODUCTS
from exporter.catalog.readable import AccountNodeByZone
from exporter.config.selection import Selection
from exporter.model import Account, Asset, Inventory, Listing
from exporter.poller.limits import LIMITS_LIFE
from exporter.simulator import AccountModel, Fault, Kind, Limits, TokenModel, World, Zone
from exporter.simulator.app import Application
from exporter.status import DatasetStatus
from tests.exactness.harness import ACCOUNT_ID, TOKEN, Rig
from tests.poller.scene import MINUTE, refresh, samples, told
from tests.zones import CACHE_RESERVE, OPERATIONS, QUERIES, dns

SHOP, BLOG, DOCS = ("c" * 31 + number for number in "012")
ADVICE = (
    "Grant the token the permission 'Analytics Read' for all zones; if it has that, the zone's plan lacks this dataset."
)


def zones_world(*zones: Zone, **limits: int | None) -> World:
    """An account that has nothing but zones, of which Cloudflare keeps too little for a day to be filled in."""
    there = zones or tuple(Zone(id=zone, name=f"{zone[-1]}.example") for zone in (SHOP, BLOG, DOCS))
    return World(
        accounts=(AccountModel(id=ACCOUNT_ID, name="Example", assets=there),),
        tokens=(TokenModel(token=TOKEN),),
        limits=Limits(**{"rest": None, "graphql": None, **limits}, not_older_than=timedelta(hours=3)),  # type: ignore[arg-type]
    )


def play(folder: Path, world: World | None = None) -> Rig:
    """An exporter that knows of Cache Reserve."""
    return Rig(world or zones_world(), folder, products=(*PRODUCTS, CACHE_RESERVE))


def statuses(rig: Rig) -> dict[str, DatasetStatus]:
    """The status of Cache Reserve, by the zone's name."""
    snapshot = rig.exporter.published.snapshot
    assert snapshot is not None
    return {status.zone: status for status in snapshot.status.datasets if status.dataset == OPERATIONS.key}


def states(rig: Rig) -> dict[str, tuple[str, str]]:
    """The state and reason of Cache Reserve, by the zone's name."""
    return {zone: (status.state, status.reason) for zone, status in statuses(rig).items()}


def ok_but(**others: tuple[str, str]) -> dict[str, tuple[str, str]]:
    """The states if all three zones are ok but some, named by their number."""
    return {f"{number}.example": others.get(f"zone_{number}", ("ok", "")) for number in range(3)}


async def documents(rig: Rig) -> int:
    """Refresh once, and return the number of GraphQL documents that it took."""
    before = rig.simulator.requests["graphql"]
    await refresh(rig)
    return rig.simulator.requests["graphql"] - before


def test_a_plan_without_the_dataset_is_its_zones(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """That zone is not asked, says so once and by its name; the others are counted, and the account is up."""
    zones = [Zone(id=SHOP, name="0.example"), Zone(id=BLOG, name="1.example"), Zone(id=DOCS, name="2.example")]
    zones[1] = replace(zones[1], disabled_datasets=frozenset({OPERATIONS.name}))

    async def script() -> None:
        async with play(tmp_path, zones_world(*zones)) as rig:
            with caplog.at_level(logging.INFO, logger="exporter.poller.status_tracker"):
                await refresh(rig, 4)
            assert states(rig) == ok_but(zone_1=("unavailable", "plan"))
            assert statuses(rig)["1.example"].detail == (
                f"{OPERATIONS.name}: the plan of zone 1.example of account Example ({ACCOUNT_ID}) does not include it."
            )
            assert statuses(rig)["1.example"].remedy.startswith("Move the zone to a plan that includes it")
            assert [line for line in told(caplog) if "plan" in line] == [
                f"{statuses(rig)['1.example'].detail} {statuses(rig)['1.example'].remedy}"
            ]
            assert samples(rig.exporter, "account_up") == {("Example",): 1}
            assert {(key[2], key[3]) for key in samples(rig.exporter, "dataset_state") if key[1] == OPERATIONS.key} == {
                ("0.example", "ok"),
                ("1.example", "unavailable"),
                ("2.example", "ok"),
            }
            # One document asks an idle account, one its zones; what their plans allow is read every six hours.
            asked = [await documents(rig) for _ in range(10)]
            assert max(asked) == 2
            assert sum(asked) <= 14

    asyncio.run(script())


def test_a_zone_that_fails_is_asked_each_refresh_and_one_that_is_refused_seldom(tmp_path: Path) -> None:
    """Either costs only itself, and is asked again: at once, or after a discovery interval."""

    async def script() -> None:
        async with play(tmp_path) as rig:
            await refresh(rig, 2)
            rig.simulator.faults.add(
                Fault(kind=Kind.ALIAS_ERROR, zone=SHOP, dataset=OPERATIONS.name),
                Fault(kind=Kind.ALIAS_ERROR, zone=BLOG, dataset=OPERATIONS.name, code="authz", message="no access"),
            )
            await refresh(rig)
            rig.simulator.faults.clear()
            assert states(rig) == ok_but(zone_0=("failing", "unreachable"), zone_1=("unavailable", "forbidden"))
            assert statuses(rig)["1.example"].remedy == ADVICE
            await refresh(rig, 9)
            assert states(rig) == ok_but(zone_1=("unavailable", "forbidden"))
            await refresh(rig, 2)
            assert states(rig) == ok_but()

    asyncio.run(script())


def test_no_zone_decides_whether_the_account_is_up(tmp_path: Path) -> None:
    """Whether an account is up is seen from its own datasets, whatever becomes of its zones."""

    async def script() -> None:
        async with play(tmp_path) as rig:
            await refresh(rig, 2)
            rig.simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR, dataset=OPERATIONS.name))
            await refresh(rig)
            assert {state for state, _ in states(rig).values()} == {"failing"}
            assert samples(rig.exporter, "account_up") == {("Example",): 1}
            rig.simulator.faults.clear()
            rig.simulator.faults.add(*(Fault(kind=Kind.ALIAS_ERROR, product=product.name) for product in PRODUCTS))
            await refresh(rig, 5)
            assert states(rig) == ok_but()
            assert samples(rig.exporter, "account_up") == {("Example",): 0}

    asyncio.run(script())


def test_a_zone_that_may_not_be_asked_any_more_is_looked_for(tmp_path: Path) -> None:
    """One refusal brings one discovery forward; a zone that the list lacks then is asked and spoken of no more."""

    async def script() -> None:
        async with play(tmp_path) as rig:
            await refresh(rig, 3)
            rig.simulator.delete(ACCOUNT_ID, "zone", BLOG)
            await refresh(rig)
            assert states(rig) == ok_but(zone_1=("unavailable", "forbidden"))
            took = [await documents(rig) for _ in range(2)]
            assert states(rig).keys() == {"0.example", "2.example"}
            rest = rig.simulator.requests["rest"]
            took += [await documents(rig) for _ in range(3)]
            # One document asks the idle account when it is its turn, one its zones.
            assert max(took) == 2
            assert rig.simulator.requests["rest"] - rest <= 1

    asyncio.run(script())


def test_zones_that_may_not_be_listed_are_not_asked(tmp_path: Path) -> None:
    """Without a list there are none, which the list's own status says; a list that fails later changes nothing."""
    permissions = frozenset({"accounts", "analytics", "zone_analytics", "workers", "r2", "d1", "kv"})

    async def script() -> None:
        world = replace(zones_world(), tokens=(TokenModel(token=TOKEN, permissions=permissions),))
        async with play(tmp_path / "forbidden", world) as rig:
            await refresh(rig, 3)
            assert states(rig) == {}
            assert ("Example", "zone", "unavailable", "forbidden") in samples(rig.exporter, "discovery_state")
        async with play(tmp_path / "failing") as rig:
            await refresh(rig, 2)
            rig.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, status=500, path="/zones"))
            await refresh(rig, 12)
            assert states(rig) == ok_but()

    asyncio.run(script())


def test_zones_are_asked_at_once_after_a_restart(tmp_path: Path) -> None:
    """Which zones there are is known from the ledger: no list has to be read first."""

    async def script() -> None:
        async with play(tmp_path) as rig:
            await refresh(rig, 2)
            rig.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, status=500, path="/zones"))
            await rig.restart()
            await refresh(rig)
            assert states(rig) == ok_but()

    asyncio.run(script())


def interrupt(rig: Rig, word: str) -> None:
    """Let another account's list have the zone Shop as soon as a document about zones with a word is answered."""
    app = rig.simulator.app
    listing = Listing("zone", (Asset("zone", SHOP, "0.example"),))

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        said = bytearray()

        async def listen() -> Any:
            message = await receive()
            said.extend(message.get("body", b""))
            return message

        await app(scope, listen, send)
        body = said.decode()
        if "$zones" in body and word in body and rig.simulator.app is not app:
            rig.simulator.app = app
            inventory = Inventory(Account("b" * 32, "Other"), rig.now, {"zone": listing})
            rig.exporter.ledger.apply_discovery(inventory, Selection(), 0)

    rig.simulator.app = answer  # type: ignore[assignment]


@pytest.mark.parametrize("word", ["dimensions { datetimeHour ", "dimensions { date "])
def test_what_is_said_of_a_zone_that_has_left_meanwhile_is_dropped(tmp_path: Path, word: str) -> None:
    """Once another account has the zone, neither the answer of a refresh nor that about a day counts in the first."""

    async def script() -> None:
        world = zones_world()
        world = replace(world, limits=replace(world.limits, not_older_than=timedelta(days=4)))
        async with play(tmp_path, world) as rig:
            rig.simulator.faults.add(Fault(kind=Kind.UNAVAILABLE, dataset=OPERATIONS.name, until=rig.now + MINUTE))
            await refresh(rig)
            interrupt(rig, word)
            await rig.restart()
            await refresh(rig, 3)
            assert isinstance(rig.simulator.app, Application)
            ledger = rig.exporter.ledger
            assert {book.scope.zone_id for book in ledger.publication().books} == {"", BLOG, DOCS}
            assert SHOP not in {asset for _, asset, _ in ledger.daily_sums(ACCOUNT_ID)}

    asyncio.run(script())


def test_the_documents_of_zones_count_against_the_budget(tmp_path: Path) -> None:
    """Five hundred zones take fifty documents, more than one minute's share: the account is asked seldom."""
    zones = [Zone(id=f"{number:032x}", name=f"{number}.example", weight=0) for number in range(500)]

    async def script() -> None:
        async with play(tmp_path, zones_world(*zones, graphql=300)) as rig:
            intervals = []
            for _ in range(4):
                await refresh(rig)
                intervals += samples(rig.exporter, "refresh_interval_seconds").values()
            assert intervals[-1] == 2 * MINUTE.total_seconds()
            assert ("graphql", "throttled") not in samples(rig.exporter, "api_requests_total")

    asyncio.run(script())


def test_without_a_dataset_of_zones_nobody_asks_for_them(tmp_path: Path) -> None:
    """The catalog's own products list no zones."""

    async def script() -> None:
        async with Rig(zones_world(), tmp_path) as rig:
            rig.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, status=500, path="/zones", times=1))
            await refresh(rig, 2)
            assert len(rig.simulator.faults.declared()) == 1

    asyncio.run(script())


def test_the_accounts_node_takes_one_document_for_all_zones(tmp_path: Path) -> None:
    """They are asked in that of the account, whose limits are all that is read: ten zones cost as much as a hundred."""

    async def took(zones: int) -> list[int]:
        there = [Zone(id=f"{number:032x}", name=f"{number}.example", weight=1) for number in range(zones)]
        products = (*PRODUCTS, dns(AccountNodeByZone()))
        async with Rig(zones_world(*there), tmp_path / str(zones), products=products) as rig:
            found = [await documents(rig) for _ in range(4)]
            snapshot = rig.exporter.published.snapshot
            assert snapshot is not None
            known = {status.zone: status.state for status in snapshot.status.datasets if status.dataset == QUERIES.key}
            assert known == {f"{number}.example": "ok" for number in range(zones)}
            return found

    async def script() -> None:
        few, many = await took(10), await took(100)
        assert few == many
        assert few[1:] == [1, 1, 1]

    asyncio.run(script())


def test_a_plan_without_the_accounts_node_is_all_zones(tmp_path: Path) -> None:
    """None is asked until the account's plan has it, which a later look at the limits tells."""

    async def script() -> None:
        async with Rig(zones_world(), tmp_path, products=(*PRODUCTS, dns(AccountNodeByZone()))) as rig:
            rig.simulator.faults.add(Fault(kind=Kind.UNAVAILABLE, dataset=QUERIES.name))
            await refresh(rig, 3)
            found = samples(rig.exporter, "dataset_state")
            there = {key[2:] for key, value in found.items() if key[1] == QUERIES.key and value}
            assert {state for _, state, *_ in there} == {"unavailable"}
            assert {zone for zone, *_ in there} == {"0.example", "1.example", "2.example"}
            rig.simulator.faults.clear()
            rig.pass_time(LIMITS_LIFE)
            await refresh(rig, 2)
            found = samples(rig.exporter, "dataset_state")
            there = {key[2:] for key, value in found.items() if key[1] == QUERIES.key and value}
            assert {state for _, state, *_ in there} == {"ok"}

    asyncio.run(script())
