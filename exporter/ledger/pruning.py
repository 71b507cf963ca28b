"""Pruning: an asset that left long ago is forgotten once nothing names it any more. Pure.

Its series have left before. What it counted as ``(unlisted)`` stays there: a series does not change when a row that fed
it goes, and an asset that appears again counts on from there.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from exporter.ledger.left_series import REMEMBERED
from exporter.ledger.roster import Entry, RosterKey
from exporter.model import BookKey

BATCH = 300
"""The number of assets, and of series that left, that one commit forgets at most."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one commit forgets: of an account its ``assets``, and from ``books`` the rows and readings of asset ids.

    ``day`` is a day whose daily sums are too old; with series that left too long before ``now`` a batch goes as well.
    """

    account_id: str
    now: datetime
    assets: frozenset[RosterKey]
    books: Mapping[BookKey, frozenset[str]]
    day: date | None


def find_departed(roster: Mapping[RosterKey, Entry], now: datetime) -> list[RosterKey]:
    """Return the assets that left, or turned out to be in no list, too long ago for their series to come back."""
    return [
        key
        for key, entry in roster.items()
        if entry.standing.has_left and entry.unlisted_since is not None and now - entry.unlisted_since > REMEMBERED
    ]


def find_unnamed(
    departed: Collection[RosterKey], named: Collection[str], held: Collection[RosterKey]
) -> Iterator[RosterKey]:
    """Yield the assets that neither daily sums or kept rows name, by id, nor open hours, waiting rows or readings."""
    return (key for key in departed if key[1] not in named and key not in held)
