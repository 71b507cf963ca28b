"""The seeds of random schedules."""

import os

FIXED_SEED = 1

SEED_VARIABLE = "SCHEDULE_SEED"
"""Sets another seed for the schedules that are fresh."""


def fresh_seed() -> int:
    """Return the seed of the environment, else that of the fixed schedules."""
    return int(os.environ.get(SEED_VARIABLE) or FIXED_SEED)
