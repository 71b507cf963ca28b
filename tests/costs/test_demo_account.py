"""The demo account's costs: by hand, as metrics, as the commands print them, after the first minutes and a restart."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest

from exporter.cli import main
from exporter.costs.current import CurrentCosts
from exporter.model import HOUR
from exporter.simulator import DEMO_ACCOUNT_ID, Simulator, TokenModel, demo_world
from tests.exactness.harness import TOKEN, Rig

CYCLE_START = datetime(2025, 10, 14, tzinfo=UTC)
"""The demo account pays on the 14th of each month."""

BEGUN = datetime(2025, 10, 20, 10, 0, tzinfo=UTC)
"""The exporter is started for the first time within a cycle, six days after it began."""

FIRST_MINUTES = 20

MILLION = 1_000_000
GB = 10**9
MONTH_DAYS = 30


@dataclass(frozen=True)
class Story:
    """What was seen: published dollars by meter after the first minutes, and after a restart before asking anything."""

    by_hand: dict[str, Decimal]
    published: dict[str, Decimal]
    after_restart: dict[str, Decimal]
    until: datetime
    folder: Path


def published(rig: Rig) -> dict[str, Decimal]:
    """Return the published cost to date, summed up by meter."""
    assert rig.exporter.published.snapshot is not None
    families = {family.name: family for family in rig.exporter.published.snapshot.families}
    sums: dict[str, Decimal] = {}
    for sample in families["cloudflare_cost_cycle_to_date_usd"].samples:
        meter = sample.labels.as_dict()["meter"]
        sums[meter] = sums.get(meter, Decimal(0)) + Decimal(int(sample.amount)) / sample.divisor
    return sums


def used(simulator: Simulator, dataset: str, until: datetime, field: str, *by: str) -> dict[tuple[str, ...], int]:
    """Return what the cycle has used of a field up to now, by dimensions."""
    rows = simulator.used(DEMO_ACCOUNT_ID, dataset, CYCLE_START, until, by=by)
    return {key: figures[field] for key, figures in rows.items()}


def byte_days(simulator: Simulator, dataset: str, until: datetime, fields: tuple[str, ...], wanted: str = "") -> int:
    """Return the sum over the days of the cycle of the account's highest hour, in bytes."""
    peaks: dict[date, int] = {}
    hour = CYCLE_START
    while hour < until:
        by = ("storageClass", "bucketName") if wanted else ("datetimeHour",)
        rows = simulator.used(DEMO_ACCOUNT_ID, dataset, hour, hour + HOUR, by=(*by, *ID_OF.get(dataset, ())))
        stored = sum(
            sum(figures[field] for field in fields) for key, figures in rows.items() if not wanted or key[0] == wanted
        )
        peaks[hour.date()] = max(peaks.get(hour.date(), 0), stored)
        hour += HOUR
    return sum(peaks.values())


ID_OF = {
    "d1StorageAdaptiveGroups": ("databaseId",),
    "kvStorageAdaptiveGroups": ("namespaceId",),
    "durableObjectsSqlStorageGroups": ("namespaceId",),
}


def line(quantity: int | Fraction, included: int, block: int, price: str) -> Decimal:
    """Return what exceeds the included quantity, in whole blocks, times the price of a block."""
    return ceil(max(Fraction(quantity) - included, Fraction(0)) / block) * Decimal(price)


