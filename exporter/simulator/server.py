"""The simulator as a real HTTP server."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import uvicorn

from exporter.simulator.app import Application
from exporter.simulator.clock import Clock, SystemClock
from exporter.simulator.demo import demo_world
from exporter.simulator.simulator import Simulator
from exporter.simulator.world import World


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the program in which the server runs."""
        yield


@asynccontextmanager
async def running(simulator: Simulator, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Serve while the context lasts, and yield the listening port; port 0 takes a free one.

    Raises OSError if the address cannot be used.
    """
    app = Application(simulator.api, simulator.control, sleep=asyncio.sleep, closes=True)
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        bound = int(listener.getsockname()[1])
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started and not serving.done():
                await asyncio.sleep(0.005)
            yield bound
        finally:
            server.should_exit = True
            await serving


async def serve_simulator(
    host: str,
    port: int,
    world: World,
    clock: Clock,
    *,
    on_ready: Callable[[int], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until ``stop`` is set or the task is cancelled; call ``on_ready`` with the port once it is serving."""
    async with running(Simulator(world, clock), host, port) as bound:
        if on_ready is not None:
            on_ready(bound)
        await (stop or asyncio.Event()).wait()


def run(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    seed: int = 1,
    offset: timedelta = timedelta(0),
    speed: float = 1.0,
    on_ready: Callable[[int], None] | None = None,
) -> None:
    """Serve the demo account until interrupted."""
    asyncio.run(serve_simulator(host, port, demo_world(seed), SystemClock(offset, speed), on_ready=on_ready))
