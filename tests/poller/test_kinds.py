"""Kinds of assets on a running exporter: of a list, of a list for each parent, and named by usage alone."""

import asyncio
from argparse import Namespace
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from exporter.catalog import PRODUCTS
from exporter.cli.commands import assets as assets_command
from exporter.simulator import Database, Fault, Kind, Queue, QueueConsumer, Worker, World
from exporter.views import Views
from tests.exactness.harness import Rig, small_world
from tests.exactness.matrix import DOCUMENTS, TRAFFIC
from tests.exactness.worlds import ACCOUNT_ID
from tests.poller.scene import QUIET, refresh
from tests.queues import QUERIES, QUEUES

MAIL, JOBS = "1" * 32, "2" * 32
SENDER, PULLER, RUNNER = "a1" * 16, "a2" * 16, "b1" * 16
READS = "cloudflare_d1_region_read_queries_total"


def world() -> World:
    """An account with two queues, their consumers, a Worker and a database."""
    small = small_world(1, QUIET)
    assets = (
        Worker(id="3" * 32, name="shop-web"),
        Database(id="4" * 32, name="shop-db"),
        Queue(id=MAIL, name="shop-mail", producers=2, consumers=2),
        Queue(id=JOBS, name="jobs", is_paused=True, retention_seconds=129_600),
        QueueConsumer(id=SENDER, queue=MAIL, script="shop-web", max_wait_milliseconds=1_500),
        QueueConsumer(id=PULLER, queue=MAIL, type="http_pull"),
        QueueConsumer(id=RUNNER, queue=JOBS, script="runner"),
    )
    return replace(small, accounts=(replace(small.accounts[0], assets=assets),))


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Callable[[Rig], Awaitable[None]]], None]:
    """Run a test on an exporter whose catalog has the product."""

    def run(script: Callable[[Rig], Awaitable[None]]) -> None:
        async def play() -> None:
            async with Rig(world(), tmp_path, TRAFFIC, DOCUMENTS, products=(*PRODUCTS, QUEUES)) as rig:
                await script(rig)

        asyncio.run(play())

    return run


def published(rig: Rig, name: str) -> dict[tuple[str, ...], float]:
    """Return the samples of a family by its label values, without account and project."""
    assert rig.exporter.published.snapshot is not None
    (family,) = [each for each in rig.exporter.published.snapshot.families if each.name == name]
    return {sample.labels.values[2:]: sample.amount / sample.divisor for sample in family.samples}


def projects(rig: Rig) -> dict[str, str]:
    """Return the project of each asset by id."""
    return {entry.asset.id: entry.project for entry in rig.exporter.ledger.roster(ACCOUNT_ID).values()}


async def get(rig: Rig, path: str) -> httpx.Response:
    """Ask the exporter."""
    transport = httpx.ASGITransport(app=rig.exporter.web)
    async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as client:
        return await client.get(path)


def test_a_list_is_published_with_its_numbers_states_and_words(run: Any) -> None:
    """The children of each parent are listed too, and take its project."""

    async def script(rig: Rig) -> None:
        await refresh(rig)
        assert published(rig, "cloudflare_queue_info") == {("shop-mail", MAIL): 1, ("jobs", JOBS): 1}
        assert published(rig, "cloudflare_queue_endpoints") == {
            ("shop-mail", "producer"): 2,
            ("shop-mail", "consumer"): 2,
            ("jobs", "producer"): 1,
            ("jobs", "consumer"): 1,
        }
        assert published(rig, "cloudflare_queue_message_retention_seconds") == {
            ("shop-mail",): 345_600,
            ("jobs",): 129_600,
        }
        text = (await get(rig, "/metrics")).text
        wait = (
            f'cloudflare_queue_consumer_max_wait_seconds{{account="Example",project="shop",queue_consumer="{SENDER}"}}'
        )
        assert f"{wait} 1.5" in text.splitlines()
        assert {key for key, holds in published(rig, "cloudflare_queue_delivery_paused").items() if holds} == {
            ("shop-mail", "false"),
            ("jobs", "true"),
        }
        assert published(rig, "cloudflare_queue_consumer_info") == {
            (SENDER, SENDER, "worker", "shop-web"): 1,
            (PULLER, PULLER, "http_pull", ""): 1,
            (RUNNER, RUNNER, "worker", "runner"): 1,
        }
        assert {projects(rig)[each] for each in (MAIL, SENDER, PULLER)} == {"shop"}
        assert {projects(rig)[each] for each in (JOBS, RUNNER)} == {"unassigned"}

    run(script)


