"""The loops: discovery and refresh of every account. The only error boundary: a fault ends here, as a status.

One turn asks every account that is not still busy; what they said is committed account by account and published once.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from exporter.catalog.entry import Dataset
from exporter.clock import Clock
from exporter.cloudflare import (
    Analytics,
    CloudflareError,
    CloudflareTime,
    Discovery,
    Forbidden,
    Refused,
    RequestTally,
)
from exporter.ledger import Ledger
from exporter.ledger.roster import RosterKey
from exporter.ledger.store import CommitError
from exporter.model import (
    HOUR,
    MINUTE,
    Account,
    AccountStatus,
    Answer,
    DatasetStatus,
    ExporterStatus,
    Question,
    Snapshot,
    floor_hour,
    floor_minute,
)
from exporter.snapshot import Board, SnapshotBuilder

log = logging.getLogger(__name__)

RETENTION = timedelta(days=31)
"""How far back the datasets can be asked; the products' analytics pages give 31 days."""

EARLY_DISCOVERY = timedelta(minutes=1)
"""Strangers, and lists that failed, are looked into no more often than this."""

PATIENT_DISCOVERIES = 5
"""How many discoveries in a row may be incomplete before the first one is taken as it is."""


@dataclass(frozen=True, slots=True)
class Principal:
    """One token's way of asking: ``wanted`` limits it to some account ids, ``name`` stands for it in messages."""

    name: str
    wanted: tuple[str, ...]
    discovery: Discovery
    analytics: Analytics


@dataclass(slots=True)
class _AccountState:
    """What the poller remembers of an account between turns; times are monotonic seconds."""

    account: Account
    principal: Principal
    status: AccountStatus
    discover_at: float = float("-inf")
    discovered_at: float = float("-inf")
    discoveries: int = 0
    datasets: dict[str, DatasetStatus] = field(default_factory=dict)
    ask_again_at: dict[str, float] = field(default_factory=dict)
    looked_into: set[RosterKey] = field(default_factory=set)
    is_busy: bool = False


