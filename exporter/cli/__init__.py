"""The command line: arguments, exit codes, and one short function per command.

Exit codes: 0 stopped as requested, 1 a local fault (address, state folder, full disk), 2 a wrong configuration or
usage, 141 the reader of the output ended early. Of ``check``: 0 no error, perhaps warnings, 1 something will not work,
2 a wrong configuration or usage.
"""

import argparse
import sys
from collections.abc import Sequence

from exporter.alertmanager import SecretError
from exporter.cli.flags import Address, parse_address
from exporter.cli.output import READER_GONE, ReaderGone, flush, tell
from exporter.cli.parser import build_parser
from exporter.config import ConfigError
from exporter.costs.history import QueryError
from exporter.logs import configure_logging
from exporter.model import ExporterError
from exporter.pricing.estimate import EstimateError

__all__ = ["Address", "build_parser", "main", "parse_address"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    try:
        options = _parse(sys.argv[1:] if arguments is None else arguments)
        configure_logging(options.log_level, options.log_format)
        return int(options.run(options))
    except ReaderGone:
        return READER_GONE
    except (ConfigError, QueryError, EstimateError, SecretError) as error:
        tell(f"{error}\n")
        return 2
    except ExporterError as error:
        tell(f"{error}\n")
        return 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    try:
        options, unrecognized = build_parser().parse_known_args(_with_command(arguments))
        if unrecognized:
            options.parser.refuse(unrecognized)
        return options
    except SystemExit:
        # The help may have no reader, too.
        flush()
        raise


def _with_command(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with the default command in front, if they start with flags."""
    is_bare = not arguments or (arguments[0].startswith("-") and arguments[0] not in {"-h", "--help", "--version"})
    return ["serve", *arguments] if is_bare else list(arguments)
