"""One account's turn: discover its assets when that is due, ask for its usage, commit what was said.

Part of the error boundary: a fault of Cloudflare's or of the ledger ends here, as a status and one log line a change.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from exporter.catalog.entry import Dataset
from exporter.choices import Choices
from exporter.clock import Clock
from exporter.cloudflare import (
    USUAL,
    Analytics,
    Budget,
    CloudflareError,
    CloudflareTime,
    Discovery,
    Forbidden,
    Limits,
    Refused,
    Withheld,
)
from exporter.ledger import CommitError, Ledger, RosterKey
from exporter.model import (
    Account,
    AccountStatus,
    Answer,
    DatasetStatus,
    ListStatus,
    Question,
    Unlistable,
    floor_minute,
)
from exporter.questions import make_question
from exporter.snapshot import Board
from exporter.turns import Candidate, Turn

log = logging.getLogger(__name__)

Result = TypeVar("Result")

LIMITS_LIFE = timedelta(hours=6)
"""How often plan and token are looked into."""

EARLY_DISCOVERY = timedelta(minutes=1)
"""Strangers, and lists that failed, are looked into no more often than this."""

PATIENT_DISCOVERIES = 5
"""How many discoveries in a row may be incomplete before the first one is taken as it is."""


@dataclass(frozen=True, slots=True)
class Principal:
    """One token's way of asking: ``wanted`` limits it to some account ids, ``name`` stands for it in messages.

    Tokens of one user share one ``budget``.
    """

    name: str
    wanted: tuple[str, ...]
    discovery: Discovery
    analytics: Analytics
    budget: Budget


@dataclass(slots=True)
class Works:
    """What all accounts share: the ledger and its lock, clocks, what to ask, and counts since the process began.

    ``choices``, the datasets that they leave and the interval are those of the configuration that was last taken over,
    at ``configured_at``; ``config_is_current`` is False if a newer one was refused since.
    """

    ledger: Ledger
    board: Board
    datasets: Sequence[Dataset]
    clock: Clock
    time: CloudflareTime
    discovery_interval: timedelta
    choices: Choices
    configured_at: datetime
    config_is_current: bool = True
    revisions: Counter[tuple[str, str]] = field(default_factory=Counter)
    gaps: dict[tuple[str, str], timedelta] = field(default_factory=dict)
    sample_intervals: dict[tuple[str, str], Decimal] = field(default_factory=dict)
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
        self._asked_at = float("-inf")
        self._discover_at = float("-inf")
        self._discovered_at = float("-inf")
        self._discoveries = 0
        self._ask_again_at: dict[str, float] = {}
        self._told: dict[str, str] = {}
        self._limits: dict[str, Limits] = {}
        self._limits_at = float("-inf")
        self._lists: dict[str, ListStatus] = {}

    def dataset_statuses(self) -> list[DatasetStatus]:
        """Give one status a dataset: where it is asked in several ways, the one with a trouble."""
        worst: dict[str, DatasetStatus] = {}
        for status in self.datasets.values():
            known = worst.get(status.dataset)
            if known is None or known.state == "ok":
                worst[status.dataset] = status
        return list(worst.values())

    def list_statuses(self) -> list[ListStatus]:
        """Give how the list of each kind stands."""
        ok = {kind: ListStatus(self.account.id, kind, "ok") for kind in sorted(self._works.choices.kinds())}
        return list((ok | self._lists).values()) if self._discovered_at > float("-inf") else []

    def begin_anew(self) -> None:
        """Take changed choices to heart: discover with the next turn, forget what is no longer asked."""
        wanted = {dataset.key for dataset in self._works.datasets}
        self.datasets = {key: status for key, status in self.datasets.items() if key in wanted}
        kinds = self._works.choices.kinds()
        self._lists = {kind: status for kind, status in self._lists.items() if kind in kinds}
        self._ask_again_at.clear()
        self._limits_at = self._discover_at = float("-inf")

    def candidate(self) -> Candidate:
        """Give what the account wants of the next turn."""
        is_due = self._works.clock.monotonic() >= self._discover_at
        return Candidate(
            self.account.id,
            self._asked_at,
            self._discover_at if is_due else None,
            self.principal.analytics.cost(self.account.id) + (self._works.clock.monotonic() >= self._limits_at),
            self.principal.discovery.cost(self.account.id),
        )

    async def turn(self, turn: Turn) -> None:
        """Discover and refresh, as far as the turn goes."""
        self.is_busy = True
        try:
            if turn.is_listed:
                await self._discover()
            if turn.is_asked:
                self._asked_at = self._works.clock.monotonic()
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

    async def _discover(self) -> None:
        now = self._works.clock.monotonic()
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
        await self._works.with_ledger(self._works.ledger.enlist, inventory, self._works.choices)
        if inventory.is_settled:
            self._discover_at = now + self._works.discovery_interval.total_seconds()

    async def _refresh(self) -> None:
        await self._learn_limits_if_due()
        now = self._works.time.now()
        questions = self._questions(now) if now is not None else []
        if not questions:
            return
        outcomes = await self.principal.analytics.ask(self.account, questions, self._limits)
        outcomes = {key: outcome for key, outcome in outcomes.items() if not isinstance(outcome, Withheld)}
        answers = [outcome for outcome in outcomes.values() if isinstance(outcome, Answer)]
        if answers:
            scraped = self._works.board.scraped_revision
            applied = await self._works.with_ledger(self._works.ledger.apply, self.account.id, answers, scraped)
            self._count(applied.revisions, applied.gaps)
            reporting = {entry.key for entry in self._works.datasets if entry.says_sampling}
            self._works.sample_intervals.update(
                {
                    (self.account.id, answer.question.dataset): answer.sample_interval
                    for answer in answers
                    if answer.question.dataset in reporting
                }
            )
            kinds = self._works.choices.kinds()
            self._look_into(frozenset(stranger for stranger in applied.strangers if stranger[0] in kinds))
        self._note_outcomes(outcomes)

    async def _learn_limits_if_due(self) -> None:
        """Ask what plan and token allow; as long as that is not known, the usual limits are taken."""
        now = self._works.clock.monotonic()
        if now < self._limits_at:
            return
        self._limits_at = now + self._works.discovery_interval.total_seconds()
        try:
            self._limits = await self.principal.analytics.limits(self.account, self._works.datasets)
        except CloudflareError as error:
            log.debug("%s", error)
            return
        self._limits_at = now + LIMITS_LIFE.total_seconds()
        for dataset in self._works.datasets:
            if not self._limits.get(dataset.key, USUAL).is_enabled:
                detail = f"{dataset.name}: the plan of account {self.account.name} ({self.account.id}) lacks it."
                status = DatasetStatus(self.account.id, dataset.name, "unavailable", "plan", detail)
                self.datasets[dataset.key] = status
        self._tell_changes()

    def _questions(self, now: datetime) -> list[tuple[Dataset, Question]]:
        """Give what to ask of each dataset whose time has come."""
        ledger, clock = self._works.ledger, self._works.clock
        until = max(filter(None, (floor_minute(now), ledger.until(self.account.id))))
        questions: list[tuple[Dataset, Question]] = []
        for dataset in self._works.datasets:
            if clock.monotonic() < self._ask_again_at.get(dataset.key, float("-inf")):
                continue
            limits = self._limits.get(dataset.key, USUAL)
            if not limits.is_enabled:
                continue
            question = make_question(dataset, until, ledger.open_from(self.account.id, dataset.key), limits.retention)
            if question.since < question.until:
                questions.append((dataset, question))
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
        if not outcomes:
            return
        is_up = len(errors) < len(outcomes)
        for dataset in self._works.datasets:
            if dataset.key in outcomes:
                self._note_dataset(dataset, outcomes[dataset.key])
        if is_up:
            self._tell_changes()
        worst = None if is_up else errors[0]
        self._note(AccountStatus(self.account.id, is_up, worst.outcome if worst else "", str(worst or "")))

    def _note_lists(self, unlistable: Mapping[str, Unlistable | CloudflareError]) -> None:
        """Log what cannot be listed any more, and what can again; the assets known from before stay."""
        lists = {kind: _list_status(self.account.id, kind, found) for kind, found in unlistable.items()}
        for kind in lists.keys() - self._lists.keys():
            log.warning("%s", lists[kind].detail)
        for kind in self._lists.keys() - lists.keys():
            log.info("%s of account %s is listed again", kind, self.account.id)
        self._lists = lists

    def _note_dataset(self, dataset: Dataset, outcome: Answer | CloudflareError) -> None:
        name, pace = dataset.key, dataset.pace
        status = DatasetStatus(self.account.id, dataset.name, "ok")
        if isinstance(outcome, CloudflareError):
            is_final = isinstance(outcome, Forbidden | Refused)
            word = "unavailable" if is_final else "failing"
            status = DatasetStatus(self.account.id, dataset.name, word, outcome.outcome, str(outcome))
            pace = self._works.discovery_interval if is_final else timedelta(0)
        if pace:
            self._ask_again_at[name] = self._works.clock.monotonic() + pace.total_seconds()
        self.datasets[name] = status

    def _tell_changes(self) -> None:
        """Log each dataset whose reason is another than was last told; what befalls the whole account is told there."""
        for status in self.dataset_statuses():
            if status.reason != self._told.get(status.dataset, ""):
                level = logging.INFO if status.state == "ok" else logging.WARNING
                log.log(
                    level, "%s", status.detail or f"{status.dataset} of account {self.account.id} is answered again"
                )
                self._told[status.dataset] = status.reason

    def _note(self, status: AccountStatus) -> None:
        if (status.is_up, status.reason) != (self.status.is_up, self.status.reason):
            word = "up" if status.is_up else "down"
            level = logging.INFO if status.is_up else logging.WARNING
            log.log(level, "%s", f"account {self.account.name} ({self.account.id}) is {word}. {status.detail}".rstrip())
        self.status = status


def _list_status(account_id: str, kind: str, found: Unlistable | CloudflareError) -> ListStatus:
    if isinstance(found, Unlistable):
        return ListStatus(account_id, kind, "unavailable" if found.final else "failing", found.outcome, found.reason)
    return ListStatus(account_id, kind, "failing", found.outcome, str(found))
