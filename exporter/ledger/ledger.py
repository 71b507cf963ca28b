"""The ledger as its users see it: open it, tell it what discovery and analytics said, read what to publish.

Every change is computed beside the state, committed in one transaction, and only then taken over in memory: if the
commit fails, nothing has happened.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from exporter.catalog.entry import Dataset, Role
from exporter.ledger.account_labels import label_accounts
from exporter.ledger.audit import DayChange
from exporter.ledger.audit_schedule import DayPart, DayTask, Horizon, start_of
from exporter.ledger.closed_days import ClosedDays
from exporter.ledger.counters import (
    CounterChange,
    Counters,
    LateUsage,
    PublishContext,
    add_late,
    advance,
    meter_open_hours,
    start_counters,
)
from exporter.ledger.daily_filter import EVERYTHING, DailyFilter
from exporter.ledger.daily_sums import add_daily
from exporter.ledger.gauges import GaugeChange, Gauges, presence, read
from exporter.ledger.list_cost import ListCosts, Tariffs, has_list_cost, is_list_cost, key_of, list_cost_of
from exporter.ledger.publication import Publication, newly_used, publish_books, publish_list_costs
from exporter.ledger.roster import (
    Entry,
    ProjectRules,
    RosterKey,
    Standing,
    apply_discovery,
    place_row,
    register_strangers,
)
from exporter.ledger.series import SeriesPlan
from exporter.ledger.store.database import is_damage
from exporter.ledger.store.store import Store
from exporter.ledger.store.writer import LedgerChange, Retirement
from exporter.model import Account, Answer, BookKey, DailyKey, DayProgress, Inventory, ListingFailure, Placement


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """What applying answers came to. ``strangers`` are the ids (kind, id) that wait for a discovery."""

    strangers: frozenset[RosterKey]
    gaps: Mapping[str, timedelta]


class Ledger:
    """The exact totals of all accounts. Not safe for concurrent use: one caller at a time."""

    def __init__(self, store: Store, datasets: Iterable[Dataset], tariffs: Tariffs | None = None) -> None:
        known = tuple(datasets)
        self._store = store
        self._list_costs = ListCosts(tariffs)
        self._plans = {
            dataset.key: SeriesPlan(dataset) for dataset in (*known, *map(list_cost_of, filter(has_list_cost, known)))
        }
        self._accounts = store.load_accounts()
        self._roster = store.load_roster()
        self._unlistable: dict[str, frozenset[str]] = {}
        self._books: dict[BookKey, Counters] = {}
        self._readings: dict[BookKey, Gauges] = {}
        self._used = store.load_used()
        self._billing = store.load_billing()
        self._days = ClosedDays(store)
        self._day_changes: dict[str, dict[date, int]] = {}
        self._open_sums: dict[str, tuple[int, dict[DailyKey, int]]] = {}
        self.commit_number = 1
        self._load()

    @classmethod
    def open(cls, folder: Path | None, datasets: Iterable[Dataset], tariffs: Tariffs | None = None) -> "Ledger":
        """Open or begin the ledger in a folder (None: in memory); one that makes no sense is set aside.

        With ``tariffs`` it counts what usage costs at list price. Raises StorageError.
        """
        store, known = Store(folder), tuple(datasets)
        try:
            store.check()
            ledger = cls(store, known, tariffs)
            ledger._check()
            return ledger
        except Exception as error:
            if folder is None or not is_damage(error):
                store.close()
                raise
            store.start_over(f"{type(error).__name__}: {error}")
            return cls(store, known, tariffs)

    def show_cost_of_assets(self, is_wanted: bool) -> None:
        """Let list cost be told for each asset, or only for the projects."""
        self._list_costs.shows_assets = is_wanted

    def close(self) -> None:
        """Close the file and give up the folder."""
        self._store.close()

    def size(self) -> int:
        """Return the bytes that the ledger takes."""
        return self._store.size()

    def accounts(self) -> tuple[Account, ...]:
        """Return the accounts that were ever enrolled, with their real names."""
        return tuple(Account(account_id, name) for account_id, (name, _) in self._accounts.items())

    def labels(self) -> dict[str, str]:
        """Return the label of each account, by id."""
        return {account_id: label for account_id, (_, label) in self._accounts.items()}

    def enroll(self, accounts: Sequence[Account], alias: Mapping[str, str] = MappingProxyType({})) -> None:
        """Learn which accounts there are, and how they are called: by ``alias`` (id to label), else by their name."""
        change = LedgerChange(accounts=label_accounts(self._accounts, accounts, alias))
        for account_id, (_, label) in change.accounts.items():
            if account_id in self._accounts and self._accounts[account_id][1] != label:
                for key in self._books_of(account_id):
                    change.left[key] = frozenset(self._books[key].series)
        if change.accounts:
            self._commit(change)
            self._accounts = self._accounts | change.accounts

    def has_roster(self, account_id: str) -> bool:
        """Return whether a discovery of this account was ever taken over."""
        roster = self._roster.get(account_id, {})
        return account_id in self._unlistable or any(
            entry.standing is not Standing.STRANGER for entry in roster.values()
        )

    def apply_discovery(self, inventory: Inventory, rules: ProjectRules) -> None:
        """Take a discovery over: names, projects, births and departures. Raises CommitError."""
        account_id = inventory.account.id
        roster = self._roster.get(account_id, {})
        busy = self._busy_assets(account_id)
        changed = apply_discovery(roster, inventory, lambda kind, asset_id: (kind, asset_id) in busy, rules)
        merged = roster | changed
        change = LedgerChange(roster={account_id: changed})
        for key in self._books_of(account_id):
            kind = self._books[key].dataset.kind
            moved = {
                roster[which].placement
                for which, entry in changed.items()
                if which[0] == kind and which in roster and roster[which].placement != entry.placement
            }
            kept = {entry.placement for which, entry in merged.items() if which[0] == kind}
            left = frozenset(placement for placement in moved - kept if placement is not None)
            if left & self._books[key].series.keys():
                change.left[key] = left
        if changed or change.left:
            self._commit(change)
        self._roster[account_id] = merged
        self._unlistable[account_id] = frozenset(
            kind for kind, found in inventory.listings.items() if isinstance(found, ListingFailure) and found.final
        )

    def open_from(self, account_id: str, dataset: str) -> datetime | None:
        """Return where the next question has to start; None if the dataset has not begun.

        Usage is asked from its oldest open hour, a state from the newest hour that is known.
        """
        book = self._books.get((account_id, dataset))
        if book and book.state:
            return book.state.open_from
        reading = self._readings.get((account_id, dataset))
        return reading.state.newest if reading and reading.state else None

    def until(self, account_id: str) -> datetime | None:
        """Return the newest moment up to which any dataset of the account was asked."""
        states = [self._books[key].state for key in self._books_of(account_id) if not is_list_cost(key[1])]
        return max((state.until for state in states if state), default=None)

    def apply(self, account_id: str, answers: Sequence[Answer], scraped: int) -> ApplyResult:
        """Apply the answers of one refresh in one transaction. Raises CommitError.

        ``scraped`` is the newest commit that a ``/metrics`` request has been answered with.
        """
        roster = dict(self._roster.get(account_id, {}))
        change = LedgerChange()
        for answer in answers:
            plan = self._plans[answer.question.dataset]
            assets = {asset for rows in answer.hours.values() for asset, _ in rows}
            self._meet(change, roster, (account_id, plan.dataset.kind), assets, answer.date)
            key = (account_id, plan.dataset.key)
            if plan.dataset.role is Role.USAGE:
                change.books[key] = self._advance(account_id, roster, answer, plan, scraped)
                used = change.used.setdefault(account_id, {})
                used |= newly_used(plan.dataset.kind, answer, self._used.get(account_id, {}) | used)
            else:
                change.readings[key] = self._read(account_id, roster, answer, plan)
            levels = change.readings[key].levels if key in change.readings else {}
            cost_book = self._books.get((account_id, key_of(plan.dataset.key)))
            in_money = self._list_costs.answer(account_id, plan.dataset, answer, levels, cost_book)
            if in_money is not None:
                costs = self._plans[in_money.question.dataset]
                advanced = self._advance(account_id, roster, in_money, costs, scraped)
                # No audit compares money: it prices what the audit of the usage finds.
                change.books[account_id, costs.dataset.key] = replace(advanced, kept={})
        self._commit(change)
        self._merge(change, account_id, roster)
        for key, reading_change in change.readings.items():
            self._readings.setdefault(key, Gauges(self._plans[key[1]])).merge(reading_change)
        self._used.setdefault(account_id, {}).update(change.used.get(account_id, {}))
        return ApplyResult(
            strangers=frozenset(key for key, entry in roster.items() if entry.standing is Standing.STRANGER),
            gaps={dataset: made.gap for (_, dataset), made in change.books.items() if not is_list_cost(dataset)},
        )

    def record_billing(self, account_id: str, facts: str) -> None:
        """Put down what the account's billing is known to be. Raises CommitError."""
        if self._billing.get(account_id) != facts:
            self._commit(LedgerChange(billing={account_id: facts}))
            self._billing[account_id] = facts

    def billing(self) -> dict[str, str]:
        """Return what was last put down of each account's billing, by id."""
        return dict(self._billing)

    def find_day_tasks(
        self, account_id: str, dataset: Dataset, now: datetime, retention: timedelta
    ) -> tuple[list[DayTask], DayProgress]:
        """Return what is to be asked of the closed days of a dataset, and how far they have come."""
        key = (account_id, dataset.key)
        book = self._books.get(key)
        return self._days.find_tasks(key, dataset, book.state if book else None, Horizon(now, retention))

    def count_rows(self, account_id: str, dataset: str) -> int:
        """Return the most rows that a day of a dataset can have, as far as is known: stored states come by the hour."""
        book, reading = self._books.get((account_id, dataset)), self._readings.get((account_id, dataset))
        return len(book.rows) if book else 24 * len(reading.rows) if reading else 0

    def apply_days(self, account_id: str, answers: Sequence[tuple[DayPart, Answer]], scraped: int) -> list[DayChange]:
        """Apply answers about closed days in one transaction; gives what became of each. Raises CommitError."""
        roster = dict(self._roster.get(account_id, {}))
        change = LedgerChange()
        for part, answer in answers:
            key = (account_id, answer.question.dataset)
            dataset = self._plans[key[1]].dataset
            change.days.setdefault(key, []).append(self._days.judge(key, dataset, part, answer, self._books.get(key)))
        for key, days in change.days.items():
            self._add_late(change, roster, key, days, scraped)
        self._commit(change)
        self._merge(change, account_id, roster)
        self._days.take(change.days)
        return [day for days in change.days.values() for day in days]

    def _add_late(
        self,
        change: LedgerChange,
        roster: dict[RosterKey, Entry],
        key: BookKey,
        days: Sequence[DayChange],
        scraped: int,
    ) -> None:
        """Let the counters have what the audits of some days found."""
        book = self._books.get(key)
        late = LateUsage(
            {start_of(day.part.day): day.late for day in days if day.late},
            sum(day.revisions for day in days),
            max(day.mark.answered for day in days),
        )
        if book is None or book.state is None or not (late.rows or late.revisions):
            return
        assets = {asset for rows in late.rows.values() for asset, _ in rows}
        self._meet(change, roster, (key[0], book.dataset.kind), assets, late.date)
        change.books[key] = add_late(book, book.state, late, self._publish_context(book, roster, set(assets), scraped))
        costs, in_money = (
            self._books.get((key[0], key_of(key[1]))),
            self._list_costs.price(key[0], book.dataset, late.rows),
        )
        if costs is not None and costs.state is not None and in_money:
            context = self._publish_context(costs, roster, assets, scraped)
            change.books[key[0], costs.dataset.key] = add_late(
                costs, costs.state, LateUsage(in_money, 0, late.date), context
            )

    def reset_counters(self) -> None:
        """Forget all totals and series, so that counting starts anew; daily sums and names stay."""
        retired = {
            key: self._days.retire(key, book.state.start, meter_open_hours(book.dataset, book.open))
            for key, book in self._books.items()
            if book.state is not None
        }
        self._commit(LedgerChange(retired=retired))
        self._days.take_retired(retired)
        self._books.clear()

    def _meet(
        self,
        change: LedgerChange,
        roster: dict[RosterKey, Entry],
        where: tuple[str, str],
        assets: set[str],
        date: datetime,
    ) -> None:
        """Add the assets of an account and kind that are met for the first time to a roster and a change."""
        account_id, kind = where
        met = register_strangers(roster, kind, assets, date, kind in self._unlistable.get(account_id, ()))
        roster |= met
        change.roster.setdefault(account_id, {}).update(met)

    def _merge(self, change: LedgerChange, account_id: str, roster: dict[RosterKey, Entry]) -> None:
        """Take over in memory what was committed of an account."""
        if change.roster.get(account_id):
            self._roster[account_id] = roster
        for key, book_change in change.books.items():
            self._books.setdefault(key, Counters(self._plans[key[1]])).merge(book_change)

    def daily_sums(self, account_id: str, since: date = date.min, until: date = date.max) -> dict[DailyKey, int]:
        """Return what each asset used of each meter on each UTC day in [since, until), open hours included."""
        sums = self._store.load_daily(account_id, since, until)
        add_daily(sums, self.open_sums(account_id), since, until)
        return sums

    def settled_sums(
        self, account_id: str, since: date, until: date, wanted: DailyFilter = EVERYTHING
    ) -> Iterator[tuple[DailyKey, int]]:
        """Return the daily sums of [since, until) without open hours, one by one; a key may come more than once.

        Raises StorageError.
        """
        return self._store.read_settled(account_id, since, until, wanted)

    def open_sums(self, account_id: str) -> Mapping[DailyKey, int]:
        """Return what open hours add to the daily sums; worked out once for each commit."""
        commit_number, known = self._open_sums.get(account_id, (0, {}))
        if commit_number == self.commit_number:
            return known
        sums: dict[DailyKey, int] = {}
        for book in [self._books[key] for key in self._books_of(account_id)]:
            add_daily(sums, meter_open_hours(book.dataset, book.open))
        self._open_sums[account_id] = (self.commit_number, sums)
        return sums

    def roster(self, account_id: str) -> Mapping[RosterKey, Entry]:
        """Return every asset that was ever seen of an account."""
        return self._roster.get(account_id, {})

    def changed_at(self, account_id: str, since: date, until: date) -> int:
        """Return the commit in which settled sums of [since, until) last changed, as far as this process knows."""
        changes = self._day_changes.get(account_id, {})
        return max((commit_number for day, commit_number in changes.items() if since <= day < until), default=0)

    def totals(self, account_id: str, dataset: str) -> dict[tuple[str, tuple[str, ...]], tuple[int, ...]]:
        """Return the total of each row of a dataset since its start, per field."""
        book = self._books.get((account_id, dataset))
        return {key: row.total for key, row in book.rows.items()} if book else {}

    def publication(self, now: datetime | None = None) -> Publication:
        """Return what is to be published after the last commit; windows that are old by ``now`` are left out."""
        return Publication(
            commit_number=self.commit_number,
            accounts=self.labels(),
            books=publish_books(self._books, self._readings, self._roster, now),
            assets={account: tuple(roster.values()) for account, roster in self._roster.items()},
            used={account: dict(used) for account, used in self._used.items()},
            list_costs=publish_list_costs(self._books, with_assets=self._list_costs.shows_assets),
        )

    def _read(
        self, account_id: str, roster: Mapping[RosterKey, Entry], answer: Answer, plan: SeriesPlan
    ) -> GaugeChange:
        book = self._readings.get((account_id, plan.dataset.key)) or Gauges(plan)
        return read(book, answer, lambda asset: presence(plan.dataset.kind, asset, roster))

    def _advance(
        self, account_id: str, roster: Mapping[RosterKey, Entry], answer: Answer, plan: SeriesPlan, scraped: int
    ) -> CounterChange:
        book = self._books.get((account_id, plan.dataset.key))
        if book is None or book.state is None:
            return start_counters(plan, answer, _listed(roster, plan.dataset.kind), self.commit_number + 1)
        assets = {asset for rows in answer.hours.values() for asset, _ in rows}
        assets |= {asset for hour in book.open.values() for asset, _ in hour.rows}
        return advance(book, book.state, answer, self._publish_context(book, roster, assets, scraped))

    def _publish_context(
        self, book: Counters, roster: Mapping[RosterKey, Entry], assets: set[str], scraped: int
    ) -> PublishContext:
        kind = book.dataset.kind
        assets |= {asset for asset, _ in book.waiting}
        placed = {asset: place_row(kind, asset, roster) for asset in assets}
        placements = {asset: placement for asset, placement in placed.items() if placement is not None}
        if is_list_cost(book.dataset.key):
            placements = self._list_costs.place(placements)
        return PublishContext(placements, _listed(roster, kind), scraped, self.commit_number + 1)

    def _commit(self, change: LedgerChange) -> None:
        signatures = {key: self._plans[key[1]].dataset.signature for key in (*change.books, *change.readings)}
        self._store.commit(change, signatures, self._books)
        self.commit_number += 1
        for account_id, day in change.touched_days():
            self._day_changes.setdefault(account_id, {})[day] = self.commit_number
        for key, placements in change.left.items():
            self._books[key].drop_series(placements)

    def _books_of(self, account_id: str) -> list[BookKey]:
        return [key for key in self._books if key[0] == account_id]

    def _busy_assets(self, account_id: str) -> set[RosterKey]:
        return {
            (self._books[key].dataset.kind, asset)
            for key in self._books_of(account_id)
            if not is_list_cost(key[1])
            for hour in self._books[key].open.values()
            for (asset, _), amounts in hour.rows.items()
            if any(amounts)
        }

    def _check(self) -> None:
        """Raise LookupError or ValueError if a series does not fit its metric."""
        publication = self.publication()
        for book in (*publication.books, *publication.list_costs):
            for _, key, _ in book.series:
                metric = book.dataset.metrics[key.metric]
                if len(key.values) != len(metric.labels) + bool(metric.split):
                    raise ValueError(f"a series of {metric.name} has the labels of another")

    def _load(self) -> None:
        """Load every book that was kept as the catalog now has it; the others end, and start anew."""
        kept = self._store.load_gauges({key: plan.dataset.signature for key, plan in self._plans.items()})
        for key, (state, rows) in kept.items():
            self._readings[key] = Gauges(self._plans[key[1]], state, rows)
        retired: dict[BookKey, Retirement] = {}
        for key, (signature, start) in self._store.load_signatures().items():
            plan = self._plans.get(key[1])
            if plan is not None and plan.dataset.signature == signature:
                self._books[key] = self._store.load_book(key, plan, self.commit_number)
            elif plan is not None and plan.dataset.can_read(signature):
                open_hours = self._store.load_open_hours(key)
                retired[key] = self._days.retire(key, start, meter_open_hours(plan.dataset, open_hours))
            else:
                retired[key] = self._days.retire(key, start, {})
        if retired:
            self._commit(LedgerChange(retired=retired))
            self._days.take_retired(retired)


def _listed(roster: Mapping[RosterKey, Entry], kind: str) -> list[Placement]:
    """Return the placements of all known assets of a kind."""
    placements = {
        entry.placement for entry in roster.values() if entry.asset.kind == kind and entry.standing is Standing.LISTED
    }
    return [placement for placement in placements if placement is not None]
