"""Readings of one account that take a request for each asset: asked in the background, spread over their interval.

Part of the error boundary: a fault of Cloudflare's or of the ledger ends here, as a status of the dataset.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from exporter.catalog.dataset import Dataset
from exporter.cloudflare import CloudflareError, NotEnabled, OverBudget, Principal, Throttled, TokenRejected
from exporter.ledger import CommitError, Standing
from exporter.logs import keys
from exporter.model import Account, Answer, BookKey, Question, Rows, Scope, floor_minute
from exporter.poller.context import PollerContext
from exporter.poller.pacing import ReadingPace, Round
from exporter.poller.status_tracker import StatusTracker

log = logging.getLogger(__name__)

MOST_AT_ONCE = 24
"""The most assets that are read before their readings are committed."""

Outcome = Answer | CloudflareError


class _Reading(NamedTuple):
    """The next reading of an asset (an empty id: of the account itself), and when it is due."""

    due: float
    dataset: Dataset
    book: BookKey
    asset_id: str


class ReadingPoller:
    """The reader of an account's assets one by one. Times are monotonic seconds."""

    def __init__(self, account_id: str, context: PollerContext, statuses: StatusTracker) -> None:
        self._scope = Scope(account_id)
        self._context = context
        self._statuses = statuses
        self._due_at: dict[BookKey, dict[str, float]] = {}
        self._failed: dict[BookKey, dict[str, CloudflareError | None]] = {}
        self._answered_at: dict[BookKey, float] = {}
        self._paused_until: dict[BookKey, float] = {}
        self.is_busy = False
        self.asked_at = float("-inf")

    def reset(self) -> None:
        """Forget what was refused: another token, or another selection, may allow more."""
        self._due_at.clear()
        self._failed.clear()
        self._answered_at.clear()
        self._paused_until.clear()

    @property
    def is_due(self) -> bool:
        """Whether there is anything to ask now."""
        return not self.is_busy and bool(self._find_due())

    def rounds(self) -> dict[BookKey, Round]:
        """Return what reading everything once takes, by dataset, of those that the token may read."""
        now = self._context.clock.monotonic()
        return {
            book: Round(len(assets), self._interval(dataset))
            for dataset, book, assets in self._assets()
            if assets and now >= self._paused_until.get(book, now)
        }

    async def ask(self, account: Account, principal: Principal, pace: ReadingPace) -> None:
        """Read the assets that are due, the longest-waiting first, with about as many requests as the pace allows."""
        self.is_busy = True
        self.asked_at = self._context.clock.monotonic()
        left = pace.requests
        try:
            while left > 0 and (batch := self._take(left)):
                left -= await self._ask_batch(account, principal, batch, pace.stretch)
        except _Stopped:
            pass
        except CommitError as error:
            self._context.commit_failures += 1
            log.warning("%s", error, extra=keys(account=account.id))
        except Exception:
            log.exception("reading the account's assets failed; it is tried again", extra=keys(account=account.id))
        finally:
            self.is_busy = False
            self._statuses.log_changes()

    def _assets(self) -> list[tuple[Dataset, BookKey, list[str]]]:
        """Return the ids of the assets that each dataset reads, as the last lists have them."""
        spread = self._context.settings.spread
        roster = self._context.ledger.roster(self._scope.account_id) if spread else {}
        found = []
        for dataset in spread:
            listed = [
                asset_id
                for (kind, asset_id), entry in roster.items()
                if kind == dataset.kind and entry.standing is Standing.LISTED
            ]
            assets = [""] if dataset.reads.is_of_account else listed
            found.append((dataset, BookKey(self._scope, dataset.key), assets))
        return found

    def _find_due(self) -> list[_Reading]:
        """Return the readings that are due, the longest-waiting first.

        Of a dataset that has not been answered lately a single one is tried: its permission may be missing.
        """
        now = self._context.clock.monotonic()
        # A refresh that begins a moment early would otherwise leave what it finds to the next.
        early = self._context.settings.refresh_interval.total_seconds() / 2
        due: list[_Reading] = []
        for dataset, book, assets in self._assets():
            if now < self._paused_until.get(book, now):
                continue
            known = self._due_at.get(book, {})
            waiting = [_Reading(known.get(asset_id, float("-inf")), dataset, book, asset_id) for asset_id in assets]
            waiting = sorted((each for each in waiting if each.due - early <= now), key=_urgency)
            due += waiting if book in self._answered_at else waiting[:1]
        return sorted(due, key=_urgency)

    def _take(self, left: int) -> list[_Reading]:
        return self._find_due()[: min(left, MOST_AT_ONCE)]

    def _interval(self, dataset: Dataset) -> timedelta:
        return max(dataset.min_interval, self._context.settings.refresh_interval)

    async def _ask_batch(
        self, account: Account, principal: Principal, batch: Sequence[_Reading], stretch: float
    ) -> int:
        """Read some assets and commit what was read; return the number of requests. Raises _Stopped, CommitError."""
        now = self._context.time.now()
        if now is None:
            raise _Stopped
        began, readers = self._context.clock.monotonic(), {principal.reader_of(each.dataset) for each in batch}
        before = sum(reader.asked(account.id) for reader in readers)
        questions = {self._question(each, now): each for each in batch}
        said = await principal.ask(account, [(each.dataset, question) for question, each in questions.items()])
        outcomes = [(questions[question], outcome) for question, outcome in said.items()]
        answers = _merge(outcomes, {each.book: self._interval(each.dataset) * stretch for each in batch})
        if answers:
            context = self._context
            await context.with_ledger(context.ledger.apply, account.id, answers, context.published.scraped_commit)
            log.debug("committed", extra=keys(account=account.id, answers=len(answers), assets=len(outcomes)))
        self._record(outcomes, began, stretch)
        return max(sum(reader.asked(account.id) for reader in readers) - before, len(batch))

    def _question(self, reading: _Reading, now: datetime) -> Question:
        known = self._context.ledger.open_from(self._scope, reading.dataset.key)
        question = reading.dataset.question(self._scope, floor_minute(now), known)
        return replace(question, asset_id=reading.asset_id)

    def _record(self, outcomes: Sequence[tuple[_Reading, Outcome]], began: float, stretch: float) -> None:
        """Record when each asset is read next, and how its dataset stands. Raises _Stopped if nothing more is allowed.

        An error that is not the asset's own is recorded for its dataset, and the asset stays due.
        """
        seldom = self._context.settings.discovery_interval.total_seconds()
        there = {book: set(assets) for _, book, assets in self._assets()}
        for book, those in _by_book(outcomes).items():
            dataset = those[0][0].dataset
            interval = self._interval(dataset).total_seconds() * stretch
            self._take_answers(book, those, began, interval)
            due_at, failed = self._due_at.setdefault(book, {}), self._failed.setdefault(book, {})
            for reading, outcome in those:
                if isinstance(outcome, Throttled | TokenRejected):
                    continue
                error = outcome if isinstance(outcome, CloudflareError) else None
                is_absent = isinstance(error, NotEnabled)
                is_final = error is not None and (error.is_final or is_absent)
                due_at[reading.asset_id] = began + (max(seldom, interval) if is_final else interval)
                failed[reading.asset_id] = None if is_absent else error
            for left in failed.keys() - there.get(book, set()):
                del due_at[left], failed[left]
            self._record_dataset(dataset, book, [outcome for _, outcome in those])
        if any(isinstance(outcome, Throttled | TokenRejected) for _, outcome in outcomes):
            raise _Stopped

    def _take_answers(
        self, book: BookKey, outcomes: Sequence[tuple[_Reading, Outcome]], began: float, interval: float
    ) -> None:
        """Note whether a dataset is answered; pause one that is refused and has answered nothing for an interval."""
        said = [outcome for _, outcome in outcomes]
        if any(isinstance(outcome, Answer | NotEnabled) for outcome in said):
            self._answered_at[book] = began
        elif began - self._answered_at.get(book, float("-inf")) >= interval:
            self._answered_at.pop(book, None)
            if any(isinstance(outcome, CloudflareError) and outcome.is_final for outcome in said):
                self._paused_until[book] = began + self._context.settings.discovery_interval.total_seconds()

    def _record_dataset(self, dataset: Dataset, book: BookKey, said: Sequence[Outcome]) -> None:
        whole = [outcome for outcome in said if isinstance(outcome, Throttled | TokenRejected)]
        refusals = [error for error in whole if not isinstance(error, OverBudget)]
        if refusals or len(whole) < len(said):
            error = refusals[0] if refusals else summarize(self._failed[book])
            self._statuses.record_dataset(book, dataset.published_name, error)


