"""The question to ask of a dataset at a given minute, by its role. Pure."""

from datetime import datetime, timedelta

from exporter.catalog.entry import Dataset, Role
from exporter.cloudflare import RETENTION
from exporter.ledger import LOOK_BACK
from exporter.model import HOUR, MINUTE, Question, floor_hour

WINDOW = timedelta(minutes=15)
WINDOW_DELAY = timedelta(minutes=5)
"""How long ago windows end: the newest minutes are not complete yet."""


def make_question(
    dataset: Dataset, until: datetime, known_until: datetime | None, retention: timedelta = RETENTION
) -> Question:
    """Return the question to ask of a dataset at the minute ``until``, as far back as ``retention`` allows.

    Usage is asked from its oldest open hour, or for the running hour if counting has not begun: any answer begins it.
    A state is asked from the newest known hour, a window for the 15 minutes that ended ``WINDOW_DELAY`` ago.
    """
    oldest = floor_hour(until - retention) + HOUR
    match dataset.role:
        case Role.USAGE:
            return Question(dataset.key, max(known_until or floor_hour(until - MINUTE), oldest), until)
        case Role.STATE:
            running = floor_hour(until)
            return Question(dataset.key, max(known_until or oldest, oldest, running - LOOK_BACK), running + HOUR)
        case _:
            end = until - WINDOW_DELAY
            return Question(dataset.key, end - WINDOW, end)
