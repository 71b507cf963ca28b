"""A simulated Cloudflare with a large account, as a process that logs when it was working.

``python -m bench.cloudflare SPEED WORKERS BUCKETS DATABASES KV OBJECTS`` prints its port, then a line for each answer:
the API, and when the request arrived and the answer was complete, on the monotonic clock that all processes share.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn

from bench.worlds import Counts, busy_world
from exporter.simulator import Simulator, SystemClock, Traffic
from exporter.simulator.traffic import Stream
from stack.port import LOOPBACK, any_free

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class KeptTraffic(Traffic):
    """Traffic that keeps every hour, because a large account has more hours than the simulator's own cache holds."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._kept: dict[tuple[bytes, int], Any] = {}

    def hour(self, stream: Stream, hour: int) -> Any:
        """Return the traffic of an hour, minute by minute."""
        key = (stream.key, hour)
        known = self._kept.get(key)
        if known is None:
            known = self._kept[key] = super().hour(stream, hour)
        return known


def noting(application: Application) -> Application:
    """Return the application, wrapped to print a line for each answer."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        started = time.monotonic()
        await application(scope, receive, send)
        api = "graphql" if scope["path"].endswith("/graphql") else "rest"
        sys.stdout.write(f"answered {api} {started:.6f} {time.monotonic():.6f}\n")

    return answer


RETENTION = timedelta(hours=50)
"""The history fill covers one day and part of another while the exporter is measured."""


ZONES = 100

BEGINS_AT = 56
"""The minute of the hour at which simulated time begins, so that a new hour starts during the measurement.

The exporter then has two open hours for a while, which takes the most memory.
"""


def offset_of(now: datetime) -> timedelta:
    """Return how far simulated time is ahead of real time."""
    return timedelta(minutes=(BEGINS_AT - now.minute) % 60)


async def serve(counts: Counts, speed: float) -> None:
    """Serve until the process is terminated."""
    world = busy_world(counts, RETENTION, ZONES)
    simulator = Simulator(world, SystemClock(offset_of(datetime.now(UTC)), speed), traffic=KeptTraffic(world.seed))
    gc.freeze()
    port = any_free()
    config = uvicorn.Config(
        noting(simulator.app),
        host=LOOPBACK,
        port=port,
        lifespan="off",
        log_config=None,
        access_log=False,
        date_header=False,
        server_header=False,
    )
    sys.stdout.write(f"port {port}\n")
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(serve(Counts(*map(int, sys.argv[2:7])), float(sys.argv[1])))
