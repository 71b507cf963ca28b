"""Readings of single assets on the simulated Cloudflare: what is asked when, and what one's trouble costs."""

import asyncio
import logging
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exporter.catalog import PRODUCTS
from exporter.model import floor_minute
from exporter.simulator import Fault, Kind
from tests.exactness.harness import ACCOUNT_ID, TOKEN
from tests.poller.reading_scene import DATABASES, ReadingRig, database, queue_world
from tests.poller.scene import MINUTE, samples, told
from tests.readings import BACKLOG, QUEUES, SIZE, STREAM

FIRST = "*/queues/q0/metrics"


def truth(rig: ReadingRig, back: int = 1, count: int = 3) -> dict[str, int]:
    """Return the backlogs at a minute before now."""
    minute = int((floor_minute(rig.now) - back * MINUTE).timestamp()) // 60 % 60
    return {f"jobs-{number}": (number + 1) * minute for number in range(count)}


def test_readings_are_what_cloudflare_says(tmp_path: Path) -> None:
    """Each queue shows the backlog of when it was read, and is read again after the dataset's interval."""

    async def script() -> None:
        async with ReadingRig(queue_world(), tmp_path) as rig:
            await rig.go_on()
            assert rig.shown() == truth(rig)
            assert rig.published("cloudflare_queue_backlog_messages") == {
                ("Example", "jobs", name): amount for name, amount in truth(rig).items()
            }
            assert rig.state() == ("ok", "")
            first = truth(rig)
            await rig.go_on(4)
            assert rig.shown() == first
            await rig.go_on()
            assert rig.shown() == truth(rig)
            assert Counter(rig.read()) == {f"queues/q{number}/metrics": 2 for number in range(3)}

    asyncio.run(script())


def test_they_expire_after_three_intervals(tmp_path: Path) -> None:
    """A queue that cannot be read any more is shown for a while, and then it is not."""

    async def script() -> None:
        async with ReadingRig(queue_world(), tmp_path) as rig:
            await rig.go_on()
            rig.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, path=FIRST))
            await rig.go_on(13)
            assert set(rig.shown()) == {"jobs-0", "jobs-1", "jobs-2"}
            await rig.go_on(2)
            assert set(rig.shown()) == {"jobs-1", "jobs-2"}

    asyncio.run(script())


@pytest.mark.parametrize(
    ("fault", "state", "detail"),
    [
        ({"kind": Kind.HTTP_STATUS, "status": 500}, ("failing", "unreachable"), "HTTP 500"),
        ({"kind": Kind.HTTP_STATUS, "status": 403}, ("unavailable", "forbidden"), "HTTP 403"),
        ({"kind": Kind.HTTP_STATUS, "status": 401}, ("unavailable", "forbidden"), "HTTP 401"),
        ({"kind": Kind.HTTP_STATUS, "status": 400}, ("unavailable", "refused"), "HTTP 400"),
        ({"kind": Kind.SLOW, "seconds": 120}, ("failing", "unreachable"), "no answer in time"),
        ({"kind": Kind.DISCONNECT}, ("failing", "unreachable"), "server disconnected"),
        ({"kind": Kind.TRUNCATED_BODY}, ("failing", "unreachable"), "without valid JSON"),
        ({"kind": Kind.ODD_RESULT}, ("failing", "unreachable"), "no object at result"),
        ({"kind": Kind.ODD_RESULT, "message": '{"backlog_count": 1.5}'}, ("failing", "unreachable"), "backlog_count"),
        ({"kind": Kind.ODD_RESULT, "message": '{"backlog_count": null}'}, ("failing", "unreachable"), "but None"),
    ],
    ids=lambda each: "-".join(map(str, each.values())) if isinstance(each, dict) else "",
)
def test_one_assets_failure_costs_only_that_asset(
    tmp_path: Path, fault: dict[str, Any], state: tuple[str, str], detail: str
) -> None:
    """The dataset says how many could not be read, and why; the others, the account and its usage go on."""

    async def script() -> None:
        async with ReadingRig(queue_world(), tmp_path) as rig:
            await rig.go_on()
            rig.simulator.faults.add(Fault(**fault, path=FIRST))
            before = truth(rig)["jobs-0"]
            await rig.go_on(6)
            assert rig.shown()["jobs-0"] == before
            assert {key: rig.shown()[key] for key in ("jobs-1", "jobs-2")} != truth(rig, 6)
            assert rig.state() == state
            assert rig.status().detail.startswith(
                f"1 of 3 could not be read. queueMetrics of queue q0 of account Example ({ACCOUNT_ID}): "
            )
            assert detail in rig.status().detail
            assert samples(rig.exporter, "account_up") == {("Example",): 1}
            rig.simulator.faults.clear()
            await rig.go_on(12)
            assert rig.state() == ("ok", "")
            assert rig.shown()["jobs-0"] != before

    asyncio.run(script())


def test_an_asset_that_is_gone_is_no_failure(tmp_path: Path) -> None:
    """Until the list says so, too, its resource is not found."""

    async def script() -> None:
        async with ReadingRig(queue_world(), tmp_path) as rig:
            await rig.go_on(2)
            rig.simulator.delete(ACCOUNT_ID, "queue", "q0")
            await rig.go_on(5)
            assert rig.state() == ("ok", "")
            await rig.go_on(40)
            assert set(rig.shown()) == {"jobs-1", "jobs-2"}
            rig.read()
            await rig.go_on(10)
            assert set(rig.read()) == {"queues/q1/metrics", "queues/q2/metrics"}

    asyncio.run(script())


