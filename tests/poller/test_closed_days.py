"""Closed days on the simulated Cloudflare: filled in and audited in the background, whatever happens meanwhile."""

import asyncio
import logging
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from exporter.catalog import DATASETS
from exporter.ledger.daily_sums import meter_hours
from exporter.model import HOUR, DailyKey
from exporter.simulator import Curve, Fault, Kind, Sampling
from tests.exactness.harness import ACCOUNT_ID, Rig, small_world
from tests.exactness.oracle import DAY, daily_truth, days, truth_of, usage_meters
from tests.exactness.oracle import USAGE as COUNTED
from tests.ledger.factories import other_program
from tests.poller.scene import KV, QUIET, USAGE, WORKERS, refresh, samples, told

FRIDAY, MONDAY = date(2025, 10, 17), date(2025, 10, 20)
"""The first whole day that Cloudflare still knows when counting begins, and the day on which it begins."""

STORED = tuple(dataset for dataset in DATASETS.values() if dataset.timing.is_stored and dataset.meters)

SOME_TAKE_A_DAY = Curve(((60, 300), (180, 500), (600, 980), (72_000, 1_000)))
"""One event in fifty is told twenty hours after it began."""


def stored_truth(rig: Rig, since: date, until: date) -> dict[DailyKey, int]:
    """Return the peaks of what was stored on the days [since, until), of each asset and of the account."""
    peaks: dict[DailyKey, int] = {}
    for dataset in STORED:
        for start in days(since, until):
            for hour in (start + number * HOUR for number in range(24)):
                rows = truth_of(rig.simulator, ACCOUNT_ID, dataset, hour, hour + HOUR)
                sums = Counter(meter_hours(dataset, {hour: rows}))
                of_account: Counter[DailyKey] = Counter()
                for (day, _, meter), amount in sums.items():
                    of_account[day, "", meter] += amount
                for key, amount in (*sums.items(), *of_account.items()):
                    peaks[key] = max(peaks.get(key, 0), amount)
    return peaks


def summed(rig: Rig, since: date, until: date) -> dict[DailyKey, int]:
    """Return the daily sums that the exporter has of the days [since, until)."""
    sums = rig.exporter.ledger.daily_sums(ACCOUNT_ID)
    return {key: amount for key, amount in sums.items() if since <= key[0] < until}


def used(rig: Rig, since: date, until: date) -> dict[DailyKey, int]:
    """Return the daily sums as the oracle has them."""
    truth = daily_truth(rig.simulator, ACCOUNT_ID, since, until) | stored_truth(rig, since, until)
    return {key: amount for key, amount in truth.items() if amount}


NEVER_FAILING = {"d1QueriesAdaptiveGroups/failed"}
"""The datasets that have no rows in a world where so little is used that nothing fails."""


def remaining(rig: Rig) -> dict[str, int | float]:
    """Return how many days of each dataset are still to be filled in."""
    return {
        dataset: left // 86_400
        for (_, dataset, _), left in samples(rig.exporter, "history_fill_remaining_seconds").items()
        if left
    }


def test_days_before_counting_are_filled_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Every day that Cloudflare still knows is asked once, which is to be seen; its sums are the oracle's."""

    async def script() -> None:
        async with Rig(small_world(1, QUIET), tmp_path) as rig:
            with caplog.at_level(logging.INFO, logger="exporter.poller.closed_days"):
                await refresh(rig)
                left = []
                for _ in range(3):
                    await refresh(rig)
                    left.append(remaining(rig))
            # Those of what is stored can be asked without counting; yesterday of them is no day before it.
            expected = {
                key: 4 if dataset.is_counted else 2
                for key, dataset in DATASETS.items()
                if dataset.meters or dataset.tallies
            }
            assert left == [expected, {}, {}]
            assert told(caplog) == [
                "account Example: the history fill begins, with 4 days to ask",
                "account Example: the history fill is complete",
            ]
            assert summed(rig, FRIDAY, MONDAY) == used(rig, FRIDAY, MONDAY)
            start = rig.start_of(WORKERS)
            assert set(samples(rig.exporter, "audited_until_timestamp_seconds").values()) == {start.timestamp()}

    asyncio.run(script())


def final_marks(folder: Path) -> set[tuple[object, ...]]:
    """Return what is known of the days that are final: of which dataset, which part, and when they were answered."""
    with other_program(folder) as file:
        return set(file.execute("SELECT * FROM day_mark WHERE is_final"))


async def pass_hours(rig: Rig, hours: int) -> None:
    """Let hours pass, with a refresh and a scrape in each."""
    for _ in range(hours):
        rig.pass_time(HOUR)
        await rig.refresh()
        rig.scrape()


