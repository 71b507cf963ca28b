"""The commands that run until they are stopped: ``serve`` and ``demo``."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.panel import Panel

from exporter.app import Exporter, build_exporter
from exporter.catalog import DATASETS
from exporter.cli.flags import Address
from exporter.clock import SystemClock
from exporter.config import Cloudflare, Config, ConfigError, Poll, Storage, Token, load_config
from exporter.config.alerting import Alerting
from exporter.ledger import Ledger
from exporter.runtime import ListenError, calm_collector, listen, run_until_stopped, set_on_signals, stop_on_signals
from exporter.simulator import DEMO_TOKEN, Simulator, demo_world, running
from exporter.simulator import SystemClock as SimulatedClock
from exporter.web import WebPolicy

DEMO_REFRESH = timedelta(seconds=10)

log = logging.getLogger(__name__)


def serve(options: argparse.Namespace) -> int:
    """Poll the configured accounts and serve their metrics."""
    config = _load(options)
    if options.storage_reset_counters:
        return reset_counters(config)
    with_tokens(config)
    asyncio.run(_serve(config, options, _policy(options)))
    return 0


def _policy(options: argparse.Namespace) -> WebPolicy:
    """Read the web configuration. Raises WebConfigError."""
    return WebPolicy(options.web_config_file, SystemClock())


def _load(options: argparse.Namespace) -> Config:
    return load_config(options.config_file, os.environ, options.storage_path, _alerting(options))


def _alerting(options: argparse.Namespace) -> dict[str, Any]:
    """Return the keys of the section ``alerting`` that flags set."""
    named = {"alertmanager_url": options.alerting_alertmanager_url, "prometheus_url": options.alerting_prometheus_url}
    said: dict[str, Any] = {key: url for key, url in named.items() if url is not None}
    if options.alerting_grafana_url is not None:
        said["routing"] = {"grafana_url": options.alerting_grafana_url}
    return said


def with_tokens(config: Config) -> Config:
    """Return the configuration unchanged if it has a token. Raises ConfigError."""
    if not config.cloudflare.tokens:
        raise ConfigError(
            "No API token: set CLOUDFLARE_API_TOKEN or CLOUDFLARE_API_TOKEN_FILE, or configure one in the file given "
            "with --config.file. To try it without an account: cloudflare-exporter demo"
        )
    return config


def reset_counters(config: Config) -> int:
    """Restart all counters from zero, as after restoring a backup, and exit; costs and names are kept."""
    folder = config.storage.folder()
    if folder is None:
        raise ConfigError("--storage.reset-counters needs a ledger in a folder; --storage.path is empty.")
    ledger = Ledger.open(folder, DATASETS.values())
    ledger.reset_counters()
    ledger.close()
    sys.stdout.write(f"Counters in {folder} will restart from zero at the next start; daily sums and names are kept.\n")
    return 0


def demo(options: argparse.Namespace) -> int:
    """Serve a simulated account, or with --simulator-only the simulated Cloudflare alone."""
    asyncio.run(_simulate(options) if options.simulator_only else _demo(options, _policy(options)))
    return 0


async def _serve(config: Config, options: argparse.Namespace, policy: WebPolicy) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)

    def read() -> Config:
        return with_tokens(_load(options))

    await _run(config, options, policy, stopping, read)


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
            alerting=Alerting.model_validate(_alerting(options)),
        )
        _announce(options, policy, port)
        await _run(config, options, policy, stopping, lambda: config)


async def _simulate(options: argparse.Namespace) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    address: Address = options.simulator_listen_address
    host = address.host or "127.0.0.1"
    async with _simulated(options, host, address.port) as port:
        sys.stderr.write(f"Simulated Cloudflare: http://{host}:{port}/client/v4, control: http://{host}:{port}/_sim/\n")
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
    clock = SimulatedClock(speed=options.simulator_speed)
    simulator = Simulator(demo_world(), clock)
    if options.simulator_lateness is not None:
        simulator.set_lateness(options.simulator_lateness)
    return simulator


async def _run(
    config: Config, options: argparse.Namespace, policy: WebPolicy, stopping: asyncio.Event, read: Callable[[], Config]
) -> None:
    """Serve until stopped; on SIGHUP call ``read`` for a new configuration."""
    address: Address = options.web_listen_address
    hung_up = asyncio.Event()
    set_on_signals(hung_up, signal.SIGHUP)
    clock = SystemClock()
    with listen(address.host, address.port) as listener:
        async with calm_collector(clock):
            exporter: Exporter = build_exporter(config, clock, telemetry_path=options.web_telemetry_path, policy=policy)
            how = " with TLS" if policy.is_tls else ""
            log.info("listening on %s:%s%s", address.host or "*", listener.getsockname()[1], how)
            reloading = asyncio.create_task(exporter.reloader.run(hung_up, read))
            try:
                await run_until_stopped(exporter, listener, stopping)
            finally:
                reloading.cancel()


def _announce(options: argparse.Namespace, policy: WebPolicy, port: int) -> None:
    address: Address = options.web_listen_address
    url = f"{'https' if policy.is_tls else 'http'}://{address.host or 'localhost'}:{address.port}"
    Console(stderr=True, soft_wrap=True).print(
        Panel.fit(
            "[bold]The account is simulated: all figures are made up.[/bold]\n"
            f"Metrics       {url}{options.web_telemetry_path}\n"
            f"First page    {url}/\n"
            f"Simulator     http://127.0.0.1:{port}/_sim/\n"
            "Counters start at zero and grow once a minute.",
            title="cloudflare-exporter demo",
        )
    )
