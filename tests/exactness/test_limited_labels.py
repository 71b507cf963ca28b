"""A label that keeps the busiest words only: its series are the oracle's, and always add up to the whole."""

import asyncio
import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from exporter.catalog.entry import Label
from exporter.model import DAY, HOUR, OTHER, Amounts, RowKey, Scope, floor_day
from exporter.simulator import AccountModel, Database, Fault, Kind, Limits, Sampling, TokenModel, World, Zone
from tests.clock import START
from tests.exactness.crash import CrashPoint, Writes
from tests.exactness.harness import ACCOUNT_ID, TOKEN, Rig, state_folder
from tests.exactness.matrix import DOCUMENTS, TRAFFIC
from tests.exactness.oracle import add_increases, added, truth_of
from tests.exactness.watcher import Kept
from tests.servers import MOST, READS, SERVED, SERVERS
from tests.zones import CACHE_RESERVE, OPERATIONS

SCOPE = Scope(ACCOUNT_ID)

SCANNER = Database(
    id="00000000-0000-0000-0000-00000000000a",
    name="scanner",
    weight=60,
    created=START - DAY,
    deleted=START + 3 * HOUR,
)
NEWCOMER = Database(
    id="00000000-0000-0000-0000-00000000000b",
    name="newcomer",
    weight=60,
    rows_per_query=200,
    created=START + 2 * HOUR,
)


def world(lateness: timedelta, page: int) -> World:
    """Four databases that stay, one that was busy before and goes, and one that comes and is busier than all."""
    stay = [
        Database(id=f"00000000-0000-0000-0000-00000000000{number}", name=f"db-{number}", weight=weight)
        for number, weight in enumerate((8, 6, 3, 1))
    ]
    return World(
        accounts=(AccountModel(id=ACCOUNT_ID, name="Example", assets=(*stay, SCANNER, NEWCOMER)),),
        tokens=(TokenModel(token=TOKEN),),
        lateness=lateness,
        limits=Limits(rest=None, graphql=None, not_older_than=timedelta(days=12), max_page_size=page),
    )


class Chosen:
    """The words in force on each day, as they were seen on that day."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self.by_day: dict[datetime, frozenset[str]] = {}

    def look(self) -> None:
        """Note today's words; they stay the same until midnight, and whatever is told later."""
        ledger, start = self._rig.exporter.ledger, ledger_start(self._rig)
        if start is None:
            return
        for day in {*self.by_day, floor_day(self._rig.now)}:
            held = ledger.choices(SCOPE, SERVED.key, day, day + DAY)
            words = frozenset(held[-1].words) if held else frozenset()
            assert self.by_day.setdefault(day, words) == words

    def truth(self) -> dict[RowKey, Amounts]:
        """Return what rows have to come to: what was used on each day, by that day's words."""
        start, end = ledger_start(self._rig), self._rig.now
        assert start is not None
        rows: dict[RowKey, Amounts] = {}
        for day, words in self.by_day.items():
            since, until = max(start, day), min(end, day + DAY)
            if since >= until:
                continue
            for (asset, (role, word)), used in truth_of(self._rig.simulator, ACCOUNT_ID, SERVED, since, until).items():
                key = (asset, (role, word if word in words else OTHER))
                rows[key] = added(rows.get(key), used)
        return {key: amounts for key, amounts in rows.items() if any(amounts)}


def ledger_start(rig: Rig) -> datetime | None:
    """Since when the dataset is counted."""
    books = rig.exporter.ledger.publication().books
    return next((book.state.start for book in books if book.state and book.dataset.key == SERVED.key), None)


async def live(rig: Rig, chosen: Chosen, until: datetime, step: timedelta) -> None:
    """Refresh and scrape in steps; nothing may be counted that was not used."""
    while rig.now < until:
        await rig.refresh()
        chosen.look()
        rig.scrape()
        rig.pass_time(step)


def check(rig: Rig, chosen: Chosen) -> None:
    """Compare totals and increases with the oracle to the last unit: by word, and as a whole."""
    chosen.look()
    truth = chosen.truth()
    totals = {key: total for key, total in rig.exporter.ledger.totals(SCOPE, SERVED.key).items() if any(total)}
    assert totals == truth
    start = ledger_start(rig)
    assert start is not None
    whole = truth_of(rig.simulator, ACCOUNT_ID, SERVED, start, rig.now)
    assert sum(total[0] for total in totals.values()) == sum(amounts[0] for amounts in whole.values())
    expected: Counter[Kept] = Counter()
    add_increases(expected, SERVED, truth)
    got = {kept: amount for kept, amount in rig.watcher.increases.items() if kept in expected and amount}
    assert got == +expected


def shown(rig: Rig) -> set[str]:
    """The words that have a series now."""
    series = (book for book in rig.exporter.ledger.publication().books if book.dataset.key == SERVED.key)
    names = {metric.name: index for index, metric in enumerate(SERVED.metrics)}
    return {key.values[0] for book in series for _, key, _ in book.series if key.metric == names[READS]}


def play(folder: Path, lateness: timedelta, crash_point: CrashPoint | None = None, page: int = 10_000) -> Rig:
    """An exporter that knows the servers only, of pages of some rows."""
    there = world(lateness, page)
    return Rig(there, folder, TRAFFIC, DOCUMENTS, page_limit=page, products=(SERVERS,), crash_point=crash_point)


