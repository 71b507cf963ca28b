"""One account's refreshes on the simulated Cloudflare: datasets, discoveries, throttling, commits, log lines."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.simulator import Fault, Kind, TokenModel, Worker
from tests.clock import START
from tests.exactness.harness import ACCOUNT_ID, TOKEN, Rig, small_world
from tests.poller.scene import (
    KV,
    MINUTE,
    QUIET,
    R2,
    USAGE,
    WORKERS,
    all_ok_but,
    full_disk,
    listed_world,
    published_assets,
    refresh,
    samples,
    states,
    told,
    untils,
)


def test_a_dataset_that_the_plan_lacks_costs_only_itself(tmp_path: Path) -> None:
    """The others go on, the state says why, and what the plan allows is looked into again with the next discovery."""
    world = listed_world()
    (account,) = world.accounts

    async def script() -> None:
        async with Rig(
            replace(world, accounts=(replace(account, disabled_datasets=frozenset({KV})),)), tmp_path
        ) as rig:
            await refresh(rig, 3)
            assert states(rig) == all_ok_but(**{KV: ("unavailable", "plan")})
            assert samples(rig.exporter, "account_up") == {("Example",): 1}
            assert sorted(dataset for _, dataset in untils(rig)) == sorted(USAGE - {KV})
            rig.simulator.state.accounts[ACCOUNT_ID] = account
            await refresh(rig, 6)
            assert states(rig)[KV] == ("unavailable", "plan")
            await refresh(rig, 4)
            assert states(rig) == all_ok_but()

    asyncio.run(script())


def test_a_dataset_that_the_token_may_not_read_is_asked_seldom(tmp_path: Path) -> None:
    """What will not change soon is asked again after a discovery interval only."""

    async def script() -> None:
        async with Rig(listed_world(), tmp_path) as rig:
            await refresh(rig, 2)
            rig.simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR, dataset=KV, code="authz", message="not authorized"))
            await refresh(rig)
            rig.simulator.faults.clear()
            await refresh(rig, 9)
            assert states(rig) == all_ok_but(**{KV: ("unavailable", "forbidden")})
            await refresh(rig, 2)
            assert states(rig) == all_ok_but()

    asyncio.run(script())


def test_a_dataset_that_fails_for_a_while_is_asked_each_refresh(tmp_path: Path) -> None:
    """The others go on meanwhile, and the first good answer makes it whole."""

    async def script() -> None:
        async with Rig(listed_world(), tmp_path) as rig:
            await refresh(rig, 2)
            rig.simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR, dataset=WORKERS))
            before = untils(rig)
            await refresh(rig, 2)
            assert states(rig) == all_ok_but(**{WORKERS: ("failing", "unreachable")})
            assert [key for key, until in untils(rig).items() if until == before[key]] == [("Example", WORKERS)]
            rig.simulator.faults.clear()
            await refresh(rig)
            assert states(rig) == all_ok_but()
            assert len(set(untils(rig).values())) == 1

    asyncio.run(script())


def test_a_stranger_brings_one_discovery_forward(tmp_path: Path) -> None:
    """An id that no list has is looked for once, at the refresh after its first usage, then as often as all others."""

    async def script() -> None:
        async with Rig(listed_world(), tmp_path) as rig:
            await refresh(rig, 3)
            hidden = Worker(id="8" * 32, name="hidden", weight=50, listed=False, created=rig.clock.cloudflare.now())
            rig.simulator.add(ACCOUNT_ID, hidden)
            asked = []
            for _ in range(13):
                before = rig.simulator.requests["rest"]
                await refresh(rig)
                asked.append(rig.simulator.requests["rest"] - before)
            # Six requests list the assets, one the accounts, which no stranger brings forward.
            assert asked == [0, 0, 6, 0, 0, 0, 0, 1, 0, 0, 0, 0, 6]
            assert "(unlisted)" in published_assets(rig.exporter)
            assert samples(rig.exporter, "unlisted_assets") == {("Example",): 1}

    asyncio.run(script())


def test_an_incomplete_first_discovery_delays_labels_at_most_five_times(tmp_path: Path) -> None:
    """While a list fails for a passing reason nothing is labelled; the fifth attempt is taken as it is."""

    async def script() -> None:
        async with Rig(listed_world(), tmp_path) as rig:
            rig.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, status=500, api="rest", product="kv"))
            labelled = []
            for _ in range(7):
                await refresh(rig)
                labelled.append(bool(published_assets(rig.exporter) - {"(account)"}))
            assert labelled == [False, False, False, False, True, True, True]
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())


def test_a_missing_permission_delays_no_labels(tmp_path: Path) -> None:
    """A list that the token may not read is not waited for; its usage is published as unlisted."""

    async def script() -> None:
        everything = frozenset({"accounts", "analytics", "workers", "r2", "d1"})
        tokens = (TokenModel(token=TOKEN, permissions=everything),)
        async with Rig(replace(listed_world(), tokens=tokens), tmp_path) as rig:
            await refresh(rig)
            assert published_assets(rig.exporter) == {"shop-web", "shop-api"}
            await refresh(rig, 3)
            books = rig.exporter.ledger.publication().books
            assert {place.asset for book in books if book.dataset.name == KV for place, _, _ in book.series} == {
                "(unlisted)"
            }

    asyncio.run(script())


def test_until_never_moves_back(tmp_path: Path) -> None:
    """When Cloudflare's clock steps back, ``until`` stands still until it is passed, across a restart too."""

    async def script() -> None:
        async with Rig(listed_world(), tmp_path) as rig:
            await refresh(rig, 10)
            before = untils(rig)
            rig.clock.cloudflare.advance(timedelta(minutes=-5))
            await rig.restart()
            seen = []
            for _ in range(4):
                await refresh(rig)
                seen.append(dict(untils(rig)))
            assert seen == [dict(before)] * 4
            rig.clock.advance(timedelta(minutes=15))
            # The births of a jump are published first, and what is idle is asked every five minutes.
            await refresh(rig, 7)
            assert all(until > before[key] for key, until in untils(rig).items())
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())


