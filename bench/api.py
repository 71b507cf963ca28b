"""Response times of the API with many assets over loopback, when idle and while snapshots are published.

Client and server share one process, so the figures include the client's time.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import uvicorn

from bench.figure import Figure, percentile
from bench.requests import Requests
from bench.worlds import usual_counts
from exporter.app import Exporter
from exporter.clock import SystemClock
from exporter.runtime import listen, prompt_scrapes
from stack.port import LOOPBACK

ASSETS = 5_000
REFRESHES = 6
BOUND = 100.0

PATHS = (
    "/api/assets",
    "/api/assets?sort=to_date&limit=1000",
    "/api/assets?sort=requests&project=project07&project=project08",
    "/api/assets?kind=worker&sort=last_used&order=asc",
    "/api/projects",
    "/api/projects?kind=d1_database",
    "/api/project/project01",
    "/api/health",
    "/",
    "/?project=project01",
    "/?sort=last_used&text=1",
)
"""Paths answered from the snapshot, the status page included; the list of assets is also read page by page."""

USAGE_PATHS = (
    "/api/usage",
    "/api/usage?limit=1000",
    "/api/usage?project=project07",
    "/api/usage?meter=workers_requests&step=month",
)
"""Paths answered from the ledger, which wait while a refresh holds it."""


@dataclass(slots=True)
class _Times:
    """Response times in milliseconds, by path."""

    taken: dict[str, list[float]] = field(default_factory=dict)

    def all(self) -> list[float]:
        """Return the times of all paths."""
        return [each for times in self.taken.values() for each in times]


async def measure_api(folder: Path, assets: int = ASSETS, rounds: int = 60) -> list[Figure]:
    """Return the response times of snapshot and ledger paths, with ``assets`` assets."""
    rig = Requests(usual_counts(assets), folder)
    for _ in range(REFRESHES):
        await rig.refresh()
    await rig.refresh(timedelta(hours=2))
    await rig.refresh()
    async with prompt_scrapes(SystemClock()):
        quiet, ledger, busy = await _serve_and_ask(rig.exporter, rounds)
    await rig.exporter.close()
    slowest = max(quiet.taken, key=lambda path: percentile(quiet.taken[path], 0.99))
    return [
        Figure(f"api_p50_{assets}_assets", round(percentile(quiet.all(), 0.5), 1), "milliseconds"),
        Figure(
            f"api_slowest_p99_{assets}_assets", round(percentile(quiet.taken[slowest], 0.99), 1), "milliseconds", BOUND
        ),
        # Snapshots are published back to back, which no exporter does, so this figure has no bound.
        Figure(f"api_during_publishing_p99_{assets}_assets", round(percentile(busy.all(), 0.99), 1), "milliseconds"),
        Figure(f"api_usage_p99_{assets}_assets", round(percentile(ledger.all(), 0.99), 1), "milliseconds", BOUND),
        Figure(f"api_questions_{assets}_assets", len(quiet.all()) + len(busy.all()) + len(ledger.all()), "questions"),
    ]


async def _serve_and_ask(exporter: Exporter, rounds: int) -> tuple[_Times, _Times, _Times]:
    with listen(LOOPBACK, 0) as listener:
        settings = uvicorn.Config(exporter.web, log_config=None, access_log=False, lifespan="off", ws="none")
        server = uvicorn.Server(settings)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        port = int(listener.getsockname()[1])
        await asyncio.to_thread(_ask, port, (*PATHS, *USAGE_PATHS), 3)
        await exporter.poller.publish()
        quiet = await asyncio.to_thread(_ask, port, PATHS, rounds)
        ledger = await asyncio.to_thread(_ask, port, USAGE_PATHS, rounds)
        asking = asyncio.create_task(asyncio.to_thread(_ask, port, PATHS, rounds))
        while not asking.done():
            await exporter.poller.publish()
        busy = await asking
        server.should_exit = True
        await serving
    return quiet, ledger, busy


def _ask(port: int, paths: Sequence[str], rounds: int) -> _Times:
    """Request every path in turn, and the assets page by page. Raise AssertionError unless the answer is 200."""
    times = _Times()
    connection = HTTPConnection(LOOPBACK, port, timeout=30)
    cursor = ""
    try:
        for _ in range(rounds):
            for path in paths:
                _get(connection, path, path, times)
            pages = "/api/assets?limit=500"
            body = _get(connection, pages + (f"&cursor={quote(cursor)}" if cursor else ""), pages, times)
            cursor = json.loads(body)["next_cursor"] or ""
    finally:
        connection.close()
    return times


def _get(connection: HTTPConnection, path: str, name: str, times: _Times) -> bytes:
    begun = time.perf_counter()
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    times.taken.setdefault(name, []).append((time.perf_counter() - begun) * 1_000)
    assert response.status == 200, f"{path}: {response.status} {body[:200]!r}"
    return body
