"""Many accounts on one token: none starves, and the budget share is never exceeded, as Cloudflare counts."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from exporter.app import Exporter, build_exporter
from exporter.config import Cloudflare, Config, RateLimit, Storage, Token
from exporter.simulator import AccountLimits, AccountModel, Limits, ManualClock, Simulator, TokenModel, Worker, World
from tests.clock import START, CoupledClock
from tests.documents import shared_documents
from tests.exactness.harness import CardOnly

ACCOUNTS = 200
REFRESHES = 18


FEWER = 45


def world(count: int = ACCOUNTS, by_account: AccountLimits = AccountLimits.HEEDED) -> World:
    """Accounts with a Worker each, and Cloudflare's own limits."""
    accounts = tuple(
        AccountModel(id=f"{n:032x}", name=f"account-{n}", assets=(Worker(id=f"{n:031x}f", name="web", weight=1),))
        for n in range(1, count + 1)
    )
    limits = Limits(by_account=by_account)
    return World(accounts=accounts, tokens=(TokenModel(token="secret-token"),), seed=1, limits=limits)


def exporter_of(simulator: Simulator, clock: CoupledClock, rate_limit: RateLimit = RateLimit.USER) -> Exporter:
    """Return an exporter of the simulated accounts."""
    token = Token.model_validate({"token": "secret-token"})
    url = "http://cloudflare.test/client/v4"
    config = Config(
        cloudflare=Cloudflare(api_url=url, tokens=(token,), rate_limit=rate_limit), storage=Storage(path="")
    )
    return build_exporter(config, clock, transport=httpx.ASGITransport(app=simulator.app), source_costs=CardOnly)


def test_two_hundred_accounts_share_one_budget() -> None:
    """In any five minutes at most 210 GraphQL and 600 REST requests are sent, and every account is fresh."""
    asyncio.run(_two_hundred_accounts())


async def _two_hundred_accounts() -> None:
    clock = CoupledClock(ManualClock(START))
    simulator = Simulator(world(), clock.cloudflare, documents=shared_documents())
    exporter = exporter_of(simulator, clock)
    sent: dict[str, list[int]] = {"graphql": [0] * 5, "rest": [0] * 5}
    for _ in range(REFRESHES):
        await exporter.poller.refresh()
        for api, counts in sent.items():
            counts.append(simulator.requests[api])
            assert counts[-1] - counts[-6] <= {"graphql": 210, "rest": 600}[api]
        clock.advance(timedelta(seconds=60))

    books = [book for book in exporter.ledger.publication().books if book.dataset.key == "workersInvocationsAdaptive"]
    ages = [clock.cloudflare.now() - book.state.last_success for book in books if book.state]
    assert len(ages) == ACCOUNTS
    assert max(ages) <= timedelta(minutes=5)
    snapshot = exporter.published.snapshot
    assert snapshot is not None
    assert [status for status in snapshot.status.accounts if not status.is_up] == []
    assert snapshot.status.refresh_interval == timedelta(minutes=5)
    assert snapshot.status.discovery_interval >= timedelta(minutes=10)
    await exporter.close()


async def ages(simulator: Simulator, clock: CoupledClock, refreshes: int) -> tuple[timedelta, timedelta]:
    """Refresh with limits by account; return the oldest answer's age, and the interval that is published."""
    exporter = exporter_of(simulator, clock, RateLimit.ACCOUNT)
    for _ in range(refreshes):
        await exporter.poller.refresh()
        clock.advance(timedelta(seconds=60))
    books = [book for book in exporter.ledger.publication().books if book.dataset.key == "workersInvocationsAdaptive"]
    answered = [book.state.last_success for book in books if book.state]
    assert len(answered) == FEWER
    snapshot = exporter.published.snapshot
    assert snapshot is not None
    assert [status for status in snapshot.status.accounts if not status.is_up] == []
    await exporter.close()
    return clock.cloudflare.now() - min(answered), snapshot.status.refresh_interval


def test_with_limits_by_account_all_are_asked_every_minute() -> None:
    """Each has a pool of its own, so that none waits for another."""
    clock = CoupledClock(ManualClock(START))
    simulator = Simulator(world(FEWER), clock.cloudflare, documents=shared_documents())
    oldest, interval = asyncio.run(ages(simulator, clock, 4))
    assert (oldest, interval) == (timedelta(seconds=60), timedelta(seconds=60))


@pytest.mark.parametrize("by_account", [AccountLimits.IGNORED, AccountLimits.REFUSED])
def test_without_them_the_limits_of_the_user_hold(by_account: AccountLimits) -> None:
    """Whether Cloudflare refuses to limit by account or says nothing: the user is never blocked for long."""
    clock = CoupledClock(ManualClock(START))
    simulator = Simulator(world(FEWER, by_account), clock.cloudflare, documents=shared_documents())
    oldest, interval = asyncio.run(ages(simulator, clock, 10))
    assert oldest <= timedelta(minutes=3)
    assert interval == timedelta(minutes=2)
