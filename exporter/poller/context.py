"""State shared by all account pollers: the ledger and its lock, clocks, settings and counts."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from exporter.catalog.dataset import Dataset
from exporter.catalog.product import Product
from exporter.clock import Clock
from exporter.cloudflare import CloudflareTime
from exporter.config import Config
from exporter.config.alerting import Alerting
from exporter.config.selection import Selection
from exporter.costs.calculator import CostCalculator
from exporter.ledger import Ledger
from exporter.metrics.snapshot import Published
from exporter.model import DayProgress, PublishedKey
from exporter.pricing import CostRules
from exporter.status import Problem

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Settings:
    """The pollers' settings, from the configuration that took effect at ``configured_at``; replaced as a whole.

    ``products`` are all that the catalog has; ``datasets`` and ``kinds`` are what the selection leaves of them.
    """

    products: tuple[Product, ...]
    selection: Selection
    datasets: tuple[Dataset, ...]
    kinds: frozenset[str]
    alerting: Alerting
    external_url: str | None
    has_start_timestamps: bool
    cost_rules: CostRules
    shows_cost_of_assets: bool
    refresh_interval: timedelta
    discovery_interval: timedelta
    configured_at: datetime

    @property
    def refreshed(self) -> tuple[Dataset, ...]:
        """The datasets that each refresh asks about."""
        return tuple(dataset for dataset in self.datasets if not dataset.reads.is_spread)

    @property
    def spread(self) -> tuple[Dataset, ...]:
        """The datasets that take a request for each asset, spread over their intervals in the background."""
        return tuple(dataset for dataset in self.datasets if dataset.reads.is_spread)

    @classmethod
    def of(cls, config: Config, at: datetime, products: Iterable[Product]) -> "Settings":
        """Return the settings of a configuration that takes effect at ``at``, for a catalog of ``products``."""
        known = tuple(products)
        return cls(
            products=known,
            selection=config.selection,
            datasets=config.selection.datasets(known),
            kinds=config.selection.kinds(known),
            alerting=config.alerting,
            external_url=config.web.external_url,
            has_start_timestamps=config.web.start_timestamps,
            cost_rules=config.costs.rules(),
            shows_cost_of_assets=config.costs.assets,
            refresh_interval=config.poll.refresh,
            discovery_interval=config.poll.discovery,
            configured_at=at,
        )


@dataclass(slots=True)
class PollerContext:
    """The ledger and its lock, the cost calculator, clocks, settings, and counts since the process began.

    ``settings`` are replaced by one assignment; the ledger and the calculator follow before their next work.
    ``config_problem`` is set while a newer configuration is refused, ``token_problem`` while a token file cannot be
    used.
    """

    ledger: Ledger
    calculator: CostCalculator
    published: Published
    clock: Clock
    time: CloudflareTime
    settings: Settings
    config_problem: Problem | None = None
    token_problem: Problem | None = None
    sample_intervals: dict[PublishedKey, Decimal] = field(default_factory=dict)
    days: dict[PublishedKey, DayProgress] = field(default_factory=dict)
    commit_failures: int = 0
    _followed: Settings | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def settings_in_force(self) -> Settings:
        """The settings that the ledger and the calculator apply to the work under way."""
        return self._followed or self.settings

    def now(self) -> datetime:
        """Return Cloudflare's time, or the machine's until Cloudflare has answered."""
        return self.time.now() or self.clock.now()

    def register_accounts(self) -> None:
        """Register the names of the ledger's accounts with the cost calculator."""
        labels = self.ledger.labels()
        for account in self.ledger.accounts():
            self.calculator.register(account.id, account.name, labels[account.id])

    async def with_ledger(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Run ``work`` on the ledger in a thread, one call at a time; once begun it finishes, even if cancelled."""
        async with self._lock:
            doing = asyncio.ensure_future(asyncio.to_thread(self._do, work, *arguments))
            try:
                return await asyncio.shield(doing)
            except asyncio.CancelledError:
                await asyncio.wait({doing})
                raise

    def _do(self, work: Callable[..., Result], *arguments: object) -> Result:
        self._follow(self.settings)
        return work(*arguments)

    def _follow(self, settings: Settings) -> None:
        """Apply the settings to calculator and ledger; only here, where nobody else is using them."""
        if settings is not self._followed:
            self.calculator.use_rules(settings.cost_rules)
            self.ledger.show_cost_of_assets(settings.shows_cost_of_assets)
            self._followed = settings
