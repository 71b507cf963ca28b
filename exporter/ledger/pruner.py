"""The search for what can be pruned: at most once an hour and account, by Cloudflare's time, a batch a commit."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import islice

from exporter.ledger.books import Books
from exporter.ledger.daily_sums import KEPT_DAYS
from exporter.ledger.pruning import BATCH, Pruned, find_departed, find_unnamed
from exporter.ledger.roster import Entry, RosterKey
from exporter.ledger.store.store import Store
from exporter.model import HOUR


class Pruner:
    """Knows when it looks again at each account: at its next discovery after a full batch, or else in an hour."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._look_at: dict[str, datetime] = {}

    def find(self, account_id: str, roster: Mapping[RosterKey, Entry], books: Books, now: datetime) -> Pruned | None:
        """Return what can be pruned of an account; None if nothing can, or it is too soon.

        Raises CommitError.
        """
        if now < self._look_at.get(account_id, now):
            return None
        oldest = self._store.find_oldest_day(account_id)
        is_old = oldest is not None and oldest < now.date() - timedelta(days=KEPT_DAYS)
        assets = self._find_assets(account_id, roster, books, oldest, now)
        has_more = is_old or len(assets) == BATCH or self._store.has_forgotten(now)
        self._look_at[account_id] = now if has_more else now + HOUR
        if not has_more and not assets:
            return None
        return Pruned(account_id, now, assets, books.find_rows(account_id, assets), oldest if is_old else None)

    def _find_assets(
        self,
        account_id: str,
        roster: Mapping[RosterKey, Entry],
        books: Books,
        oldest: date | None,
        now: datetime,
    ) -> frozenset[RosterKey]:
        departed = find_departed(roster, now)
        if not departed:
            return frozenset()
        named = self._store.find_named(account_id, oldest or date.max)
        return frozenset(islice(find_unnamed(departed, named, books.held_assets(account_id, roster)), BATCH))
