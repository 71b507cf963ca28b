"""The commands that do one thing and exit."""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property

from exporter.app import run_check
from exporter.catalog import DATASETS, PRODUCTS
from exporter.check import as_json, as_table, inspect_host, refusal
from exporter.cli import commands
from exporter.cli.output import console_for, tell, write
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
"""The exit code that shells use for a program ended by Ctrl-C."""


def check(options: argparse.Namespace) -> int:
    """Check what will work of a configuration, without starting anything."""
    try:
        config = with_tokens(load_config(options.config_file, os.environ, options.storage_path))
        host = inspect_host(os.environ)
        report = asyncio.run(run_check(config, SystemClock(), host, os.environ, options.config_file))
    except ConfigError as error:
        if options.output == "json":
            write(as_json(refusal(str(error))))
        raise
    except KeyboardInterrupt:
        return INTERRUPTED
    write(as_json(report) if options.output == "json" else as_table(report, console_for(sys.stdout)))
    return report.exit_code


def costs(options: argparse.Namespace) -> int:
    """Print the costs of accounts."""
    with _history(options) as history:
        write(commands.costs.run(options, history))
    return 0


def assets(options: argparse.Namespace) -> int:
    """Print the assets of accounts."""
    with _state(options) as state:
        wanted = [account.id for account in state.history.accounts(options.account)]
        accounts = wanted if options.account else list(state.publication.accounts)
        known = [until for account_id in accounts if (until := state.reader.until(account_id)) is not None]
        costs = state.costs()
        asset_usage = find_asset_usage(state.publication)
        views = Views(asset_usage, costs.accounts, costs.budgets, state.publication.accounts)
        write(commands.assets.run(options, views, accounts, max(known, default=None)))
    return 0


def metrics(options: argparse.Namespace) -> int:
    """Print the metrics, or the series of some of them."""
    with _state(options) as state:
        names = {account.id: account.name for account in state.reader.accounts()}
        thresholds = Thresholds(state.config.alerting.thresholds, names)
        families = SnapshotBuilder(PRODUCTS).figures(state.publication, state.costs(), thresholds)
        wanted = [family for family in families if state.config.selection.wants_metric(family.name)]
        write(commands.metrics.run(options, wanted))
    return 0


def price(options: argparse.Namespace) -> int:
    """Print the cost of given quantities, or what can be priced."""
    if options.list:
        write(commands.price.list_meters(options, load_card()))
        return 0
    if options.file is None and options.period is None:
        raise ConfigError("Nothing to price: use --file with quantities, or --period with a counted cycle.")
    given = load_quantities(options.file) if options.file else {}
    today = SystemClock().now().date()
    with _history(options) if options.period else nullcontext() as history:
        write(commands.price.run(options, load_card(), today, given, history))
    return 0


def report(options: argparse.Namespace) -> int:
    """Print a report on a day or a billing cycle."""
    with _history(options) as history:
        write(commands.report.run(options, history))
    return 0


def alertmanager_config(options: argparse.Namespace) -> int:
    """Write Alertmanager's configuration."""
    config = load_config(options.config_file, os.environ, None, external_url=options.web_external_url)
    said, warned = commands.alertmanager_config.run(options, config.alerting.routing, config.web.external_url)
    write(said)
    tell(warned)
    return 0


@dataclass(frozen=True)
class _State:
    """The contents of a state folder, restricted to the configured selection."""

    config: Config
    reader: LedgerReader
    history: CostHistory

    @cached_property
    def publication(self) -> Publication:
        """Return the data that the exporter publishes."""
        found = self.reader.publication(shows_assets=self.config.costs.assets)
        return select(found, self.reader.accounts(), self.config.selection)

    def costs(self) -> Costs:
        """Return the costs of accounts in the current billing cycle."""
        found = {account.id: self.history.costs(account) for account in self.history.accounts()}
        budgets = budget_costs(self.history.rules.budgets, list(found.values()))
        facts = {account_id: self.history.facts(account_id) for account_id in found}
        return Costs(found, budgets, facts, self.history.card)


@contextmanager
def _history(options: argparse.Namespace) -> Iterator[CostHistory]:
    """Read the costs in the configured state folder; an exporter may be running."""
    with _state(options) as state:
        yield state.history


@contextmanager
def _state(options: argparse.Namespace) -> Iterator[_State]:
    """Read the ledger in the configured state folder; an exporter may be running."""
    config = load_config(options.config_file, os.environ, options.storage_path)
    folder = config.storage.folder()
    if folder is None:
        raise ConfigError("This command needs a ledger in a folder: set --storage.path or configure storage.path.")
    with reading(folder, DATASETS.values(), SystemClock().now()) as reader:
        calculator = CostCalculator(load_card(), config.costs.rules())
        calculator.learn(reader)
        yield _State(config, reader, CostHistory(reader, calculator, config.selection.accounts.admits))
