"""Print every figure as one JSON object: name -> value, unit, bound, ok. Exit 1 if a bound is exceeded.

Each figure is also written to standard error as soon as it is known.
"""

import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.accounts import measure_accounts
from bench.api import measure_api
from bench.exactness import measure_exactness
from bench.figure import Figure, as_document
from bench.forecast import measure_forecast
from bench.idle import measure_idle
from bench.load import Load, counts_for, measure_load
from bench.requests import measure_discovery, measure_refreshes


def measure(folder: Path) -> Iterator[Figure]:
    """Yield every figure, which takes a quarter of an hour on two cores."""
    load = Load()
    counts = asyncio.run(counts_for(load.series, folder / "small"))
    yield from measure_load(folder, counts, load)
    yield from asyncio.run(measure_refreshes(folder / "refreshes"))
    yield from asyncio.run(measure_idle(folder / "idle"))
    yield from asyncio.run(measure_accounts(folder / "accounts"))
    yield from asyncio.run(measure_discovery(folder / "discovery"))
    yield from asyncio.run(measure_api(folder / "api"))
    yield from asyncio.run(measure_exactness(folder / "exactness"))
    yield from measure_forecast()


def main() -> int:
    """Measure, print, and return the exit code."""
    logging.disable(logging.CRITICAL)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for figure in measure(Path(folder)):
            sys.stderr.write(f"{figure.as_line()}\n")
            figures.append(figure)
    sys.stdout.write(json.dumps(as_document(figures), indent=2) + "\n")
    return 0 if all(figure.is_ok for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
