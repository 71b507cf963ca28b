"""How many examples a fuzz tries: few that are always the same in the tests, many that a seed chooses in the soak."""

import os
from collections.abc import Callable

from hypothesis import HealthCheck, settings

FACTOR_VARIABLE = "FUZZ_FACTOR"
"""The environment variable that says how many times as many examples are tried as in the tests."""

FACTOR = int(os.environ.get(FACTOR_VARIABLE, "1"))


def fuzzed(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Settings of a property that is tried on so many examples in the tests."""
    return settings(
        max_examples=examples * FACTOR,
        derandomize=FACTOR == 1,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