@pytest.mark.parametrize("since_start", [True, False])
def test_a_missing_permission_costs_its_dataset(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, since_start: bool
) -> None:
    """It is unavailable and says what to grant; hardly anything more is sent, and it is tried now and then."""
    refused = Fault(kind=Kind.HTTP_STATUS, status=403, path="*/queues/*/metrics")

    async def script() -> None:
        async with ReadingRig(queue_world(30, database(0, 1_000)), tmp_path) as rig:
            if not since_start:
                await rig.go_on(8)
            rig.simulator.faults.add(refused)
            rig.read()
            with caplog.at_level(logging.INFO, logger="exporter.poller.status_tracker"):
                await rig.go_on(20)
            assert rig.state() == ("unavailable", "forbidden")
            assert rig.status().remedy == "Grant the token the permission 'Queues Read'."
            assert rig.state(SIZE) == ("ok", "")
            assert samples(rig.exporter, "account_up") == {("Example",): 1}
            assert len(rig.read()) <= (2 if since_start else 32)
            rig.simulator.faults.clear()
            await rig.go_on(16)
            assert rig.state() == ("ok", "")
            assert len(rig.shown()) == 30

    asyncio.run(script())
    assert len([line for line in told(caplog) if "queueMetrics" in line]) in {1, 2}


def test_what_is_stored_is_estimated_for_days_away(tmp_path: Path) -> None:
    """The sums of days on which no exporter ran are those of the last reading, and no day before the first has one."""

    async def script() -> None:
        async with ReadingRig(queue_world(0, database(0, 5_000_000), database(1, 100)), tmp_path) as rig:
            await rig.go_on(5)
            started = rig.now.date()
            assert rig.shown(SIZE) == {"data-0": 5_000_000, "data-1": 100}
            rig.simulator.add(ACCOUNT_ID, replace(database(0, 9), id="other", name="other", created=rig.now))
            await rig.be_away(timedelta(days=3))
            await rig.go_on(40)
            sums = {
                key: amount
                for key, amount in rig.exporter.ledger.daily_sums(ACCOUNT_ID).items()
                if key[2] == "d1_storage_gb_month"
            }
            days = sorted({day for day, _, _ in sums})
            assert days[0] == started and len(days) == 4
            assert {amount for (day, asset, _), amount in sums.items() if asset == DATABASES[0]} == {5_000_000}
            assert [sums[day, "", "d1_storage_gb_month"] for day in days] == [5_000_100] * 3 + [5_000_109]
            (note,) = [note for note in (await rig.costs())["notes"] if "in part" in note]
            assert note.endswith(
                "d1 Storage is estimated in part: on 2 days something was not read, and counts as the last reading "
                "before."
            )

    asyncio.run(script())


def test_filtered_assets_are_read_and_summed(tmp_path: Path) -> None:
    """The sum over assets stays correct, as that of anything else that is filtered."""

    async def script() -> None:
        async with ReadingRig(queue_world(3), tmp_path, excluded=["jobs-0", "jobs-2"]) as rig:
            await rig.go_on()
            minute = truth(rig)["jobs-0"]
            assert rig.shown() == {"(filtered)": 4 * minute, "jobs-1": 2 * minute}

    asyncio.run(script())


def test_an_accounts_own_resource_is_read(tmp_path: Path) -> None:
    """One request tells of the whole account, which has no asset."""
    products = (*PRODUCTS, replace(QUEUES, datasets=(BACKLOG, STREAM)))

    async def script() -> None:
        async with ReadingRig(queue_world(0), tmp_path, products=products) as rig:
            await rig.go_on(3)
            assert rig.read("storage-usage") == ["stream/storage-usage"]
            videos = int(rig.now.timestamp()) // 86_400 % 100
            assert rig.shown(STREAM) == {"(account)": videos}
            assert rig.state(STREAM) == ("ok", "")
            rig.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, status=403, path="*/storage-usage"))
            await rig.go_on(60)
            assert rig.state(STREAM) == ("unavailable", "forbidden")
            assert rig.status(STREAM).remedy == "Grant the token the permission 'Stream Read'."
            assert rig.shown(STREAM) == {"(account)": videos}

    asyncio.run(script())


def test_readings_go_on_without_analytics(tmp_path: Path) -> None:
    """An outage of GraphQL costs no reading; a token that is rejected is not tried asset by asset."""

    async def script() -> None:
        async with ReadingRig(queue_world(), tmp_path) as rig:
            await rig.go_on()
            rig.simulator.faults.add(Fault(kind=Kind.HTTP_STATUS, api="graphql"))
            await rig.go_on(6)
            assert samples(rig.exporter, "account_up") == {("Example",): 0}
            assert len(rig.read()) == 6 and rig.state() == ("ok", "")
            rig.simulator.faults.clear()
            rig.simulator.set_token_status(TOKEN, "revoked")
            await rig.go_on(12)
            assert len(rig.read()) <= 2

    asyncio.run(script())
