"""Options that several commands have."""

import argparse


def add_account_option(command: argparse.ArgumentParser) -> None:
    """Let a command be asked for some accounts only."""
    command.add_argument(
        "--account", action="append", default=[], metavar="NAME", help="only this account (name or id; repeatable)"
    )


def add_output_option(command: argparse.ArgumentParser) -> None:
    """Let a command print a table, CSV or JSON."""
    command.add_argument(
        "--output", choices=("table", "csv", "json"), default="table", help="how to print it (default table)"
    )
