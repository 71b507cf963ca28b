"""Commits: one that fails changes nothing in memory or file, and a reset is one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from exporter.ledger.store.store import CommitError
from exporter.model import Account, Answer, Question
from tests.ledger.factories import ACCOUNT, MONDAY, SCOPE, FlatTariff, answer, at, other_program, used, worker
from tests.ledger.gauge_scene import STOCK, GaugeState, stock_rows

SHOP = ("unassigned", "shop", "success")
ALWAYS = (date.min, date.max)


@contextmanager
def refusing(folder: Path, table: str) -> Iterator[None]:
    """Let the file refuse every new row of a table, as a full disk would in the middle of a transaction."""
    with other_program(folder) as connection:
        connection.execute(
            f"CREATE TRIGGER full BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no space left'); END"
        )
        yield
        connection.execute("DROP TRIGGER full")


@pytest.mark.parametrize("table", ["asset", "book", "row", "open_row", "series"])
def test_a_commit_that_fails_changes_nothing(tmp_path: Path, table: str) -> None:
    """Wherever a transaction fails, memory and file stay as they were, and the next answer counts everything."""
    scene = used(tmp_path)
    before = scene.ledger.publication()
    totals, daily = scene.totals(), scene.daily()
    usage = {"11": {"w1": 8, ("w1", "error"): 3, "w9": 1}}
    with refusing(tmp_path, table), pytest.raises(CommitError, match=r"could not be written .*no space left"):
        scene.say("11:40", usage)
    assert (scene.ledger.publication(), scene.totals(), scene.daily()) == (before, totals, daily)
    scene.reopen()
    assert (scene.ledger.publication().books, scene.totals(), scene.daily()) == (before.books, totals, daily)
    applied = scene.say("11:41", usage)
    assert applied.strangers == {("worker", "w9")}
    assert scene.totals() == {("w1", "success"): 17, ("w1", "error"): 3, ("w9", "success"): 1}
    scene.ledger.close()


@pytest.mark.parametrize("table", ["asset", "book", "reading", "used"])
def test_a_commit_that_fails_leaves_every_part_as_it_was(tmp_path: Path, table: str) -> None:
    """Usage, stored states, list cost, the roster and the last use fail together, and later move together."""
    scene = GaugeState(folder=tmp_path, tariffs=FlatTariff())
    scene.say("10:00", {})
    scene.say("10:30", {"10": {"w1": 9}})
    ledger = scene.ledger
    before, daily = ledger.publication(), scene.daily()
    known = (dict(ledger.roster(ACCOUNT.id)), ledger.until(ACCOUNT.id), ledger.changed_at(ACCOUNT.id, *ALWAYS))
    stock = Answer(
        Question(SCOPE, STOCK.key, at("10:00"), at("11:00")),
        at("10:31"),
        {at("10:00"): stock_rows({"w9": 5})},
    )
    answers = [answer(at("10:00"), "10:31", {"10": {"w1": 12, "w2": 1}}), stock]
    with refusing(tmp_path, table), pytest.raises(CommitError):
        ledger.apply(ACCOUNT.id, answers, ledger.commit_number)
    assert (ledger.publication(), scene.daily()) == (before, daily)
    assert (ledger.roster(ACCOUNT.id), ledger.until(ACCOUNT.id), ledger.changed_at(ACCOUNT.id, *ALWAYS)) == known
    ledger.apply(ACCOUNT.id, answers, ledger.commit_number)
    after = ledger.publication()
    assert after.books != before.books
    assert (after.commit_number, after.list_costs != before.list_costs) == (before.commit_number + 1, True)
    ledger.close()


def test_a_settlement_that_fails_is_not_counted_twice(tmp_path: Path) -> None:
    """The daily sum of an hour whose settlement could not be written is added once, later."""
    scene = used(tmp_path)
    scene.say("12:00", {"11": {"w1": 6}})
    with refusing(tmp_path, "daily"), pytest.raises(CommitError):
        scene.say("12:30", {"11": {"w1": 6}, "12": {"w1": 1}})
    assert scene.daily() == {(MONDAY, "w1", "calls"): 15}
    scene.say("12:31", {"11": {"w1": 6}, "12": {"w1": 1}})
    assert scene.daily() == {(MONDAY, "w1", "calls"): 16}
    scene.ledger.close()


def test_a_discovery_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    """Names and series stay as they were until the discovery is stored."""
    scene = used(tmp_path)
    before = scene.ledger.publication()
    with refusing(tmp_path, "asset"), pytest.raises(CommitError):
        scene.list("11:40", worker("w1", "store"))
    assert scene.ledger.publication() == before
    scene.list("11:41", worker("w1", "store"))
    assert scene.series() == {}
    scene.ledger.close()


def test_an_account_that_cannot_be_written_is_not_known(tmp_path: Path) -> None:
    """Accounts are enrolled only when they are stored."""
    scene = used(tmp_path)
    other = Account("b" * 32, "Other")
    with refusing(tmp_path, "account"), pytest.raises(CommitError):
        scene.ledger.enroll([ACCOUNT, other])
    assert scene.ledger.publication().accounts == {ACCOUNT.id: "Example"}
    scene.ledger.enroll([ACCOUNT, other])
    assert scene.ledger.publication().accounts == {ACCOUNT.id: "Example", other.id: "Other"}
    scene.ledger.close()


def test_a_reset_that_cannot_be_written_resets_nothing(tmp_path: Path) -> None:
    """Counters are forgotten only when that is stored."""
    scene = used(tmp_path)
    scene.ledger.close()
    before = scene.ledger.publication()
    with pytest.raises(CommitError):
        scene.ledger.reset_counters()
    assert scene.ledger.publication() == before


def test_a_reset_begins_anew_and_lasts(tmp_path: Path) -> None:
    """After a reset, and a restart, there are no totals; names and daily sums stay; the next answer is a new start."""
    scene = used(tmp_path)
    scene.ledger.reset_counters()
    scene.reopen()
    assert (scene.totals(), scene.series()) == ({}, {})
    assert scene.daily() == {(MONDAY, "w1", "calls"): 13}
    scene.say("11:40", {"11": {"w1": 5}})
    assert (scene.series(), scene.published_until()) == ({SHOP: 0}, at("11:40"))
    scene.ledger.close()
