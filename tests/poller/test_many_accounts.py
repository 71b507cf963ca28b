"""Many accounts on one token: none starves, and the budget share is never exceeded, as Cloudflare counts."""

import asyncio
from datetime import timedelta

import httpx

from exporter.app import build_exporter
from exporter.config import Cloudflare, Config, Storage, Token
from exporter.simulator import AccountModel, ManualClock, Simulator, TokenModel, Worker, World
from tests.clock import START, CoupledClock
from tests.documents import shared_documents
from tests.exactness.harness import CardOnly

ACCOUNTS = 200
REFRESHES = 18


def world() -> World:
    """Two hundred accounts with a Worker each, and Cloudflare's own limits."""
    accounts = tuple(
        AccountModel(id=f"{n:032x}", name=f"account-{n}", assets=(Worker(id=f"{n:031x}f", name="web", weight=1),))
        for n in range(1, ACCOUNTS + 1)
    )
    return World(accounts=accounts, tokens=(TokenModel(token="secret-token"),), seed=1)


def test_two_hundred_accounts_share_one_budget() -> None:
    """In any five minutes at most 210 GraphQL and 600 REST requests are sent, and every account is fresh."""
    asyncio.run(_two_hundred_accounts())


async def _two_hundred_accounts() -> None:
    clock = CoupledClock(ManualClock(START))
    simulator = Simulator(world(), clock.cloudflare, documents=shared_documents())
    token = Token.model_validate({"token": "secret-token"})
    config = Config(
        cloudflare=Cloudflare(api_url="http://cloudflare.test/client/v4", tokens=(token,)), storage=Storage(path="")
    )
    exporter = build_exporter(config, clock, transport=httpx.ASGITransport(app=simulator.app), source_costs=CardOnly)
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
