"""``report``: the cost of a day or a billing cycle, the changes and their causes, as Markdown, HTML or JSON."""

import argparse
import json

from exporter.cli.commands.options import add_account_option
from exporter.costs.history import CostHistory
from exporter.costs.report import DAILY, MONTHLY, as_document, as_html, as_markdown, make_report

NAME = "report"
HELP = "report the cost of a day or a cycle, and what changed"
DESCRIPTION = (
    "Print the cost of the last complete day (daily) or of the billing cycle up to it (monthly), the largest changes "
    "against the period before, the forecast, budgets and quotas, from the ledger. An exporter may be running."
)


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("--period", choices=(DAILY, MONTHLY), default=DAILY, help=f"default {DAILY}")
    add_account_option(command)
    command.add_argument(
        "--output", choices=("markdown", "html", "json"), default="markdown", help="output format (default markdown)"
    )


def run(options: argparse.Namespace, history: CostHistory) -> str:
    """Return the output. Raises QueryError."""
    report = make_report(options.period, history, options.account)
    match options.output:
        case "json":
            return json.dumps(as_document(report), indent=2) + "\n"
        case "html":
            return as_html(report)
        case _:
            return as_markdown(report)
