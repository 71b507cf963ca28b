"""Accounts, products, assets and metrics that are left out, on the simulated Cloudflare."""

import asyncio
import logging
from pathlib import Path

import pytest

from exporter.config.selection import Selection
from exporter.ledger import Publication
from exporter.metrics.selection import select
from exporter.model import HOUR, Account, BookKey, Scope
from tests.configured import Site
from tests.exactness.harness import ACCOUNT_ID
from tests.poller.scene import OTHER_ID, listed_world, told, two_accounts
from tests.zones import CACHE_RESERVE, OPERATIONS

REQUESTS = "cloudflare_worker_requests_total"
UP = "cloudflare_exporter_account_up"


def test_an_account_that_is_left_out_is_not_asked(tmp_path: Path) -> None:
    """Its id is in no request, and nothing of it is published."""

    async def script() -> None:
        async with Site(two_accounts(), tmp_path, accounts={"exclude": ["Oth*"]}) as site:
            await site.refresh(3)
            assert not site.recorder.has_asked(OTHER_ID)
            assert site.values(REQUESTS, "account") == site.values(UP, "account") == {"Example"}

    asyncio.run(script())


def test_an_account_that_is_left_out_later_leaves(tmp_path: Path) -> None:
    """With the next refresh its series are gone, and wanted again it goes on counting where it was."""

    async def script() -> None:
        async with Site(two_accounts(), tmp_path) as site:
            await site.refresh(4)
            before = site.total(REQUESTS)
            site.configure(accounts={"include": ["Example"]})
            site.recorder.forget()
            await site.refresh(12)
            assert not site.recorder.has_asked(OTHER_ID)
            assert site.values(UP, "account") == site.values(REQUESTS, "account") == {"Example"}
            assert site.values("cloudflare_exporter_dataset_state", "account") == {"Example"}
            site.configure()
            await site.refresh(4)
            assert site.values(UP, "account") == {"Example", "Other"}
            assert site.total(REQUESTS) > before

    asyncio.run(script())


def test_an_account_that_was_left_out_while_away_is_not_published(tmp_path: Path) -> None:
    """A restart shows only what the configuration leaves, before anything is asked."""

    async def script() -> None:
        async with Site(two_accounts(), tmp_path) as site:
            await site.refresh(3)
        async with Site(two_accounts(), tmp_path, accounts={"exclude": [OTHER_ID]}) as again:
            await again.exporter.start()
            assert again.values("cloudflare_exporter_dataset_start_timestamp_seconds", "account") == {"Example"}

    asyncio.run(script())


