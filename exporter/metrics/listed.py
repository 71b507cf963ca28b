"""The assets that are published, each with what the metrics about it read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from exporter.ledger import Entry, Publication, RosterKey
from exporter.model import NO_TRAITS, Traits


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """A listed asset with its account's label, the newest hour in which it was used (None: never), and its traits."""

    account: str
    entry: Entry
    last_used: datetime | None
    traits: Traits = NO_TRAITS


AssetFacts = Sequence[ListedEntry]
"""The input of the asset metrics."""


def shown(listed: AssetFacts) -> Iterator[ListedEntry]:
    """Yield the assets that have series of their own."""
    return (each for each in listed if not each.entry.is_folded)


def listed_entries(publication: Publication) -> Iterator[ListedEntry]:
    """Yield the listed assets of the accounts that are published."""
    for account, roster in publication.assets.items():
        used: Mapping[RosterKey, datetime] = publication.used.get(account, {})
        traits = publication.traits.get(account, {})
        for entry in roster if account in publication.accounts else ():
            if entry.is_published:
                key = (entry.asset.kind, entry.asset.id)
                yield ListedEntry(publication.accounts[account], entry, used.get(key), traits.get(key, NO_TRAITS))
