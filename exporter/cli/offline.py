"""The commands that do one thing and end."""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property

from rich.console import Console

from exporter.app import run_check
from exporter.catalog import DATASETS, PRODUCTS
from exporter.check import as_json, as_table, inspect_host, refusal
from exporter.cli import commands
from exporter.cli.serve import with_tokens
from exporter.clock import SystemClock
from exporter.config import Config, ConfigError, load_config, load_quantities
from exporter.costs.calculator import CostCalculator
from exporter.costs.current import Costs
from exporter.costs.history import CostHistory
from exporter.ledger import LedgerReader, Publication, reading
from exporter.metrics.asset_usage import find_asset_usage
from exporter.metrics.selection import select
from exporter.metrics.snapshot import SnapshotBuilder
from exporter.metrics.thresholds import Thresholds
from exporter.pricing import budget_costs, load_card
from exporter.views import Views

INTERRUPTED = 130
"""What shells take for ended by Ctrl-C."""


def check(options: argparse.Namespace) -> int:
    """Check what of a configuration will work, without starting anything."""
    try:
        config = with_tokens(load_config(options.config_file, os.environ, options.storage_path))
        host = inspect_host(os.environ)
        report = asyncio.run(run_check(config, SystemClock(), host, os.environ, options.config_file))
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
    with _history(options) as history:
        sys.stdout.write(commands.costs.run(options, history))
    return 0


def assets(options: argparse.Namespace) -> int:
    """Print which assets there are."""
    with _state(options) as state:
        wanted = [account.id for account in state.history.accounts(options.account)]
        accounts = wanted if options.account else list(state.publication.accounts)
        known = [until for account_id in accounts if (until := state.reader.until(account_id)) is not None]
        costs = state.costs()
        asset_usage = find_asset_usage(state.publication, PRODUCTS)
        views = Views(asset_usage, costs.accounts, costs.budgets, state.publication.accounts)
        sys.stdout.write(commands.assets.run(options, views, accounts, max(known, default=None)))
    return 0


def metrics(options: argparse.Namespace) -> int:
    """Print which metrics there are, or what some of them are."""
    with _state(options) as state:
        names = {account.id: account.name for account in state.reader.accounts()}
        thresholds = Thresholds(state.config.alerting.thresholds, names)
        families = SnapshotBuilder(PRODUCTS).figures(state.publication, state.costs(), thresholds)
        wanted = [family for family in families if state.config.selection.wants_metric(family.name)]
        sys.stdout.write(commands.metrics.run(options, wanted))
    return 0


def price(options: argparse.Namespace) -> int:
    """Print what given quantities would cost."""
    if options.file is None and options.period is None:
        raise ConfigError("Say what to price: --file with quantities, or --period with a cycle that was counted.")
    given = load_quantities(options.file) if options.file else {}
    today = SystemClock().now().date()
    with _history(options) if options.period else nullcontext() as history:
        sys.stdout.write(commands.price.run(options, load_card(), today, given, history))
    return 0


def report(options: argparse.Namespace) -> int:
    """Print a report of a day or a cycle."""
    with _history(options) as history:
        sys.stdout.write(commands.report.run(options, history))
    return 0


def alertmanager_config(options: argparse.Namespace) -> int:
    """Write Alertmanager's configuration."""
    config = load_config(options.config_file, os.environ, None)
    said, warned = commands.alertmanager_config.run(options, config.alerting.routing)
    sys.stdout.write(said)
    sys.stderr.write(warned)
    return 0


@dataclass(frozen=True)
class _State:
    """What a state folder holds, as far as the configuration wants to see it."""

    config: Config
    reader: LedgerReader
    history: CostHistory

    @cached_property
    def publication(self) -> Publication:
        """Return what the exporter publishes."""
        found = self.reader.publication(shows_assets=self.config.costs.assets)
        return select(found, self.reader.accounts(), self.config.selection)

    def costs(self) -> Costs:
        """Return what accounts cost in the cycle under way."""
        found = {account.id: self.history.costs(account) for account in self.history.accounts()}
        budgets = budget_costs(self.history.rules.budgets, list(found.values()))
        facts = {account_id: self.history.facts(account_id) for account_id in found}
        return Costs(found, budgets, facts, self.history.card)


@contextmanager
def _history(options: argparse.Namespace) -> Iterator[CostHistory]:
    """Read the costs of the configured state folder, beside an exporter that may run."""
    with _state(options) as state:
        yield state.history


@contextmanager
def _state(options: argparse.Namespace) -> Iterator[_State]:
    """Read the ledger of the configured state folder, beside an exporter that may run."""
    config = load_config(options.config_file, os.environ, options.storage_path)
    folder = config.storage.folder()
    if folder is None:
        raise ConfigError("This needs a ledger in a folder: name it with --storage.path or in the configuration.")
    with reading(folder, DATASETS.values()) as reader:
        calculator = CostCalculator(load_card(), config.costs.rules())
        calculator.learn(reader)
        yield _State(config, reader, CostHistory(reader, calculator, config.selection.accounts.admits))
