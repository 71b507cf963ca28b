"""What is published of costs when they cannot be worked out."""

import asyncio
import logging
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pytest

from exporter.costs.calculator import CostCalculator, UsageSource
from exporter.costs.current import CurrentCosts
from exporter.ledger import Entry, RosterKey
from exporter.ledger.store.database import FILE_NAME
from exporter.pricing import AccountCosts, BilledAccount, CostRules, load_card
from tests.exactness.harness import ACCOUNT_ID, Rig
from tests.poller.scene import OTHER_ID, listed_world, refresh, two_accounts


class Unlucky(CostCalculator):
    """An accountant that fails for some accounts."""

    def __init__(self) -> None:
        super().__init__(load_card(), CostRules())
        self.failing: set[str] = set()

    def compute(
        self,
        source: UsageSource,
        account: BilledAccount,
        roster: Mapping[RosterKey, Entry],
        until: datetime,
        on: date | None = None,
    ) -> AccountCosts:
        """Fail, or do as others do."""
        if account.id in self.failing:
            raise ZeroDivisionError("a fault of our own")
        return super().compute(source, account, roster, until, on)


def test_a_fault_costs_only_its_account(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An account whose costs fail keeps the last ones, with a traceback in the log; the others go on."""

    async def play() -> None:
        async with Rig(two_accounts(), tmp_path, source_costs=CurrentCosts) as rig:
            await refresh(rig, 3)
            calculator, labels = Unlucky(), {ACCOUNT_ID: "Example", OTHER_ID: "Other"}
            costing = CurrentCosts(rig.exporter.ledger, calculator)
            before = costing.compute(labels, rig.now).accounts
            calculator.failing = {OTHER_ID}
            await refresh(rig, 2)
            after = costing.compute(labels, rig.now).accounts
            assert after[OTHER_ID] is before[OTHER_ID]
            assert after[ACCOUNT_ID].until > before[ACCOUNT_ID].until

    asyncio.run(play())
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage() for record in errors] == ["computing the costs failed; the previous ones stay"]
    assert errors[0].exc_info is not None


def test_a_ledger_that_cannot_be_read_stops_no_metrics(tmp_path: Path) -> None:
    """While the ledger cannot be read, costs stay as they were, and everything else is published."""

    async def play() -> None:
        async with Rig(listed_world(), tmp_path, source_costs=CurrentCosts) as rig:
            await refresh(rig, 3)
            snapshot = rig.exporter.published.snapshot
            assert snapshot is not None
            with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as connection:
                connection.execute("ALTER TABLE daily RENAME TO elsewhere")
            await refresh(rig)
            later = rig.exporter.published.snapshot
            assert later is not None and later.at > snapshot.at
            assert later.costs.accounts == snapshot.costs.accounts

    asyncio.run(play())