def test_audits_make_up_for_what_came_hours_late(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Through restarts and kills, counters and daily sums are the oracle's in the end, and nothing final is asked."""

    async def script() -> None:
        async with Rig(replace(small_world(1, QUIET), arrival=SOME_TAKE_A_DAY), tmp_path) as rig:
            first = rig.now
            await refresh(rig, 2)
            await pass_hours(rig, 8)
            rig.simulator.set_quiet_from(rig.now)
            final: set[tuple[object, ...]] = set()
            for number in range(20):
                await (rig.kill() if number % 2 else rig.restart())
                await pass_hours(rig, 2)
                assert final <= final_marks(tmp_path)
                final = final_marks(tmp_path)
            await refresh(rig, 8)
            rig.check()
            rig.check_daily(first)
        late = samples(rig.exporter, "late_usage_total")
        assert {dataset for (_, dataset, _, _), amount in late.items() if amount} == USAGE - NEVER_FAILING
        assert not any(samples(rig.exporter, "revisions_total").values())
        midnight = datetime.combine(MONDAY + DAY, time(), UTC).timestamp()
        assert set(samples(rig.exporter, "audited_until_timestamp_seconds").values()) == {midnight}

    with caplog.at_level(logging.INFO, logger="exporter.poller.closed_days"):
        asyncio.run(script())
    assert counted_in(caplog, r"audited the day in (\d+) datasets") == len(USAGE)
    assert counted_in(caplog, r"the audit added late usage to (\d+) rows") > len(USAGE)


def counted_in(caplog: pytest.LogCaptureFixture, words: str) -> int:
    """Return the sum of the numbers in all log lines about the account and its Monday with these words."""
    line, about = re.compile(rf"account Example: {words}"), {"account": ACCOUNT_ID, "day": str(MONDAY)}
    said = [record.getMessage() for record in caplog.records if getattr(record, "keys", None) == about]
    return sum(int(found[1]) for found in map(line.fullmatch, said) if found)


def test_what_was_answered_is_not_asked_again_after_a_restart(tmp_path: Path) -> None:
    """Until a day is due once more a refresh is one document, as it was before."""

    async def script() -> None:
        async with Rig(small_world(1, QUIET), tmp_path) as rig:
            await refresh(rig, 45)
            await rig.restart()
            asked = []
            for _ in range(3):
                before = rig.simulator.requests["graphql"]
                await refresh(rig)
                asked.append(rig.simulator.requests["graphql"] - before)
            # What plan and token allow is learned anew with the first refresh.
            assert asked == [3, 1, 1]

    asyncio.run(script())


def test_a_dataset_that_fails_delays_only_its_own_days(tmp_path: Path) -> None:
    """The others are filled in, also over a restart, and the rest is made up for once it is answered."""

    async def script() -> None:
        async with Rig(small_world(1, QUIET), tmp_path) as rig:
            rig.simulator.faults.add(Fault(kind=Kind.SHORT_RETENTION, seconds=7_200))
            await refresh(rig)
            rig.simulator.faults.clear()
            rig.simulator.faults.add(Fault(kind=Kind.ALIAS_ERROR, dataset=KV))
            await rig.restart()
            await refresh(rig, 8)
            assert remaining(rig) == {KV: 4}
            known = {key: amount for key, amount in used(rig, FRIDAY, MONDAY).items() if not is_kv_usage(key)}
            assert summed(rig, FRIDAY, MONDAY) == known
            await rig.restart()
            rig.simulator.faults.clear()
            await refresh(rig, 3)
            assert remaining(rig) == {}
            assert summed(rig, FRIDAY, MONDAY) == used(rig, FRIDAY, MONDAY)

    asyncio.run(script())


def is_kv_usage(key: DailyKey) -> bool:
    """Return whether a daily sum counts operations on KV."""
    return key[2] in DATASETS[KV].counted_ids


def test_a_ledger_that_cannot_be_written_loses_no_day(tmp_path: Path) -> None:
    """The failure is counted, the counters go on, and the days are asked again."""

    async def script() -> None:
        async with Rig(small_world(1, QUIET), tmp_path) as rig:
            with other_program(tmp_path) as file:
                file.execute("CREATE TRIGGER full BEFORE INSERT ON day_mark BEGIN SELECT RAISE(ABORT, 'full'); END")
                await refresh(rig, 3)
                assert samples(rig.exporter, "account_up") == {("Example",): 1}
                assert usage_meters(COUNTED).isdisjoint(meter for _, _, meter in summed(rig, FRIDAY, MONDAY))
                file.execute("DROP TRIGGER full")
            # What was asked after the third refresh is published with the next.
            assert samples(rig.exporter, "commit_failures_total") == {(): 2}
            await refresh(rig, 2)
            assert samples(rig.exporter, "commit_failures_total") == {(): 3}
            assert summed(rig, FRIDAY, MONDAY) == used(rig, FRIDAY, MONDAY)

    asyncio.run(script())


def test_days_that_do_not_fit_or_are_sampled_are_cut(tmp_path: Path) -> None:
    """Pages are never taken for whole, nor coarse answers for exact: the sums are the oracle's."""

    async def script() -> None:
        world = small_world(1, QUIET, max_page_size=25, retention=timedelta(days=2))
        world = replace(world, sampling={WORKERS: Sampling(interval=10, wider_than=HOUR)})
        async with Rig(world, tmp_path, page_limit=25) as rig:
            await refresh(rig, 5)
            assert remaining(rig) == {}
            sunday = MONDAY - DAY
            assert summed(rig, sunday, MONDAY) == used(rig, sunday, MONDAY)

    asyncio.run(script())


@pytest.mark.parametrize("is_behind", [True, False])
def test_a_pipeline_that_stands_still_costs_nothing_once_it_is_back(tmp_path: Path, is_behind: bool) -> None:
    """Hours wait for data that are later than they are: counters get everything, without an audit.

    The pipeline is three hours behind for three hours, or shows nothing that is younger than when it stopped.
    """

    async def script() -> None:
        async with Rig(small_world(1, QUIET, retention=timedelta(hours=12)), tmp_path) as rig:
            await refresh(rig, 3)
            await pass_hours(rig, 2)
            await refresh(rig, 9)
            since = rig.now
            while rig.now < since + 3 * HOUR:
                await refresh(rig)
                rig.pass_time(timedelta(minutes=9))
                behind = 3 * HOUR if is_behind else rig.now - since
                rig.simulator.faults.clear()
                rig.simulator.faults.add(Fault(kind=Kind.STALE, seconds=behind.total_seconds()))
            await rig.come_to_rest()
            rig.check()
            assert not any(samples(rig.exporter, "late_usage_total").values())

    asyncio.run(script())
