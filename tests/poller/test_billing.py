"""How accounts are billed, asked in the background on the simulated Cloudflare, and what becomes of it."""

import asyncio
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest

from exporter.app import build_exporter
from exporter.billing import BillingFacts, facts_from_text
from exporter.ledger.store.database import FILE_NAME
from exporter.metrics.costs import RATIO_DIVISOR
from exporter.pricing import AccountCosts
from exporter.simulator import (
    DEMO_ACCOUNT_ID,
    AccountModel,
    Fault,
    Kind,
    Limits,
    Subscription,
    TokenModel,
    World,
    demo_world,
)
from tests.cli.commands.scene import PAID, fill, priced_world
from tests.configured import Site
from tests.exactness.harness import ACCOUNT_ID, TOKEN
from tests.poller.scene import listed_world, told

FEW = frozenset({"accounts", "analytics", "workers", "r2", "d1", "kv"})
UP = "cloudflare_exporter_account_up"
ACCOUNT = "cloudflare_cost_account_info"
HOUR = timedelta(hours=1)

R2 = Subscription(
    public_name="R2 Paid", price=Decimal(0), rate_plan_id="r2_paid", anchor=datetime(2025, 1, 3, tzinfo=UTC)
)
PRO = Subscription(
    public_name="Pro Plan",
    price=Decimal("240.12"),
    rate_plan_id="pro",
    anchor=datetime(2025, 6, 20, tzinfo=UTC),
    frequency="yearly",
)


def billed_world(*, permissions: frozenset[str] | None = None, **fields: Any) -> World:
    """The small account with a subscription and a bill; keywords are fields of the account."""
    world = listed_world()
    account = replace(world.accounts[0], **{"subscriptions": (PAID,), "covered": True, **fields})
    return replace(world, accounts=(account,), tokens=(TokenModel(token=TOKEN, permissions=permissions),))


def asked(site: Site, path: str = "/subscriptions") -> int:
    """How often a path of billing was asked for."""
    return sum(f"/accounts/{ACCOUNT_ID}{path} " in request for request in site.recorder.asked)


def facts(site: Site) -> BillingFacts:
    """What the ledger holds of the account's billing."""
    return facts_from_text(site.exporter.ledger.billing()[ACCOUNT_ID])


def info(site: Site) -> tuple[str, ...]:
    """What is published of how the account is billed: plan, its source, that of the cycle, and the bill."""
    ((labels, _),) = site.samples(ACCOUNT)
    return labels["plan"], labels["plan_source"], labels["cycle_source"], labels["billed"]


def costs(site: Site, account: str = ACCOUNT_ID) -> AccountCosts:
    """What the account costs, as published."""
    assert site.exporter.published.snapshot is not None
    return site.exporter.published.snapshot.costs.accounts[account]


async def restart(site: Site) -> None:
    """Stop the exporter and start another on its state, which publishes before it asks anything."""
    await site.exporter.close()
    site.recorder.forget()
    site.exporter = build_exporter(site.config(), site.clock, transport=site.recorder)
    await site.exporter.start()


def test_facts_are_asked_after_the_first_refresh_and_put_down(tmp_path: Path) -> None:
    """The ledger then holds subscriptions, the cycle's day and the bill, and the next refresh publishes by them."""

    async def script() -> None:
        async with Site(billed_world(subscriptions=(PAID, R2)), tmp_path) as site:
            await site.refresh()
            known = facts(site)
            assert known.fetched_at is not None
            assert [(each.name, each.price) for each in known.subscriptions or ()] == [
                ("Workers Paid", Decimal(5)),
                ("R2 Paid", Decimal(0)),
            ]
            # The oldest anchor is R2's.
            assert known.anchor_day == 3
            assert (known.billed_state, known.billed_path) == ("available", "/billable-usage")
            assert date(2025, 10, 19) in {each.day for each in known.billed}
            await site.refresh()
            assert info(site) == ("workers_paid", "subscriptions", "subscriptions", "available")
            assert costs(site).cycle.start == date(2025, 10, 3)

    asyncio.run(script())


def test_it_asks_once_an_hour(tmp_path: Path) -> None:
    """However often usage is asked, three requests an hour are enough for each account."""

    async def script() -> None:
        async with Site(billed_world(), tmp_path) as site:
            await site.refresh(3)
            paths = ("/subscriptions", "/billable-usage/info", "/billable-usage")
            assert [asked(site, path) for path in paths] == [1, 1, 1]
            site.clock.advance(timedelta(minutes=55))
            await site.refresh(2)
            assert [asked(site, path) for path in paths] == [1, 1, 1]
            site.clock.advance(timedelta(minutes=5))
            await site.refresh(2)
            assert [asked(site, path) for path in paths] == [2, 2, 2]

    asyncio.run(script())


