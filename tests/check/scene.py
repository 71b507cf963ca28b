"""A check of a simulated Cloudflare in process, in surroundings that a test chooses."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from exporter.app import run_check
from exporter.catalog import PRODUCTS
from exporter.catalog.product import Product
from exporter.check import CheckReport, Finding, Host, Level, Topic
from exporter.check.checker import PATIENCE
from exporter.config import Config
from exporter.poller.source import Source
from exporter.simulator import AccountModel, Fault, ManualClock, Simulator, TokenModel, World
from tests.clock import START, CoupledClock
from tests.documents import shared_documents
from tests.exactness.harness import small_assets

ACCOUNT_ID, OTHER_ID = "a" * 32, "b" * 32
TOKEN = "hush-0123456789-do-not-show"
LISTS = frozenset({"workers", "r2", "d1", "kv"})
ALL = LISTS | {"accounts", "analytics", "billing"}
DISK = Host("21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw", is_container=False)


def account(account_id: str = ACCOUNT_ID, name: str = "Example", **fields: Any) -> AccountModel:
    """An account with an asset of every product."""
    return AccountModel(id=account_id, name=name, assets=small_assets(), **fields)


def world(*accounts: AccountModel, tokens: tuple[TokenModel, ...] = (TokenModel(token=TOKEN),)) -> World:
    """A Cloudflare with Cloudflare's own request limits."""
    return World(accounts=accounts or (account(),), tokens=tokens, seed=1)


class Scene:
    """A simulated Cloudflare, and a configuration to check against it."""

    def __init__(
        self, folder: Path, simulated: World | None = None, products: Sequence[Product] = PRODUCTS, **sections: Any
    ) -> None:
        self._products = products
        self.clock = CoupledClock(ManualClock(START))
        self.simulator = Simulator(simulated or world(), self.clock.cloudflare, documents=shared_documents())
        self.transport: httpx.AsyncBaseTransport = httpx.ASGITransport(app=self.simulator.app)
        cloudflare = {"tokens": [{"token": TOKEN}], **sections.pop("cloudflare", {})}
        self.config = Config.model_validate(
            {
                "cloudflare": {"api_url": "https://cloudflare.test/client/v4", **cloudflare},
                "storage": {"path": str(folder)},
                **sections,
            }
        )

    def spoil(self, *faults: Fault) -> None:
        """Let the simulated Cloudflare misbehave."""
        self.simulator.faults.add(*faults)

    def check(
        self,
        environment: Mapping[str, str] | None = None,
        config_file: Path | None = None,
        host: Host = DISK,
        patience: timedelta = PATIENCE,
        sources: Sequence[Source[Any]] | None = None,
    ) -> CheckReport:
        """The report on the configuration, with the exporter's own sources or others."""
        checking = run_check(
            self.config,
            self.clock,
            host,
            environment or {},
            config_file,
            transport=self.transport,
            patience=patience,
            sources=sources,
            products=self._products,
        )
        return asyncio.run(checking)


def findings(report: CheckReport, part: Topic, *levels: Level) -> list[Finding]:
    """The findings of a part, of some levels or of all."""
    return [finding for finding in report.findings if finding.part is part and (not levels or finding.level in levels)]


def troubles(report: CheckReport) -> list[tuple[str, str, str]]:
    """Level, part and subject of every finding that is not ok."""
    return [
        (finding.level.value, finding.part.value, finding.subject)
        for finding in report.findings
        if finding.level is not Level.OK
    ]


def the(report: CheckReport, part: Topic, subject: str) -> Finding:
    """The one finding about a subject."""
    (found,) = [finding for finding in findings(report, part) if finding.subject == subject]
    return found