def test_usage_names_what_no_list_has(run: Any) -> None:
    """It is counted to the last unit, and the API and the page say how it is known."""

    async def script(rig: Rig) -> None:
        await refresh(rig, 5)
        since = rig.start_of(QUERIES.key)
        await rig.come_to_rest()
        used = rig.simulator.used(ACCOUNT_ID, QUERIES.name, since, rig.now, by=("servedByRegion",))
        truth = {(str(region).lower(),): row["readQueries"] for (region,), row in used.items()}
        assert published(rig, READS) == truth
        assert len(truth) == 2
        assets = (await get(rig, "/api/assets")).json()["assets"]
        told = {(row["kind"], row["name"], row["requests"]) for row in assets if row["named_by_usage"]}
        assert told == {("d1_region", name, amount) for (name,), amount in truth.items()}
        assert (await get(rig, "/")).text.count("named by usage") == len(truth)
        snapshot = rig.exporter.published.snapshot
        assert snapshot is not None
        options = Namespace(project=[], kind=["d1_region"], sort="name", order="", output="table")
        table = assets_command.run(
            options, Views(snapshot.asset_usage, {}, (), snapshot.account_labels), [ACCOUNT_ID], None
        )
        assert table.count("d1_region (named by usage)") == len(truth)

    run(script)


def test_a_failing_list_of_one_parent_costs_only_its_children(run: Any) -> None:
    """They stay as they were known and are told as failing, while those of the other parents are read."""

    async def script(rig: Rig) -> None:
        await refresh(rig)
        path = f"*/queues/{MAIL}/consumers"
        rig.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, api="rest", path=path, status=503))
        rig.simulator.delete(ACCOUNT_ID, "queue_consumer", RUNNER)
        rig.simulator.delete(ACCOUNT_ID, "queue_consumer", SENDER)
        rig.simulator.rename(ACCOUNT_ID, "queue", JOBS, "shop-jobs")
        await refresh(rig, 31)
        assert {consumer for consumer, *_ in published(rig, "cloudflare_queue_consumer_info")} == {SENDER, PULLER}
        problems = (await get(rig, "/api/health")).json()["problems"]
        (problem,) = [each for each in problems if each["part"] == "list of queue_consumer"]
        assert problem["detail"].startswith(f"Listing consumers of queues of shop-mail ({MAIL}) of account Example")
        rig.simulator.faults.clear()
        await refresh(rig, 21)
        assert {consumer for consumer, *_ in published(rig, "cloudflare_queue_consumer_info")} == {PULLER}

    run(script)


def test_numbers_and_states_end_with_the_news_of_their_list(run: Any) -> None:
    """Three discoveries after the last one that read it; the asset itself stays, also through a restart."""

    async def script(rig: Rig) -> None:
        await refresh(rig)
        rig.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, api="rest", path="*/queues", status=403))
        await refresh(rig, 29)
        assert len(published(rig, "cloudflare_queue_endpoints")) == 4
        await refresh(rig, 3)
        assert published(rig, "cloudflare_queue_endpoints") == published(rig, "cloudflare_queue_delivery_paused") == {}
        assert len(published(rig, "cloudflare_queue_info")) == 2
        await rig.be_away(timedelta(minutes=1))
        assert len(published(rig, "cloudflare_queue_info")) == 2
        rig.simulator.faults.clear()
        await refresh(rig, 2)
        assert len(published(rig, "cloudflare_queue_endpoints")) == 4

    run(script)
