"""One account's refresh: discover its assets when that is due, ask for its usage, commit the answers.

Part of the error boundary: a fault of Cloudflare's or of the ledger ends here, as a status and one log line per change.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from exporter.catalog.entry import Dataset
from exporter.cloudflare import (
    USUAL_LIMITS,
    CloudflareError,
    DatasetLimits,
    OverBudget,
    Principal,
    Rejected,
    TokenRejected,
)
from exporter.ledger import CommitError, RosterKey
from exporter.logs import keys
from exporter.model import Account, Answer, BookKey, ListingFailure, Question, Scope, floor_minute
from exporter.poller.billing import BillingPoller
from exporter.poller.closed_days import ClosedDayPoller
from exporter.poller.context import PollerContext
from exporter.poller.schedule import Candidate, Grant
from exporter.poller.status_tracker import StatusTracker
from exporter.poller.windows import make_question
from exporter.status import STORAGE

log = logging.getLogger(__name__)

LIMITS_LIFE = timedelta(hours=6)
"""How often the limits of plan and token are read, as long as they allow everything."""

EARLY_DISCOVERY = timedelta(minutes=1)
"""The shortest pause before a discovery that strangers or failed lists bring forward."""

PATIENT_DISCOVERIES = 5
"""After this many incomplete discoveries an account's first roster is built from an incomplete one."""


