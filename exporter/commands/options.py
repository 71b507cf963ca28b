"""Options that several commands have."""

import argparse


def add_account_option(command: argparse.ArgumentParser) -> None:
    """Let a command be asked for some accounts only."""
    command.add_argument(
        "--account", action="append", default=[], metavar="NAME", help="only this account (name or id; repeatable)"
    )
