"""``report``: what a day or a billing cycle cost, what changed and why, as Markdown, HTML or JSON."""

import argparse
import json

from exporter.cli.commands.options import add_account_option
from exporter.costs.history import CostHistory
from exporter.costs.report import DAILY, MONTHLY, as_document, as_html, as_markdown, make_report

NAME = "report"
HELP = "what a day or a cycle cost, and what changed"
DESCRIPTION = (
    "Print what the day before (daily) or the billing cycle up to it (monthly) cost, what changed most against the "
    "period before, the forecast, budgets and quotas. Read from what the exporter has counted; it may run meanwhile."
)


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("--period", choices=(DAILY, MONTHLY), default=DAILY, help=f"default {DAILY}")
    add_account_option(command)
    command.add_argument(
        "--output", choices=("markdown", "html", "json"), default="markdown", help="how to print it (default markdown)"
    )


def run(options: argparse.Namespace, history: CostHistory) -> str:
    """Return what is printed. Raises QueryError."""
    report = make_report(options.period, history, options.account)
    match options.output:
        case "json":
            return json.dumps(as_document(report), indent=2) + "\n"
        case "html":
            return as_html(report)
        case _:
            return as_markdown(report)
