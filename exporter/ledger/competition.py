"""What is known of the assets of each account where they compete for series of their own."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Tallied, tally_id
from exporter.ledger.daily_filter import DailyFilter
from exporter.ledger.last_use import LastUse
from exporter.ledger.own_series import Competition, Use
from exporter.ledger.roster import RosterKey
from exporter.ledger.series import Birth, BirthHold
from exporter.ledger.store.change import LedgerChange
from exporter.ledger.store.store import Store
from exporter.ledger.unseen_growth import BEFORE
from exporter.model import DAY, HOUR

WEEK = 7 * DAY

PATIENCE = HOUR
"""How long a change of places waits for a scrape of what was counted before it."""

DECIDING_DAYS = 2
"""The number of days, the last that are over, by which places change hands."""


class _Measured(NamedTuple):
    at: datetime
    use: Mapping[RosterKey, Use]


class Competitions:
    """The use of the assets of each account over the last week, and whether all that they counted was scraped.

    An asset that changes places leaves its series, which takes with it what no scrape has seen; so it waits for one.
    """

    def __init__(self, store: Store, datasets: Iterable[Dataset], last_use: LastUse) -> None:
        self._store = store
        self._last_use = last_use
        self._kinds = {tally_id(dataset.kind, Tallied.REQUESTS): dataset.kind for dataset in datasets}
        self._measured: dict[str, _Measured] = {}
        self._growth: dict[str, Birth] = {}
        self._seen_at: dict[str, datetime] = {}

    def of_account(self, account_id: str, hold: BirthHold) -> Competition:
        """Return the competition in an account, by its ``hold``. Measuring raises CommitError."""
        return replace(self.among_new(account_id, hold.date), may_move=self._may_move(account_id, hold))

    def among_new(self, account_id: str, now: datetime) -> Competition:
        """Return the competition in which those who come anew get a place or none, and nobody else moves."""
        last_used = self._last_use.of_account(account_id)
        return Competition(lambda: self._measure(account_id, now), last_used, may_move=False)

    def take(self, change: LedgerChange, commit_number: int) -> None:
        """Record a committed change, by which series may have grown."""
        for key, made in (*change.books.items(), *change.costs.items()):
            self._growth[key.scope.account_id] = Birth(made.state.last_success, commit_number)

    def _may_move(self, account_id: str, hold: BirthHold) -> bool:
        """Return whether all growth was scraped; where that did not come about for an hour, it need not have been."""
        if hold.is_over(self._growth.get(account_id, BEFORE)):
            self._seen_at[account_id] = hold.date
            return True
        return hold.date - self._seen_at.setdefault(account_id, hold.date) > PATIENCE

    def _measure(self, account_id: str, now: datetime) -> Mapping[RosterKey, Use]:
        """Return the use of assets on the days of a week that is over; read once an hour, by Cloudflare's time."""
        known = self._measured.get(account_id)
        if known is None or not timedelta(0) <= now - known.at < HOUR:
            known = self._measured[account_id] = _Measured(now, self._read(account_id, now.date()))
        return known.use

    def _read(self, account_id: str, today: date) -> dict[RosterKey, Use]:
        wanted = DailyFilter(meters=frozenset(self._kinds))
        deciding = [today - number * DAY for number in range(1, DECIDING_DAYS + 1)]
        totals: Counter[RosterKey] = Counter()
        days: dict[RosterKey, Counter[date]] = {}
        for (day, asset, tally), amount in self._store.read_sums(account_id, today - WEEK, today, wanted):
            which = self._kinds[tally], asset
            totals[which] += amount
            if day in deciding:
                days.setdefault(which, Counter())[day] += amount
        return {
            which: Use(total, tuple(days[which][day] for day in deciding) if which in days else ())
            for which, total in totals.items()
        }