@pytest.mark.parametrize("page", [10_000, 8])
def test_words_come_and_go_and_nothing_is_lost(page: int) -> None:
    """Through lateness, failures, full pages, restarts and kills around midnight, words change, and all adds up."""

    async def script(folder: Path) -> None:
        async with play(folder, timedelta(minutes=20), page=page) as rig:
            chosen = Chosen(rig)
            midnight = floor_day(rig.now) + DAY
            await live(rig, chosen, rig.now + HOUR, timedelta(minutes=3))
            for day in range(4):
                await live(rig, chosen, midnight + day * DAY - timedelta(minutes=10), timedelta(minutes=53))
                rig.simulator.faults.add(Fault(kind=Kind.EMPTY, until=rig.now + timedelta(minutes=11)))
                await live(rig, chosen, midnight + day * DAY - timedelta(minutes=1), timedelta(minutes=2))
                await (rig.kill() if day % 2 else rig.restart())
                await live(rig, chosen, midnight + day * DAY + timedelta(minutes=9), timedelta(minutes=2))
            words = list(chosen.by_day.values())
            assert all(len(there) == MOST for there in words)
            assert words[0] != words[-1]
            await rig.come_to_audit()
            check(rig, chosen)
            assert shown(rig) <= {OTHER, *words[-1]}

    with state_folder() as there:
        asyncio.run(script(there))


def test_sampled_ranges_are_cut_for_kept_words_and_the_rest(tmp_path: Path) -> None:
    """Where Cloudflare samples what is wider than twenty minutes, all is exact; rankings are estimates."""
    start = floor_day(START) + 22 * HOUR

    async def script() -> None:
        sampling = {SERVED.name: Sampling(interval=10, wider_than=timedelta(minutes=20))}
        there = replace(world(timedelta(0), 10_000), sampling=sampling)
        async with Rig(there, tmp_path, TRAFFIC, DOCUMENTS, products=(SERVERS,), start=start) as rig:
            chosen = Chosen(rig)
            await live(rig, chosen, start + 4 * HOUR, timedelta(minutes=7))
            await rig.come_to_rest()
            assert all(chosen.by_day.values())
            check(rig, chosen)

    asyncio.run(script())


async def change_words(rig: Rig, chosen: Chosen) -> None:
    """Live until the newcomer has its place and who left for it has none, and rest until all days are audited."""
    await live(rig, chosen, floor_day(rig.now) + 3 * DAY + 3 * HOUR, timedelta(minutes=97))
    await rig.come_to_audit()
    check(rig, chosen)
    assert shown(rig) <= {OTHER, *list(chosen.by_day.values())[-1]}


def follow(crash_point: CrashPoint | None) -> Writes:
    """Let words change, with a crash on the way."""

    async def script() -> Writes:
        with state_folder() as folder:
            async with play(folder, timedelta(0), crash_point) as rig:
                await change_words(rig, Chosen(rig))
                return rig.writes

    random.seed(0)
    return asyncio.run(script())


@pytest.mark.timeout(300)
def test_a_crash_changes_no_choice() -> None:
    """Wherever the exporter dies that chooses words or ends their series, the next one goes on with the same."""
    kinds = list(enumerate(follow(None).kinds, start=1))
    first, _, third, *_ = (number for number, kind in kinds if "chosen" in kind)
    left = next(number for number, kind in kinds if kind == {"left"})
    points = [CrashPoint(first, True), CrashPoint(third, False), CrashPoint(left, False), CrashPoint(left, True)]
    for point in points:
        assert len(follow(point).kinds) >= point.write


STATUS = replace(
    OPERATIONS, labels=(Label("class", "operationClass", top=1), Label("status", "actionStatus")), meters=()
)
ZONES = tuple(Zone(id="c" * 31 + str(number), name=f"{number}.example", weight=5 + number) for number in range(3))


def test_zones_choose_for_themselves(tmp_path: Path) -> None:
    """Each has its own words and its own books, whatever shares their documents."""
    late = floor_day(START) + 22 * HOUR
    limits = Limits(rest=None, graphql=None, not_older_than=timedelta(days=4))
    account = AccountModel(id=ACCOUNT_ID, name="Example", assets=ZONES)
    world = World(accounts=(account,), tokens=(TokenModel(token=TOKEN),), limits=limits, lateness=timedelta(minutes=9))
    products = (replace(CACHE_RESERVE, datasets=(STATUS,)),)

    def held(rig: Rig, scope: Scope) -> frozenset[str]:
        (choice,) = rig.exporter.ledger.choices(scope, STATUS.key, late, rig.now)
        return frozenset(choice.words)

    async def script() -> None:
        async with Rig(world, tmp_path, TRAFFIC, DOCUMENTS, products=products, start=late) as rig:
            while rig.now < late + 5 * HOUR:
                await rig.refresh()
                rig.scrape()
                rig.pass_time(timedelta(minutes=11))
            await rig.come_to_audit()
            for zone in ZONES:
                scope = Scope(ACCOUNT_ID, zone.id)
                words, by = held(rig, scope), ("zoneTag", "operationClass", "actionStatus")
                assert len(words) == 1
                books = rig.exporter.ledger.publication().books
                (start,) = (book.state.start for book in books if book.state and book.scope == scope)
                truth: dict[RowKey, Amounts] = {}
                used = rig.simulator.used(ACCOUNT_ID, STATUS.name, start, rig.now, by=by)
                for (tag, word, status), row in used.items():
                    if tag == zone.id:
                        key = (tag, (word if word in words else OTHER, status))
                        truth[key] = added(truth.get(key), (row["requests"],))
                assert rig.exporter.ledger.totals(scope, STATUS.key) == truth

    asyncio.run(script())