def test_choices_that_leave_no_account_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One line says that the filter is why nothing is asked."""

    async def script() -> None:
        async with Site(two_accounts(), tmp_path, accounts={"include": ["Exmaple"]}) as site:
            with caplog.at_level(logging.INFO, logger="exporter"):
                await site.refresh(3)
            assert told(caplog) == [
                "token 1 lists 2 accounts; accounts.include and accounts.exclude leave none. "
                "Change accounts.include or accounts.exclude, or remove the token."
            ]
            assert site.samples(UP) == [({"account": "token 1"}, 0)]

    asyncio.run(script())


def test_an_alias_is_the_label_of_the_account(tmp_path: Path) -> None:
    """Everything of the account carries it, and rules may name it."""

    async def script() -> None:
        rules = [{"match": {"account": "production", "kind": "worker"}, "project": "front"}]
        async with Site(
            two_accounts(), tmp_path, accounts={"alias": {ACCOUNT_ID: "production"}}, projects=rules
        ) as site:
            await site.refresh(3)
            assert site.values(UP, "account") == site.values(REQUESTS, "account") == {"production", "Other"}
            projects = {(labels["account"], labels["project"]) for labels, _ in site.samples(REQUESTS)}
            assert {project for account, project in projects if account == "production"} == {"front"}
            assert ("Other", "front") not in projects

    asyncio.run(script())


def test_a_changed_alias_begins_its_series_anew(tmp_path: Path) -> None:
    """The old label leaves with the refresh that brings the new one, which starts at 0."""

    async def script() -> None:
        async with Site(listed_world(), tmp_path) as site:
            await site.refresh(5)
            assert site.total(REQUESTS) > 0
            site.configure(accounts={"alias": {ACCOUNT_ID: "production"}})
            await site.refresh()
            assert site.values(REQUESTS, "account") == {"production"}
            assert site.total(REQUESTS) == 0
            await site.refresh(2)
            assert site.total(REQUESTS) > 0

    asyncio.run(script())


def test_a_product_that_is_left_out_is_neither_listed_nor_asked(tmp_path: Path) -> None:
    """Its path and its datasets are in no request, its assets and series are not there."""

    async def script() -> None:
        async with Site(listed_world(), tmp_path, filters={"products": {"exclude": ["kv"]}}) as site:
            await site.refresh(3)
            assert not site.recorder.has_asked("storage/kv")
            assert not site.recorder.has_asked("kvOperations")
            assert site.recorder.has_asked("d1Analytics")
            assert site.samples("cloudflare_kv_operations_total") == []
            assert "kv_namespace" not in site.values("cloudflare_asset_info", "kind")
            site.configure()
            await site.refresh(3)
            assert site.values("cloudflare_kv_operations_total", "kv_namespace") >= {"sessions"}
            site.configure(filters={"products": {"include": ["workers"]}})
            await site.refresh()
            assert site.values("cloudflare_asset_info", "kind") == {"worker"}
            assert site.values("cloudflare_exporter_dataset_state", "dataset") == {"workersInvocationsAdaptive"}

    asyncio.run(script())


def test_an_asset_that_is_left_out_still_counts(tmp_path: Path) -> None:
    """Its usage is that of ``(filtered)``, so the sum is Cloudflare's; it is in no list of assets."""

    async def script() -> None:
        async with (
            Site(listed_world(), tmp_path / "some", filters={"assets": {"exclude": ["worker/shop-web"]}}) as site,
            Site(listed_world(), tmp_path / "all") as whole,
        ):
            for each in (site, whole):
                await each.refresh(6)
            assert site.values(REQUESTS, "script_name") >= {"(filtered)", "shop-api"}
            assert "shop-web" not in site.values(REQUESTS, "script_name")
            assert site.total(REQUESTS) == whole.total(REQUESTS) > 0
            names = {labels.get("asset") for labels, _ in site.samples("cloudflare_asset_info")}
            assert "shop-api" in names
            assert not names & {"shop-web", "(filtered)"}

    asyncio.run(script())


def test_a_metric_that_is_left_out_is_not_published(tmp_path: Path) -> None:
    """Families go one by one; a dataset that gives nothing else is not asked any more."""

    async def script() -> None:
        async with Site(listed_world(), tmp_path) as site:
            await site.refresh()
            assert site.recorder.has_asked("d1QueriesAdaptiveGroups")
            site.configure(filters={"metrics": {"exclude": ["*_bytes_total", "cloudflare_d1_query_*", "*_failed_*"]}})
            site.recorder.forget()
            await site.refresh(2)
            assert not [name for name in site.families() if name.endswith("_bytes_total")]
            assert "cloudflare_d1_query_duration_seconds" not in site.families()
            assert REQUESTS in site.families()
            assert not site.recorder.has_asked("d1QueriesAdaptiveGroups")

    asyncio.run(script())


def test_the_time_lost_of_a_zone_is_left_out_with_its_account_and_dataset() -> None:
    """It outlives the book that it is told of, so nothing else says whose it is."""
    ours, others = BookKey(Scope(ACCOUNT_ID, "z1"), OPERATIONS.key), BookKey(Scope(OTHER_ID, "z1"), OPERATIONS.key)
    gaps = dict.fromkeys((ours, others, ours._replace(dataset="gone")), HOUR)
    publication = Publication(1, {ACCOUNT_ID: "Example", OTHER_ID: "Other"}, (), {}, {}, gaps=gaps)
    found = select(publication, [Account(ACCOUNT_ID, "Example")], Selection(), (CACHE_RESERVE,))
    assert found.gaps == {ours: HOUR}
