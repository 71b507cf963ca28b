"""The command ``demo``: serves a simulated account, or the simulated Cloudflare alone."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from rich.panel import Panel

from exporter.cli.flags import Address, listen_addresses
from exporter.cli.output import console_for, tell
from exporter.cli.scenes import SCENES
from exporter.cli.serve import alerting_flags, read_policy, run_exporter
from exporter.config import Cloudflare, Config, Poll, Storage, Token
from exporter.config.alerting import Alerting
from exporter.config.web import Web
from exporter.runtime import ListenError, stop_on_signals
from exporter.simulator import DEMO_TOKEN, Simulator, SystemClock, running, scene_world
from exporter.web import WebPolicy

DEMO_REFRESH = timedelta(seconds=10)


def demo(options: argparse.Namespace) -> int:
    """Serve a simulated account, or with --simulator-only the simulated Cloudflare alone."""
    asyncio.run(_simulate(options) if options.simulator_only else _demo(options, read_policy(options)))
    return 0


async def _demo(options: argparse.Namespace, policy: WebPolicy) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    address: Address = options.simulator_listen_address
    async with _simulated(options, address.host or "127.0.0.1", address.port) as port:
        token = Token.model_validate({"token": DEMO_TOKEN})
        config = Config(
            cloudflare=Cloudflare(api_url=f"http://127.0.0.1:{port}/client/v4", tokens=(token,)),
            poll=Poll(refresh=DEMO_REFRESH),
            storage=Storage(path=options.storage_path or ""),
            alerting=Alerting.model_validate(alerting_flags(options)),
            web=Web(external_url=options.web_external_url),
        )
        _announce(options, policy, port)
        await run_exporter(config, options, policy, stopping, lambda: config)


async def _simulate(options: argparse.Namespace) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    address: Address = options.simulator_listen_address
    host = address.host or "127.0.0.1"
    async with _simulated(options, host, address.port) as port:
        tell(f"Simulated Cloudflare: http://{host}:{port}/client/v4, control: http://{host}:{port}/_sim/\n")
        await stopping.wait()


@asynccontextmanager
async def _simulated(options: argparse.Namespace, host: str, port: int) -> AsyncIterator[int]:
    async with AsyncExitStack() as stack:
        try:
            bound = await stack.enter_async_context(running(_simulator(options), host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ListenError(
                f"Cannot listen on {host}:{port} ({reason}). Choose another with --simulator.listen-address."
            ) from error
        yield bound


def _simulator(options: argparse.Namespace) -> Simulator:
    clock = SystemClock(speed=options.simulator_speed)
    simulator = Simulator(scene_world(options.scene, clock.now()), clock)
    if options.simulator_lateness is not None:
        simulator.set_lateness(options.simulator_lateness)
    return simulator


def _announce(options: argparse.Namespace, policy: WebPolicy, port: int) -> None:
    scene = next(scene for scene in SCENES if scene.name == options.scene)
    first = listen_addresses(options)[0]
    address = replace(first, host=first.host or "localhost")
    url = f"{'https' if policy.is_tls else 'http'}://{address}"
    console = console_for(sys.stderr, soft_wrap=True)
    with console.capture() as captured:
        console.print(
            Panel.fit(
                "[bold]The account is simulated: all figures are made up.[/bold]\n"
                f"Scene         {options.scene}: {scene.happens}\n"
                f"Metrics       {url}{options.web_telemetry_path}\n"
                f"First page    {url}/\n"
                f"Simulator     http://127.0.0.1:{port}/_sim/\n"
                "Counters start at zero and grow once a minute.",
                title="cloudflare-exporter demo",
            )
        )
    tell(captured.get())