def test_nothing_is_asked_while_throttled(tmp_path: Path) -> None:
    """After a throttled answer not one request is sent for as long as Cloudflare asked; then all is made up for."""

    async def script() -> None:
        async with Rig(listed_world(), tmp_path) as rig:
            await refresh(rig, 2)
            rig.simulator.faults.add(Fault(kind=Kind.THROTTLE, seconds=300, api="graphql", times=1))
            sent = []
            for _ in range(7):
                before = rig.simulator.requests["graphql"]
                await refresh(rig)
                sent.append(rig.simulator.requests["graphql"] - before)
            assert sent == [1, 0, 0, 0, 0, 1, 1]
            assert states(rig) == all_ok_but()
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())


def test_a_full_page_is_never_accepted(tmp_path: Path) -> None:
    """Pages too small for an hour's rows are cut until nothing is missing, and the cuts are remembered."""

    async def script() -> None:
        async with Rig(small_world(1, QUIET, max_page_size=9), tmp_path, page_limit=9) as rig:
            await refresh(rig, 10)
            assert samples(rig.exporter, "page_splits_total")[()] > 0
            assert states(rig) == all_ok_but()
            splits = samples(rig.exporter, "page_splits_total")
            await refresh(rig, 5)
            assert samples(rig.exporter, "page_splits_total") == splits
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())


def test_a_commit_failure_is_counted_and_the_old_values_stay(tmp_path: Path) -> None:
    """While the ledger cannot be written values and ``until`` stand still; afterwards nothing is missing."""

    async def script() -> None:
        async with Rig(listed_world(), tmp_path) as rig:
            await refresh(rig, 3)
            before = rig.exporter.ledger.publication()
            with full_disk(tmp_path):
                await refresh(rig, 2)
                assert rig.exporter.ledger.publication() == before
                assert samples(rig.exporter, "commit_failures_total") == {(): 2}
                assert samples(rig.exporter, "account_up") == {("Example",): 0}
            await refresh(rig)
            assert samples(rig.exporter, "account_up") == {("Example",): 1}
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())


FAULTS: dict[str, tuple[Fault, int]] = {
    "a dataset fails": (Fault(kind=Kind.ALIAS_ERROR, dataset=R2), 2),
    "a dataset asked in two ways fails": (Fault(kind=Kind.ALIAS_ERROR, dataset=KV), 2),
    "a dataset is refused": (Fault(kind=Kind.ALIAS_ERROR, dataset=R2, message="no such field"), 1),
    "analytics are throttled": (Fault(kind=Kind.THROTTLE, seconds=240, api="graphql", times=1), 2),
    "analytics are down": (Fault(kind=Kind.HTTP_STATUS, status=503, api="graphql"), 2),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_log_line_appears_once_per_change(tmp_path: Path, caplog: pytest.LogCaptureFixture, case: str) -> None:
    """However many refreshes a fault lasts, it is told when it begins and when it ends, per dataset and account."""
    fault, lines = FAULTS[case]

    async def script() -> None:
        async with Rig(listed_world(), tmp_path) as rig:
            await refresh(rig, 2)
            with caplog.at_level(logging.INFO, logger="exporter"):
                rig.simulator.faults.add(fault)
                await refresh(rig, 4)
                rig.simulator.faults.clear()
                await refresh(rig, 3)
            assert len(told(caplog)) == lines, told(caplog)

    asyncio.run(script())


def test_counting_starts_with_the_first_answer(tmp_path: Path) -> None:
    """Each dataset's start is the minute of its first answered question; one that answers later starts later."""

    async def script() -> None:
        async with Rig(listed_world(), tmp_path) as rig:
            rig.simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR, dataset=KV, until=START + 5 * MINUTE))
            await refresh(rig, 8)
            start = START.replace(second=0)
            assert {name: rig.start_of(name) for name in USAGE} == {
                name: start + 5 * MINUTE if name == KV else start for name in USAGE
            }

    asyncio.run(script())
