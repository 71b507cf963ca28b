"""The ledger's file read from outside, beside a running exporter or at rest."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from exporter.catalog import DATASETS
from exporter.ledger import DailyFilter, Ledger, LedgerReader, Publication, StorageError, reading
from exporter.ledger.store.database import FILE_NAME
from exporter.ledger.store.migrations import MIGRATIONS
from exporter.model import DailyKey
from tests.exactness.harness import ACCOUNT_ID, Rig
from tests.exactness.worlds import small_world
from tests.poller.scene import refresh

DATABASE = "00000000-0000-0000-0000-000000000001"


def added(entries: Iterable[tuple[DailyKey, int]]) -> dict[DailyKey, int]:
    """Sum up what may come more than once."""
    sums: dict[DailyKey, int] = {}
    for key, amount in entries:
        sums[key] = sums.get(key, 0) + amount
    return sums


def daily_sums(reader: LedgerReader) -> dict[DailyKey, int]:
    """Everything that a reader knows of the account's usage."""
    settled = reader.settled_sums(ACCOUNT_ID, date.min, date.max)
    return added([*settled, *reader.open_sums(ACCOUNT_ID).items()])


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def counting_rig(folder: Path) -> Rig:
    """An exporter that has filled four days in, and has hours that are settled and hours that are open."""
    rig = Rig(small_world(1, timedelta(minutes=2)), folder)
    await refresh(rig, 4)
    rig.clock.advance(timedelta(hours=3))
    await refresh(rig, 4)
    return rig


def refusal(folder: Path) -> str:
    """The message with which a folder is refused; it is one line."""
    with pytest.raises(StorageError) as caught, reading(folder, DATASETS.values()):
        pass
    (line,) = str(caught.value).splitlines()
    return line


def published(publication: Publication) -> dict[str, set[object]]:
    """What is published of each dataset that the file keeps, in no order."""
    books = [book for book in publication.books if not book.dataset.timing.is_whole]
    return {
        f"{book.account_id} {book.dataset.key}": {(*placement, key, amount) for placement, key, amount in book.series}
        for book in (*books, *publication.list_costs)
    }


@pytest.mark.parametrize("shows_assets", [True, False])
def test_it_publishes_what_the_running_ledger_publishes(tmp_path: Path, shows_assets: bool) -> None:
    """All series but those of the last minutes, and every asset with when it was last used."""

    async def script() -> None:
        rig = await counting_rig(tmp_path)
        ledger = rig.exporter.ledger
        ledger.show_cost_of_assets(shows_assets)
        await refresh(rig, 2)
        with reading(tmp_path, DATASETS.values()) as reader:
            found, known = reader.publication(shows_assets=shows_assets), ledger.publication()
            assert published(found) == published(known)
            assert sum(map(len, published(found).values())) > 50
            assert found.accounts == known.accounts
            assert found.used == known.used != {}
            assert {account: set(there) for account, there in found.assets.items()} == {
                account: set(there) for account, there in known.assets.items()
            }
        await rig.exporter.close()

    asyncio.run(script())


def test_daily_sums_can_be_chosen(tmp_path: Path) -> None:
    """By asset and by meter; what is of no asset comes along, and the running ledger gives the same."""
    of_none = {"", "dispatch:tenants"}
    cases: tuple[tuple[DailyFilter, Callable[[str, str], bool]], ...] = (
        (DailyFilter(), lambda asset, meter: True),
        (DailyFilter(frozenset({DATABASE})), lambda asset, meter: asset in {DATABASE, *of_none}),
        (DailyFilter(meters=frozenset({"d1_rows_read"})), lambda asset, meter: meter == "d1_rows_read"),
        (
            DailyFilter(frozenset({DATABASE}), frozenset({"d1_rows_read", "workers_requests"})),
            lambda asset, meter: (
                (asset, meter) in {(DATABASE, "d1_rows_read"), ("dispatch:tenants", "workers_requests")}
            ),
        ),
        (DailyFilter(frozenset(), frozenset()), lambda asset, meter: False),
    )

    async def script() -> None:
        rig = await counting_rig(tmp_path)
        with reading(tmp_path, DATASETS.values()) as reader:
            everything = added(reader.settled_sums(ACCOUNT_ID, date.min, date.max))
            for wanted, admits in cases:
                found = added(reader.settled_sums(ACCOUNT_ID, date.min, date.max, wanted))
                assert found == {key: amount for key, amount in everything.items() if admits(*key[1:])}
                assert bool(found) is (wanted.assets != frozenset())
                assert added(rig.exporter.ledger.settled_sums(ACCOUNT_ID, date.min, date.max, wanted)) == found
        await rig.exporter.close()

    asyncio.run(script())


