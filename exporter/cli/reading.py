"""The commands that do one thing and end."""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console

from exporter import commands
from exporter.app import run_check
from exporter.books import Books
from exporter.catalog import DATASETS
from exporter.check import as_json, as_table, look_around, refusal
from exporter.cli.serving import with_tokens
from exporter.clock import SystemClock
from exporter.config import ConfigError, load_config, load_quantities
from exporter.ledger import reading
from exporter.pricing import load_card

INTERRUPTED = 130
"""What shells take for ended by Ctrl-C."""


def check(options: argparse.Namespace) -> int:
    """Tell what of a configuration will work, without starting anything."""
    try:
        config = with_tokens(load_config(options.config_file, os.environ, options.storage_path))
        surroundings = look_around(os.environ)
        report = asyncio.run(run_check(config, SystemClock(), surroundings, os.environ, options.config_file))
    except ConfigError as error:
        if options.output == "json":
            sys.stdout.write(as_json(refusal(str(error))))
        raise
    except KeyboardInterrupt:
        return INTERRUPTED
    sys.stdout.write(as_json(report) if options.output == "json" else as_table(report, Console(highlight=False)))
    return report.exit_code


def costs(options: argparse.Namespace) -> int:
    """Print what accounts cost."""
    with _books(options) as books:
        sys.stdout.write(commands.costs.run(options, books))
    return 0


def price(options: argparse.Namespace) -> int:
    """Print what given quantities would cost."""
    if options.file is None and options.period is None:
        raise ConfigError("Say what to price: --file with quantities, or --period with a cycle that was counted.")
    given = load_quantities(options.file) if options.file else {}
    today = SystemClock().now().date()
    with _books(options) if options.period else nullcontext() as books:
        sys.stdout.write(commands.price.run(options, load_card(), today, given, books))
    return 0


def report(options: argparse.Namespace) -> int:
    """Print a report of a day or a cycle."""
    with _books(options) as books:
        sys.stdout.write(commands.report.run(options, books))
    return 0


def alertmanager_config(options: argparse.Namespace) -> int:
    """Write Alertmanager's configuration."""
    config = load_config(options.config_file, os.environ, None)
    said, warned = commands.alertmanager_config.run(options, config.alerting.routing)
    sys.stdout.write(said)
    sys.stderr.write(warned)
    return 0


@contextmanager
def _books(options: argparse.Namespace) -> Iterator[Books]:
    """Read the ledger of the configured state folder, beside an exporter that may run."""
    config = load_config(options.config_file, os.environ, options.storage_path)
    folder = config.storage.folder()
    if folder is None:
        raise ConfigError("This needs a ledger in a folder: name it with --storage.path or in the configuration.")
    with reading(folder, DATASETS.values()) as reader:
        yield Books(reader, load_card(), config.costs.rules(), config.accounts.admits)
