"""What is wrong where an account has more assets than there may be series of, and no limit is configured for that."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from exporter.config.selection import Selection
from exporter.ledger import Publication
from exporter.logs import keys
from exporter.model import MOST_ASSETS, Account
from exporter.status import Problem

log = logging.getLogger(__name__)

ASSETS = "assets"
"""The part of these problems."""

REMEDY = "Set limits.assets to choose of which kinds fewer have series of their own; the API still shows each asset."


class FoldProblems:
    """The problems, each with the time at which it was first found; ``now`` returns the time."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._since: dict[str, datetime] = {}

    def find(self, publication: Publication, accounts: Iterable[Account], selection: Selection) -> list[Problem]:
        """Return the problems of the published accounts, and log those that were not there before."""
        found = dict(_faults(publication, accounts, selection))
        for account_id, detail in found.items():
            if account_id not in self._since:
                log.warning("%s %s", detail, REMEDY, extra=keys(account=account_id))
        self._since = {account_id: self._since.get(account_id, self._now()) for account_id in found}
        return [
            Problem(publication.accounts[account_id], ASSETS, "folded", self._since[account_id], detail, REMEDY)
            for account_id, detail in found.items()
        ]


def _faults(publication: Publication, accounts: Iterable[Account], selection: Selection) -> Iterator[tuple[str, str]]:
    """Yield the id of each account whose smallest assets are folded without being configured so, and what is wrong."""
    for account in accounts:
        roster = publication.assets.get(account.id, ()) if account.id in publication.accounts else ()
        folded = Counter(entry.asset.kind for entry in roster if entry.is_folded and entry.is_published)
        if not folded:
            continue
        own = Counter(entry.asset.kind for entry in roster if not entry.is_folded and entry.is_published)
        if own.total() >= MOST_ASSETS and any(own[kind] < selection.most_assets(kind, account) for kind in folded):
            yield (
                account.id,
                f"There are {own.total() + folded.total():,} assets: the {folded.total():,} smallest have no series of "
                f"their own and are published together as other, for there are series of {MOST_ASSETS:,} at most.",
            )
