"""One account's refresh: discover its assets when that is due, ask for its usage, commit the answers.

Part of the error boundary: a fault of Cloudflare's or of the ledger ends here, as a status and one log line per change.
"""

import logging
from collections.abc import Mapping, Set
from datetime import datetime, timedelta

from exporter.catalog.dataset import Dataset
from exporter.cloudflare import (
    CloudflareError,
    Forbidden,
    OverBudget,
    Principal,
    Rejected,
    TokenRejected,
    count_zone_documents,
)
from exporter.ledger import CommitError
from exporter.logs import keys
from exporter.model import Account, Answer, BookKey, Inventory, floor_minute
from exporter.poller.billing import BillingPoller
from exporter.poller.closed_days import ClosedDayPoller
from exporter.poller.context import PollerContext
from exporter.poller.limits import KnownLimits
from exporter.poller.pacing import ReadingPace
from exporter.poller.questions import NOTHING_DUE, DueQuestions, QuestionFinder
from exporter.poller.rankings import Rankings
from exporter.poller.readings import ReadingPoller
from exporter.poller.schedule import Candidate, Grant
from exporter.poller.scopes import AccountScopes
from exporter.poller.status_tracker import StatusTracker
from exporter.status import STORAGE

log = logging.getLogger(__name__)

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
        self._has_asked = False
        self._discover_at = float("-inf")
        self._discovered_at = float("-inf")
        self._discoveries = 0
        self._ask_again_at: dict[BookKey, float] = {}
        self._scopes = AccountScopes(account.id, context)
        self._limits = KnownLimits(context)
        self._scopes.update()
        self._known_scopes = frozenset(self._scopes.all)
        self._asked_zones = 0
        self.days = ClosedDayPoller(context, self._scopes)
        self.billing = BillingPoller(context)
        self._rankings = Rankings(context, self._scopes, self._limits.find)
        self.readings = ReadingPoller(account.id, context, self.statuses)

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
        self._has_asked = False
        self.billing.reset()
        self.readings.reset()
        self._limits.reset()
        self._rankings.reset()
        self._update_scopes()
        self._discover_at = float("-inf")

    def candidate(self) -> Candidate:
        """Return the account's candidacy for the next refresh."""
        is_due = self._context.clock.monotonic() >= self._discover_at
        return Candidate(
            self.account.id,
            self._asked_at,
            self._discover_at if is_due else None,
            self._requests(),
            self.principal.discovery.cost(self.account.id),
            self.pool,
        )

    @property
    def pool(self) -> str:
        """The pool that its GraphQL requests are taken from."""
        return self.principal.budget.pool(self.account.id)

    def _requests(self) -> int:
        """Return the number of documents that asking takes: as many as last time, those of limits, and of new zones."""
        known = self.principal.analytics.cost(self.account.id) + self._limits.requests(self._scopes.all)
        new = max(len(self._scopes.all) - 1 - self._asked_zones, 0)
        most = self.principal.analytics.most_zone_nodes
        return known + count_zone_documents(self._context.settings.datasets, new, most)

    async def refresh(self, grant: Grant, interval: timedelta) -> None:
        """Discover assets and ask for usage, as the grant allows; ``interval`` is the time between two refreshes."""
        self.is_busy = True
        try:
            was_rejected = self.statuses.whole.reason == TokenRejected.outcome
            if grant.may_list and not was_rejected:
                await self._discover()
            if grant.may_ask:
                self._asked_at = self._context.clock.monotonic()
                await self._ask_usage(interval)
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
        self.days.find(self.account, self._limits.by_book)

    async def ask_days(self, documents: int) -> None:
        """Ask about closed days, in about ``documents`` GraphQL documents."""
        await self.days.ask(self.account, self.principal.analytics, self._limits.by_book, documents)

    async def ask_billing(self) -> None:
        """Ask how the account is billed."""
        await self.billing.ask(self.account, self.principal.billing)

    async def ask_readings(self, pace: ReadingPace) -> None:
        """Read assets one by one, as the pace allows."""
        await self.readings.ask(self.account, self.principal, pace)

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
        self.statuses.record_lists(inventory.listings)
        is_first = not self._context.ledger.has_roster(self.account.id)
        if is_first and not inventory.is_readable and self._discoveries < PATIENT_DISCOVERIES:
            return
        context = self._context
        scraped = context.published.scraped_commit
        await context.with_ledger(context.ledger.apply_discovery, inventory, context.settings.selection, scraped)
        if inventory.is_settled:
            self._discover_at = now + self._context.settings.discovery_interval.total_seconds()

    async def _ask_usage(self, interval: timedelta) -> None:
        self._update_scopes()
        await self._read_limits_if_due()
        await self._record_clock_offset()
        now = self._context.time.now()
        if now is not None and self._context.ledger.is_ahead(self.account.id, now):
            await self._bring_back(now)
        due = self._find_questions(now, interval) if now is not None else NOTHING_DUE
        if now is None or not due.asked:
            return
        self._asked_zones = len(self._scopes.all) - 1
        names = ",".join(dict.fromkeys(dataset.key for dataset, _ in due.asked))
        log.debug("asking for usage", extra=keys(account=self.account.id, token=self.principal.name, datasets=names))
        questions = [*due.asked, *self._rankings.find(now, due.asked)]
        answered = await self.principal.ask(self.account, questions, self._limits.by_book, due.spare)
        asked, ranked = self._rankings.take(answered)
        self._has_asked = True
        # Another account's list may have shown meanwhile that a zone has moved there.
        self._update_scopes()
        outcomes = {
            question.book: said
            for question, said in asked.items()
            if not isinstance(said, OverBudget) and question.scope in self._scopes.all
        }
        answers = [outcome for outcome in outcomes.values() if isinstance(outcome, Answer)]
        if answers:
            scraped = self._context.published.scraped_commit
            both = [*answers, *ranked]
            applied = await self._context.with_ledger(self._context.ledger.apply, self.account.id, both, scraped)
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
            await self._place_strangers({kind for kind, _ in applied.strangers} & self._context.settings.kinds, now)
        self._record_outcomes(outcomes)

    async def _record_clock_offset(self) -> None:
        """Store how far the machine's clock is off, where that has changed notably."""
        offset, ledger = self._context.time.offset(), self._context.ledger
        if offset is not None and not ledger.is_clock_offset_known(offset):
            await self._context.with_ledger(ledger.record_clock_offset, offset)

    async def _bring_back(self, now: datetime) -> None:
        """Bring the account's books back from a time of the future."""
        ahead = self._context.ledger.until(self.account.id)
        await self._context.with_ledger(self._context.ledger.bring_back, self.account.id, now)
        log.warning(
            "what is stored of account %s was from the future (asked until %s): it is asked until %s again; nothing is "
            "counted twice, and hours that settled too early get the rest of their usage by the audit of their day",
            self.account.name,
            ahead,
            floor_minute(now),
            extra=keys(account=self.account.id),
        )

    async def _place_strangers(self, kinds: Set[str], now: datetime) -> None:
        """Let the next discovery decide on strangers of some kinds, but name at once those that no list has."""
        named = self.principal.discovery.named_kinds
        if kinds - named:
            self._bring_discovery_forward()
        if kinds & named and self._context.ledger.has_roster(self.account.id):
            inventory = Inventory(self.account, now, {}, named=named)
            await self._context.with_ledger(
                self._context.ledger.name_assets, inventory, self._context.settings.selection
            )

    async def _read_limits_if_due(self) -> None:
        """Read the limits of plans and token when that is due; until they are known, the usual ones apply."""
        datasets, scopes = self._context.settings.refreshed, self._scopes.all
        lacking = await self._limits.read_due(self.account, self.principal.analytics, datasets, scopes)
        for key, dataset in lacking:
            self.statuses.mark_unavailable(key, dataset.published_name, self._scopes.name(key.scope))

    def _find_questions(self, now: datetime, interval: timedelta) -> DueQuestions:
        """Return the question of each dataset that is due, about the account or each of its zones."""
        monotonic = self._context.clock.monotonic()
        finder = QuestionFinder(
            self._context.ledger,
            self._scopes,
            self._context.settings.refreshed,
            self._limits.find,
            lambda key: monotonic < self._ask_again_at.get(key, float("-inf")),
        )
        return finder.find(self.account.id, now, interval, is_first=not self._has_asked)

    def _update_scopes(self) -> None:
        """Learn which zones there are, and forget what was known of those that have left."""
        self._scopes.update()
        scopes, account_id = frozenset(self._scopes.all), self.account.id
        if scopes == self._known_scopes:
            return
        self._known_scopes = scopes
        self.statuses.keep_scopes(scopes)
        self._limits.keep(scopes)
        for known in (self._context.days, self._context.sample_intervals):
            for key in [key for key in known if key[0].account_id == account_id and key[0] not in scopes]:
                del known[key]

    def _log_gaps(self, gaps: Mapping[BookKey, timedelta]) -> None:
        for (scope, dataset), gap in gaps.items():
            if gap:
                about = keys(account=scope.account_id, zone=scope.zone_id, dataset=dataset)
                log.warning("lost %s of usage beyond Cloudflare's retention", gap, extra=about)

    def _bring_discovery_forward(self) -> None:
        """Bring the next discovery forward: there are strangers, or a zone may have left."""
        self._discover_at = min(self._discover_at, self._discovered_at + EARLY_DISCOVERY.total_seconds())

    def _record_outcomes(self, outcomes: Mapping[BookKey, Answer | CloudflareError]) -> None:
        """Record each dataset's outcome, and pause datasets whose failure will not pass soon.

        Whether the account is up is seen from its own datasets; those of its zones only confirm it.
        """
        datasets = {dataset.key: dataset for dataset in self._context.settings.datasets}
        errors = {key: outcome for key, outcome in outcomes.items() if isinstance(outcome, CloudflareError)}
        for key in outcomes:
            dataset, error = datasets.get(key.dataset), errors.get(key)
            if dataset is not None:
                if key.scope.zone_id and isinstance(error, Forbidden) and self.statuses.is_ok(key):
                    self._bring_discovery_forward()
                self.statuses.record_dataset(key, dataset.published_name, error, self._scopes.name(key.scope))
                self._pause(dataset, key, error)
        own = [key for key in outcomes if not key.scope.zone_id]
        if any(key not in errors for key in own or outcomes):
            self.statuses.log_changes()
            self.statuses.mark_up()
        elif own:
            first = errors[own[0]]
            self.statuses.mark_down(first.outcome, first.detail, first.remedy)

    def _pause(self, dataset: Dataset, key: BookKey, error: CloudflareError | None) -> None:
        is_final = error is not None and error.is_final
        pause = self._context.settings.discovery_interval if is_final else timedelta(0)
        if isinstance(error, Rejected):
            self._limits.hasten(dataset, key.scope, pause)
        if pause:
            self._ask_again_at[key] = self._context.clock.monotonic() + pause.total_seconds()
