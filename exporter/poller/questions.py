"""The questions of one account's refresh: which datasets are asked about it and its zones, and from when on."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from exporter.catalog.dataset import Dataset
from exporter.cloudflare import DatasetLimits
from exporter.ledger import Ledger
from exporter.model import MINUTE, BookKey, Question, Scope, floor_minute
from exporter.poller.pace import Pace, Turn, pace_of, pause_of, turn_of
from exporter.poller.scopes import AccountScopes

Asked = tuple[Dataset, Question]


class DueQuestions(NamedTuple):
    """What a refresh asks, and the ``spare`` questions that it asks only in free places, longest waiting first."""

    asked: list[Asked]
    spare: list[Asked]


NOTHING_DUE = DueQuestions([], [])


class QuestionFinder:
    """The finder of one account's questions; ``datasets`` are all that are wanted.

    ``find_limits`` returns a dataset's limits, ``is_paused`` says whether a failure keeps it from being asked.
    """

    def __init__(
        self,
        ledger: Ledger,
        scopes: AccountScopes,
        datasets: Sequence[Dataset],
        find_limits: Callable[[BookKey], DatasetLimits],
        is_paused: Callable[[BookKey], bool],
    ) -> None:
        self._ledger = ledger
        self._scopes = scopes
        self._datasets = datasets
        self._find_limits = find_limits
        self._is_paused = is_paused
        self._counted: dict[str, list[Dataset]] = {}
        for dataset in datasets:
            if dataset.is_counted and not dataset.only:
                self._counted.setdefault(dataset.name, []).append(dataset)

    def find(self, account_id: str, now: datetime, refresh: timedelta, *, is_first: bool) -> DueQuestions:
        """Return the questions of a refresh at ``now``, Cloudflare's time; ``refresh`` is the time between two.

        The first refresh of a process asks for all, so that it knows how each dataset stands.
        """
        until = max(filter(None, (floor_minute(now), self._ledger.until(account_id))))
        asked: list[Asked] = []
        spare: list[tuple[datetime, Asked]] = []
        for dataset in self._datasets:
            for scope in self._scopes.of(dataset):
                pace = self._pace(scope, dataset, now)
                pause, answered = pause_of(dataset, pace), self._ledger.answered_at(scope, dataset.key)
                turn = Turn.MUST if is_first else turn_of(pace, pause, answered, now, refresh)
                if turn is Turn.NOT_YET or not self._is_wanted(scope, dataset, pace):
                    continue
                question = self._question(scope, dataset, until, pace, max(pause, refresh, MINUTE))
                if question.since >= question.until:
                    continue
                if turn is Turn.MUST:
                    asked.append((dataset, question))
                elif answered is not None and not dataset.is_of_zones:
                    spare.append((answered, (dataset, question)))
        spare.sort(key=lambda waiting: waiting[0])
        return DueQuestions(asked, [question for _, question in spare])

    def _pace(self, scope: Scope, dataset: Dataset, now: datetime) -> Pace:
        """Return the pace of a dataset; what is not kept, or only a part, is asked like the counters of its name."""
        newest = [self._ledger.newest(scope, one.key) for one in self._leaders(dataset) or (dataset,)]
        return pace_of(dataset, max(filter(None, newest), default=None), now)

    def _leaders(self, dataset: Dataset) -> Sequence[Dataset]:
        is_led = bool(dataset.only) or not dataset.timing.is_metered
        alike = self._counted.get(dataset.name, ()) if is_led else ()
        return [one for one in alike if one.reads == dataset.reads]

    def _is_wanted(self, scope: Scope, dataset: Dataset, pace: Pace) -> bool:
        """Return whether a dataset is to be asked at all: without usage its windows and instants show nothing."""
        leaders = self._leaders(dataset) if pace is Pace.IDLE and not dataset.timing.is_metered else ()
        if any(self._ledger.answered_at(scope, one.key) for one in leaders):
            return False
        key = BookKey(scope, dataset.key)
        return self._find_limits(key).is_enabled and not self._is_paused(key)

    def _question(self, scope: Scope, dataset: Dataset, until: datetime, pace: Pace, interval: timedelta) -> Question:
        """Return a question; the newest minute is asked only while a unit of what is in use waits to settle."""
        open_from = self._ledger.open_from(scope, dataset.key)
        retention = self._find_limits(BookKey(scope, dataset.key)).retention
        grain = dataset.grain
        is_waiting = open_from is not None and grain.floor(open_from) + grain.unit <= until
        asks_newest = dataset.asks_newest and pace is Pace.EACH_REFRESH and is_waiting
        question = dataset.question(scope, until, open_from, retention)
        choices = self._ledger.choices(scope, dataset.key, question.since, question.until) if dataset.limited else ()
        return replace(question, interval=interval, asks_newest=asks_newest, choices=choices)
