"""The simulated Cloudflare of a large account as a process that notes when it was at work.

``python -m bench.cloudflare SPEED WORKERS BUCKETS DATABASES KV OBJECTS`` prints its port, then a line for each answer:
the API and the monotonic times, which all processes of a machine share, of the request and of the whole answer.
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
    """Traffic that does not forget its hours: a large account has more than the simulator itself keeps."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._kept: dict[tuple[bytes, int], Any] = {}

    def hour(self, stream: Stream, hour: int) -> Any:
        """Return the sixty minutes of an hour."""
        key = (stream.key, hour)
        known = self._kept.get(key)
        if known is None:
            known = self._kept[key] = super().hour(stream, hour)
        return known


def noting(application: Application) -> Application:
    """Return an application that prints a line for each answer of another."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        started = time.monotonic()
        await application(scope, receive, send)
        api = "graphql" if scope["path"].endswith("/graphql") else "rest"
        sys.stdout.write(f"answered {api} {started:.6f} {time.monotonic():.6f}\n")

    return answer


RETENTION = timedelta(hours=50)
"""A day and part of another are filled in while the exporter is measured."""


BEGINS_AT = 56
"""The minute of the hour at which simulated time begins: the next hour does while the exporter is measured.

For a while the exporter then has two open hours, which takes the most memory.
"""


def offset_of(now: datetime) -> timedelta:
    """Return how far ahead of real time simulated time is."""
    return timedelta(minutes=(BEGINS_AT - now.minute) % 60)


async def serve(counts: Counts, speed: float) -> None:
    """Serve until the process is told to end."""
    world = busy_world(counts, RETENTION)
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