class _Stopped(Exception):
    """Nothing more can be read for now."""


def _urgency(reading: _Reading) -> float:
    return reading.due


def summarize(failed: Mapping[str, CloudflareError | None]) -> CloudflareError | None:
    """Return the error of a dataset, given what became of the last reading of each asset; None if all went well."""
    errors = [error for error in failed.values() if error is not None]
    if not errors:
        return None
    first = errors[0]
    if len(errors) == len(failed):
        return first
    return type(first)(f"{len(errors)} of {len(failed)} could not be read. {first.detail}", first.remedy)


def _by_book(outcomes: Sequence[tuple[_Reading, Outcome]]) -> dict[BookKey, list[tuple[_Reading, Outcome]]]:
    by_book: dict[BookKey, list[tuple[_Reading, Outcome]]] = {}
    for reading, outcome in outcomes:
        by_book.setdefault(reading.book, []).append((reading, outcome))
    return by_book


def _merge(outcomes: Sequence[tuple[_Reading, Outcome]], intervals: Mapping[BookKey, timedelta]) -> list[Answer]:
    """Return one answer for each dataset, about all of its assets that were read."""
    merged: list[Answer] = []
    for book, those in _by_book(outcomes).items():
        answers = [outcome for _, outcome in those if isinstance(outcome, Answer)]
        if answers:
            hours: dict[datetime, Rows] = {}
            for answer in answers:
                for hour, rows in answer.hours.items():
                    hours[hour] = {**hours.get(hour, {}), **rows}
            question = replace(answers[0].question, asset_id="")
            date = min(answer.date for answer in answers)
            merged.append(replace(answers[0], question=question, date=date, hours=hours, interval=intervals[book]))
    return merged