def test_open_sums_follow_each_commit(tmp_path: Path) -> None:
    """They are worked out once for a commit, and anew after the next."""

    async def script() -> None:
        rig = await counting_rig(tmp_path)
        ledger = rig.exporter.ledger
        before = ledger.open_sums(ACCOUNT_ID)
        assert ledger.open_sums(ACCOUNT_ID) is before
        await refresh(rig, 1)
        assert ledger.open_sums(ACCOUNT_ID) != before
        with reading(tmp_path, DATASETS.values()) as reader:
            assert reader.open_sums(ACCOUNT_ID) == ledger.open_sums(ACCOUNT_ID)
        ledger.reset_counters()
        assert ledger.open_sums(ACCOUNT_ID) == {}
        await rig.exporter.close()

    asyncio.run(script())


def test_it_gives_what_the_running_ledger_gives(tmp_path: Path) -> None:
    """Daily sums, accounts, labels, assets, billing and times are those of the exporter that writes the file."""

    async def script() -> None:
        rig = await counting_rig(tmp_path)
        ledger = rig.exporter.ledger
        with reading(tmp_path, DATASETS.values()) as reader:
            sums = daily_sums(reader)
            assert sums == ledger.daily_sums(ACCOUNT_ID)
            assert {day for day, _, _ in sums} == {date(2025, 10, day) for day in range(17, 21)}
            assert sums[date(2025, 10, 18), DATABASE, "d1_rows_read"] > 0
            assert reader.open_sums(ACCOUNT_ID) == ledger.open_sums(ACCOUNT_ID) != {}
            since, until = date(2025, 10, 18), date(2025, 10, 19)
            one_day = added(reader.settled_sums(ACCOUNT_ID, since, until))
            assert one_day == ledger.daily_sums(ACCOUNT_ID, since, until)
            assert {day for day, _, _ in one_day} == {since}
            assert reader.accounts() == ledger.accounts()
            assert reader.labels() == ledger.labels() == {ACCOUNT_ID: "Example"}
            assert reader.roster(ACCOUNT_ID) == ledger.roster(ACCOUNT_ID) != {}
            assert reader.billing() == ledger.billing() != {}
            assert reader.until(ACCOUNT_ID) == ledger.until(ACCOUNT_ID) is not None
        await rig.exporter.close()

    asyncio.run(script())


def test_an_account_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    """Of an id that was never enrolled nothing is known, and that is no error."""
    Ledger.open(tmp_path, DATASETS.values()).close()
    with reading(tmp_path, DATASETS.values()) as reader:
        assert reader.accounts() == ()
        assert daily_sums(reader) == {}
        assert reader.roster(ACCOUNT_ID) == {}
        assert reader.until(ACCOUNT_ID) is None


def test_everything_is_of_one_commit(tmp_path: Path) -> None:
    """Commits that follow keep no one waiting and are not seen by who reads already, only by who begins to read."""

    async def script() -> None:
        rig = await counting_rig(tmp_path)
        with reading(tmp_path, DATASETS.values()) as reader:
            before, until = daily_sums(reader), reader.until(ACCOUNT_ID)
            commit_number = rig.exporter.ledger.commit_number
            rig.clock.advance(timedelta(hours=2))
            await refresh(rig, 3)
            assert rig.exporter.ledger.commit_number > commit_number
            assert (daily_sums(reader), reader.until(ACCOUNT_ID)) == (before, until)
            with reading(tmp_path, DATASETS.values()) as later:
                assert daily_sums(later) == rig.exporter.ledger.daily_sums(ACCOUNT_ID) != before
        await rig.exporter.close()

    asyncio.run(script())


