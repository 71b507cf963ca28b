"""Problems with the billing of accounts: as the API shows them, and as the costs note them."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exporter.costs import StatementQuery
from exporter.costs.statement import state_costs
from exporter.simulator import Worker, World
from exporter.views.health import health_document
from tests.cli.commands.scene import PAID
from tests.configured import Site
from tests.poller.scene import told
from tests.poller.test_billing import billed_world, info
from tests.poller.test_flawed_lists import altered

SUBSCRIPTIONS = "/subscriptions"


def busy_world(*, is_paid: bool) -> World:
    """An account whose Worker is called a thousand times as often as Workers Free allows."""
    world = billed_world(subscriptions=(PAID,) if is_paid else ())
    busy = Worker(id="1" * 32, name="shop-web", weight=1_000_000)
    return replace(world, accounts=(replace(world.accounts[0], assets=(busy,)),))


def problems(site: Site) -> list[dict[str, Any]]:
    """The problems that the API shows."""
    found: list[dict[str, Any]] = health_document(site.exporter.published.snapshot, is_refreshing=True)["problems"]
    return found


def notes(site: Site) -> list[str]:
    """The notes of the published costs that are about the plan."""
    assert site.exporter.published.snapshot is not None
    costs = list(site.exporter.published.snapshot.costs.accounts.values())
    return [note for note in state_costs(StatementQuery(), costs, ()).notes if " plan " in note]


def test_a_free_account_whose_usage_is_far_above_what_is_free_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The same sentence is a problem with a remedy, a note in the costs and a log line; setting the plan ends it."""

    async def script() -> None:
        async with Site(busy_world(is_paid=False), tmp_path) as site:
            with caplog.at_level(logging.WARNING, logger="exporter"):
                await site.refresh(5)
            assert info(site)[:2] == ("workers_free", "subscriptions")
            (problem,) = problems(site)
            assert (problem["account"], problem["part"], problem["reason"]) == ("Example", "billing", "plan")
            assert problem["detail"].startswith("Account Example (")
            assert "workers_free by its subscriptions" in problem["detail"]
            assert "costs.plan" in problem["remedy"]
            assert problem["since"] is not None
            assert notes(site) == [problem["detail"]]
            assert len(told(caplog)) == 1
            site.configure(costs={"plan": "workers_paid"})
            await site.refresh(2)
            assert (problems(site), notes(site)) == ([], [])

    asyncio.run(script())


def test_an_account_that_pays_is_not_told(tmp_path: Path) -> None:
    """Any usage is what it pays for."""

    async def script() -> None:
        async with Site(busy_world(is_paid=True), tmp_path) as site:
            await site.refresh(5)
            assert info(site)[:2] == ("workers_paid", "subscriptions")
            assert (problems(site), notes(site)) == ([], [])

    asyncio.run(script())


def test_a_subscription_that_cannot_be_read_is_told_and_the_plan_is_assumed(tmp_path: Path) -> None:
    """It may be the one that pays for Workers; once it can be read there is no problem any more."""

    async def script() -> None:
        async with Site(billed_world(), tmp_path) as site:
            changes = altered(site)

            def spoil(body: dict[str, Any]) -> None:
                body["result"][0]["rate_plan"] = None
                body["result"].append(None)

            changes[SUBSCRIPTIONS] = spoil
            await site.refresh(3)
            assert info(site)[:2] == ("workers_paid", "assumed")
            (problem,) = problems(site)
            assert (problem["account"], problem["part"], problem["reason"]) == ("Example", "billing", "bad_items")
            assert "2 of its subscriptions and 0 rows" in problem["detail"]
            changes.clear()
            site.clock.advance(timedelta(hours=1))
            await site.refresh(2)
            assert problems(site) == []
            assert info(site)[:2] == ("workers_paid", "subscriptions")

    asyncio.run(script())
