"""Series that left: a label set that comes back soon goes on from the amount that it had. Pure.

What left is kept outside memory, by names: a later catalog may have its metric in another position.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from exporter.model import Placement

REMEMBERED = timedelta(days=35)
"""How long the amount of a series is kept after it left: longer than any month."""


class SeriesName(NamedTuple):
    """The names that tell a series from all others, now and in later releases.

    ``account`` is a label, which another account may bear later, and ``metric`` the name that signatures have.
    """

    account: str
    dataset: str
    project: str
    asset: str
    metric: str
    values: tuple[str, ...]


class Departure(NamedTuple):
    """What a book loses at a time of Cloudflare's: all series of some placements, and some ``series`` of others.

    ``label`` is that of the account; of a series there is the placement, the metric's position and its labels.
    """

    label: str
    at: datetime
    placements: frozenset[Placement]
    series: frozenset[tuple[Placement, tuple[int, tuple[str, ...]]]] = frozenset()


Recall = Callable[[Collection[SeriesName], datetime], Mapping[SeriesName, int]]
"""Returns the amounts of those of some series that left, but not too long before a time."""


def recall_once(recall: Recall) -> Recall:
    """Return what recalls each series for the first book that asks: two zones may share a label set."""
    taken: set[SeriesName] = set()

    def recall_others(wanted: Collection[SeriesName], at: datetime) -> Mapping[SeriesName, int]:
        found = recall([name for name in wanted if name not in taken], at)
        taken.update(found)
        return found

    return recall_others
