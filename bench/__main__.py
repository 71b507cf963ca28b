"""Print every figure as one JSON object: name -> value, unit, bound, ok. Exit 1 if a bound is exceeded."""

import asyncio
import json
import logging
import sys
import tempfile
from pathlib import Path

from bench.api import measure_api
from bench.exactness import measure_exactness
from bench.figure import Figure, as_document
from bench.forecast import measure_forecast
from bench.load import Load, counts_for, measure_load
from bench.requests import measure_discovery, measure_refreshes


def measure(folder: Path) -> list[Figure]:
    """Measure everything, which takes some minutes on two cores."""
    load = Load()
    counts = asyncio.run(counts_for(load.series, folder / "small"))
    return [
        *measure_load(folder, counts, load),
        *asyncio.run(measure_refreshes(folder / "refreshes")),
        *asyncio.run(measure_discovery(folder / "discovery")),
        *asyncio.run(measure_api(folder / "api")),
        *asyncio.run(measure_exactness(folder / "exactness")),
        *measure_forecast(),
    ]


def main() -> int:
    """Measure, print, and return the exit code."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder))
    sys.stdout.write(json.dumps(as_document(figures), indent=2) + "\n")
    return 0 if all(figure.is_ok for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
