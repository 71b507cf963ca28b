"""Many short runs, shared out among the processors: a thousand random schedules, and every crash point."""

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial

from tests.exactness.crash_points import check_crash, undisturbed
from tests.exactness.schedules import BATCHES, check_schedules

SCHEDULES_OF_A_BATCH = 84
AT_A_TIME = 12


@dataclass(frozen=True)
class Run:
    """One short run: what it is about, and what raises an exception if that does not hold."""

    name: str
    check: Callable[[], None]


def schedules(seed: int) -> Iterator[Run]:
    """Return the schedules of a seed, the first of which are those that the tests follow."""
    for name in BATCHES:
        for first in range(0, SCHEDULES_OF_A_BATCH, AT_A_TIME):
            numbers = range(first, first + AT_A_TIME)
            yield Run(
                f"schedules '{name}' {first} to {numbers[-1]}", partial(check_schedules, name, seed, list(numbers))
            )


def crash_points() -> Iterator[Run]:
    """Return the crash points of a schedule, all of them."""
    for point in undisturbed().crash_points():
        place = "after" if point.is_committed else "before"
        yield Run(f"crash {place} write {point.write}", partial(check_crash, point))


def failures(runs: Iterable[Run], tell: Callable[[str], None]) -> int:
    """Carry runs out, tell how each ended, and return how many failed."""
    failed = 0
    with ProcessPoolExecutor(initializer=logging.disable, initargs=(logging.CRITICAL,)) as processes:
        pending = {processes.submit(run.check): run for run in runs}
        for done in as_completed(pending):
            error = done.exception()
            failed += error is not None
            notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
            tell(f"{pending[done].name}: {'exact' if error is None else f'{error!r}{notes}'}")
    return failed
