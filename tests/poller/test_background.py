"""What is asked in the background: it takes what refreshes leave of the budget, delays nothing and never starves."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import httpx

from exporter.model import HOUR
from exporter.simulator import AccountModel, Fault, Kind, Limits, TokenModel, Worker, World
from tests.exactness.harness import TOKEN, small_world
from tests.exactness.oracle import DAY
from tests.ledger.factories import other_program
from tests.poller.scene import MINUTE, QUIET
from tests.poller.test_closed_days import FRIDAY, MONDAY, remaining, summed, used
from tests.poller.token_scene import TokenRig

PATIENCE_SECONDS = 60


class DayGate(httpx.AsyncBaseTransport):
    """Takes requests to the simulated Cloudflare; questions about days are held until ``opened``."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        self.asked: list[bytes] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if is_about_days(request):
            self.asked.append(request.content)
            self.reached.set()
            await self.opened.wait()
        return await self._transport.handle_async_request(request)


class Crowd(httpx.AsyncBaseTransport):
    """Takes requests to the simulated Cloudflare; once days were asked, others use up all that is not theirs."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport
        self.is_there = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        if self.is_there and is_about_days(request):
            response.headers["Ratelimit"] = '"default";r=90;t=300'
            response.headers["Ratelimit-Policy"] = '"default";q=300;w=300'
        return response


def is_about_days(request: httpx.Request) -> bool:
    """Return whether a request asks for whole days."""
    return b"dimensions { date " in request.content


def one_token(folder: Path, world: World, share: float = 0.7) -> TokenRig:
    """Return an exporter with one token that keeps to a share of the GraphQL requests."""
    return TokenRig(world, folder, [{"token": TOKEN}], budget_share={"graphql": share})


def test_a_slow_question_about_days_holds_up_nothing(tmp_path: Path) -> None:
    """Refreshes go on and are published while an answer about days is awaited, and it is asked for only once."""

    async def script() -> None:
        rig = one_token(tmp_path, small_world(1, QUIET))
        policy = rig.network.transport = DayGate(rig.network.transport)
        turning = asyncio.create_task(rig.exporter.poller.refresh())
        await asyncio.wait_for(policy.reached.wait(), PATIENCE_SECONDS)
        begun = rig.until("Example")
        seen = []
        for _ in range(3):
            rig.clock.advance(MINUTE)
            await rig.exporter.poller.refresh()
            rig.look()
            seen.append(rig.until("Example") - begun)
        assert seen == [60, 120, 180]
        assert (len(policy.asked), turning.done()) == (1, False)
        policy.opened.set()
        await turning
        await rig.go_on(3)
        assert remaining(rig) == {}
        assert len(policy.asked) == len(set(policy.asked)) > 1
        assert summed(rig, FRIDAY, MONDAY) == used(rig, FRIDAY, MONDAY)
        await rig.exporter.close()

    asyncio.run(script())


def test_what_was_asked_when_the_exporter_stopped_is_asked_again(tmp_path: Path) -> None:
    """Stopping does not wait for an answer about days, and the next process fills them in."""

    async def script() -> None:
        rig = one_token(tmp_path, small_world(1, QUIET))
        policy = rig.network.transport = DayGate(rig.network.transport)
        turning = asyncio.create_task(rig.exporter.poller.refresh())
        await asyncio.wait_for(policy.reached.wait(), PATIENCE_SECONDS)
        await asyncio.wait_for(rig.restart(), PATIENCE_SECONDS)
        await turning
        await rig.go_on(3)
        assert remaining(rig) == {}
        assert summed(rig, FRIDAY, MONDAY) == used(rig, FRIDAY, MONDAY)
        await rig.exporter.close()

    asyncio.run(script())


def test_what_others_use_up_delays_days_and_loses_none(tmp_path: Path) -> None:
    """Nothing is asked while nothing is left; then the days go on where they were."""

    async def script() -> None:
        rig = one_token(tmp_path, small_world(1, QUIET))
        crowd = rig.network.transport = Crowd(rig.network.transport)
        await rig.go_on()
        crowd.is_there = False
        before = rig.simulator.requests["graphql"]
        seen = []
        for _ in range(3):
            await rig.go_on()
            seen.append(sum(remaining(rig).values()))
        assert rig.simulator.requests["graphql"] == before
        assert seen[1] == seen[2] > 0
        await rig.go_on(6)
        assert remaining(rig) == {}
        assert summed(rig, FRIDAY, MONDAY) == used(rig, FRIDAY, MONDAY)
        await rig.exporter.close()

    asyncio.run(script())


def test_what_counters_wait_for_comes_first_then_the_newest_days(tmp_path: Path) -> None:
    """Where one document at a time can be asked, audits overtake the fill, which goes from the newest day back."""

    async def script() -> None:
        rig = one_token(tmp_path, small_world(1, QUIET))
        rig.simulator.faults.add(Fault(kind=Kind.SHORT_RETENTION, seconds=7_200))
        await rig.go_on()
        rig.simulator.faults.clear()
        await rig.exporter.close()
        rig.clock.advance(41 * HOUR)
        await rig.start_again()
        rig.network.transport = Crowd(rig.network.transport)
        await rig.go_on(13)
        (first_parts, first_days), _, (later_parts, later_days), *_ = heard(tmp_path)
        assert first_parts == {"before"}
        assert min(first_days) > str(FRIDAY + DAY)
        assert (later_parts, later_days) == ({"counted"}, {str(MONDAY)})
        await rig.exporter.close()

    asyncio.run(script())


def heard(folder: Path) -> list[tuple[set[str], set[str]]]:
    """Return which parts of which days were answered together, the first answer first."""
    answers: dict[int, tuple[set[str], set[str]]] = {}
    with other_program(folder) as file:
        for at, part, day in file.execute("SELECT answered, part, day FROM day_mark ORDER BY answered"):
            parts, days = answers.setdefault(at, (set(), set()))
            parts.add(part)
            days.add(day)
    return list(answers.values())


def test_days_take_what_a_turn_leaves(tmp_path: Path) -> None:
    """Of three requests a refresh, the refresh comes first, and days have the others."""

    async def script() -> None:
        rig = one_token(tmp_path, small_world(1, QUIET), share=15 / 300)
        sent = []
        for _ in range(6):
            before = rig.simulator.requests["graphql"]
            await rig.go_on()
            sent.append(rig.simulator.requests["graphql"] - before)
        assert sent == [3, 3, 3, 1, 1, 1]
        assert remaining(rig) == {}
        await rig.exporter.close()

    asyncio.run(script())


def most_in_five_refreshes(counts: Sequence[int]) -> int:
    """The most requests sent in five refreshes in a row; ``counts`` are the requests sent up to each refresh."""
    return max(later - counts[number] for number, later in enumerate(counts[5:]))


def test_a_budget_that_one_account_uses_up_still_serves_the_background(tmp_path: Path) -> None:
    """Each refresh asks for usage, days are asked now and then, and no five minutes take more than is allowed."""

    async def script() -> None:
        rig = one_token(tmp_path, small_world(1, QUIET), share=0.02)
        counts = [0] * 5
        delays = []
        for _ in range(60):
            await rig.go_on()
            counts.append(rig.simulator.requests["graphql"])
            delays.append(rig.now.timestamp() - rig.until("Example"))
        assert most_in_five_refreshes(counts) <= 6
        assert max(delays) <= 3 * 60
        assert counts[-1] - 60 >= 3
        assert summed(rig, FRIDAY, MONDAY)
        await rig.exporter.close()

    asyncio.run(script())


ACCOUNTS = 4
"""As many accounts as two refreshes can ask if each has two requests."""


def full_world() -> World:
    """Accounts of whose days before counting Cloudflare no longer has all."""
    accounts = tuple(
        AccountModel(id=f"{n:032x}", name=f"account-{n}", assets=(Worker(id=f"{n:031x}f", name="web", weight=1),))
        for n in range(1, ACCOUNTS + 1)
    )
    limits = Limits(rest=None, graphql=None, not_older_than=timedelta(hours=52))
    return World(accounts=accounts, tokens=(TokenModel(token=TOKEN),), seed=1, limits=limits)


def test_accounts_that_use_up_a_budget_are_audited_one_after_another(tmp_path: Path) -> None:
    """A twentieth of the requests is for audits: each account has its own in time, and refreshes are hardly delayed."""

    async def script() -> None:
        rig = one_token(tmp_path, full_world(), share=10 / 300)
        await rig.go_on(10)
        for _ in range(39):
            rig.clock.advance(HOUR - MINUTE)
            await rig.go_on()
        rig.clock.advance(40 * MINUTE)
        await rig.go_on(25)
        assert audited(tmp_path) == 0
        counts = [rig.simulator.requests["graphql"]]
        for _ in range(55):
            await rig.go_on()
            counts.append(rig.simulator.requests["graphql"])
            assert max(ages(rig)) <= 3 * MINUTE
        assert most_in_five_refreshes(counts) <= 10
        assert audited(tmp_path) == ACCOUNTS
        await rig.exporter.close()

    asyncio.run(script())


def ages(rig: TokenRig) -> list[timedelta]:
    """Return how long ago each dataset of each account was answered."""
    return [rig.now - book.state.last_success for book in rig.exporter.ledger.publication().books if book.state]


def audited(folder: Path) -> int:
    """Return of how many accounts an audit was answered."""
    with other_program(folder) as file:
        (count,) = file.execute("SELECT COUNT(DISTINCT account) FROM day_mark WHERE part = 'counted'").fetchone()
    return int(count)
