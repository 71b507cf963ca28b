"""Options shared by several commands."""

import argparse


def add_account_option(command: argparse.ArgumentParser) -> None:
    """Add the option that restricts a command to some accounts."""
    command.add_argument(
        "--account", action="append", default=[], metavar="NAME", help="only this account (name or id; repeatable)"
    )


def add_output_option(command: argparse.ArgumentParser) -> None:
    """Add the option for a table, CSV or JSON."""
    command.add_argument(
        "--output", choices=("table", "csv", "json"), default="table", help="output format (default table)"
    )
