"""The fault matrix, in the answers: parts that are missing, wrong or refused, and limits that get tighter."""

from datetime import timedelta
from pathlib import Path

import pytest

from exporter.model import Scope
from exporter.simulator import Fault, Kind
from tests.exactness.events import INVOCATIONS, KV, PERIODIC, R2
from tests.exactness.harness import ACCOUNT_ID, Rig, small_world
from tests.exactness.matrix import (
    MINUTE,
    at,
    live,
    live_until,
    minutes_behind,
    of_dataset,
    play,
    reason,
    requests,
    up,
)
from tests.poller.scene import samples, states


def test_no_account_in_the_answer(tmp_path: Path) -> None:
    """``accounts: []`` says nothing about usage: it is a failure, also while an hour is due to settle."""

    async def case(rig: Rig) -> None:
        await live_until(rig, at(rig, 11, 28))
        rig.simulator.faults.add(Fault(kind=Kind.ACCOUNTS_EMPTY))
        await live_until(rig, at(rig, 11, 40))
        assert (up(rig), reason(rig)) == (0, "unreachable")
        assert min(minutes_behind(rig).values()) >= 11
        assert rig.exporter.ledger.open_from(Scope(ACCOUNT_ID), INVOCATIONS) == at(rig, 10, 0)
        rig.simulator.faults.clear()
        await live(rig, 20)
        assert up(rig) == 1

    play(tmp_path, case)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=Kind.STALE, dataset=INVOCATIONS, seconds=3_000),
        Fault(kind=Kind.LOWER, dataset=INVOCATIONS, fraction=700),
        Fault(kind=Kind.EMPTY, dataset=INVOCATIONS),
    ],
    ids=["stale", "lower", "empty"],
)
def test_a_wrong_answer_settles_nothing(tmp_path: Path, fault: Fault) -> None:
    """A stale replica answers while an hour is due: what it says is neither published nor the end of that hour."""

    async def case(rig: Rig) -> None:
        await live_until(rig, at(rig, 11, 29))
        rig.simulator.faults.add(fault)
        revisions = of_dataset(rig, "revisions_total", INVOCATIONS)
        await live_until(rig, at(rig, 11, 34))
        assert rig.exporter.ledger.open_from(Scope(ACCOUNT_ID), INVOCATIONS) == at(rig, 10, 0)
        assert of_dataset(rig, "revisions_total", INVOCATIONS) > revisions
        assert rig.exporter.ledger.open_from(Scope(ACCOUNT_ID), KV) == at(rig, 11, 0)
        rig.simulator.faults.clear()
        await live(rig, 40)
        assert rig.exporter.ledger.open_from(Scope(ACCOUNT_ID), INVOCATIONS) == at(rig, 11, 0)

    play(tmp_path, case)


def test_a_wrong_answer_after_an_outage(tmp_path: Path) -> None:
    """The first answer after hours is stale: nothing that it leaves out is taken to be nothing."""

    async def case(rig: Rig) -> None:
        await live(rig, 20)
        await rig.be_away(timedelta(hours=4))
        now = rig.now
        rig.simulator.faults.add(Fault(kind=Kind.STALE, seconds=9_000, until=now + 4 * MINUTE))
        await live(rig, 3)
        assert rig.exporter.ledger.open_from(Scope(ACCOUNT_ID), INVOCATIONS) < at(rig, 11, 0)  # type: ignore[operator]
        await live(rig, 20)

    play(tmp_path, case)


def test_errors_beside_partial_data(tmp_path: Path) -> None:
    """An error that empties what follows it in an answer costs one dataset only: the others are asked once more."""

    async def case(rig: Rig) -> None:
        await live(rig, 20)
        rig.simulator.faults.add(Fault(kind=Kind.PARTIAL, dataset=R2))
        await live(rig, 20)
        behind = minutes_behind(rig)
        assert behind.pop(R2) == 21
        assert set(behind.values()) == {1}
        assert states(rig)[R2] == ("failing", "unreachable")
        rig.simulator.faults.clear()
        await live(rig, 5)
        assert set(minutes_behind(rig).values()) == {1}

    play(tmp_path, case)


def test_one_dataset_is_not_allowed(tmp_path: Path) -> None:
    """An authorization error for one dataset: the others go on, and it is asked again ten minutes later only."""

    async def case(rig: Rig) -> None:
        await live(rig, 20)
        rig.simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR, dataset=KV, code="authz", message="not authorized"))
        await live(rig, 2)
        assert states(rig)[KV] == ("unavailable", "forbidden")
        rig.simulator.faults.clear()
        await live(rig, 7)
        behind = minutes_behind(rig)
        assert behind.pop(KV) == 10
        assert set(behind.values()) == {1}
        await live(rig, 3)
        assert set(minutes_behind(rig).values()) == {1}
        assert {state for state, _ in states(rig).values()} == {"ok"}
        await live(rig, 20)

    play(tmp_path, case)


