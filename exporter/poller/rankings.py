"""Rankings: of a dataset with a limited label, once a day, which words a closed day had most of.

They decide which words are kept later, so one that fails costs nothing now: it neither marks its dataset as failing nor
slows it down, and is asked again in a while.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from datetime import datetime

from exporter.cloudflare import CloudflareError, DatasetLimits, OverBudget
from exporter.model import DAY, HOUR, Answer, BookKey, Question, floor_day, floor_hour
from exporter.poller.context import PollerContext
from exporter.poller.questions import Asked
from exporter.poller.scopes import AccountScopes

RANKED_AFTER = HOUR
"""How long after its end a day is ranked: most of its usage has arrived by then."""

RESPITE = HOUR
"""How long a ranking is left alone after a failure."""


class Rankings:
    """The rankings of one account's datasets, about it and its zones."""

    def __init__(
        self, context: PollerContext, scopes: AccountScopes, find_limits: Callable[[BookKey], DatasetLimits]
    ) -> None:
        self._context = context
        self._scopes = scopes
        self._find_limits = find_limits
        self._again_at: dict[BookKey, float] = {}

    def find(self, now: datetime, asked: Iterable[Asked]) -> list[Asked]:
        """Return the rankings that are due at ``now``, Cloudflare's time, beside the usage that is ``asked``.

        Before counting has begun, only an answer about usage makes them of use.
        """
        beginning = {question.book for _, question in asked}
        limited = [dataset for dataset in self._context.settings.refreshed if dataset.limited is not None]
        keys = [(dataset, BookKey(scope, dataset.key)) for dataset in limited for scope in self._scopes.of(dataset)]
        found = [(dataset, self._question(key, now)) for dataset, key in keys if self._is_due(key, now, beginning)]
        return [
            (dataset, question)
            for dataset, question in found
            if question.since < question.until and not self._find_limits(question.book).lacks(dataset.ranking.fields[0])
        ]

    def take(
        self, asked: Mapping[Question, Answer | CloudflareError]
    ) -> tuple[dict[Question, Answer | CloudflareError], list[Answer]]:
        """Return the outcomes of all other questions, and the rankings that were answered."""
        others = {question: said for question, said in asked.items() if not question.is_ranking}
        for question, said in asked.items():
            if question.is_ranking and isinstance(said, CloudflareError) and not isinstance(said, OverBudget):
                self._again_at[question.book] = self._context.clock.monotonic() + RESPITE.total_seconds()
        return others, [said for question, said in asked.items() if question.is_ranking and isinstance(said, Answer)]

    def reset(self) -> None:
        """Forget the failures."""
        self._again_at.clear()

    def _is_due(self, key: BookKey, now: datetime, beginning: Set[BookKey]) -> bool:
        has_begun = self._context.ledger.open_from(key.scope, key.dataset) is not None
        is_left_alone = self._context.clock.monotonic() < self._again_at.get(key, float("-inf"))
        is_lacking = self._context.ledger.lacks_ranking(key.scope, key.dataset, _ranked_day(now).date())
        is_of_use = is_lacking and (has_begun or key in beginning)
        return is_of_use and not is_left_alone and self._find_limits(key).is_enabled

    def _question(self, key: BookKey, now: datetime) -> Question:
        """Return the question about the closed day, as much of it as Cloudflare keeps."""
        day = _ranked_day(now)
        since = max(day, floor_hour(now - self._find_limits(key).retention) + HOUR)
        return Question(key.scope, key.dataset, since, day + DAY, interval=DAY, is_ranking=True)


def _ranked_day(now: datetime) -> datetime:
    return floor_day(now - RANKED_AFTER) - DAY