class Poller:
    """Turns: list accounts, discover assets, ask for usage, commit, publish."""

    def __init__(
        self,
        principals: Sequence[Principal],
        datasets: Sequence[Dataset],
        ledger: Ledger,
        board: Board,
        builder: SnapshotBuilder,
        *,
        clock: Clock,
        time: CloudflareTime,
        tally: RequestTally,
        refresh: timedelta,
        discovery: timedelta,
        on_publish: Callable[[Snapshot], None],
    ) -> None:
        self._principals = principals
        self._datasets = {dataset.name: dataset for dataset in datasets}
        self._ledger = ledger
        self._board = board
        self._builder = builder
        self._clock = clock
        self._time = time
        self._tally = tally
        self._refresh = refresh
        self._discovery = discovery
        self._on_publish = on_publish
        self._accounts: dict[str, _AccountState] = {}
        self._unknown: dict[str, AccountStatus] = {}
        self._list_at: dict[str, float] = {}
        self._revisions: Counter[tuple[str, str]] = Counter()
        self._gaps: dict[tuple[str, str], timedelta] = {}
        self._commit_failures = 0
        self._ledger_lock = asyncio.Lock()
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Turn until cancelled."""
        while True:
            started = self._clock.monotonic()
            await self.turn(longest_wait=self._refresh.total_seconds())
            elapsed = self._clock.monotonic() - started
            await self._clock.sleep(max(self._refresh.total_seconds() - elapsed, 0.0))

    async def stop(self) -> None:
        """Cancel what is being asked, and wait for a commit that is under way."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        async with self._ledger_lock:
            pass

    async def turn(self, longest_wait: float | None = None) -> None:
        """Ask every account once and publish; an account that takes longer is published with a later turn."""
        await self._list_accounts()
        started = [asyncio.create_task(self._turn(state)) for state in self._accounts.values() if not state.is_busy]
        self._running.update(started)
        for task in started:
            task.add_done_callback(self._running.discard)
        if started:
            await asyncio.wait(started, timeout=longest_wait)
        await self.publish()
        self._board.turned_at = self._clock.monotonic()

    async def publish(self) -> None:
        """Build and hang out the snapshot of the ledger's last commit."""
        async with self._ledger_lock:
            snapshot = await asyncio.to_thread(self._build)
        self._board.snapshot = snapshot

    def _build(self) -> Snapshot:
        snapshot = self._builder.build(self._ledger.publication(), self._status(), self._clock.now())
        self._on_publish(snapshot)
        return snapshot

    async def _list_accounts(self) -> None:
        for principal in self._principals:
            now = self._clock.monotonic()
            if now < self._list_at.get(principal.name, float("-inf")):
                continue
            try:
                accounts = await principal.discovery.accounts(principal.wanted)
                async with self._ledger_lock:
                    await asyncio.to_thread(self._ledger.enroll, accounts)
            except (CloudflareError, CommitError) as error:
                self._list_failed(principal, error)
                continue
            self._list_at[principal.name] = now + self._discovery.total_seconds()
            self._listed(principal, accounts)

    def _listed(self, principal: Principal, accounts: Sequence[Account]) -> None:
        self._unknown.pop(principal.name, None)
        if not accounts:
            detail = f"{principal.name} sees no account. Give it 'Account Settings Read', or name the account ids."
            self._note_unknown(principal, detail)
        for account in accounts:
            known = self._accounts.get(account.id)
            if known is None:
                self._accounts[account.id] = _AccountState(account, principal, AccountStatus(account.id, False, "new"))
            elif known.principal is principal:
                known.account = account
        for account_id, state in list(self._accounts.items()):
            if state.principal is principal and account_id not in {account.id for account in accounts}:
                log.warning("account %s is no longer listed for %s", account_id, principal.name)
                del self._accounts[account_id]

    def _list_failed(self, principal: Principal, error: CloudflareError | CommitError) -> None:
        """Ask again with the next turn; accounts that are known go on meanwhile."""
        if isinstance(error, CommitError):
            self._commit_failures += 1
        self._note_unknown(principal, str(error))

    def _note_unknown(self, principal: Principal, detail: str) -> None:
        known = self._unknown.get(principal.name)
        if known is None or known.detail != detail:
            log.warning("%s", detail)
        self._unknown[principal.name] = AccountStatus("", False, detail, principal.name)

    async def _turn(self, state: _AccountState) -> None:
        state.is_busy = True
        try:
            await self._discover_if_due(state)
            await self._refresh_account(state)
        except CloudflareError as error:
            self._note(state, AccountStatus(state.account.id, False, str(error)))
        except CommitError as error:
            self._commit_failures += 1
            self._note(state, AccountStatus(state.account.id, False, str(error)))
        except Exception:
            log.exception("the turn of account %s failed; it is tried again", state.account.id)
            self._note(state, AccountStatus(state.account.id, False, "An error of the exporter's own; see its log."))
        finally:
            state.is_busy = False

    async def _discover_if_due(self, state: _AccountState) -> None:
        now = self._clock.monotonic()
        if now < state.discover_at:
            return
        state.discover_at = now + EARLY_DISCOVERY.total_seconds()
        state.discovered_at = now
        inventory = await state.principal.discovery.assets(state.account)
        state.discoveries += 1
        async with self._ledger_lock:
            is_first = not self._ledger.has_roster(state.account.id)
            if is_first and not inventory.is_settled and state.discoveries < PATIENT_DISCOVERIES:
                return
            await asyncio.to_thread(self._ledger.enlist, inventory)
        if inventory.is_settled:
            state.discover_at = now + self._discovery.total_seconds()

    async def _refresh_account(self, state: _AccountState) -> None:
        now = self._time.now()
        if now is None:
            return
        questions = self._questions(state, now)
        if not questions:
            return
        outcomes = await state.principal.analytics.ask(state.account, questions)
        answers = [outcome for outcome in outcomes.values() if isinstance(outcome, Answer)]
        if answers:
            async with self._ledger_lock:
                applied = await asyncio.to_thread(
                    self._ledger.apply, state.account.id, answers, self._board.scraped_revision
                )
            self._count(state.account.id, applied.revisions, applied.gaps)
            self._look_into(state, applied.strangers)
        self._note_outcomes(state, outcomes)

    def _questions(self, state: _AccountState, now: datetime) -> list[tuple[Dataset, Question]]:
        """Give what to ask: each dataset from its oldest open hour to the current minute.

        A dataset that has not begun is asked for the running hour: only that it answers counts, for then it begins.
        """
        account_id = state.account.id
        until = max(filter(None, (floor_minute(now), self._ledger.until(account_id))))
        oldest = floor_hour(now - RETENTION) + HOUR
        questions: list[tuple[Dataset, Question]] = []
        for name, dataset in self._datasets.items():
            if self._clock.monotonic() < state.ask_again_at.get(name, float("-inf")):
                continue
            since = self._ledger.open_from(account_id, name) or floor_hour(until - MINUTE)
            since = max(since, oldest)
            if since < until:
                questions.append((dataset, Question(name, since, until)))
        return questions

    def _count(self, account_id: str, revisions: Mapping[str, int], gaps: Mapping[str, timedelta]) -> None:
        for dataset, count in revisions.items():
            self._revisions[account_id, dataset] += count
        for dataset, gap in gaps.items():
            self._gaps[account_id, dataset] = self._gaps.get((account_id, dataset), timedelta(0)) + gap
            if gap:
                log.warning("%s of account %s: %s went by unasked and can no longer be asked", dataset, account_id, gap)

    def _look_into(self, state: _AccountState, strangers: frozenset[RosterKey]) -> None:
        """Bring the next discovery forward for ids that none was made for yet."""
        if strangers - state.looked_into:
            state.discover_at = min(state.discover_at, state.discovered_at + EARLY_DISCOVERY.total_seconds())
        state.looked_into = set(strangers)

    def _note_outcomes(self, state: _AccountState, outcomes: Mapping[str, Answer | CloudflareError]) -> None:
        account_id = state.account.id
        for name, outcome in outcomes.items():
            if isinstance(outcome, Answer):
                status = DatasetStatus(account_id, name, "ok")
            else:
                is_final = isinstance(outcome, Forbidden | Refused)
                word = "unavailable" if is_final else "failing"
                status = DatasetStatus(account_id, name, word, outcome.outcome, str(outcome))
                if is_final:
                    state.ask_again_at[name] = self._clock.monotonic() + self._discovery.total_seconds()
            if status != state.datasets.get(name, DatasetStatus(account_id, name, "ok")):
                log.log(
                    logging.INFO if status.state == "ok" else logging.WARNING, "%s", status.detail or f"{name} is ok"
                )
            state.datasets[name] = status
        errors = [outcome for outcome in outcomes.values() if isinstance(outcome, CloudflareError)]
        is_up = len(errors) < len(outcomes)
        self._note(state, AccountStatus(account_id, is_up, "" if is_up else str(errors[0])))

    def _note(self, state: _AccountState, status: AccountStatus) -> None:
        if status != state.status:
            word = "up" if status.is_up else "down"
            level = logging.INFO if status.is_up else logging.WARNING
            log.log(level, "account %s (%s) is %s. %s", state.account.name, state.account.id, word, status.detail)
        state.status = status

    def _status(self) -> ExporterStatus:
        accounts = [state.status for state in self._accounts.values()]
        for account_id in self._ledger.publication().accounts:
            if account_id not in self._accounts:
                accounts.append(AccountStatus(account_id, False, "No token lists this account now."))
        return ExporterStatus(
            accounts=(*accounts, *self._unknown.values()),
            datasets=tuple(status for state in self._accounts.values() for status in state.datasets.values()),
            api_requests=self._tally.counts(),
            revisions=dict(self._revisions),
            gaps=dict(self._gaps),
            page_splits=sum(principal.analytics.splits.count for principal in self._principals),
            commit_failures=self._commit_failures,
            storage_bytes=self._ledger.size(),
            refresh_interval=self._refresh,
            discovery_interval=self._discovery,
            clock_offset=self._time.offset(),
        )
