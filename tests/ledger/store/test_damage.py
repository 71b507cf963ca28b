"""A damaged ledger: it is set aside and said to be, whatever is damaged; nothing is ever silently empty."""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from exporter.ledger import Ledger
from exporter.ledger.store.database import FILE_NAME, is_damage, remedy
from exporter.ledger.store.store import CommitError
from tests.ledger.factories import CALLS, Scene, other_program, used, worker

PAGE = 4_096

SHOP = ("unassigned", "shop", "success")


def overwrite(path: Path, start: int, end: int | None = None) -> None:
    """Put garbage in the place of some bytes."""
    content = bytearray(path.read_bytes())
    span = slice(start, end)
    content[span] = b"\xa5" * len(content[span])
    path.write_bytes(content)


def truncate(path: Path, size: int) -> None:
    """Cut a file off."""
    path.write_bytes(path.read_bytes()[:size])


def halve(path: Path) -> None:
    """Cut off the second half of a file."""
    truncate(path, path.stat().st_size // 2)


def run(statement: str) -> Callable[[Path], None]:
    """Return what changes the content of a ledger by SQL, as damage within a text would."""

    def damage(path: Path) -> None:
        with other_program(path.parent) as connection:
            connection.execute(statement)

    return damage


def shorten_hours(path: Path) -> None:
    """Cut off the hours of days, which the file's own constraint forbids."""
    with other_program(path.parent) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        assert connection.execute("UPDATE hour_row SET amounts = x'01'").rowcount


DAMAGES: dict[str, Callable[[Path], None]] = {
    "nothing is left": lambda path: truncate(path, 0),
    "a byte is left": lambda path: truncate(path, 1),
    "half is left": halve,
    "the header": lambda path: overwrite(path, 0, 100),
    "the format's number": lambda path: overwrite(path, 18, 19),
    "the pages": lambda path: overwrite(path, PAGE + 100),
    "the schema's number": run("PRAGMA user_version = 1"),
    "a table": run("DROP TABLE open_row"),
    "figures": run("UPDATE row SET settled = '[9, '"),
    "figures that are two": run("UPDATE row SET settled = '[9],[9]'"),
    "times by name": run("UPDATE book SET joined = '[]'"),
    "a time by name": run("UPDATE book SET joined = '{\"errors\": null}'"),
    "a signature": run("UPDATE book SET signature = '1'"),
    "a total": run("UPDATE row SET total = '9'"),
    "a text": run("UPDATE asset SET name = CAST(x'a5a5' AS TEXT)"),
    "a standing": run("UPDATE asset SET standing = 'lasted'"),
    "a time": run("UPDATE book SET until = 1e18"),
    "the labels of a series": run('UPDATE series SET labels = \'["success", "x"]\''),
    "the metric of a series": run("UPDATE series SET metric = 7"),
    "a daily sum": run("UPDATE daily SET amount = '9x'"),
    "a series that left": run("INSERT INTO left_series VALUES ('a', 'calls', 'p', 's', 'm', '[]', 'a', '9x', 0)"),
    "the lack of a daily sum": run("UPDATE daily SET amount = NULL"),
    "a daily sum in bytes": run("UPDATE daily SET amount = x'39'"),
    "the amount of a series that left": run(
        "INSERT INTO left_series VALUES ('a', 'calls', 'p', 's', 'm', '[]', 'a', NULL, 0)"
    ),
    "kept labels": run("UPDATE kept_row SET labels = '5'"),
    "kept figures": run("UPDATE kept_row SET amounts = '5'"),
    "a kept figure": run("UPDATE kept_row SET amounts = '[\"5\"]'"),
    "hours as text": run(f"UPDATE hour_row SET amounts = '{'9' * 24}'"),
    "the day of hours": run("UPDATE hour_row SET day = 'x'"),
    "the day of a daily sum": run("UPDATE daily SET day = '2025-1#-20'"),
    "the hours of a day": shorten_hours,
}


@pytest.mark.parametrize("what", DAMAGES)
def test_a_damaged_ledger_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture, what: str) -> None:
    """It is kept as it is under another name, one line says so, and counting begins anew; each time."""
    path = tmp_path / FILE_NAME
    for number in (1, 2):
        used(tmp_path).ledger.close()
        DAMAGES[what](path)
        damaged = path.read_bytes()
        caplog.clear()
        scene = Scene(tmp_path)
        aside = tmp_path / f"{FILE_NAME}.corrupt-{number}"
        (line,) = [record.getMessage() for record in caplog.records]
        assert line.startswith("the ledger was damaged (")
        assert line.endswith(f"); it is kept as {aside}, and counting restarts from zero")
        assert aside.read_bytes() == damaged
        assert scene.ledger.publication().books == ()
        scene.list("13:00", worker("w1", "shop"))
        scene.say_and_scrape("13:00", {})
        scene.say("13:01", {"13": {"w1": 5}})
        scene.reopen()
        assert scene.series() == {SHOP: 5}
        scene.ledger.close()
        path.unlink()


