"""An exporter on the demo account in process, with its API, its state folder and an Alertmanager that answers."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from exporter.alerts import WATCHDOG
from exporter.app import Exporter, build_exporter
from exporter.config import Config
from exporter.simulator import DEMO_TOKEN, ManualClock, Simulator, demo_world
from tests.clock import START, CoupledClock
from tests.configured import MINUTE
from tests.documents import shared_documents
from tests.exposition.api.monitored import labels, of_prometheus, told
from tests.exposition.api.scene import Api

REFRESHES = 5
"""After these the history is filled, and usage is late no more."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The exporter's API, and the folder that it writes."""

    api: Api
    folder: Path

    def samples(self) -> set[str]:
        """Return the series of /metrics, without their values."""
        lines = self.api.ask("/metrics").text.splitlines()
        return {line.rpartition(" ")[0] for line in lines if not line.startswith("#")}


def monitoring(request: httpx.Request) -> httpx.Response:
    """Answer as an Alertmanager that knows the watchdog alone, or a Prometheus without alerts."""
    is_alertmanager = request.url.path.startswith("/api/v2/")
    return httpx.Response(200, text=json.dumps([told(labels(WATCHDOG))] if is_alertmanager else of_prometheus()))


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """Return an exporter that has filled its state folder."""
    clock = CoupledClock(ManualClock(START))
    config = Config.model_validate(
        {
            "cloudflare": {"api_url": "http://cloudflare.test/client/v4", "tokens": [{"token": DEMO_TOKEN}]},
            "storage": {"path": str(folder)},
            "alerting": {"alertmanager_url": "http://alertmanager.test", "prometheus_url": "http://prometheus.test"},
        }
    )
    with asyncio.Runner() as runner:
        exporter = build_exporter(
            config,
            clock,
            transport=httpx.ASGITransport(
                app=Simulator(demo_world(), clock.cloudflare, documents=shared_documents()).app
            ),
            monitoring_transport=httpx.MockTransport(monitoring),
        )
        try:
            runner.run(_fill(exporter, clock))
            yield Demo(Api(runner, exporter.web), folder)
        finally:
            runner.run(exporter.close())


async def _fill(exporter: Exporter, clock: CoupledClock) -> None:
    for _ in range(REFRESHES):
        await exporter.poller.refresh()
        clock.advance(MINUTE)
