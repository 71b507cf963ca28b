"""Measure the refreshes of many accounts of one token, where Cloudflare limits the requests of each account.

The simulated Cloudflare answers in the exporter's own process; its CPU time is left out.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from bench.cloudflare import Application, Receive, Send
from bench.cloudflare import Scope as Connection
from bench.figure import Figure
from bench.idle import FEW
from bench.requests import NOTHING_TO_FILL
from bench.worlds import TOKEN, many_accounts
from exporter.app import Exporter, build_exporter
from exporter.catalog.workers import PRODUCT
from exporter.config import Cloudflare, Config, Poll, RateLimit, Storage, Token
from exporter.model import Scope
from exporter.simulator import ManualClock, Simulator
from tests.clock import START, CoupledClock

ACCOUNTS = 500
REFRESH = timedelta(minutes=1)
IN_USE = PRODUCT.datasets[0].key
"""A dataset that every account uses all the time."""


class _Timed:
    """The simulated Cloudflare with the CPU seconds that its answers took; none waits for anything."""

    def __init__(self, inner: Application) -> None:
        self._inner = inner
        self.seconds = 0.0

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        before = time.thread_time()
        await self._inner(scope, receive, send)
        self.seconds += time.thread_time() - before


@dataclass(frozen=True, slots=True)
class Refresh:
    """The exporter's CPU seconds for one refresh, and how old the oldest account's newest answer is after it."""

    cpu: float
    oldest: timedelta


async def refreshes_of(accounts: int, folder: Path, number: int) -> list[Refresh]:
    """Return some refreshes, a minute apart, of accounts that are all in use; the first lists what there is."""
    clock = CoupledClock(ManualClock(START))
    simulator = Simulator(many_accounts(accounts, FEW, NOTHING_TO_FILL), clock.cloudflare)
    cloudflare = _Timed(simulator.app)
    exporter = build_exporter(_config(folder), clock, transport=httpx.ASGITransport(app=cloudflare))
    measured: list[Refresh] = []
    for _ in range(number):
        before, of_cloudflare = time.process_time(), cloudflare.seconds
        await exporter.poller.refresh()
        cpu = time.process_time() - before - (cloudflare.seconds - of_cloudflare)
        measured.append(Refresh(cpu, _oldest(exporter, accounts, clock)))
        clock.advance(REFRESH)
    await exporter.close()
    return measured


async def measure_accounts(folder: Path, accounts: int = ACCOUNTS, refreshes: int = 6) -> list[Figure]:
    """Return how long any account waits from one answer to the next, and the CPU time of a refresh of them all."""
    measured = await refreshes_of(accounts, folder, refreshes)
    longest = max(refresh.oldest for refresh in measured) + REFRESH
    minute = REFRESH.total_seconds()
    return [
        Figure(f"time_between_answers_{accounts}_accounts", longest.total_seconds(), "seconds", minute),
        Figure(f"refresh_cpu_{accounts}_accounts", round(max(one.cpu for one in measured), 2), "seconds", minute),
    ]


def _oldest(exporter: Exporter, accounts: int, clock: CoupledClock) -> timedelta:
    """Return how long ago the account was answered that waits longest; since the start, if one never was."""
    now = clock.cloudflare.now()
    known = (exporter.ledger.answered_at(Scope(account.id), IN_USE) for account in exporter.ledger.accounts())
    answered = [moment for moment in known if moment is not None]
    return now - (min(answered) if len(answered) == accounts else START - REFRESH)


def _config(folder: Path) -> Config:
    return Config(
        cloudflare=Cloudflare(
            api_url="http://cloudflare.test/client/v4",
            tokens=(Token.model_validate({"token": TOKEN}),),
            rate_limit=RateLimit.ACCOUNT,
        ),
        poll=Poll(refresh=REFRESH, discovery=timedelta(minutes=10)),
        storage=Storage(path=str(folder)),
    )
