"""The exporter with a product of zones in its catalog, as a process: ``python -m bench.zoned CONFIG PORT``."""

import asyncio
import os
import sys
from pathlib import Path

import exporter.__main__  # noqa: F401 (what the program itself loads is part of its start)
from exporter.app import build_exporter
from exporter.catalog import PRODUCTS
from exporter.clock import SystemClock
from exporter.config import Config, load_config
from exporter.runtime import listen, prompt_scrapes, run_until_stopped, stop_on_signals
from stack.port import LOOPBACK
from tests.zones import CACHE_RESERVE


async def serve(config: Config, port: int) -> None:
    """Poll and serve until the process is terminated."""
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    clock = SystemClock()
    with listen(LOOPBACK, port) as listener:
        async with prompt_scrapes(clock):
            zoned = build_exporter(config, clock, products=(*PRODUCTS, CACHE_RESERVE))
            await run_until_stopped(zoned, [listener], stopping)


if __name__ == "__main__":
    asyncio.run(serve(load_config(Path(sys.argv[1]), os.environ, None), int(sys.argv[2])))