def killed(folder: Path, target: Path) -> Path:
    """Return the ledger as it is found after a kill: nobody closed it, and all that was counted is in its log."""
    scene = used(folder)
    target.mkdir()
    for path in folder.glob(f"{FILE_NAME}*"):
        (target / path.name).write_bytes(path.read_bytes())
    scene.ledger.close()
    return target / FILE_NAME


def test_what_was_killed_is_carried_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A sound log is taken in without a word, though its end may be torn."""
    path = killed(tmp_path / "a", tmp_path / "b")
    log = path.with_name(f"{FILE_NAME}-wal")
    log.write_bytes(log.read_bytes() + b"\xa5" * 1_000)
    scene = Scene(path.parent)
    assert scene.series() == {SHOP: 13}
    assert caplog.records == []
    scene.ledger.close()


@pytest.mark.parametrize("what", ["is missing", "has another beginning", "has a wrong checksum"])
def test_a_lost_log_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture, what: str) -> None:
    """What only the log held cannot be had again: the ledger is older than it was, and one line says so."""
    path = killed(tmp_path / "a", tmp_path / "b")
    log = path.with_name(f"{FILE_NAME}-wal")
    if what == "is missing":
        log.unlink()
    else:
        overwrite(log, *((0, 32) if what == "has another beginning" else (16, 20)))
    scene = Scene(path.parent)
    assert scene.ledger.publication().books == ()
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"the newest part of the ledger, {log}, is missing or damaged; ")
    caplog.clear()
    scene.reopen()
    assert caplog.records == []
    scene.ledger.close()


def test_a_log_without_its_ledger_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A log that was left over is never applied to a ledger that it does not belong to."""
    path = killed(tmp_path / "a", tmp_path / "b")
    path.unlink()
    log = path.with_name(f"{FILE_NAME}-wal").read_bytes()
    scene = Scene(path.parent)
    aside = path.with_name(f"{FILE_NAME}.corrupt-1")
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == log
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert str(aside) in caplog.text
    assert scene.ledger.publication().books == ()
    scene.ledger.close()


def test_a_sound_ledger_is_not_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Beginning a ledger and opening it again says nothing of damage, nor leaves anything else in the folder."""
    scene = used(tmp_path)
    scene.reopen()
    assert scene.series() == {SHOP: 13}
    scene.ledger.close()
    assert caplog.records == []
    assert {path.name for path in tmp_path.iterdir()} == {FILE_NAME, "lock"}


def test_a_ledger_that_was_not_made_to_the_end_is_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What a kill in the very first moment leaves is no ledger yet, so none is lost."""
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"{FILE_NAME}.new{suffix}").write_bytes(b"\xa5" * 700)
    scene = used(tmp_path)
    assert scene.series() == {SHOP: 13}
    scene.ledger.close()
    assert caplog.records == []
    assert {path.name for path in tmp_path.iterdir()} == {FILE_NAME, "lock"}


