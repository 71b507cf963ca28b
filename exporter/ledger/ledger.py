"""The ledger's interface: open it, apply discoveries and answers, read the publication.

Every change is computed beside the state, committed in one transaction, and only then applied in memory: a failed
commit changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from exporter.catalog.dataset import Dataset
from exporter.ledger.account_labels import EnrolledAccounts
from exporter.ledger.account_sums import AccountSums
from exporter.ledger.audit import DayChange
from exporter.ledger.audit_schedule import DayPart, DayTask, Horizon, Portion
from exporter.ledger.books import Books
from exporter.ledger.chosen_books import ChosenBooks
from exporter.ledger.closed_days import ClosedDays, gather_late
from exporter.ledger.competition import Competitions
from exporter.ledger.counter_books import ApplyContext
from exporter.ledger.daily_filter import EVERYTHING, DailyFilter
from exporter.ledger.day_hours import DayHours
from exporter.ledger.ended_books import EndedBooks
from exporter.ledger.false_time import TOLERANCE
from exporter.ledger.inheritance import find_heirs
from exporter.ledger.last_use import LastUse
from exporter.ledger.left_series import Departure, recall_once
from exporter.ledger.left_words import LeftWords
from exporter.ledger.list_cost import Tariffs
from exporter.ledger.loading import load_books, retire_changed
from exporter.ledger.named_by_usage import find_met
from exporter.ledger.own_series import Competition
from exporter.ledger.plans import plan_datasets
from exporter.ledger.projects import ProjectRules
from exporter.ledger.pruner import Pruner
from exporter.ledger.publication import Publication, name_zones
from exporter.ledger.roster import Entry, RosterKey, Standing
from exporter.ledger.rosters import Rosters, find_gone_zones
from exporter.ledger.series import BirthHold
from exporter.ledger.store.change import LedgerChange
from exporter.ledger.store.database import is_damage
from exporter.ledger.store.store import Store
from exporter.ledger.traits import KnownTraits
from exporter.ledger.unseen_growth import UnseenGrowth
from exporter.model import Account, Answer, BookKey, Choice, DailyKey, DayProgress, Inventory, Placement, Rows, Scope


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """The result of applying answers. ``strangers`` are the assets (kind, id) that wait for a discovery."""

    strangers: frozenset[RosterKey]
    gaps: Mapping[BookKey, timedelta]


class Ledger:
    """The exact totals of all accounts. Not safe for concurrent use: one caller at a time."""

    def __init__(self, store: Store, datasets: Iterable[Dataset], tariffs: Tariffs | None = None) -> None:
        self.commit_number = 1
        self._store = store
        known = tuple(datasets)
        self._plans = plan_datasets(known)
        self._accounts = EnrolledAccounts(store.load_accounts())
        self._rosters = Rosters(store.load_roster())
        self._traits = KnownTraits()
        self._last_use = LastUse(store.load_used())
        self._billing = store.load_billing()
        self._clock_offset = store.load_clock_offset()
        self._days = ClosedDays(store)
        self._pruner = Pruner(store)
        self._ended = EndedBooks(store.load_ended())
        self._chosen = ChosenBooks(self._plans, store.load_chosen())
        self._left_words = LeftWords()
        self._first_lists: dict[str, datetime] = {}
        self._unseen = UnseenGrowth(self._plans, self._rosters.all())
        self._competitions = Competitions(store, known, self._last_use)
        loaded = load_books(store, self._plans, self.commit_number)
        self._books = Books(self._plans, loaded.books, tariffs)
        self._sums = AccountSums(store, self._books.usage)
        retired = retire_changed(store, self._plans, self._days)
        if retired or loaded.carried or loaded.carried_gauges:
            self._commit(LedgerChange(retired=retired, carried=loaded.carried, carried_gauges=loaded.carried_gauges))

    @classmethod
    def open(cls, folder: Path | None, datasets: Iterable[Dataset], tariffs: Tariffs | None = None) -> "Ledger":
        """Open or begin the ledger in a folder (None: in memory); a file with invalid content is set aside.

        With ``tariffs`` it also counts list cost. Raises StorageError.
        """
        store, known = Store(folder), tuple(datasets)
        try:
            with store.checking():
                ledger = cls(store, known, tariffs)
            ledger._books.check(ledger._rosters.all())
            return ledger
        except Exception as error:
            if folder is None or not is_damage(error):
                store.close()
                raise
            store.start_over(f"{type(error).__name__}: {error}")
            return cls(store, known, tariffs)

    def show_cost_of_assets(self, is_wanted: bool) -> None:
        """Publish list cost by asset, or by project only."""
        self._books.costs.show_assets(is_wanted)

    def close(self) -> None:
        """Close the file and release the folder."""
        self._store.close()

    def size(self) -> int:
        """Return the size of the ledger in bytes."""
        return self._store.size()

    def accounts(self) -> tuple[Account, ...]:
        """Return all accounts ever enrolled, with their real names."""
        return self._accounts.all()

    def labels(self) -> dict[str, str]:
        """Return the label of each account, by id."""
        return self._accounts.labels()

    def enroll(self, accounts: Sequence[Account], alias: Mapping[str, str] = MappingProxyType({})) -> None:
        """Enroll accounts; their label is their ``alias`` (label by id) or else their name. Raises CommitError."""
        changed = self._accounts.enroll(accounts, alias)
        if changed:
            left = self._books.find_placements(self._accounts.find_relabeled(changed))
            self._commit(LedgerChange(accounts=changed, left=self._departures(left)))

    def roster(self, account_id: str) -> Mapping[RosterKey, Entry]:
        """Return every asset ever seen of an account."""
        return self._rosters.of_account(account_id)

    def has_roster(self, account_id: str) -> bool:
        """Return whether a discovery of this account was ever applied."""
        return self._rosters.is_discovered(account_id)

    def apply_discovery(self, inventory: Inventory, rules: ProjectRules, scraped: int) -> None:
        """Apply a discovery: names, projects, births and departures; prune now and then. Raises CommitError.

        ``scraped`` is the newest commit that a ``/metrics`` request was answered with.
        """
        account_id = inventory.account.id
        hold = BirthHold(inventory.date, scraped, self._first_lists.setdefault(account_id, inventory.date))
        competition = self._competitions.of_account(account_id, hold)
        self._place(inventory, rules, competition, self._unseen.find(account_id, hold))
        self._end_words(account_id, hold)
        self._rosters.take_failures(inventory)
        self._traits.take(inventory, self.roster(account_id))
        pruned = self._pruner.find(account_id, self.roster(account_id), self._books, inventory.date)
        if pruned is not None:
            self._commit(LedgerChange(pruned=pruned))

    def name_assets(self, inventory: Inventory, rules: ProjectRules) -> None:
        """Give names and projects to what usage names, between two discoveries. Raises CommitError."""
        self._place(inventory, rules, self._competitions.among_new(inventory.account.id, inventory.date))

    def _place(
        self,
        inventory: Inventory,
        rules: ProjectRules,
        competition: Competition,
        unseen: frozenset[RosterKey] = frozenset(),
    ) -> None:
        """Give names and projects to what an inventory lists and what usage names.

        Assets whose growth is ``unseen`` by a scrape stay.
        """
        account_id = inventory.account.id
        busy, seen = self._books.busy_assets(account_id) | unseen, self._seen(inventory)
        found = self._rosters.discover(inventory, busy, seen, rules, competition)
        changed = self._rosters.find_moved(inventory) | ({account_id: found} if found else {})
        if changed:
            left: dict[BookKey, frozenset[Placement]] = {}
            for account, entries in changed.items():
                left |= self._books.find_left(account, self._rosters.find_vacated(account, entries))
            ended = self._books.end_zones(find_gone_zones(changed), inventory.date)
            heirs = find_heirs(self._books.counters(), ended.keys(), left)
            departures = self._departures(left | heirs.left, inventory.date)
            self._commit(LedgerChange(roster=changed, left=departures, retired=ended, inherited=heirs.inherited))

    def _end_words(self, account_id: str, hold: BirthHold) -> None:
        """End the series of words that limited labels keep no more."""
        books = self._books.usage.of_account(account_id)
        label = self._accounts.label(account_id)
        ended = self._left_words.find(books, self._chosen, hold)
        if ended:
            left = {key: Departure(label, hold.date, frozenset(), series) for key, series in ended.items()}
            self._commit(LedgerChange(left=left))

    def open_from(self, scope: Scope, dataset: str) -> datetime | None:
        """Return the start of the next question; None if the dataset has not begun.

        Usage is asked from its oldest open hour, a state from the newest known hour.
        """
        return self._books.open_from(BookKey(scope, dataset))

    def newest(self, scope: Scope, dataset: str) -> datetime | None:
        """Return the newest minute or hour for which a dataset had data; None if there was none."""
        state = self._books.state(BookKey(scope, dataset))
        return state.newest if state else None

    def choices(self, scope: Scope, dataset: str, since: datetime, until: datetime) -> tuple[Choice, ...]:
        """Return which words the limited label of a dataset keeps at some time in [since, until), oldest first."""
        return self._chosen.of(BookKey(scope, dataset)).within(since, until)

    def lacks_ranking(self, scope: Scope, dataset: str, day: date) -> bool:
        """Return whether the words of a closed day are to be ranked."""
        return self._chosen.lacks(BookKey(scope, dataset), day, self._books.usage)

    def answered_at(self, scope: Scope, dataset: str) -> datetime | None:
        """Return when Cloudflare last answered for a dataset, by its own clock; None if it has not."""
        state = self._books.state(BookKey(scope, dataset))
        return state.last_success if state else None

    def until(self, account_id: str) -> datetime | None:
        """Return the newest time until which any dataset of the account was asked."""
        return self._books.usage.until(account_id)

    def is_ahead(self, account_id: str, now: datetime) -> bool:
        """Return whether an account's books hold times of the future; ``now`` is Cloudflare's."""
        return bool(self._books.find_ahead(account_id, now))

    def bring_back(self, account_id: str, now: datetime) -> None:
        """Bring an account's books back from the future, without counting anything twice. Raises CommitError."""
        ahead = self._books.find_ahead(account_id, now)
        self._commit(self._books.bring_back(ahead, self._days.marks(), now))

    def apply(self, account_id: str, answers: Sequence[Answer], scraped: int) -> ApplyResult:
        """Apply the answers of one refresh in one transaction, but for those about zones that left. Raises CommitError.

        ``scraped`` is the newest commit that a ``/metrics`` request was answered with.
        """
        change = LedgerChange(used={account_id: {}})
        context = self._context(account_id, scraped)
        for answer in answers:
            if self._rosters.has_left(answer.question.scope) or answer.question.is_ranking:
                continue
            dataset = self._plans.datasets[answer.question.dataset].dataset
            context = self._meet(change, context, dataset.kind, answer.hours, answer.date)
            self._books.apply(change, answer, context)
            if dataset.is_counted:
                self._last_use.add(change, account_id, dataset.kind, answer)
        self._ended.begin(change, [key for key in change.books if self._books.usage.find(key) is None])
        self._chosen.rank(change, answers, self._books.usage)
        self._commit(change)
        for answer in answers:
            kind = self._plans.datasets[answer.question.dataset].dataset.kind
            self._rosters.learn_names(account_id, kind, answer.names)
        return ApplyResult(
            strangers=frozenset(key for key, entry in context.roster.items() if entry.standing is Standing.STRANGER),
            gaps={key: made.gap for key, made in change.books.items()},
        )

    def find_day_tasks(
        self, scope: Scope, dataset: Dataset, now: datetime, retention: timedelta
    ) -> tuple[list[DayTask], DayProgress]:
        """Return the tasks of the closed days of a scope's dataset, and their progress."""
        key = BookKey(scope, dataset.key)
        book = self._books.usage.find(key)
        tasks, progress = self._days.find_tasks(key, dataset, book.state if book else None, Horizon(now, retention))
        chosen = self._chosen.of(key)
        return [task.choosing(chosen.within(task.question.since, task.question.until)) for task in tasks], progress

    def count_rows(self, scope: Scope, dataset: str) -> int:
        """Return an upper estimate of the rows in one day of a dataset: states have a row per hour."""
        return self._books.count_rows(BookKey(scope, dataset))

    def apply_days(self, account_id: str, answers: Sequence[tuple[DayPart, Answer]], scraped: int) -> list[DayChange]:
        """Apply answers about closed days in one transaction; return the changes of each. Raises CommitError.

        The days of zones that left are final.
        """
        change = LedgerChange()
        context = self._context(account_id, scraped)
        for part, answer in answers:
            key = answer.question.book
            if self._rosters.has_left(key.scope):
                continue
            dataset, book = self._plans.datasets[key.dataset].dataset, self._books.usage.find(key)
            is_audit = part.part is Portion.COUNTED and not self._days.lacks(key, dataset, part)
            said = self._books.usage.fold(key, answer) if is_audit else answer
            change.days.setdefault(key, []).append(self._days.judge(key, dataset, part, said, book))
        for key, days in change.days.items():
            late = gather_late(days)
            if self._books.usage.find(key) is not None and (late.rows or late.revisions):
                kind = self._plans.datasets[key.dataset].dataset.kind
                context = self._meet(change, context, kind, late.rows, late.date)
                self._books.add_late(change, key, late, context)
        self._commit(change)
        return [day for days in change.days.values() for day in days]

    def reset_counters(self) -> None:
        """Drop all totals and series, so that counting restarts from zero; daily sums and names stay."""
        retired = self._days.retire_all(self._books.counters())
        self._commit(LedgerChange(retired=retired, forgets_left=True))

    def record_billing(self, account_id: str, facts: str) -> None:
        """Store the account's billing facts. Raises CommitError."""
        if self._billing.get(account_id) != facts:
            self._commit(LedgerChange(billing={account_id: facts}))

    def is_clock_offset_known(self, offset: timedelta) -> bool:
        """Return whether the stored offset of the machine's clock is about this one."""
        return abs(offset - self._clock_offset) <= TOLERANCE

    def record_clock_offset(self, offset: timedelta) -> None:
        """Store how far the machine's clock is ahead of Cloudflare's time. Raises CommitError.

        Commands that read the file by the machine's clock alone tell by it which stored times are of the future.
        """
        self._commit(LedgerChange(clock_offset=offset))

    def billing(self) -> dict[str, str]:
        """Return the billing facts last stored of each account, by account id."""
        return dict(self._billing)

    def daily_sums(self, account_id: str, since: date = date.min, until: date = date.max) -> dict[DailyKey, int]:
        """Return each asset's usage of each meter on each UTC day in [since, until), open hours included."""
        return self._sums.read(account_id, since, until)

    def hours(
        self, account_id: str, asset: str, since: date = date.min, until: date = date.max
    ) -> dict[DailyKey, DayHours]:
        """Return an asset's usage of each meter on each UTC day in [since, until) by hour, open hours included.

        The hours of the newest day and the 31 before it are kept; of an older day all is ``rest``. Raises StorageError.
        """
        return self._sums.read_hours(account_id, asset, since, until)

    def settled_sums(
        self, account_id: str, since: date, until: date, wanted: DailyFilter = EVERYTHING
    ) -> Iterator[tuple[DailyKey, int]]:
        """Return the daily sums of [since, until) without open hours, one by one; a key may come more than once.

        Raises StorageError.
        """
        return self._store.read_settled(account_id, since, until, wanted)

    def open_sums(self, account_id: str) -> Mapping[DailyKey, int]:
        """Return the amounts that open hours add to the daily sums; computed once per commit."""
        return self._sums.of_open_hours(account_id)

    def changed_at(self, account_id: str, since: date, until: date) -> int:
        """Return the commit in which settled sums of [since, until) last changed since this process started."""
        return self._sums.changed_at(account_id, since, until)

    def totals(self, scope: Scope, dataset: str) -> dict[tuple[str, tuple[str, ...]], tuple[int, ...]]:
        """Return the total of each row of a scope's dataset since its start, per field."""
        book = self._books.usage.find(BookKey(scope, dataset))
        return {key: row.total for key, row in book.rows.items()} if book else {}

    def publication(
        self,
        now: datetime | None = None,
        list_life: timedelta | None = None,
        latest: datetime | None = None,
    ) -> Publication:
        """Return the publication of the last commit.

        Windows that are too old at ``now`` are left out, and what a list said longer than ``list_life`` ago. No time
        after ``latest`` is shown: a file may hold one that a false clock put into the future.
        """
        rosters = self._rosters.all()
        return Publication(
            commit_number=self.commit_number,
            accounts=self.labels(),
            books=self._books.publish(rosters, now, latest),
            assets={account: tuple(roster.values()) for account, roster in rosters.items()},
            used=self._last_use.all(),
            list_costs=self._books.costs.publish(rosters),
            zones=name_zones(rosters),
            gaps=self._ended.gaps(),
            traits=self._traits.publish(now, list_life),
        )

    def _seen(self, inventory: Inventory) -> Mapping[RosterKey, datetime]:
        """Return the newest time at which usage or a reading named an asset, as far as kinds without a list need it."""
        if not inventory.named:
            return {}
        seen = self._books.newest_readings(inventory.account.id)
        for key, hour in self._last_use.of_account(inventory.account.id).items():
            seen[key] = max(hour, seen.get(key, hour))
        return seen

    def _context(self, account_id: str, scraped: int) -> ApplyContext:
        roster, label = self._rosters.of_account(account_id), self._accounts.label(account_id)
        return ApplyContext(account_id, roster, scraped, self.commit_number + 1, label, recall_once(self._store.recall))

    def _departures(
        self, left: Mapping[BookKey, frozenset[Placement]], at: datetime | None = None
    ) -> dict[BookKey, Departure]:
        """Return how placements leave their books at a time; without one, when each book was last answered."""
        counters = self._books.counters()
        return {
            key: Departure(self._accounts.label(key.scope.account_id), at or state.last_success, placements)
            for key, placements in left.items()
            if (state := counters[key].state) is not None
        }

    def _meet(
        self,
        change: LedgerChange,
        context: ApplyContext,
        kind: str,
        hours: Mapping[datetime, Rows],
        date: datetime,
    ) -> ApplyContext:
        """Add assets of a kind that appear in some rows for the first time, or are used again, to a change and the
        context.
        """
        assets = find_met(context.roster, kind, hours)
        met = self._rosters.meet(context.account_id, kind, context.roster, assets, date)
        if not met:
            return context
        change.roster.setdefault(context.account_id, {}).update(met)
        return context._replace(roster={**context.roster, **met})

    def _commit(self, change: LedgerChange) -> None:
        """Write a change in one transaction, then apply it in memory. Raises CommitError, and nothing has changed."""
        self._store.commit(change, self._books.find_signatures(change), self._books.find_touched(change))
        self.commit_number += 1
        self._accounts.take(change)
        self._rosters.take(change)
        self._books.take(change)
        self._last_use.take(change)
        self._days.take(change)
        self._ended.take(change)
        self._chosen.take(change)
        self._unseen.take(change, self._rosters.all(), self.commit_number)
        self._competitions.take(change, self.commit_number)
        self._left_words.take(change, self._books.usage.all(), self.commit_number)
        self._sums.take(change, self.commit_number)
        self._billing |= change.billing
        if change.clock_offset is not None:
            self._clock_offset = change.clock_offset