@pytest.mark.parametrize("path", ["*/subscriptions", "*/billable-usage/info", "*/billable-usage"])
def test_what_failed_is_asked_again_after_five_minutes(tmp_path: Path, path: str) -> None:
    """Cloudflare's fault costs no account its state, and what was known before stays until it answers."""

    async def script() -> None:
        async with Site(billed_world(), tmp_path) as site:
            await site.refresh(2)
            known = facts(site)
            site.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, path=path, status=503))
            site.clock.advance(HOUR)
            await site.refresh()
            site.recorder.forget()
            await site.refresh(2)
            assert asked(site) == 0
            assert facts(site) == known
            assert site.samples(UP) == [({"account": "Example"}, 1)]
            assert info(site) == ("workers_paid", "subscriptions", "subscriptions", "available")
            site.simulator.faults.clear()
            site.clock.advance(timedelta(minutes=3))
            await site.refresh(2)
            assert asked(site) == 1
            assert facts(site).fetched_at != known.fetched_at
            site.clock.advance(timedelta(minutes=10))
            await site.refresh(2)
            assert asked(site) == 1

    asyncio.run(script())


@pytest.mark.parametrize("offered", ["billable-usage", "paygo-usage", "billing/usage/paygo"])
def test_the_bill_is_found_in_each_place_and_then_remembered(
    tmp_path: Path, offered: Literal["billable-usage", "paygo-usage", "billing/usage/paygo"]
) -> None:
    """Where it was found is put down, so that an hour later, and after a restart, no other place is asked."""

    async def script() -> None:
        async with Site(billed_world(usage_path=offered), tmp_path) as site:
            await site.refresh()
            assert (facts(site).billed_state, facts(site).billed_path) == ("available", f"/{offered}")
            others = [
                path for path in ("/billable-usage", "/paygo-usage", "/billing/usage/paygo") if path != f"/{offered}"
            ]
            await restart(site)
            await site.refresh()
            assert asked(site, f"/{offered}") == 1
            assert [asked(site, path) for path in others] == [0, 0]
            assert info(site)[3] == "available"

    asyncio.run(script())


def test_a_token_without_the_permission_fails_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The account is up, the paid plan is assumed, and the state of the bill says why; no log line nags."""

    async def script() -> None:
        async with Site(billed_world(permissions=FEW), tmp_path) as site:
            with caplog.at_level(logging.INFO, logger="exporter"):
                await site.refresh(3)
                site.clock.advance(HOUR)
                await site.refresh(2)
            assert site.samples(UP) == [({"account": "Example"}, 1)]
            assert info(site) == ("workers_paid", "assumed", "assumed", "forbidden")
            assert costs(site).cycle.start == date(2025, 10, 1)
            assert [(each.usd, each.is_assumed) for each in costs(site).terms.subscriptions] == [(Decimal(5), True)]
            assert facts(site).subscriptions is None
            assert site.samples("cloudflare_exporter_problem_start_timestamp_seconds") == []
            assert told(caplog) == ["account Example is up."]

    asyncio.run(script())


def test_a_permission_that_is_taken_away_leaves_what_was_known(tmp_path: Path) -> None:
    """Another token, which may not read the billing, goes on with plan, cycle and bill of before."""

    async def script() -> None:
        world = billed_world()
        async with Site(
            replace(world, tokens=(*world.tokens, TokenModel(token="few", permissions=FEW))), tmp_path
        ) as site:
            await site.refresh(2)
            known = facts(site)
            site.recorder.forget()
            site.configure(cloudflare={"tokens": [{"token": "few"}]})
            await site.refresh(3)
            assert site.recorder.tokens == {"few"}
            assert asked(site) == 1
            now = facts(site)
            assert now == replace(known, fetched_at=now.fetched_at, is_forbidden=True, billed_state="forbidden")
            assert info(site) == ("workers_paid", "subscriptions", "subscriptions", "forbidden")
            assert site.samples(UP) == [({"account": "Example"}, 1)]

    asyncio.run(script())


def test_another_token_is_asked_with_at_once(tmp_path: Path) -> None:
    """Who gives the exporter a token with the permission need not wait an hour for the plan."""

    async def script() -> None:
        world = billed_world(permissions=FEW)
        async with Site(replace(world, tokens=(*world.tokens, TokenModel(token="enough"))), tmp_path) as site:
            await site.refresh(2)
            assert info(site)[:2] == ("workers_paid", "assumed")
            site.configure(cloudflare={"tokens": [{"token": "enough"}]})
            await site.refresh(3)
            assert info(site) == ("workers_paid", "subscriptions", "subscriptions", "available")

    asyncio.run(script())


def test_an_account_that_offers_no_bill(tmp_path: Path) -> None:
    """It has subscriptions all the same, and nothing is billed beside the estimate."""

    async def script() -> None:
        async with Site(billed_world(covered=False), tmp_path) as site:
            await site.refresh(2)
            assert info(site) == ("workers_paid", "subscriptions", "subscriptions", "absent")
            assert costs(site).cycle.start == date(2025, 10, 14)
            assert site.samples("cloudflare_billed_cost_usd") == []
            assert site.samples(UP) == [({"account": "Example"}, 1)]

    asyncio.run(script())


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=Kind.HTTP_STATUS, path="*/billable-usage*", status=404),
        Fault(kind=Kind.HTTP_STATUS, path="*/subscriptions", status=404),
        Fault(kind=Kind.HTTP_STATUS, path="*/subscriptions", status=200, html=True),
        Fault(kind=Kind.TRUNCATED_BODY, path="*/billable-usage"),
    ],
)
def test_odd_answers_fail_nothing(tmp_path: Path, fault: Fault, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is answered about billing, usage is counted and the account is up, without a word of an error."""

    async def script() -> None:
        async with Site(billed_world(), tmp_path) as site:
            site.simulator.faults.add(fault)
            with caplog.at_level(logging.INFO, logger="exporter"):
                await site.refresh(4)
            assert site.samples(UP) == [({"account": "Example"}, 1)]
            assert site.total("cloudflare_worker_requests_total") > 0
            assert [record for record in caplog.records if record.levelno > logging.INFO] == []
            site.simulator.faults.clear()
            site.clock.advance(HOUR)
            await site.refresh(2)
            assert info(site) == ("workers_paid", "subscriptions", "subscriptions", "available")

    asyncio.run(script())


