"""The fuzzes of the tests, with a hundred times as many examples, which a seed chooses."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from soak.many import Run
from tests import fuzz
from tests.fuzz.budget import FACTOR_VARIABLE

TIMES = 100
"""How many times as many examples are tried as in the tests: a minute there is an hour here, on two processors."""

FOLDER = Path(fuzz.__file__).parent


def fuzzes(seed: int) -> Iterator[Run]:
    """Return a run for each file of fuzzes."""
    for file in sorted(FOLDER.glob("test_*.py")):
        yield Run(f"fuzz of {file.stem.removeprefix('test_')}", partial(check_fuzz, file, seed))


def check_fuzz(file: Path, seed: int, times: int = TIMES) -> None:
    """Try a file's properties in a process of its own; raise AssertionError with its output if one does not hold."""
    options = ["-q", "-p", "no:cacheprovider", "--timeout=0", "--show-capture=no", f"--hypothesis-seed={seed}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(file)],
        env=os.environ | {FACTOR_VARIABLE: str(times)},
        cwd=FOLDER.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        error = AssertionError(f"pytest ended with {done.returncode}")
        error.add_note(f"{done.stdout}{done.stderr}")
        error.add_note(f"again: {FACTOR_VARIABLE}={times} python -m pytest {' '.join(options)} {file}")
        raise error
