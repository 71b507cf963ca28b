"""The fault matrix, among tokens, accounts and assets: they come, go and change their names."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from exporter.simulator import AccountModel, Fault, Kind, KvNamespace, Worker
from tests.clock import START
from tests.exactness.events import (
    D1,
    INVOCATIONS,
    KV,
    create_worker,
    delete_database,
    recreate_bucket,
    rename,
    swap_names,
)
from tests.exactness.harness import ACCOUNT_ID, RENAMABLE, TOKEN, Rig, small_assets
from tests.exactness.matrix import MINUTE, live, minutes_behind, of_dataset, play, reason, up, world_of
from tests.poller.scene import OTHER_ID, published_assets, samples


def test_a_token_is_revoked_and_restored(tmp_path: Path) -> None:
    """Without its token an account is down and says why; with it, it goes on by itself at once."""

    async def case(rig: Rig) -> None:
        await live(rig, 20)
        rig.simulator.set_token_status(TOKEN, "revoked")
        await live(rig, 30)
        assert (up(rig), reason(rig)) == (0, "unauthorized")
        assert min(minutes_behind(rig).values()) == 31
        rig.simulator.set_token_status(TOKEN, "active")
        await live(rig, 2)
        assert up(rig) == 1
        assert set(minutes_behind(rig).values()) == {1}
        assert of_dataset(rig, "gap_seconds_total", INVOCATIONS) == 0
        await live(rig, 20)

    play(tmp_path, case)


def test_an_account_disappears_and_comes_back(tmp_path: Path) -> None:
    """An account that the token does not see for 40 minutes is asked no more, and counted without a gap afterwards."""

    async def case(rig: Rig) -> None:
        await live(rig, 20)
        rig.simulator.faults.add(Fault(kind=Kind.ACCOUNT_GONE, account=ACCOUNT_ID))
        await live(rig, 40)
        assert (up(rig), reason(rig)) == (0, "not_listed")
        asked = rig.simulator.requests["graphql"]
        await live(rig, 5)
        assert rig.simulator.requests["graphql"] == asked
        rig.simulator.faults.clear()
        await live(rig, 12)
        assert up(rig) == 1
        assert set(minutes_behind(rig).values()) == {1}
        assert of_dataset(rig, "gap_seconds_total", INVOCATIONS) == 0

    play(tmp_path, case)


def test_an_account_appears(tmp_path: Path) -> None:
    """A second account that begins to exist is asked within ten minutes, and counted since then; both are exact."""
    world = world_of()
    other = AccountModel(id=OTHER_ID, name="Other", assets=small_assets(), created=START + timedelta(minutes=33))
    world = replace(world, accounts=(*world.accounts, other))

    async def case(rig: Rig) -> None:
        await live(rig, 33)
        assert samples(rig.exporter, "account_up") == {("Example",): 1}
        await live(rig, 20)
        assert samples(rig.exporter, "account_up") == {("Example",): 1, ("Other",): 1}
        assert rig.start_of(INVOCATIONS, OTHER_ID) - other.created <= timedelta(minutes=11)
        await live(rig, 30)

    play(tmp_path, case, world, accounts=(ACCOUNT_ID, OTHER_ID))


def test_an_asset_is_created(tmp_path: Path) -> None:
    """A Worker is used before it is listed: it is looked for early, and its series get what it used meanwhile."""

    async def case(rig: Rig) -> None:
        await live(rig, 12)
        await create_worker(rig)
        before = published_assets(rig.exporter)
        await live(rig, 5)
        (created,) = published_assets(rig.exporter) - before
        assert created.startswith("shop-")
        await live(rig, 20)

    play(tmp_path, case)


def test_assets_are_renamed(tmp_path: Path) -> None:
    """A rename ends one series and begins another at zero, also under a name that another asset had before."""

    async def case(rig: Rig) -> None:
        await live(rig, 15)
        await rename(0, "shop-front")(rig)
        await rename(4, "shop-web_Basket")(rig)
        await live(rig, 15)
        assert "shop-front" in published_assets(rig.exporter)
        assert "shop-web" not in published_assets(rig.exporter)
        await rename(1, "shop-web")(rig)
        await live(rig, 15)
        assert {"shop-front", "shop-web"} <= published_assets(rig.exporter)
        assert "shop-api" not in published_assets(rig.exporter)
        await rename(0, "shop-api")(rig)
        await live(rig, 20)

    play(tmp_path, case, world_of(timedelta(minutes=3)))


def test_assets_swap_names(tmp_path: Path) -> None:
    """Two namespaces take each other's name: the increase of each goes to the series that bears its name now."""

    async def case(rig: Rig) -> None:
        for _ in range(3):
            await live(rig, 13)
            await swap_names(rig)
            await live(rig, 13)
            rig.simulator.rename(ACCOUNT_ID, "kv_namespace", "4" * 32, "sessions")
            rig.simulator.rename(ACCOUNT_ID, "kv_namespace", "5" * 32, "flags")

    busy = [replace(asset, weight=3) if isinstance(asset, KvNamespace) else asset for asset in small_assets()]
    world = world_of()
    play(tmp_path, case, replace(world, accounts=(replace(world.accounts[0], assets=tuple(busy)),)))


