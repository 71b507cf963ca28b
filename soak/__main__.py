"""Print the expected and the actual value of every metric after 24 hours of faults. Exit 1 if one differs or fell."""

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from soak.run import Course, soak
from soak.table import as_text


def main() -> int:
    """Run, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="seed of traffic, faults and their order (default: 1)")
    seed = parser.parse_args().seed
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        try:
            lines = asyncio.run(soak(Path(folder), seed, Course(), _log))
        except AssertionError as error:
            _log(f"seed {seed}: {error}")
            return 1
    sys.stdout.write(as_text(lines))
    return 1 if any(line.difference for line in lines) else 0


def _log(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
