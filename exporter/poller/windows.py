"""The question to ask of a dataset at a given minute, by its role. Pure."""

from datetime import datetime, timedelta

from exporter.catalog.entry import Dataset, Role
from exporter.ledger import LOOK_BACK
from exporter.model import HOUR, MINUTE, RETENTION, Question, Scope, floor_hour

WINDOW = timedelta(minutes=15)
WINDOW_DELAY = timedelta(minutes=5)
"""How long ago windows end: the newest minutes are not complete yet."""


def make_question(
    scope: Scope, dataset: Dataset, until: datetime, known_until: datetime | None, retention: timedelta = RETENTION
) -> Question:
    """Return the question to ask of a scope's dataset at the minute ``until``, as far back as ``retention`` allows.

    Usage is asked from its oldest open hour (or day), or for the running one if counting has not begun: any answer
    begins it. A state is asked from the newest known hour, a window for the 15 minutes that ended ``WINDOW_DELAY`` ago,
    or for the newest complete day or the running one. If that is out of reach the question is empty.
    """
    grain = dataset.asked_by
    oldest = grain.floor(until - retention) + grain.unit
    match dataset.role:
        case Role.USAGE:
            running = grain.floor(until - MINUTE)
            since = known_until if known_until is not None and known_until <= until else running
            return Question(scope, dataset.key, max(since, oldest), until)
        case Role.STATE:
            running = floor_hour(until)
            since = max(known_until or oldest, oldest, running - LOOK_BACK)
            return Question(scope, dataset.key, since, running + HOUR)
        case Role.WINDOW if dataset.is_of_day:
            start = grain.floor(until) - (timedelta(0) if dataset.is_running else grain.unit)
            end = start + grain.unit
            return Question(scope, dataset.key, start if start >= oldest else end, end)
        case _:
            end = until - WINDOW_DELAY
            return Question(scope, dataset.key, end - WINDOW, end)
