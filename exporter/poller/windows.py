"""The question to ask of a dataset at a given minute, by its role. Pure."""

from datetime import datetime, timedelta

from exporter.catalog.entry import Dataset, Role
from exporter.cloudflare import RETENTION
from exporter.ledger import LOOK_BACK
from exporter.model import HOUR, MINUTE, Question, Scope, floor_hour

WINDOW = timedelta(minutes=15)
WINDOW_DELAY = timedelta(minutes=5)
"""How long ago windows end: the newest minutes are not complete yet."""


def make_question(
    scope: Scope, dataset: Dataset, until: datetime, known_until: datetime | None, retention: timedelta = RETENTION
) -> Question:
    """Return the question to ask of a scope's dataset at the minute ``until``, as far back as ``retention`` allows.

    Usage is asked from its oldest open hour, or for the running hour if counting has not begun: any answer begins it.
    A state is asked from the newest known hour, a window for the 15 minutes that ended ``WINDOW_DELAY`` ago.
    """
    oldest = floor_hour(until - retention) + HOUR
    match dataset.role:
        case Role.USAGE:
            since = max(known_until or floor_hour(until - MINUTE), oldest)
            return Question(scope, dataset.key, since, until)
        case Role.STATE:
            running = floor_hour(until)
            since = max(known_until or oldest, oldest, running - LOOK_BACK)
            return Question(scope, dataset.key, since, running + HOUR)
        case _:
            end = until - WINDOW_DELAY
            return Question(scope, dataset.key, end - WINDOW, end)
