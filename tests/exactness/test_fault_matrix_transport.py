"""The fault matrix, on the way to Cloudflare: throttling, servers that fail, connections that break, broken answers."""

from pathlib import Path

import pytest

from exporter.cloudflare.client import TIMEOUT
from exporter.model import Scope
from exporter.simulator import Fault, Kind
from tests.exactness.harness import Rig
from tests.exactness.matrix import live, minutes_behind, play, reason, requests, up


async def check_silence(rig: Rig, fault: Fault, minutes: int) -> None:
    """Declare a fault that silences the exporter for so many minutes: it asks GraphQL nothing, and goes on after."""
    await live(rig, 20)
    rig.simulator.faults.add(fault)
    await live(rig, 1)
    assert (up(rig), reason(rig)) == (0, "throttled")
    asked = rig.simulator.requests["graphql"]
    await live(rig, minutes - 1)
    assert rig.simulator.requests["graphql"] == asked
    await live(rig, 2)
    assert up(rig) == 1
    assert set(minutes_behind(rig).values()) == {1}
    await live(rig, 20)


def test_throttled_with_retry_after(tmp_path: Path) -> None:
    """429 with Retry-After: nothing is sent for that long, and nothing is lost."""

    async def case(rig: Rig) -> None:
        await check_silence(rig, Fault(kind=Kind.THROTTLE, api="graphql", seconds=720, times=1), minutes=12)

    play(tmp_path, case)


def test_throttled_without_retry_after(tmp_path: Path) -> None:
    """429 without Retry-After: nothing is sent for five minutes, for so long Cloudflare blocks."""

    async def case(rig: Rig) -> None:
        await check_silence(rig, Fault(kind=Kind.THROTTLE, api="graphql", retry_after=False, times=1), minutes=5)

    play(tmp_path, case)


def test_throttled_for_moments(tmp_path: Path) -> None:
    """A short Retry-After is waited for on the spot: the refresh succeeds, after that time."""

    async def case(rig: Rig) -> None:
        await live(rig, 20)
        rig.simulator.faults.add(Fault(kind=Kind.THROTTLE, api="graphql", seconds=9, times=1))
        began, refused = rig.now, requests(rig, "graphql", "throttled")
        await rig.refresh()
        assert requests(rig, "graphql", "throttled") == refused + 1
        assert 9 <= (rig.now - began).total_seconds() < 60
        assert up(rig) == 1
        assert set(minutes_behind(rig).values()) == {0}
        await live(rig, 20)

    play(tmp_path, case)


def test_lists_are_throttled(tmp_path: Path) -> None:
    """429 for the lists of assets: no list is asked for that long, and analytics go on meanwhile."""

    async def case(rig: Rig) -> None:
        await live(rig, 20)
        rig.simulator.faults.add(Fault(kind=Kind.THROTTLE, api="rest", seconds=1_500, times=1))
        await live(rig, 1)
        asked = rig.simulator.requests["rest"]
        await live(rig, 24)
        assert rig.simulator.requests["rest"] == asked
        assert set(minutes_behind(rig).values()) == {1}
        await live(rig, 12)
        assert rig.simulator.requests["rest"] > asked

    play(tmp_path, case)


def test_budget_error_in_an_answer_200(tmp_path: Path) -> None:
    """The budget error, which comes as HTTP 200, silences the exporter for five minutes like a 429."""

    async def case(rig: Rig) -> None:
        await check_silence(rig, Fault(kind=Kind.BUDGET_ERROR, times=1), minutes=5)

    play(tmp_path, case)


BROKEN = {
    "502 as a page": Fault(kind=Kind.HTTP_STATUS, status=502, html=True, api="graphql", times=2),
    "500 as JSON": Fault(kind=Kind.HTTP_STATUS, status=500, api="graphql", times=2),
    "connection reset": Fault(kind=Kind.DISCONNECT, api="graphql", times=2),
    "slower than the timeout": Fault(kind=Kind.SLOW, seconds=600, api="graphql", times=1),
    "truncated JSON": Fault(kind=Kind.TRUNCATED_BODY, api="graphql", times=2),
    "a page in an answer 200": Fault(kind=Kind.HTTP_STATUS, status=200, html=True, api="graphql", times=2),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_answer_is_asked_again_at_once(tmp_path: Path, name: str) -> None:
    """What passes by itself costs a refresh some seconds and nothing else."""

    async def case(rig: Rig) -> None:
        await live(rig, 20)
        assert TIMEOUT.read is not None
        began, broken = rig.now, requests(rig, "graphql", "unreachable")
        rig.simulator.faults.add(BROKEN[name])
        await rig.refresh()
        assert requests(rig, "graphql", "unreachable") == broken + (BROKEN[name].times or 0)
        assert (rig.now - began).total_seconds() <= TIMEOUT.read + 20
        assert up(rig) == 1
        assert set(minutes_behind(rig).values()) <= {0, 1}
        await live(rig, 20)

    play(tmp_path, case)


LASTING = {
    "503": {"kind": Kind.HTTP_STATUS, "status": 503},
    "connection reset": {"kind": Kind.DISCONNECT},
    "slower than the timeout": {"kind": Kind.SLOW, "seconds": 45},
    "truncated JSON": {"kind": Kind.TRUNCATED_BODY},
    "a page in an answer 200": {"kind": Kind.HTTP_STATUS, "status": 200, "html": True},
}


@pytest.mark.parametrize("name", LASTING)
def test_an_outage_is_caught_up_with(tmp_path: Path, name: str) -> None:
    """For 40 minutes nothing can be had: the account is down and says why, and the time is asked for afterwards."""

    async def case(rig: Rig) -> None:
        await live(rig, 20)
        known = rig.exporter.ledger.totals(Scope("a" * 32), "workersInvocationsAdaptive")
        rig.simulator.faults.add(Fault(**LASTING[name]))  # type: ignore[arg-type]
        await live(rig, 20)
        assert (up(rig), reason(rig)) == (0, "unreachable")
        assert rig.exporter.ledger.totals(Scope("a" * 32), "workersInvocationsAdaptive") == known
        await live(rig, 20)
        rig.simulator.faults.clear()
        await live(rig, 2)
        assert up(rig) == 1
        assert set(minutes_behind(rig).values()) == {1}

    play(tmp_path, case)
