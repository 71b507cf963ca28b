"""The ledger's file, read beside a running exporter: nothing is written, and the exporter is never blocked.

Everything is read as of one commit, even while further commits follow.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

from exporter.catalog.dataset import Dataset
from exporter.ledger.account_labels import EnrolledAccounts
from exporter.ledger.daily_filter import EVERYTHING, DailyFilter
from exporter.ledger.daily_sums import Metered, add_daily
from exporter.ledger.day_hours import DayHours, add_hours
from exporter.ledger.ended_books import EndedBooks
from exporter.ledger.false_time import shown_until
from exporter.ledger.loading import load_books, meter_stored_hours
from exporter.ledger.plans import plan_datasets
from exporter.ledger.publication import Publication, name_zones, publish_books, publish_list_costs
from exporter.ledger.roster import Entry, RosterKey
from exporter.ledger.store.loader import Loader
from exporter.ledger.store.read_only import open_read_only
from exporter.model import Account, DailyKey


class LedgerReader:
    """The content of a ledger at the time it was opened.

    Given the machine's time ``now``, no later time is shown: Cloudflare's, if the machine's clock was known to be off.
    """

    def __init__(self, loader: Loader, datasets: Iterable[Dataset], now: datetime | None = None) -> None:
        self._latest = now - loader.load_clock_offset() if now else None
        self._loader = loader
        self._datasets = {dataset.key: dataset for dataset in datasets}
        self._signatures = loader.load_signatures()
        self._accounts = EnrolledAccounts(loader.load_accounts())
        self._roster = loader.load_roster()

    def accounts(self) -> tuple[Account, ...]:
        """Return all accounts ever enrolled, with their real names."""
        return self._accounts.all()

    def labels(self) -> dict[str, str]:
        """Return the label of each account, by id."""
        return self._accounts.labels()

    def roster(self, account_id: str) -> Mapping[RosterKey, Entry]:
        """Return every asset ever seen of an account."""
        return self._roster.get(account_id, {})

    def billing(self) -> dict[str, str]:
        """Return the billing facts last stored of each account, by account id."""
        return self._loader.load_billing()

    def until(self, account_id: str) -> datetime | None:
        """Return the time until which the account's usage was asked."""
        known = self._loader.load_until().items()
        asked = (until for key, until in known if key.scope.account_id == account_id and key.dataset in self._datasets)
        until = max(asked, default=None)
        return until if until is None or self._latest is None else shown_until(until, self._latest)

    def settled_sums(
        self, account_id: str, since: date, until: date, wanted: DailyFilter = EVERYTHING
    ) -> Iterator[tuple[DailyKey, int]]:
        """Return the daily sums of [since, until) without open hours, one by one; a key may come more than once."""
        return self._loader.read_daily(account_id, since, until, wanted)

    def open_sums(self, account_id: str) -> dict[DailyKey, int]:
        """Return the amounts that open hours add to the daily sums."""
        sums: dict[DailyKey, int] = {}
        for metered in self._open_hours(account_id):
            add_daily(sums, metered.sums())
        return sums

    def hours(
        self, account_id: str, asset: str, since: date = date.min, until: date = date.max
    ) -> dict[DailyKey, DayHours]:
        """Return an asset's usage of each meter on each UTC day in [since, until) by hour, open hours included."""
        days = self._loader.load_hours(account_id, asset, since, until)
        for metered in self._open_hours(account_id):
            add_hours(days, metered.of(asset), since, until)
        return days

    def _open_hours(self, account_id: str) -> Iterator[Metered]:
        for key, (signature, _) in self._signatures.items():
            dataset = self._datasets.get(key.dataset)
            if key.scope.account_id == account_id and dataset is not None:
                yield meter_stored_hours(self._loader, key, dataset, signature)

    def publication(self, *, shows_assets: bool) -> Publication:
        """Return the publication of the last commit, without the windows, which are not stored.

        With ``shows_assets`` off, list cost is by project.
        """
        books = load_books(self._loader, plan_datasets(self._datasets.values()), 0).books
        return Publication(
            commit_number=0,
            accounts=self.labels(),
            books=publish_books(books.usage, books.gauges, self._roster, None, self._latest),
            assets={account: tuple(roster.values()) for account, roster in self._roster.items()},
            used=self._loader.load_used(),
            list_costs=publish_list_costs(books.list_costs, self._roster, with_assets=shows_assets),
            zones=name_zones(self._roster),
            gaps=EndedBooks(self._loader.load_ended()).gaps(),
        )

    def changed_at(self, account_id: str, since: date, until: date) -> int:
        """Return 0: nothing changes while this reader is open."""
        return 0


@contextmanager
def reading(folder: Path, datasets: Iterable[Dataset], now: datetime | None = None) -> Iterator[LedgerReader]:
    """Read the ledger of a state folder while the context lasts, with no time after ``now``. Raises StorageError."""
    with open_read_only(folder) as loader:
        yield LedgerReader(loader, datasets, now)
