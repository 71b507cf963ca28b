"""Prints expected, got and difference of every metric after 24 bad hours. Exits 1 if one differs, or ever fell."""

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from soak.run import Course, soak
from soak.table import as_text


def main() -> int:
    """Run, print, and give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="decides traffic, faults and their order (default: 1)")
    seed = parser.parse_args().seed
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        try:
            lines = asyncio.run(soak(Path(folder), seed, Course(), _tell))
        except AssertionError as error:
            _tell(f"seed {seed}: {error}")
            return 1
    sys.stdout.write(as_text(lines))
    return 1 if any(line.difference for line in lines) else 0


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