def test_damage_under_a_running_exporter_asks_for_a_restart(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Freeing disk space would not help there: the message says what does, and a restart does what it says."""
    scene = used(tmp_path)
    before = scene.ledger.publication()
    with other_program(tmp_path) as connection:
        # So that pages are read again, from the file.
        connection.execute("UPDATE account SET name = name")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        overwrite(tmp_path / FILE_NAME, PAGE + 100)
    with pytest.raises(CommitError, match=r"ledger\.db is damaged \(.*\): .* Restart the exporter: it sets"):
        scene.say("11:40", {"11": {"w1": 8}})
    assert scene.ledger.publication() == before
    scene.ledger.close()
    Ledger.open(tmp_path, [CALLS]).close()
    assert f"it is kept as {tmp_path / FILE_NAME}.corrupt-1" in caplog.text


def errors(folder: Path) -> dict[str, sqlite3.Error]:
    """Return real errors of SQLite's, by what is wrong."""
    found: dict[str, sqlite3.Error] = {}

    def collect(what: str, target: str, *statements: str, uri: bool = False) -> None:
        try:
            with closing(sqlite3.connect(target, uri=uri, timeout=0, isolation_level=None)) as connection:
                for statement in statements:
                    connection.execute(statement).fetchall()
        except sqlite3.Error as error:
            found[what] = error

    path = folder / FILE_NAME
    write = "INSERT INTO account VALUES ('b', 'b', zeroblob(1000000))"
    collect("full", str(path), "PRAGMA max_page_count = 1", write)
    collect("read-only", f"{path.as_uri()}?mode=ro", write, uri=True)
    collect("no folder", str(folder / "none" / FILE_NAME), "SELECT 1 FROM account")
    with other_program(folder) as holder:
        holder.execute("BEGIN IMMEDIATE")
        collect("locked", str(path), write)
    (folder / "text").write_text("no database " * 100)
    collect("no database", str(folder / "text"), "SELECT 1 FROM account")
    collect("no table", ":memory:", "SELECT 1 FROM account")
    collect("no text", ":memory:", "SELECT CAST(x'a5' AS TEXT)")
    return found


def test_only_damage_is_taken_for_damage(tmp_path: Path) -> None:
    """A full, read-only or locked disk says nothing against the ledger; each has its remedy."""
    used(tmp_path).ledger.close()
    found = errors(tmp_path)
    damaged = {"no database", "no table", "no text"}
    assert {what for what, error in found.items() if is_damage(error)} == damaged
    remedies = {what: remedy(error) for what, error in found.items() if what not in damaged}
    assert remedies.keys() == {"full", "read-only", "no folder", "locked"}
    assert remedies["full"].startswith("Free space")
    assert "write access" in remedies["read-only"]
    assert "write access" in remedies["no folder"]
    assert "other program" in remedies["locked"]


def test_a_disk_that_fails_is_no_damage(tmp_path: Path) -> None:
    """An error of the operating system's leaves the ledger alone and says where to look."""
    error = OSError(5, "Input/output error")
    assert not is_damage(error)
    assert "failing" in remedy(error)


def test_rows_that_have_lost_their_book_are_not_counted_again(tmp_path: Path) -> None:
    """Counting begins at zero, and what was there before does not come back with a later start."""
    before = used(tmp_path)
    before.say_and_scrape("11:35", {"10": {"w1": 9}, "11": {"w1": 4, ("w1", "failed"): 2}})
    before.ledger.close()
    run("DELETE FROM book")(tmp_path / FILE_NAME)
    scene = Scene(tmp_path)
    assert scene.ledger.publication().books == ()
    scene.list("13:00", worker("w1", "shop"))
    scene.say_and_scrape("13:00", {})
    scene.say("13:01", {"13": {"w1": 5}})
    scene.reopen()
    assert scene.series() == {SHOP: 5}
    scene.ledger.close()
