"""How often a dataset of a scope is asked: by how recently it had data, in Cloudflare's time. Pure.

Questions reach back to the oldest open unit, so a slower pace loses nothing; an idle dataset that is used again is
known to be with its first rows, and asked at each refresh from then on.
"""

from datetime import datetime, timedelta
from enum import Enum, StrEnum

from exporter.catalog.dataset import Dataset
from exporter.model import DAY, HOUR, MINUTE

IN_USE_FOR = 2 * HOUR
"""How long after its newest data a dataset is asked at each refresh."""

KNOWN_FOR = DAY
"""How long after its newest data a dataset is asked at the slow pace before it is idle."""


EARLIEST = 2 * MINUTE
"""How long before its turn an idle dataset may take a free place."""


class Pace(StrEnum):
    """How often a dataset is asked; an ``IDLE`` one only by what needs no document of its own, if that can be."""

    EACH_REFRESH = "each refresh"
    SLOW = "slow"
    IDLE = "idle"


class Turn(Enum):
    """Whether a dataset is asked in a refresh; one that ``MAY`` be asked takes a free place of a document."""

    NOT_YET = 0
    MAY = 1
    MUST = 2


def pace_of(dataset: Dataset, newest: datetime | None, now: datetime) -> Pace:
    """Return the pace of a dataset with its ``newest`` data; None: it never had any.

    That time may be only the start of the unit that had rows, so it is taken for the end of that unit.
    """
    if newest is None:
        return Pace.IDLE
    age = now - (dataset.grain.floor(newest) + dataset.grain.unit)
    return Pace.EACH_REFRESH if age <= IN_USE_FOR else Pace.SLOW if age <= KNOWN_FOR else Pace.IDLE


def pause_of(dataset: Dataset, pace: Pace) -> timedelta:
    """Return the time between two questions about a dataset, if refreshes are not further apart."""
    return dataset.min_interval if pace is Pace.EACH_REFRESH else dataset.longest_interval


def turn_of(pace: Pace, pause: timedelta, answered: datetime | None, now: datetime, refresh: timedelta) -> Turn:
    """Return whether it is the turn of a dataset that was last ``answered`` at some time; None: never.

    A question that would be due before the middle of the time to the next refresh is asked in this one. An idle
    dataset may be asked a little earlier, so that those that were asked together spread over free places.
    """
    waited = None if answered is None else now - answered + refresh / 2
    if waited is None or waited >= pause:
        return Turn.MUST
    return Turn.MAY if pace is Pace.IDLE and waited >= pause - EARLIEST else Turn.NOT_YET
