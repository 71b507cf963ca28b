"""Which assets have series of their own; the others of an account are folded: published together as ``other``. Pure.

Only the exposition folds: rows, daily sums and costs stay those of each asset, and what an asset counts goes to the
series of its placement as always. So a change of places is like a change of names, and nothing ever falls.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from typing import NamedTuple

from exporter.ledger.roster import Entry, RosterKey
from exporter.model import MOST_ASSETS, OTHER

DECISIVE = 2
"""How many times more requests than the smallest an asset must have had, on each of the last days, to take its place.

So no place changes hands more often than every two days.
"""


class Use(NamedTuple):
    """The requests of an asset of late: in all, and on each of the last days that are over."""

    total: int = 0
    days: tuple[int, ...] = ()


UNUSED = Use()


@dataclass(frozen=True, slots=True)
class Competition:
    """What decides, where there are more assets than places.

    ``measure`` tells the use of assets, and is only called then; ``last_used`` is the newest hour with usage. Unless
    ``may_move``, assets that have been placed before stay as they are.
    """

    measure: Callable[[], Mapping[RosterKey, Use]]
    last_used: Mapping[RosterKey, datetime]
    may_move: bool = True
    most: int = MOST_ASSETS


NO_COMPETITION = Competition(dict, {})
"""That of assets of whose use nothing is known."""


def decide_folded(
    current: dict[RosterKey, Entry],
    before: Mapping[RosterKey, Entry],
    competition: Competition,
    most_of: Callable[[str], int],
) -> None:
    """Fold the smallest assets of each kind that has too many, and of the account; ``most_of`` is the limit of a kind.

    ``before`` is the roster as it has been published so far.
    """
    by_kind: dict[str, list[RosterKey]] = {}
    for key, entry in current.items():
        if entry.is_published and not entry.is_filtered:
            by_kind.setdefault(key[0], []).append(key)
    contest = _Contest(current, before, competition)
    allowed = [key for kind, keys in by_kind.items() for key in contest.choose(keys, most_of(kind))]
    own = contest.choose(allowed, competition.most)
    for keys in by_kind.values():
        for key in keys:
            is_folded = before[key].is_folded if contest.must_stay(key) else key not in own
            if current[key].is_folded is not is_folded:
                current[key] = replace(current[key], is_folded=is_folded)
        if any(current[key].is_folded for key in keys):
            _tell_apart(current, keys)


def _tell_apart(current: dict[RosterKey, Entry], keys: Collection[RosterKey]) -> None:
    """Give assets that are really called ``other`` their short id, for good."""
    for key in keys:
        if current[key].asset.name == OTHER and not current[key].suffixed:
            current[key] = replace(current[key], suffixed=True)


class _Contest:
    """The assets of an account, and what their places go by; use is measured once, and only if it is needed."""

    def __init__(
        self, current: Mapping[RosterKey, Entry], before: Mapping[RosterKey, Entry], competition: Competition
    ) -> None:
        self._current = current
        self._before = before
        self._competition = competition
        self._measured: Mapping[RosterKey, Use] | None = None

    def must_stay(self, key: RosterKey) -> bool:
        """Return whether an asset has to stay as it is."""
        return not self._competition.may_move and key in self._before and self._before[key].standing.is_there

    def choose(self, keys: Collection[RosterKey], most: int) -> frozenset[RosterKey]:
        """Return the assets that have series of their own: who has stays, but for one that is decisively larger."""
        if len(keys) <= most:
            return frozenset(keys)
        in_order = sorted(keys, key=self._rank)
        holders = [key for key in in_order if self._has_own(key)][:most]
        held = frozenset(holders)
        others = [key for key in in_order if key not in held]
        free = most - len(holders)
        own = {*holders, *others[:free]}
        smallest_last = [key for key in in_order if key in own]
        for challenger in others[free:]:
            if smallest_last and self._is_decisively_larger(challenger, smallest_last[-1]):
                own.discard(smallest_last.pop())
                own.add(challenger)
        return frozenset(own)

    def _use(self, key: RosterKey) -> Use:
        if self._measured is None:
            self._measured = self._competition.measure()
        return self._measured.get(key, UNUSED)

    def _rank(self, key: RosterKey) -> tuple[int, float, float, str]:
        """Return the sort key of an asset: the most used first, then the one used last, then the eldest."""
        entry = self._current[key]
        last_used = self._competition.last_used.get(key)
        born = entry.asset.created or entry.first_seen
        return (-self._use(key).total, -last_used.timestamp() if last_used else 0.0, born.timestamp(), key[1])

    def _has_own(self, key: RosterKey) -> bool:
        entry = self._before.get(key)
        return entry is not None and entry.standing.is_there and not entry.is_folded and not entry.is_filtered

    def _is_decisively_larger(self, key: RosterKey, other: RosterKey) -> bool:
        days, of_other = self._use(key).days, self._use(other).days
        pairs = zip_longest(days, of_other, fillvalue=0)
        return bool(days) and all(day > 0 and day >= DECISIVE * less for day, less in pairs)