def calculated(simulator: Simulator, until: datetime) -> dict[str, Decimal]:
    """Calculate every line by hand, from what the simulated account used and Cloudflare's price list."""
    scripts = used(simulator, "workersInvocationsAdaptive", until, "requests", "status", "dispatchNamespaceName")
    cpu = used(simulator, "workersInvocationsAdaptive", until, "cpuTimeUs", "status", "dispatchNamespaceName")
    requests = sum(amount for (status, tenant), amount in scripts.items() if status != "internalError" and not tenant)
    cpu_us = sum(amount for (status, tenant), amount in cpu.items() if status != "internalError" and not tenant)

    r2 = used(
        simulator, "r2OperationsAdaptiveGroups", until, "requests", "actionType", "responseStatusCode", "storageClass"
    )
    classes = {"GetObject": "b", "HeadObject": "b", "PutObject": "a", "ListObjects": "a", "ListBuckets": "a"}
    operations: dict[str, int] = {}
    for (action, code, storage_class), amount in r2.items():
        if action in classes and code not in {"401", "403"}:
            infix = "ia_" if storage_class == "InfrequentAccess" else ""
            meter = f"r2_{infix}class_{classes[action]}"
            operations[meter] = operations.get(meter, 0) + amount
    retrieved = used(simulator, "r2OperationsAdaptiveGroups", until, "responseBytes", "storageClass")

    def gb_months(dataset: str, *fields: str, wanted: str = "") -> Fraction:
        return Fraction(byte_days(simulator, dataset, until, fields, wanted), GB * MONTH_DAYS)

    def rows(field: str) -> int:
        return sum(used(simulator, "d1AnalyticsAdaptiveGroups", until, field).values())

    def objects(field: str) -> int:
        return sum(used(simulator, "durableObjectsPeriodicGroups", until, field).values())

    invoked = sum(used(simulator, "durableObjectsInvocationsAdaptiveGroups", until, "requests").values())
    kv = used(simulator, "kvOperationsAdaptiveGroups", until, "requests", "actionType")
    storage = "r2StorageAdaptiveGroups"
    return {
        "workers_requests": line(requests, 10 * MILLION, MILLION, "0.30"),
        "workers_cpu_ms": line(Fraction(cpu_us, 1_000), 30 * MILLION, MILLION, "0.02"),
        "r2_class_a": line(operations["r2_class_a"], MILLION, MILLION, "4.50"),
        "r2_class_b": line(operations["r2_class_b"], 10 * MILLION, MILLION, "0.36"),
        "r2_ia_class_a": line(operations["r2_ia_class_a"], 0, MILLION, "9.00"),
        "r2_ia_class_b": line(operations["r2_ia_class_b"], 0, MILLION, "0.90"),
        "r2_storage_gb_month": line(
            gb_months(storage, "payloadSize", "metadataSize", wanted="Standard"), 10, 1, "0.015"
        ),
        "r2_ia_storage_gb_month": line(
            gb_months(storage, "payloadSize", "metadataSize", wanted="InfrequentAccess"), 0, 1, "0.01"
        ),
        "r2_retrieval_gb": Decimal(0),
        "r2_ia_retrieval_gb": line(Fraction(retrieved["InfrequentAccess",], GB), 0, 1, "0.01"),
        "d1_rows_read": line(rows("rowsRead"), 25_000 * MILLION, MILLION, "0.001"),
        "d1_rows_written": line(rows("rowsWritten"), 50 * MILLION, MILLION, "1.00"),
        "d1_storage_gb_month": line(gb_months("d1StorageAdaptiveGroups", "databaseSizeBytes"), 5, 1, "0.75"),
        "do_requests": line(invoked + Fraction(objects("inboundWebsocketMsgCount"), 20), MILLION, MILLION, "0.15"),
        "do_duration_gb_s": line(Fraction(objects("duration"), MILLION), 400_000, MILLION, "12.50"),
        "do_sqlite_rows_read": line(objects("rowsRead"), 25_000 * MILLION, MILLION, "0.001"),
        "do_sqlite_rows_written": line(objects("rowsWritten"), 50 * MILLION, MILLION, "1.00"),
        "do_sqlite_storage_gb_month": line(gb_months("durableObjectsSqlStorageGroups", "storedBytes"), 5, 1, "0.20"),
        "do_kv_read_units": line(objects("storageReadUnits"), MILLION, MILLION, "0.20"),
        "do_kv_write_units": line(objects("storageWriteUnits"), MILLION, MILLION, "1.00"),
        "do_kv_deletes": line(objects("storageDeletes"), MILLION, MILLION, "1.00"),
        "do_kv_storage_gb_month": line(gb_months("durableObjectsStorageGroups", "storedBytes"), 1, 1, "0.20"),
        "kv_reads": line(kv["read",], 10 * MILLION, MILLION, "0.50"),
        "kv_writes": line(kv["write",], MILLION, MILLION, "5.00"),
        "kv_deletes": line(kv["delete",], MILLION, MILLION, "5.00"),
        "kv_lists": line(kv["list",], MILLION, MILLION, "5.00"),
        "kv_storage_gb_month": line(gb_months("kvStorageAdaptiveGroups", "byteCount"), 1, 1, "0.50"),
        # The tenant's Worker stays within what Workers for Platforms includes.
        "wfp_requests": Decimal(0),
        "wfp_cpu_ms": Decimal(0),
        # What is paid each month, and a twelfth of what is paid each year.
        "workers_paid_subscription": Decimal(5),
        "wfp_subscription": Decimal(25),
        "r2_paid": Decimal(0),
        "pro_plan": Decimal(240) / 12,
    }


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Live through the first minutes of an exporter on the demo account, and a restart."""
    folder = tmp_path_factory.mktemp("state")
    yield asyncio.run(_live(folder))


async def _live(folder: Path) -> Story:
    world = replace(demo_world(), tokens=(TokenModel(token=TOKEN, user="demo"),), lateness=timedelta(0))
    async with Rig(world, folder, start=BEGUN, source_costs=CurrentCosts) as rig:
        for _ in range(FIRST_MINUTES):
            await rig.refresh()
            rig.scrape()
            rig.clock.advance(timedelta(minutes=1))
        until = rig.exporter.ledger.until(DEMO_ACCOUNT_ID)
        assert until is not None
        seen = published(rig)
        await rig.restart()
        again = published(rig)
        by_hand = calculated(rig.simulator, until)
    return Story(by_hand, seen, again, until, folder)


def test_every_line_is_as_calculated_by_hand_within_minutes_of_the_first_start(story: Story) -> None:
    """A start in the middle of a cycle knows all of it once the days before are filled in."""
    assert story.published == story.by_hand
    assert sum(story.by_hand.values()) > 100


def test_a_restart_publishes_the_same_at_once(story: Story) -> None:
    """After a restart, before anything is asked, the costs are those of before."""
    assert story.after_restart == story.published


@pytest.mark.parametrize("by", ["account", "project", "product", "meter", "asset", "day"])
def test_the_command_agrees_with_the_metrics(story: Story, by: str, capsys: pytest.CaptureFixture[str]) -> None:
    """However costs are grouped, the rows that the command prints add up to what is published."""
    assert main(["costs", f"--storage.path={story.folder}", "--by", by, "--output", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    total = sum(story.published.values())
    assert Decimal(document["total"]["to_date_usd"]) == total
    assert sum(Decimal(row["to_date_usd"]) for row in document["rows"]) == total
    if by == "meter":
        assert {row["meter"]: Decimal(row["to_date_usd"]) for row in document["rows"]} == story.published


def test_the_report_agrees_with_the_metrics(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    """The report tells the same cost to date; its days are those that the command lists."""
    assert main(["report", f"--storage.path={story.folder}", "--period=monthly", "--output=json"]) == 0
    report = json.loads(capsys.readouterr().out)["accounts"][0]
    assert Decimal(report["cycle"]["to_date_usd"]) == sum(story.published.values())
    assert main(["costs", f"--storage.path={story.folder}", "--by=day", "--output=json"]) == 0
    days = json.loads(capsys.readouterr().out)["rows"]
    assert report["span"] == {"since": "2025-10-14", "until": "2025-10-20"}
    assert Decimal(report["billed_usd"]) == sum(
        Decimal(row["to_date_usd"]) for row in days if row["day"] < "2025-10-20"
    )