def test_facts_are_there_after_a_restart(tmp_path: Path) -> None:
    """Plan, cycle, subscriptions and bill are published before anything is asked."""

    async def script() -> None:
        async with Site(billed_world(), tmp_path) as site:
            await site.refresh(3)
            before = costs(site)
            known = facts(site)
            await restart(site)
            assert site.recorder.asked == []
            after = costs(site)
            assert info(site) == ("workers_paid", "subscriptions", "subscriptions", "available")
            assert (after.cycle, after.terms, after.billed) == (before.cycle, before.terms, before.billed)
            assert after.cycle.start == date(2025, 10, 14)
            assert facts(site) == known

    asyncio.run(script())


def test_facts_that_another_release_wrote_are_asked_anew(tmp_path: Path) -> None:
    """What cannot be read is nothing heard, and no reason not to start."""

    async def script() -> None:
        async with Site(billed_world(), tmp_path) as site:
            await site.refresh(2)
            await site.exporter.close()
            with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as connection:
                connection.execute("UPDATE billing SET facts = '{\"plan\": 5'")
            site.exporter = build_exporter(site.config(), site.clock, transport=site.recorder)
            await site.exporter.start()
            assert info(site) == ("workers_paid", "assumed", "assumed", "unknown")
            await site.refresh(2)
            assert info(site) == ("workers_paid", "subscriptions", "subscriptions", "available")

    asyncio.run(script())


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """Let the ledger's file take nothing about billing."""
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as connection:
        for event in ("INSERT", "UPDATE"):
            connection.execute(
                f"CREATE TRIGGER full_{event} BEFORE {event} ON billing BEGIN SELECT RAISE(ABORT, 'no space left'); END"
            )
        yield
        for event in ("INSERT", "UPDATE"):
            connection.execute(f"DROP TRIGGER full_{event}")


def test_facts_that_cannot_be_put_down_are_not_used(tmp_path: Path) -> None:
    """What a restart would forget is not published; it is counted as a failed commit, and tried again."""

    async def script() -> None:
        async with Site(billed_world(), tmp_path) as site:
            site.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, path="*/subscriptions", status=503, times=10))
            await site.refresh()
            with full_disk(tmp_path):
                site.simulator.faults.clear()
                site.clock.advance(timedelta(minutes=5))
                await site.refresh(2)
                assert asked(site) > 0
                assert info(site) == ("workers_paid", "assumed", "assumed", "unknown")
                assert site.samples(UP) == [({"account": "Example"}, 1)]
                assert site.own("commit_failures_total") == 1
            site.clock.advance(timedelta(minutes=5))
            await site.refresh(2)
            assert info(site) == ("workers_paid", "subscriptions", "subscriptions", "available")

    asyncio.run(script())


