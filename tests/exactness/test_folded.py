"""Assets that lose and regain series of their own: sums over the label are Cloudflare's, to the last unit."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.catalog import PRODUCTS
from exporter.config.selection import Selection
from exporter.model import OTHER, Scope
from tests.exactness.crash import CrashPoint
from tests.exactness.harness import ACCOUNT_ID, Rig
from tests.exactness.matrix import DOCUMENTS, MINUTE, TRAFFIC, world_of
from tests.exactness.test_zones import BLOG, DOCS, MAIL, ONE, OPERATIONS_TOTAL, SHOP, check, two_accounts
from tests.exactness.test_zones import OTHER as OTHER_ACCOUNT
from tests.zones import CACHE_RESERVE

PLACES = frozenset({"roster", "left"})
"""What a write changes that changes places."""

TEN_MINUTES = 10 * MINUTE

REFRESHES = 15
"""More than lie between two discoveries."""


def limited(largest: int) -> Selection:
    """A selection with a limit for each kind of assets."""
    return Selection.model_validate({"limits": {"assets": [{"largest": largest}]}})


async def live(rig: Rig, refreshes: int = REFRESHES) -> None:
    """Refresh once a minute, and scrape every other time."""
    for number in range(refreshes):
        await rig.refresh()
        if number % 2:
            rig.scrape()
        rig.pass_time(MINUTE)


def folded(rig: Rig) -> set[tuple[str, str]]:
    """The kinds and names of the folded assets."""
    roster = rig.exporter.ledger.roster(ACCOUNT_ID)
    return {(kind, entry.asset.name) for (kind, _), entry in roster.items() if entry.is_folded}


def others(rig: Rig) -> Counter[str]:
    """What is published as other, by project."""
    books = rig.exporter.ledger.publication().books
    return Counter(place.project for book in books for place, *_ in book.series if place.asset == OTHER)


def test_places_that_change_lose_nothing(tmp_path: Path) -> None:
    """Limits come, get stricter and go, with restarts and a kill: every increase is the oracle's."""

    async def script() -> None:
        async with Rig(world_of(), tmp_path, TRAFFIC, DOCUMENTS) as rig:
            await live(rig)
            assert not folded(rig)
            assert not others(rig)
            rig.selection = limited(1)
            await rig.kill()
            await live(rig)
            some = folded(rig)
            assert {kind for kind, _ in some} == {"worker", "r2_bucket", "d1_database", "kv_namespace"}
            assert others(rig)
            await rig.restart()
            await live(rig)
            assert folded(rig) == some
            rig.selection = limited(0)
            await rig.restart()
            await live(rig)
            assert len(folded(rig)) == 9
            rig.selection = Selection()
            await rig.be_away(timedelta(hours=2))
            await live(rig, 3 * REFRESHES)
            assert not folded(rig)
            assert not others(rig)
            rig.selection = limited(1)
            await rig.restart()
            await live(rig)
            await rig.come_to_rest()
            rig.check()
            assert folded(rig) and others(rig)

    asyncio.run(script())


@pytest.mark.parametrize("is_committed", [False, True])
def test_a_crash_where_places_change_loses_nothing(tmp_path: Path, is_committed: bool) -> None:
    """The next exporter knows who has a place, and counts on exactly."""

    async def script() -> None:
        async with Rig(world_of(), tmp_path, TRAFFIC, DOCUMENTS) as rig:
            await live(rig)
            rig.selection = limited(1)
            await rig.restart()
            await rig.refresh()
            rig.scrape()
            rig.pass_time(TEN_MINUTES)
            rig.scrape()
            # A refresh first enrolls its accounts, then applies the discovery.
            rig.writes.crash_point = CrashPoint(len(rig.writes.kinds) + 2, is_committed)
            assert not folded(rig)
            await rig.refresh()
            assert rig.writes.kinds[rig.writes.crash_point.write - 1] == (PLACES if is_committed else frozenset())
            assert bool(folded(rig)) is is_committed
            await live(rig)
            assert folded(rig)
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())


def test_zones_that_share_a_series_are_counted_by_themselves(tmp_path: Path) -> None:
    """Each has a book of its own, which gives what it counts to the series of its place at the time."""
    scopes = (*(Scope(ONE, zone) for zone in (SHOP, BLOG, DOCS)), Scope(OTHER_ACCOUNT, MAIL))

    def shown(rig: Rig) -> set[str]:
        snapshot = rig.exporter.published.snapshot
        assert snapshot is not None
        family = next(each for each in snapshot.families if each.name == OPERATIONS_TOTAL)
        return {sample.labels.as_dict()["zone"] for sample in family.samples}

    async def script() -> None:
        products = (*PRODUCTS, CACHE_RESERVE)
        async with Rig(
            two_accounts(timedelta(days=4)), tmp_path, TRAFFIC, DOCUMENTS, products=products, selection=limited(1)
        ) as rig:
            await live(rig)
            assert shown(rig) == {"0.example", OTHER, "mail.example"}
            rig.selection = Selection()
            await rig.restart()
            await live(rig)
            assert shown(rig) == {"0.example", "1.example", "2.example", "mail.example"}
            rig.selection = limited(1)
            await rig.restart()
            await live(rig)
            assert shown(rig) == {"0.example", OTHER, "mail.example"}
            await rig.come_to_rest()
            check(rig, *scopes)

    asyncio.run(script())
