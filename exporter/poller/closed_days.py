"""Closed days of one account, in the background: days before counting began are filled in, counted days audited.

Part of the error boundary: a fault of Cloudflare's or of the ledger ends here, and the questions stay due.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain

from exporter.catalog.dataset import Dataset
from exporter.cloudflare import MOST_ALIASES, USUAL_LIMITS, Analytics, CloudflareError, DatasetLimits, find_limits
from exporter.ledger import CommitError, DayChange, DayPart, DayTask, Portion
from exporter.logs import keys
from exporter.model import Account, Answer, BookKey, Question
from exporter.poller.context import PollerContext
from exporter.poller.scopes import AccountScopes

log = logging.getLogger(__name__)

MOST_ROWS = 10_000
"""About the most rows to ask for at once, so that memory stays small."""

RESPITE = timedelta(minutes=5)
"""How often to check whether something is due, and how long to leave a dataset alone after a failure."""


class ClosedDayPoller:
    """The asker of an account's closed days, within the documents allocated to it."""

    def __init__(self, context: PollerContext, scopes: AccountScopes) -> None:
        self._context = context
        self._scopes = scopes
        self._due: list[tuple[Dataset, DayTask]] = []
        self._again_at: dict[BookKey, float] = {}
        self._used: set[BookKey] = set()
        self._spans: dict[Question, list[DayTask]] = {}
        self._find_at = float("-inf")
        self._unfilled: int | None = None
        self.is_busy = False
        self.asked_at = float("-inf")

    @property
    def is_due(self) -> bool:
        """Whether there is anything to ask now."""
        return bool(self._due) and not self.is_busy

    def find(self, account: Account, limits: Mapping[BookKey, DatasetLimits]) -> None:
        """Find the day tasks that are due, and record the progress of the account's closed days."""
        now, monotonic = self._context.time.now(), self._context.clock.monotonic()
        if now is None or self.is_busy or monotonic < self._find_at:
            return
        self._find_at = monotonic + RESPITE.total_seconds()
        unfilled = 0
        self._due = []
        self._spans = {}
        datasets = [dataset for dataset in self._context.settings.datasets if dataset.has_days]
        for dataset, key in ((each, BookKey(scope, each.key)) for each in datasets for scope in self._scopes.of(each)):
            known = find_limits(limits, key) or USUAL_LIMITS
            if not known.is_enabled:
                continue
            tasks, progress = self._context.ledger.find_day_tasks(key.scope, dataset, now, known.retention)
            self._context.days[key.scope, dataset.published_name] = progress
            unfilled = max(unfilled, progress.unfilled_days)
            if monotonic >= self._again_at.get(key, float("-inf")):
                self._due += [(dataset, task) for task in self._gather([task for task in tasks if task.due <= now])]
        self._due.sort(key=lambda due: _urgency(due[1]))
        self._log_fill(account, unfilled)

    def _gather(self, tasks: Sequence[DayTask]) -> list[DayTask]:
        """Return some tasks of a dataset with one overview for all days to fill in, unless it is known to have rows."""
        filled = [task for task in tasks if task.part.part is Portion.BEFORE and not task.alone]
        if len(filled) < 2 or filled[0].question.book in self._used:
            return [*tasks]
        newest = filled[0]
        since, until = (
            min(task.question.since for task in filled),
            max(task.question.until for task in filled),
        )
        question = replace(newest.question, since=since, until=until, is_overview=True)
        self._spans[question] = filled
        overview = newest._replace(question=question, is_new=any(task.is_new for task in filled))
        return [overview, *(task for task in tasks if task not in filled)]

    async def ask(
        self, account: Account, analytics: Analytics, limits: Mapping[BookKey, DatasetLimits], documents: int
    ) -> None:
        """Ask the tasks that are due, the most urgent first, in about ``documents`` GraphQL documents."""
        self.is_busy = True
        self.asked_at = self._context.clock.monotonic()
        before = analytics.asked(account.id)
        try:
            while self._due and analytics.asked(account.id) - before < documents:
                batch = self._take_batch(account, analytics, limits)
                await self._ask_batch(account, analytics, limits, batch)
        except CommitError as error:
            self._context.commit_failures += 1
            log.warning("%s", error, extra=keys(account=account.id))
        except Exception:
            log.exception("asking about closed days failed; it is tried again", extra=keys(account=account.id))
        finally:
            self.is_busy = False
            self._find_at = float("-inf")

    def _take_batch(
        self, account: Account, analytics: Analytics, limits: Mapping[BookKey, DatasetLimits]
    ) -> list[tuple[Dataset, DayTask]]:
        """Return the next questions that fit into a document and into memory, at least one.

        They are about the account itself or about zones, whichever the most urgent is about.
        """
        of_zones = self._due[0][0].reads.is_zone_node
        most = analytics.most_zone_nodes if of_zones else MOST_ALIASES
        alike = [due for due in self._due if due[0].reads.is_zone_node is of_zones]
        others = [due for due in self._due if due[0].reads.is_zone_node is not of_zones]
        shared: set[tuple[str, datetime, datetime]] = set()
        aliases = rows = count = 0
        for dataset, task in alike:
            question = task.question
            span = dataset.key, question.since, question.until
            if not (dataset.reads.zone_dimension and span in shared):
                aliases += analytics.pieces_of(account, dataset, question, limits)
            shared.add(span)
            rows += self._context.ledger.count_rows(question.scope, dataset.key)
            if count and (aliases > most or rows > MOST_ROWS):
                break
            count += 1
        self._due = sorted((*alike[count:], *others), key=lambda due: _urgency(due[1]))
        return alike[:count]

    async def _ask_batch(
        self,
        account: Account,
        analytics: Analytics,
        limits: Mapping[BookKey, DatasetLimits],
        batch: Sequence[tuple[Dataset, DayTask]],
    ) -> None:
        datasets = {task.question: dataset for dataset, task in batch}
        tasks = {task.question: self._spans.get(task.question, [task]) for _, task in batch}
        asked = await analytics.ask(account, [(dataset, task.question) for dataset, task in batch], limits)
        answers: list[tuple[DayPart, Answer]] = []
        # The days of a zone that has left meanwhile are final.
        self._scopes.update()
        for question, said in asked.items():
            if question.scope not in self._scopes.all:
                continue
            if isinstance(said, CloudflareError):
                self._leave_alone(question.book)
                log.debug("%s", said, extra=keys(account=account.id, dataset=question.dataset))
            elif question.is_overview and any(map(any, chain(*(rows.values() for rows in said.hours.values())))):
                self._used.add(question.book)
                self._due += [(datasets[question], task) for task in tasks[question]]
            else:
                # What an overview does not have, none of its days has.
                answers += [
                    (task.part, replace(said, question=task.question, hours={}) if question.is_overview else said)
                    for task in tasks[question]
                ]
        if answers:
            context = self._context
            changes = await context.with_ledger(
                context.ledger.apply_days, account.id, answers, context.published.scraped_commit
            )
            _log_audits(account, changes)

    def _leave_alone(self, key: BookKey) -> None:
        self._again_at[key] = self._context.clock.monotonic() + RESPITE.total_seconds()
        self._due = [due for due in self._due if due[1].question.book != key]

    def _log_fill(self, account: Account, unfilled: int) -> None:
        if unfilled and not self._unfilled:
            log.info(
                "account %s: the history fill begins, with %s days to ask",
                account.name,
                unfilled,
                extra=keys(account=account.id),
            )
        elif self._unfilled and not unfilled:
            log.info("account %s: the history fill is complete", account.name, extra=keys(account=account.id))
        self._unfilled = unfilled


def _urgency(task: DayTask) -> tuple[int, float]:
    """Order audits that counters wait for first, then days never asked (newest first), then repeated ones."""
    rank = 0 if task.part.part is Portion.COUNTED and not task.alone else 1 if task.is_new else 2
    return rank, -task.question.since.timestamp()


def _log_audits(account: Account, changes: Sequence[DayChange]) -> None:
    counted = [change for change in changes if change.part.part is Portion.COUNTED and not change.alone]
    for day in sorted({change.part.day for change in counted}):
        those = [change for change in counted if change.part.day == day]
        late = sum(len(change.late) for change in those)
        final = sum(change.mark.is_final for change in those)
        if late:
            log.info(
                "account %s: the audit added late usage to %s rows",
                account.name,
                late,
                extra=keys(account=account.id, day=day),
            )
        if final:
            log.info(
                "account %s: audited the day in %s datasets",
                account.name,
                final,
                extra=keys(account=account.id, day=day),
            )
