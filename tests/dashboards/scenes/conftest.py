"""One history for all tests of scenes: to play it takes a while."""

import asyncio
from collections.abc import Iterator

import pytest

from stack.tools import Tools
from tests.dashboards.reading import DASHBOARDS, queries
from tests.dashboards.scenes.account import play
from tests.dashboards.scenes.prometheus import Prometheus
from tests.dashboards.scenes.records import record
from tests.dashboards.scenes.scenes import History
from tests.dashboards.scenes.timeline import alerts, scraped
from tests.dashboards.scenes.truth import Truth


@pytest.fixture(scope="package")
def history(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """What happened, in a Prometheus that runs."""
    played = asyncio.run(play())
    samples = list(scraped(played))
    prometheus = Prometheus(tools, tmp_path_factory.mktemp("prometheus"))
    prometheus.start()
    try:
        prometheus.write(samples)
        prometheus.write(alerts())
        record(prometheus, (text for page in DASHBOARDS.values() for text in queries(page)))
        yield History(prometheus, Truth(played, samples), {})
    finally:
        prometheus.stop()
