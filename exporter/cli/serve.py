"""The command ``serve``: polls and serves until it is stopped."""

import argparse
import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from exporter.app import Exporter, build_exporter
from exporter.catalog import DATASETS
from exporter.cli.flags import listen_addresses
from exporter.cli.output import write
from exporter.clock import SystemClock
from exporter.config import Config, ConfigError, load_config
from exporter.ledger import Ledger
from exporter.runtime import listen, prompt_scrapes, run_until_stopped, set_on_signals, stop_on_signals
from exporter.web import WebPolicy

log = logging.getLogger(__name__)


def serve(options: argparse.Namespace) -> int:
    """Poll the configured accounts and serve their metrics."""
    config = _load(options)
    if options.storage_reset_counters:
        return reset_counters(config)
    with_tokens(config)
    asyncio.run(_serve(config, options, read_policy(options)))
    return 0


def read_policy(options: argparse.Namespace) -> WebPolicy:
    """Read the web configuration. Raises WebConfigError."""
    return WebPolicy(options.web_config_file, SystemClock())


def _load(options: argparse.Namespace) -> Config:
    return load_config(
        options.config_file,
        os.environ,
        options.storage_path,
        alerting_flags(options),
        external_url=options.web_external_url,
    )


def alerting_flags(options: argparse.Namespace) -> dict[str, Any]:
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
    write(f"Counters in {folder} will restart from zero at the next start; daily sums and names are kept.\n")
    return 0


async def _serve(config: Config, options: argparse.Namespace, policy: WebPolicy) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)

    def read() -> Config:
        return with_tokens(_load(options))

    await run_exporter(config, options, policy, stopping, read)


async def run_exporter(
    config: Config, options: argparse.Namespace, policy: WebPolicy, stopping: asyncio.Event, read: Callable[[], Config]
) -> None:
    """Serve until stopped; on SIGHUP call ``read`` for a new configuration."""
    hung_up = asyncio.Event()
    set_on_signals(hung_up, signal.SIGHUP)
    clock = SystemClock()
    with ExitStack() as stack:
        listeners = [stack.enter_context(listen(each.host, each.port)) for each in listen_addresses(options)]
        async with prompt_scrapes(clock):
            exporter: Exporter = build_exporter(config, clock, telemetry_path=options.web_telemetry_path, policy=policy)
            how = " with TLS" if policy.is_tls else ""
            for address, listener in zip(listen_addresses(options), listeners, strict=True):
                log.info("listening on %s%s", replace(address, port=listener.getsockname()[1]), how)
            reloading = asyncio.create_task(exporter.reloader.run(hung_up, read))
            try:
                await run_until_stopped(exporter, listeners, stopping)
            finally:
                reloading.cancel()