@pytest.mark.parametrize(
    ("subscriptions", "covered", "start", "source"),
    [
        ((PAID,), True, date(2025, 10, 14), "subscriptions"),
        ((PAID,), False, date(2025, 10, 14), "subscriptions"),
        ((R2, PAID), False, date(2025, 10, 14), "subscriptions"),
        ((R2,), False, date(2025, 10, 3), "subscriptions"),
        ((replace(PAID, anchor=datetime(2025, 1, 31, tzinfo=UTC)),), True, date(2025, 9, 30), "subscriptions"),
        ((replace(PAID, anchor=datetime(2025, 1, 20, tzinfo=UTC)),), True, date(2025, 10, 20), "subscriptions"),
        ((replace(PAID, anchor=datetime(2025, 1, 31, tzinfo=UTC)),), False, date(2025, 9, 30), "subscriptions"),
        ((PRO,), False, date(2025, 10, 1), "assumed"),
        ((), False, date(2025, 10, 1), "assumed"),
    ],
)
def test_anchors(
    tmp_path: Path, subscriptions: tuple[Subscription, ...], covered: bool, start: date, source: str
) -> None:
    """Cycles begin on the day that Cloudflare names, or that of Workers Paid, or of another monthly subscription."""

    async def script() -> None:
        async with Site(billed_world(subscriptions=subscriptions, covered=covered), tmp_path) as site:
            await site.refresh(2)
            assert (costs(site).cycle.start, costs(site).terms.cycle_source) == (start, source)

    asyncio.run(script())


def test_subscriptions_become_costs(tmp_path: Path) -> None:
    """A twelfth of what is paid by the year; nothing for what is free, cancelled or not in dollars."""

    async def script() -> None:
        cancelled = replace(PAID, public_name="Old Plan", state="Cancelled")
        euros = replace(PAID, public_name="Euro Plan", currency="EUR")
        async with Site(billed_world(subscriptions=(PAID, R2, PRO, cancelled, euros)), tmp_path) as site:
            await site.refresh(2)
            assert {each.name: each.usd for each in costs(site).terms.subscriptions} == {
                "Workers Paid": 5,
                "R2 Paid": 0,
                "Pro Plan": Decimal("20.01"),
            }
            assert costs(site).terms.unpriced == ("Euro Plan",)

    asyncio.run(script())


def unlimited(world: World, account: AccountModel) -> World:
    """A world with one account, whose days are known from before its cycle began."""
    limits = Limits(rest=None, graphql=None, not_older_than=timedelta(days=9))
    token = TokenModel(token=TOKEN)
    return replace(world, accounts=(account,), tokens=(token,), limits=limits, lateness=timedelta(0))


@pytest.mark.parametrize("month", [30, "cycle"])
def test_billed_is_what_was_estimated(tmp_path: Path, month: int | Literal["cycle"]) -> None:
    """Line by line the demo account's bill of the days that are complete is the estimate, to the last digit.

    A GB-month may be thirty days or those of the cycle: which of them is found out from the bill.
    """

    async def script() -> None:
        demo = demo_world()
        account = replace(demo.accounts[0], storage_month_days=month)
        async with Site(unlimited(demo, account), tmp_path) as site:
            await fill(site)
            found = costs(site, DEMO_ACCOUNT_ID)
            assert found.cycle.start == date(2025, 10, 14)
            assert found.terms.rating.storage_month_days == (30 if month == 30 else None)
            assert len(found.billed) > 15
            for line in found.billed:
                assert line.meter, line.service
                assert line.estimated == line.compared, line.service
            charged = [line for line in found.billed if line.compared]
            assert len(charged) > 5
            assert {line.ratio for line in charged} == {1}
            published = site.samples("cloudflare_billed_estimate_ratio")
            assert [amount for _, amount in published] == [RATIO_DIVISOR] * len(charged)

    asyncio.run(script())


def test_a_bill_of_days_that_are_not_known_has_no_ratio(tmp_path: Path) -> None:
    """Where counting began within the cycle there is nothing to compare the bill with."""

    async def script() -> None:
        async with Site(priced_world(timedelta(days=3)), tmp_path) as site:
            await fill(site)
            lines = costs(site).billed
            assert sum(line.compared for line in lines) > 0
            assert {line.ratio for line in lines} == {None}
            assert site.samples("cloudflare_billed_estimate_ratio") == []

    asyncio.run(script())
