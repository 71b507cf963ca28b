"""One account's turn: discover its assets when that is due, ask for its usage, commit what was said.

Part of the error boundary: a fault of Cloudflare's or of the ledger ends here, as a status and one log line a change.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from exporter.catalog.entry import Dataset
from exporter.clock import Clock
from exporter.cloudflare import Analytics, CloudflareError, CloudflareTime, Discovery, Forbidden, Refused
from exporter.ledger import CommitError, Ledger, RosterKey
from exporter.model import (
    HOUR,
    MINUTE,
    Account,
    AccountStatus,
    Answer,
    DatasetStatus,
    Question,
    Unlistable,
    floor_hour,
    floor_minute,
)
from exporter.snapshot import Board

log = logging.getLogger(__name__)

Result = TypeVar("Result")

RETENTION = timedelta(days=31)
"""How far back the datasets can be asked, by the products' analytics pages."""

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
class Works:
    """What all accounts share: the ledger and its lock, clocks, what to ask, and counts since the process began."""

    ledger: Ledger
    board: Board
    datasets: Sequence[Dataset]
    clock: Clock
    time: CloudflareTime
    discovery_interval: timedelta
    revisions: Counter[tuple[str, str]] = field(default_factory=Counter)
    gaps: dict[tuple[str, str], timedelta] = field(default_factory=dict)
    commit_failures: int = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def with_ledger(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Do work on the ledger in a thread, one at a time; what has begun is finished even if we are cancelled."""
        async with self._lock:
            doing = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
            try:
                return await asyncio.shield(doing)
            except asyncio.CancelledError:
                await asyncio.wait({doing})
                raise


class AccountPoller:
    """Asks one account; never raises what Cloudflare or the ledger raise. Times are monotonic seconds."""

    def __init__(self, account: Account, principal: Principal, works: Works) -> None:
        self.account = account
        self.principal = principal
        self.status = AccountStatus(account.id, False, "new", "The first refresh is under way.")
        self.datasets: dict[str, DatasetStatus] = {}
        self.is_busy = False
        self._works = works
        self._discover_at = float("-inf")
        self._discovered_at = float("-inf")
        self._discoveries = 0
        self._ask_again_at: dict[str, float] = {}
        self._told: dict[str, str] = {}
        self._unlistable: frozenset[str] = frozenset()

    async def turn(self) -> None:
        """Discover if that is due, and refresh."""
        self.is_busy = True
        try:
            await self._discover_if_due()
            await self._refresh()
        except CloudflareError as error:
            self._note(AccountStatus(self.account.id, False, error.outcome, str(error)))
        except CommitError as error:
            self._works.commit_failures += 1
            self._note(AccountStatus(self.account.id, False, "storage", str(error)))
        except Exception:
            log.exception("the turn of account %s failed; it is tried again", self.account.id)
            self._note(AccountStatus(self.account.id, False, "internal", "A fault of the exporter's; see its log."))
        finally:
            self.is_busy = False

    async def _discover_if_due(self) -> None:
        now = self._works.clock.monotonic()
        if now < self._discover_at:
            return
        self._discover_at = now + EARLY_DISCOVERY.total_seconds()
        self._discovered_at = now
        try:
            inventory = await self.principal.discovery.assets(self.account)
        except CloudflareError as error:
            self._note_lists({"assets": error})
            return
        self._discoveries += 1
        self._note_lists({kind: found for kind, found in inventory.listings.items() if isinstance(found, Unlistable)})
        is_first = not self._works.ledger.has_roster(self.account.id)
        if is_first and not inventory.is_settled and self._discoveries < PATIENT_DISCOVERIES:
            return
        await self._works.with_ledger(self._works.ledger.enlist, inventory)
        if inventory.is_settled:
            self._discover_at = now + self._works.discovery_interval.total_seconds()

    async def _refresh(self) -> None:
        now = self._works.time.now()
        questions = self._questions(now) if now is not None else []
        if not questions:
            return
        outcomes = await self.principal.analytics.ask(self.account, questions)
        answers = [outcome for outcome in outcomes.values() if isinstance(outcome, Answer)]
        if answers:
            scraped = self._works.board.scraped_revision
            applied = await self._works.with_ledger(self._works.ledger.apply, self.account.id, answers, scraped)
            self._count(applied.revisions, applied.gaps)
            self._look_into(applied.strangers)
        self._note_outcomes(outcomes)

    def _questions(self, now: datetime) -> list[tuple[Dataset, Question]]:
        """Give what to ask: each dataset from its oldest open hour to the current minute.

        A dataset that has not begun is asked for the running hour: only that it answers counts, for then it begins.
        """
        ledger, clock = self._works.ledger, self._works.clock
        until = max(filter(None, (floor_minute(now), ledger.until(self.account.id))))
        oldest = floor_hour(now - RETENTION) + HOUR
        questions: list[tuple[Dataset, Question]] = []
        for dataset in self._works.datasets:
            if clock.monotonic() < self._ask_again_at.get(dataset.name, float("-inf")):
                continue
            since = ledger.open_from(self.account.id, dataset.name) or floor_hour(until - MINUTE)
            since = max(since, oldest)
            if since < until:
                questions.append((dataset, Question(dataset.name, since, until)))
        return questions

    def _count(self, revisions: Mapping[str, int], gaps: Mapping[str, timedelta]) -> None:
        for dataset, count in revisions.items():
            self._works.revisions[self.account.id, dataset] += count
        for dataset, gap in gaps.items():
            key = (self.account.id, dataset)
            self._works.gaps[key] = self._works.gaps.get(key, timedelta(0)) + gap
            if gap:
                log.warning("%s of account %s: %s went by that can no longer be asked for", dataset, key[0], gap)

    def _look_into(self, strangers: frozenset[RosterKey]) -> None:
        """Bring the next discovery forward if there are ids that none has decided on."""
        if strangers:
            self._discover_at = min(self._discover_at, self._discovered_at + EARLY_DISCOVERY.total_seconds())

    def _note_outcomes(self, outcomes: Mapping[str, Answer | CloudflareError]) -> None:
        errors = [outcome for outcome in outcomes.values() if isinstance(outcome, CloudflareError)]
        is_up = len(errors) < len(outcomes)
        for name, outcome in outcomes.items():
            self._note_dataset(name, outcome, is_worth_a_line=is_up)
        worst = None if is_up else errors[0]
        self._note(AccountStatus(self.account.id, is_up, worst.outcome if worst else "", str(worst or "")))

    def _note_lists(self, unlistable: Mapping[str, Unlistable | CloudflareError]) -> None:
        """Log what cannot be listed any more, and what can again; the assets known from before stay."""
        for kind in unlistable.keys() - self._unlistable:
            found = unlistable[kind]
            log.warning("%s", found.reason if isinstance(found, Unlistable) else found)
        for kind in self._unlistable - unlistable.keys():
            log.info("%s of account %s is listed again", kind, self.account.id)
        self._unlistable = frozenset(unlistable)

    def _note_dataset(self, name: str, outcome: Answer | CloudflareError, *, is_worth_a_line: bool) -> None:
        """Take a dataset's outcome down; what befalls the whole account gets one line there, not one for each."""
        status = DatasetStatus(self.account.id, name, "ok")
        if isinstance(outcome, CloudflareError):
            is_final = isinstance(outcome, Forbidden | Refused)
            word = "unavailable" if is_final else "failing"
            status = DatasetStatus(self.account.id, name, word, outcome.outcome, str(outcome))
            if is_final:
                again = self._works.clock.monotonic() + self._works.discovery_interval.total_seconds()
                self._ask_again_at[name] = again
        self.datasets[name] = status
        if is_worth_a_line and status.reason != self._told.get(name, ""):
            level = logging.INFO if status.state == "ok" else logging.WARNING
            log.log(level, "%s", status.detail or f"{name} of account {self.account.id} is answered again")
            self._told[name] = status.reason

    def _note(self, status: AccountStatus) -> None:
        if (status.is_up, status.reason) != (self.status.is_up, self.status.reason):
            word = "up" if status.is_up else "down"
            level = logging.INFO if status.is_up else logging.WARNING
            log.log(level, "%s", f"account {self.account.name} ({self.account.id}) is {word}. {status.detail}".rstrip())
        self.status = status
