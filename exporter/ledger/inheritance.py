"""The series of books that end whose label sets others share: a zone of the same name, or the cost of a project. Pure.

What is published under a label set is the sum over the books of its account, which must not fall.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from exporter.ledger.counters import Counters
from exporter.ledger.series import Series, SeriesKey
from exporter.model import BookKey, Placement

Inherited = dict[BookKey, dict[tuple[Placement, SeriesKey], Series]]
"""The series that books take over, with what they have themselves, by book."""


class Inheritance(NamedTuple):
    """What goes from books that end to others, and the placements that leave with them for no other has them."""

    inherited: Inherited
    left: dict[BookKey, frozenset[Placement]]


def find_heirs(
    counters: Mapping[BookKey, Counters], ended: Collection[BookKey], left: Mapping[BookKey, frozenset[Placement]]
) -> Inheritance:
    """Return what becomes of the series of books that end, those that ``left`` with their placements apart."""
    found = Inheritance({}, {})
    for key in counters.keys() & ended:
        alike = [other for other in counters if _is_alike(key, other) and other not in ended]
        gone = set(left.get(key, ()))
        for placement, there in counters[key].series.items():
            heir = next((other for other in alike if placement in counters[other].series), None)
            if placement in gone:
                continue
            if heir is None:
                gone.add(placement)
                continue
            has, taken = counters[heir].series[placement], found.inherited.setdefault(heir, {})
            for which, series in there.items():
                known = taken.get((placement, which)) or has.get(which) or Series(0, series.birth)
                taken[placement, which] = known._replace(amount=known.amount + series.amount)
        if gone:
            found.left[key] = frozenset(gone)
    return found


def _is_alike(key: BookKey, other: BookKey) -> bool:
    return (key.scope.account_id, key.dataset) == (other.scope.account_id, other.dataset)
