"""What to ask of a dataset at a given minute, by its role. Pure."""

from datetime import datetime, timedelta

from exporter.catalog.entry import Dataset, Role
from exporter.cloudflare import RETENTION
from exporter.ledger import LOOK_BACK
from exporter.model import HOUR, MINUTE, Question, floor_hour

WINDOW = timedelta(minutes=15)
WINDOW_DELAY = timedelta(minutes=5)
"""Windows end this long ago: the newest minutes are not whole yet."""


def make_question(
    dataset: Dataset, until: datetime, known_until: datetime | None, retention: timedelta = RETENTION
) -> Question:
    """Return what to ask of a dataset at the minute ``until``, as far back as ``retention`` allows.

    Usage is asked from its oldest open hour; if it has not begun, the running hour: only that it answers counts, for
    then it begins. A state is asked from the newest hour known, a window for the newest whole quarter of an hour.
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