def test_assets_are_deleted(tmp_path: Path) -> None:
    """A database that is gone keeps its series until its last hour has settled; what it used stays counted."""

    async def case(rig: Rig) -> None:
        await live(rig, 30)
        await delete_database(rig)
        await live(rig, 25)
        books = rig.exporter.ledger.publication().books
        assert any(placement.asset == "shop-log" for book in books for placement, _, _ in book.series)
        await live(rig, 75)
        books = rig.exporter.ledger.publication().books
        assert not any(placement.asset == "shop-log" for book in books for placement, _, _ in book.series)

    play(tmp_path, case)


def test_assets_are_created_again_under_their_name(tmp_path: Path) -> None:
    """A Worker is another one under its old name, a bucket the same: nothing falls, and nothing is counted twice."""

    async def case(rig: Rig) -> None:
        await live(rig, 25)
        await recreate_bucket(rig)
        rig.simulator.delete(ACCOUNT_ID, "worker", "1" * 32)
        rig.simulator.add(ACCOUNT_ID, Worker(id="9" * 32, name="shop-web", weight=6, created=rig.now))
        await live(rig, 50)
        assert "shop-web" in published_assets(rig.exporter)
        assert not any(name.startswith("shop-web (") for name in published_assets(rig.exporter))

    play(tmp_path, case)


def test_lists_that_cannot_be_read_lose_nothing(tmp_path: Path) -> None:
    """While lists fail, or are short once, assets stay as they are known, and what is used is counted."""

    async def case(rig: Rig) -> None:
        await live(rig, 15)
        known = published_assets(rig.exporter)
        rig.simulator.faults.add(Fault(kind=Kind.SHORT_LIST, product="kv", times=1))
        for _ in range(20):
            await live(rig, 1)
            assert "flags" in published_assets(rig.exporter, KV)
        assert not rig.simulator.faults.declared()
        rig.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, status=500, api="rest"))
        await create_worker(rig)
        await live(rig, 30)
        assert published_assets(rig.exporter) >= known
        rig.simulator.faults.clear()
        await live(rig, 20)

    play(tmp_path, case)


def published_amount(rig: Rig, dataset: str, asset: str) -> int | None:
    """Return the sum over an asset's series; None if it has none."""
    books = [book for book in rig.exporter.ledger.publication().books if book.dataset.name == dataset]
    amounts = [amount for book in books for placement, _, amount in book.series if placement.asset == asset]
    return sum(amounts) if amounts else None


def test_a_series_waits_at_zero_for_its_first_scrape(tmp_path: Path) -> None:
    """Scrapes fail for three minutes after a rename: the series stays at zero until one has seen it so."""

    async def case(rig: Rig) -> None:
        await live(rig, 13)
        rig.simulator.rename(ACCOUNT_ID, *RENAMABLE[2], "renamed")
        while published_amount(rig, D1, "renamed") is None:
            rig.scrape()
            rig.pass_time(MINUTE)
            await rig.refresh()
        for _ in range(3):
            rig.pass_time(MINUTE)
            await rig.refresh()
            assert published_amount(rig, D1, "renamed") == 0
        rig.scrape()
        await live(rig, 2)
        assert (published_amount(rig, D1, "renamed") or 0) > 0
        await live(rig, 20)

    play(tmp_path, case)


def test_a_series_is_born_right_before_a_restart(tmp_path: Path) -> None:
    """A zero that no scrape has seen when the exporter ends is there for the first scrape after it, half an hour on."""

    async def case(rig: Rig) -> None:
        await live(rig, 13)
        rig.simulator.rename(ACCOUNT_ID, *RENAMABLE[2], "renamed")
        while "renamed" not in published_assets(rig.exporter, D1):
            rig.scrape()
            rig.pass_time(MINUTE)
            await rig.refresh()
        await rig.exporter.close()
        rig.clock.advance(30 * MINUTE)
        await rig.start_again()
        await live(rig, 20)

    play(tmp_path, case)
