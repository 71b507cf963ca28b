"""Noise: the answers of sampled datasets are off by 2 % at most, each time differently."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from exporter.model import Scope
from exporter.simulator import Sampling
from tests.clock import START
from tests.exactness.events import Event
from tests.exactness.harness import ACCOUNT_ID, Rig, small_world, state_folder
from tests.exactness.matrix import of_dataset
from tests.exactness.oracle import USAGE
from tests.exactness.schedules import DOCUMENTS, PLAIN, TRAFFIC
from tests.poller.scene import samples

SAMPLING = Sampling(interval=1, noise=20)
NOISY = frozenset(dataset.name for dataset in USAGE if dataset.says_sampling)

EVENTS: dict[str, Event] = {
    name: event
    for name, event in PLAIN.items()
    if not any(word in name for word in ("rename", "take a name", "name a", "swap", "wrongly"))
}
STEPS = st.tuples(st.sampled_from(sorted(EVENTS)), st.sampled_from((60, 23)))


async def follow(steps: Sequence[tuple[str, int]]) -> None:
    """Run a schedule until the audit; no counter may fall, and all end within the noise."""
    with state_folder() as folder:
        world = small_world(1, timedelta(minutes=3), retention=timedelta(days=3))
        world = replace(world, sampling=dict.fromkeys(NOISY, SAMPLING))
        async with Rig(world, folder, TRAFFIC, DOCUMENTS, start=START.replace(hour=22)) as rig:
            for event, seconds in steps:
                await EVENTS[event](rig)
                await rig.refresh()
                rig.scrape()
                rig.pass_time(timedelta(seconds=seconds))
            await rig.come_to_audit()
            for dataset in USAGE:
                totals = rig.exporter.ledger.totals(Scope(ACCOUNT_ID), dataset.key)
                truth = rig.oracle(dataset, rig.start_of(dataset.key), rig.now)
                if dataset.name not in NOISY:
                    assert {key: total for key, total in totals.items() if any(total)} == truth
                    continue
                for index, field in enumerate(dataset.fields):
                    counted = sum(total[index] for total in totals.values())
                    used = sum(amounts[index] for amounts in truth.values())
                    # Small figures are rounded.
                    assert abs(counted - used) <= used / 50 + len(truth), f"{dataset.key} {field.name}"
                assert of_dataset(rig, "revisions_total", dataset.published_name) == 0
                audited = of_dataset(rig, "audited_until_timestamp_seconds", dataset.published_name)
                assert rig.now.timestamp() - audited < 2 * 86_400
            assert not any(samples(rig.exporter, "late_usage_total").values())


@pytest.mark.timeout(400)
def test_noise_stays_noise() -> None:
    """With noise on counters never fall, hours settle, audits come to an end, and totals are the truth within 2 %."""

    @seed(400)
    @settings(
        max_examples=2,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(st.lists(STEPS, min_size=50, max_size=50))
    def holds(steps: list[tuple[str, int]]) -> None:
        asyncio.run(follow(steps))

    holds()