def test_nothing_is_written_at_rest(tmp_path: Path) -> None:
    """Files and bytes of a folder that no exporter uses are the same while it is read, and afterwards."""

    async def script() -> dict[DailyKey, int]:
        rig = await counting_rig(tmp_path)
        await rig.exporter.close()
        return rig.exporter.ledger.open_sums(ACCOUNT_ID)

    open_sums = asyncio.run(script())
    before = contents(tmp_path)
    assert FILE_NAME in before
    with reading(tmp_path, DATASETS.values()) as reader:
        assert daily_sums(reader)
        assert reader.open_sums(ACCOUNT_ID) == open_sums
        assert contents(tmp_path) == before
    assert contents(tmp_path) == before


def test_what_a_killed_exporter_left_is_read(tmp_path: Path) -> None:
    """What only SQLite's log holds is read too."""

    async def script() -> None:
        live, killed = tmp_path / "live", tmp_path / "killed"
        killed.mkdir()
        rig = await counting_rig(live)
        for name, text in contents(live).items():
            (killed / name).write_bytes(text)
        assert (killed / f"{FILE_NAME}-wal").stat().st_size > 0
        with reading(killed, DATASETS.values()) as reader:
            assert daily_sums(reader) == rig.exporter.ledger.daily_sums(ACCOUNT_ID) != {}
        await rig.exporter.close()

    asyncio.run(script())


def test_without_a_ledger_it_says_how_to_get_one(tmp_path: Path) -> None:
    """A folder without one, or none at all, is told in one sentence, and is not made."""
    folder = tmp_path / "state"
    assert refusal(folder) == (
        f"There is no ledger in {folder}. Start the exporter first, or name its state folder with --storage.path or in "
        "the configuration."
    )
    assert list(tmp_path.iterdir()) == []
    folder.mkdir()
    assert refusal(folder).startswith(f"There is no ledger in {folder}. ")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("version", "which"), [(len(MIGRATIONS) + 1, "a newer"), (len(MIGRATIONS) - 1, "an older"), (0, "an older")]
)
def test_another_schema_is_refused(tmp_path: Path, version: int, which: str) -> None:
    """The message says whether the file is older or newer, and which versions meet; the file stays as it is."""
    Ledger.open(tmp_path, DATASETS.values()).close()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    before = contents(tmp_path)
    assert refusal(tmp_path) == (
        f"The ledger {tmp_path / FILE_NAME} was written by {which} release (schema {version}, not {len(MIGRATIONS)}). "
        "Use the same release as the exporter, and start the exporter once with it."
    )
    assert contents(tmp_path) == before


def cut(path: Path) -> None:
    """Take the end of a file away."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 // 4096 * 4096 + 100])


def scribble(path: Path) -> None:
    """Put something else in the place of a file."""
    path.write_bytes(b"x" * 5_000)


@pytest.mark.parametrize("damage", [cut, scribble])
def test_damage_is_told(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """A file that SQLite objects to is named with the objection, and is left for the exporter to set aside."""
    Ledger.open(tmp_path, DATASETS.values()).close()
    damage(tmp_path / FILE_NAME)
    before = contents(tmp_path)
    message = refusal(tmp_path)
    assert message.startswith(f"The ledger {tmp_path / FILE_NAME} is damaged (")
    assert message.endswith(
        "). Run this as a user who may read it; the exporter sets a damaged ledger aside when it starts."
    )
    assert contents(tmp_path) == before


def test_a_table_that_is_missing_is_told(tmp_path: Path) -> None:
    """What SQLite finds sound but lacks a table cannot be read, and says so."""
    Ledger.open(tmp_path, DATASETS.values()).close()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        connection.execute("DROP TABLE asset")
    assert refusal(tmp_path) == (
        f"The ledger {tmp_path / FILE_NAME} cannot be read (no such table: asset). "
        "Run cloudflare-exporter check to see why."
    )


def test_a_ledger_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    """A folder under the file's name is no ledger that anybody could read."""
    (tmp_path / FILE_NAME).mkdir()
    assert refusal(tmp_path).startswith(f"The ledger {tmp_path / FILE_NAME} is unreadable (")