def test_a_dataset_becomes_unavailable_and_available_again(tmp_path: Path) -> None:
    """A plan that loses a dataset for 50 minutes: it says so, and goes on by itself without a gap."""

    async def case(rig: Rig) -> None:
        await live(rig, 20)
        rig.simulator.faults.add(Fault(kind=Kind.UNAVAILABLE, dataset=KV))
        await live(rig, 50)
        assert states(rig)[KV] == ("unavailable", "forbidden")
        behind = minutes_behind(rig)
        assert behind.pop(KV) == 51
        assert set(behind.values()) == {1}
        rig.simulator.faults.clear()
        await live(rig, 12)
        assert states(rig)[KV] == ("ok", "")
        assert set(minutes_behind(rig).values()) == {1}
        assert of_dataset(rig, "gap_seconds_total", KV) == 0

    play(tmp_path, case)


def test_a_field_that_cloudflare_removed(tmp_path: Path) -> None:
    """A field is gone for 20 minutes: the dataset goes on without it after a while, and the others at once."""

    async def case(rig: Rig) -> None:
        await live(rig, 20)
        rig.simulator.faults.add(Fault(kind=Kind.MISSING_FIELD, dataset=PERIODIC, field="sum_cpuTime"))
        await live(rig, 2)
        behind = minutes_behind(rig)
        assert behind.pop(PERIODIC) == 3
        assert set(behind.values()) == {1}
        assert states(rig)[PERIODIC] == ("unavailable", "refused")
        await live(rig, 18)
        assert set(minutes_behind(rig).values()) == {1}
        assert states(rig)[PERIODIC] == ("ok", "")
        rig.simulator.faults.clear()
        await live(rig, 20)

    play(tmp_path, case, has_audit=True)


def test_full_pages(tmp_path: Path) -> None:
    """Rows that fill a page are never taken: the question is cut, by time, by asset and by the minute."""

    async def case(rig: Rig) -> None:
        await live(rig, 90)
        assert samples(rig.exporter, "page_splits_total")[()] >= 5
        assert {state for state, _ in states(rig).values()} == {"ok"}

    play(tmp_path, case, small_world(1, timedelta(minutes=3), max_page_size=9), page_limit=9)


def test_pages_become_smaller(tmp_path: Path) -> None:
    """The plan's page shrinks below what one answer takes: what is refused is asked in smaller pages."""

    async def case(rig: Rig) -> None:
        await live(rig, 20)
        rig.simulator.faults.add(Fault(kind=Kind.SMALL_PAGES, limit=12))
        await live(rig, 20)
        assert set(minutes_behind(rig).values()) == {1}
        assert samples(rig.exporter, "page_splits_total")[()] > 0
        rig.simulator.faults.clear()
        await live(rig, 20)

    play(tmp_path, case)


def test_too_many_nodes(tmp_path: Path) -> None:
    """A document with too many datasets is refused: halves are asked, and it is soon known how many are too many."""

    async def case(rig: Rig) -> None:
        await live(rig, 20)
        rig.simulator.faults.add(Fault(kind=Kind.TOO_MANY_NODES, limit=6))
        await live(rig, 3)
        assert requests(rig, "graphql", "refused") > 0
        assert set(minutes_behind(rig).values()) == {1}
        await live(rig, 17)
        refused = requests(rig, "graphql", "refused")
        await live(rig, 30)
        assert requests(rig, "graphql", "refused") == refused
        assert up(rig) == 1
        assert set(minutes_behind(rig).values()) == {1}

    play(tmp_path, case)


def test_a_short_longest_duration(tmp_path: Path) -> None:
    """A plan that answers one hour at once: five hours away are asked in pieces."""

    async def case(rig: Rig) -> None:
        await live(rig, 20)
        rig.simulator.faults.add(Fault(kind=Kind.SHORT_DURATION, seconds=3_600))
        await rig.be_away(timedelta(hours=5))
        await live(rig, 3)
        assert set(minutes_behind(rig).values()) == {1}
        await live(rig, 40)

    play(tmp_path, case)


def test_the_longest_duration_shrinks(tmp_path: Path) -> None:
    """Questions that were allowed a minute ago are refused: they are asked in pieces once the limit is known."""

    async def case(rig: Rig) -> None:
        await live(rig, 80)
        rig.simulator.faults.add(Fault(kind=Kind.SHORT_DURATION, seconds=3_600))
        await live(rig, 15)
        assert set(minutes_behind(rig).values()) == {1}
        assert {state for state, _ in states(rig).values()} == {"ok"}

    play(tmp_path, case)
