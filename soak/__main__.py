"""Compares counted with simulated usage, at length: a day of faults, fuzzes, random schedules, every crash point.

Prints the expected and the actual value of every metric of the day. Exits 1 if one differs, or ever fell.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from soak.fuzz import fuzzes
from soak.many import crash_points, failures, schedules
from soak.run import Course, soak
from soak.table import as_text
from tests.exactness.schedules import BATCHES, check_schedules


def main() -> int:
    """Run, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="seed of traffic, faults and their order (default: 1)")
    parser.add_argument(
        "--schedule",
        nargs=2,
        metavar=("BATCH", "NUMBER"),
        help=f"follow only this random schedule; batches are {'; '.join(BATCHES)}",
    )
    arguments = parser.parse_args()
    if arguments.schedule:
        name, number = arguments.schedule
        check_schedules(name, arguments.seed, [int(number)])
        return 0
    logging.disable(logging.CRITICAL)
    is_exact = _is_day_exact(arguments.seed)
    # The longest runs come first, so that no processor is idle at the end.
    failed = failures([*fuzzes(arguments.seed), *schedules(arguments.seed), *crash_points()], _log)
    return 0 if is_exact and not failed else 1


def _is_day_exact(seed: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            lines = asyncio.run(soak(Path(folder), seed, Course(), _log))
        except AssertionError as error:
            _log(f"seed {seed}: {error}")
            return False
    sys.stdout.write(as_text(lines))
    return not any(line.difference for line in lines)


def _log(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
