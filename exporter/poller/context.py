"""State shared by all account pollers: the ledger and its lock, clocks, settings and counts."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from exporter.catalog.entry import Dataset
from exporter.clock import Clock
from exporter.cloudflare import CloudflareTime
from exporter.config.alerting import Alerting
from exporter.config.selection import Selection
from exporter.costs.calculator import CostCalculator
from exporter.ledger import Ledger
from exporter.metrics.snapshot import Published
from exporter.model import DayProgress
from exporter.status import Problem

Result = TypeVar("Result")


@dataclass(slots=True)
class PollerContext:
    """The ledger and its lock, the cost calculator, clocks, what to ask, and counts since the process began.

    ``selection``, the datasets it leaves, ``alerting`` and the interval are those of the configuration that was last
    taken over, at ``configured_at``; ``config_problem`` says if a newer one was refused since, ``token_problem``
    if a token file cannot be used any more, and ``find_web_problem`` gives what is wrong with the web configuration.
    """

    ledger: Ledger
    calculator: CostCalculator
    published: Published
    datasets: Sequence[Dataset]
    clock: Clock
    time: CloudflareTime
    discovery_interval: timedelta
    selection: Selection
    alerting: Alerting
    configured_at: datetime
    config_problem: Problem | None = None
    token_problem: Problem | None = None
    find_web_problem: Callable[[], Problem | None] = lambda: None
    sample_intervals: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    days: dict[tuple[str, str], DayProgress] = field(default_factory=dict)
    commit_failures: int = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def now(self) -> datetime:
        """Return Cloudflare's time, or the machine's as long as Cloudflare has not answered."""
        return self.time.now() or self.clock.now()

    def register_accounts(self) -> None:
        """Register the names of the ledger's accounts with the cost calculator."""
        labels = self.ledger.labels()
        for account in self.ledger.accounts():
            self.calculator.register(account.id, account.name, labels[account.id])

    async def with_ledger(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Do work on the ledger in a thread, one at a time; what has begun is finished even if we are cancelled."""
        async with self._lock:
            doing = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
            try:
                return await asyncio.shield(doing)
            except asyncio.CancelledError:
                await asyncio.wait({doing})
                raise