class AccountPoller:
    """The poller of one account. Errors of Cloudflare and the ledger never leave it. Times are monotonic seconds."""

    def __init__(self, account: Account, principal: Principal, context: PollerContext) -> None:
        self.account = account
        self.principal = principal
        self.statuses = StatusTracker(account, context.now)
        self.is_busy = False
        self._context = context
        self._asked_at = float("-inf")
        self._discover_at = float("-inf")
        self._discovered_at = float("-inf")
        self._discoveries = 0
        self._ask_again_at: dict[str, float] = {}
        self._limits: dict[BookKey, DatasetLimits] = {}
        self._limits_at = float("-inf")
        self._limits_learned_at = float("-inf")
        self.days = ClosedDayPoller(context)
        self.billing = BillingPoller(context)

    def switch_token(self, principal: Principal, account: Account) -> None:
        """Ask with ``principal`` from now on; ``account`` is the account as that token lists it.

        If the token differs, everything that the previous one was refused is forgotten.
        """
        is_another = principal.analytics is not self.principal.analytics
        self.principal, self.account, self.statuses.account = principal, account, account
        if is_another:
            self.reset()

    def reset(self) -> None:
        """Apply a changed selection: discover again at the next refresh, forget the state of unwanted datasets."""
        self.statuses.keep({dataset.key for dataset in self._context.settings.datasets}, self._context.settings.kinds)
        self._ask_again_at.clear()
        self.billing.reset()
        self._limits_at = self._discover_at = float("-inf")

    def candidate(self) -> Candidate:
        """Return the account's candidacy for the next refresh."""
        is_due = self._context.clock.monotonic() >= self._discover_at
        return Candidate(
            self.account.id,
            self._asked_at,
            self._discover_at if is_due else None,
            self.principal.analytics.cost(self.account.id) + (self._context.clock.monotonic() >= self._limits_at),
            self.principal.discovery.cost(self.account.id),
        )

    async def refresh(self, grant: Grant) -> None:
        """Discover assets and ask for usage, as the grant allows."""
        self.is_busy = True
        try:
            was_rejected = self.statuses.whole.reason == TokenRejected.outcome
            if grant.may_list and not was_rejected:
                await self._discover()
            if grant.may_ask:
                self._asked_at = self._context.clock.monotonic()
                await self._ask_usage()
                if was_rejected and self.statuses.whole.is_up:
                    # Lists that failed because the whole token was rejected say nothing about its permissions.
                    self._discover_at = float("-inf")
        except CloudflareError as error:
            self.statuses.mark_down(error.outcome, error.detail, error.remedy)
        except CommitError as error:
            self._context.commit_failures += 1
            self.statuses.mark_down(STORAGE, error.detail, error.remedy)
        except Exception:
            log.exception(
                "the refresh of the account failed; the next refresh tries again", extra=keys(account=self.account.id)
            )
            self.statuses.mark_down(
                "internal", "Internal error of the exporter.", "Report it, with the traceback from the exporter's log."
            )
        finally:
            self.is_busy = False

    def find_days(self) -> None:
        """Find the closed days to ask about."""
        self.days.find(self.account, self._limits)

    async def ask_days(self, documents: int) -> None:
        """Ask about closed days, in about ``documents`` GraphQL documents."""
        await self.days.ask(self.account, self.principal.analytics, self._limits, documents)

    async def ask_billing(self) -> None:
        """Ask how the account is billed."""
        await self.billing.ask(self.account, self.principal.billing)

    async def _discover(self) -> None:
        now = self._context.clock.monotonic()
        self._discover_at = now + EARLY_DISCOVERY.total_seconds()
        self._discovered_at = now
        try:
            inventory = await self.principal.discovery.assets(self.account)
        except OverBudget:
            return
        except CloudflareError as error:
            self.statuses.record_failed_lists(error)
            return
        self._discoveries += 1
        unlistable = {kind: found for kind, found in inventory.listings.items() if isinstance(found, ListingFailure)}
        self.statuses.record_lists(inventory.listings, unlistable)
        is_first = not self._context.ledger.has_roster(self.account.id)
        if is_first and not inventory.is_settled and self._discoveries < PATIENT_DISCOVERIES:
            return
        await self._context.with_ledger(
            self._context.ledger.apply_discovery, inventory, self._context.settings.selection
        )
        if inventory.is_settled:
            self._discover_at = now + self._context.settings.discovery_interval.total_seconds()

    async def _ask_usage(self) -> None:
        await self._learn_limits_if_due()
        now = self._context.time.now()
        questions = self._questions(now) if now is not None else []
        if not questions:
            return
        names = ",".join(dataset.key for dataset, _ in questions)
        log.debug("asking for usage", extra=keys(account=self.account.id, token=self.principal.name, datasets=names))
        asked = await self.principal.analytics.ask(self.account, questions, self._limits)
        outcomes = {question.dataset: said for question, said in asked.items() if not isinstance(said, OverBudget)}
        answers = [outcome for outcome in outcomes.values() if isinstance(outcome, Answer)]
        if answers:
            scraped = self._context.published.scraped_commit
            applied = await self._context.with_ledger(self._context.ledger.apply, self.account.id, answers, scraped)
            log.debug("committed", extra=keys(account=self.account.id, answers=len(answers)))
            self._log_gaps(applied.gaps)
            reporting = {entry.key for entry in self._context.settings.datasets if entry.says_sampling}
            self._context.sample_intervals.update(
                {
                    (answer.question.scope, answer.question.dataset): answer.sample_interval
                    for answer in answers
                    if answer.question.dataset in reporting
                }
            )
            kinds = self._context.settings.kinds
            self._bring_discovery_forward(frozenset(stranger for stranger in applied.strangers if stranger[0] in kinds))
        self._record_outcomes(outcomes)

    async def _learn_limits_if_due(self) -> None:
        """Read the limits of plan and token when that is due; until they are known, the usual ones apply."""
        now = self._context.clock.monotonic()
        if now < self._limits_at:
            return
        self._limits_learned_at = now
        self._limits_at = now + self._context.settings.discovery_interval.total_seconds()
        try:
            self._limits = await self.principal.analytics.limits(self.account, self._context.settings.datasets)
        except CloudflareError as error:
            log.debug("%s", error, extra=keys(account=self.account.id))
            return
        lacking = [
            each
            for each in self._context.settings.datasets
            if not self._limits.get(BookKey(Scope(self.account.id), each.key), USUAL_LIMITS).is_enabled
        ]
        if not lacking:
            self._limits_at = now + LIMITS_LIFE.total_seconds()
        for dataset in lacking:
            self.statuses.mark_unavailable(dataset.key, dataset.published_name)

    def _questions(self, now: datetime) -> list[tuple[Dataset, Question]]:
        """Return the question of each dataset that is due."""
        ledger, clock, scope = self._context.ledger, self._context.clock, Scope(self.account.id)
        until = max(filter(None, (floor_minute(now), ledger.until(self.account.id))))
        questions: list[tuple[Dataset, Question]] = []
        for dataset in self._context.settings.datasets:
            if clock.monotonic() < self._ask_again_at.get(dataset.key, float("-inf")):
                continue
            limits = self._limits.get(BookKey(scope, dataset.key), USUAL_LIMITS)
            if not limits.is_enabled:
                continue
            known_until = ledger.open_from(scope, dataset.key)
            question = make_question(scope, dataset, until, known_until, limits.retention)
            if question.since < question.until:
                questions.append((dataset, question))
        return questions

    def _log_gaps(self, gaps: Mapping[BookKey, timedelta]) -> None:
        for (scope, dataset), gap in gaps.items():
            if gap:
                about = keys(account=scope.account_id, dataset=dataset)
                log.warning("lost %s of usage beyond Cloudflare's retention", gap, extra=about)

    def _bring_discovery_forward(self, strangers: frozenset[RosterKey]) -> None:
        """Bring the next discovery forward if there are strangers."""
        if strangers:
            self._discover_at = min(self._discover_at, self._discovered_at + EARLY_DISCOVERY.total_seconds())

    def _record_outcomes(self, outcomes: Mapping[str, Answer | CloudflareError]) -> None:
        """Record each dataset's outcome, and pause datasets whose failure will not pass soon."""
        errors = {key: outcome for key, outcome in outcomes.items() if isinstance(outcome, CloudflareError)}
        for dataset in self._context.settings.datasets:
            if dataset.key in outcomes:
                error = errors.get(dataset.key)
                self.statuses.record_dataset(dataset.key, dataset.published_name, error)
                self._pause(dataset, error)
        if len(errors) < len(outcomes):
            self.statuses.log_changes()
            self.statuses.mark_up()
        elif errors:
            first = next(iter(errors.values()))
            self.statuses.mark_down(first.outcome, first.detail, first.remedy)

    def _pause(self, dataset: Dataset, error: CloudflareError | None) -> None:
        pause = dataset.min_interval
        if error is not None:
            pause = self._context.settings.discovery_interval if error.is_final else timedelta(0)
        if isinstance(error, Rejected):
            self._limits_at = min(self._limits_at, self._limits_learned_at + pause.total_seconds())
        if pause:
            self._ask_again_at[dataset.key] = self._context.clock.monotonic() + pause.total_seconds()
