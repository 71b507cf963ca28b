"""The daily sums of all accounts: the stored ones, and the amounts that open hours add."""

from collections.abc import Mapping
from datetime import date

from exporter.ledger.counter_books import CounterBooks
from exporter.ledger.daily_sums import add_daily
from exporter.ledger.day_hours import DayHours, add_hours
from exporter.ledger.store.change import LedgerChange
from exporter.ledger.store.store import Store
from exporter.model import DailyKey


class AccountSums:
    """The daily sums of the file and the open hours, and the commit in which those of a day last changed."""

    def __init__(self, store: Store, counters: CounterBooks) -> None:
        self._store = store
        self._counters = counters
        self._open: dict[str, dict[DailyKey, int]] = {}
        self._changes: dict[str, dict[date, int]] = {}

    def read(self, account_id: str, since: date, until: date) -> dict[DailyKey, int]:
        """Return each asset's usage of each meter on each UTC day in [since, until), open hours included."""
        sums = self._store.load_daily(account_id, since, until)
        add_daily(sums, self.of_open_hours(account_id), since, until)
        return sums

    def of_open_hours(self, account_id: str) -> Mapping[DailyKey, int]:
        """Return the amounts that open hours add to the daily sums; computed once per commit."""
        sums = self._open.get(account_id)
        if sums is None:
            sums = self._open[account_id] = self._counters.open_sums(account_id)
        return sums

    def read_hours(self, account_id: str, asset: str, since: date, until: date) -> dict[DailyKey, DayHours]:
        """Return an asset's usage of each meter on each UTC day in [since, until) by hour, open hours included."""
        days = self._store.read_hours(account_id, asset, since, until)
        for amounts in self._counters.open_hours(account_id, asset):
            add_hours(days, amounts, since, until)
        return days

    def changed_at(self, account_id: str, since: date, until: date) -> int:
        """Return the commit in which settled sums of [since, until) last changed since this process started."""
        changes = self._changes.get(account_id, {})
        return max((commit_number for day, commit_number in changes.items() if since <= day < until), default=0)

    def take(self, change: LedgerChange, commit_number: int) -> None:
        """Apply a committed change, after the counters have."""
        self._open.clear()
        for account_id, day in change.touched_days():
            self._changes.setdefault(account_id, {})[day] = commit_number
