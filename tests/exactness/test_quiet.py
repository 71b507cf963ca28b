"""Without faults: what the exporter counts is what Cloudflare counts."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tests.exactness.harness import Rig, small_world


@pytest.mark.parametrize("lateness", [0, 3, 25])
def test_counts_are_exact_on_a_quiet_day(tmp_path: Path, lateness: int) -> None:
    """Three hours of refreshes each minute give the oracle's figures, however late the data is."""

    async def script() -> None:
        async with Rig(small_world(7, timedelta(minutes=lateness)), tmp_path) as rig:
            for _ in range(180):
                await rig.refresh()
                rig.scrape()
                rig.clock.advance(timedelta(seconds=60))
            await rig.come_to_rest()
            rig.check()

    asyncio.run(script())
