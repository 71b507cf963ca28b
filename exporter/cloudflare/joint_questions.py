"""Questions about zones that are asked together, and what of the answer is whose. Pure.

Zones share an alias where they are asked about the same span. So those whose oldest open hours are close are asked from
the first of these on; what a zone has not asked about is dropped again.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from exporter.catalog.dataset import Dataset
from exporter.catalog.readable import AccountNodeByZone
from exporter.cloudflare.errors import CloudflareError
from exporter.cloudflare.reader import Asked
from exporter.model import HOUR, MINUTE, Amounts, Answer, Question, RowKey, Rows, Scope

MOST_APART = 2 * HOUR
"""How far apart the oldest open hours of zones may be that are asked from the same hour on."""


class JointQuestion(NamedTuple):
    """A question as it is ``asked``, and those that it answers: a single one, or many about zones of the account."""

    dataset: Dataset
    asked: Question
    questions: tuple[Question, ...]

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones that an account's node is asked about, if it can be asked about some only."""
        reads = self.dataset.reads
        is_filtered = isinstance(reads, AccountNodeByZone) and reads.has_filter
        return tuple(question.scope.zone_id for question in self.questions) if is_filtered else ()

    def share_out(self, outcome: Answer | CloudflareError) -> dict[Question, Answer | CloudflareError]:
        """Return what each question is answered by the outcome."""
        if isinstance(outcome, CloudflareError):
            return dict.fromkeys(self.questions, outcome)
        if not self.dataset.reads.zone_dimension:
            return {question: take_own(question, outcome) for question in self.questions}
        hours = _by_zone(outcome.hours)
        return {
            question: take_own(question, _of_zone(self.dataset, outcome, hours.get(question.scope.zone_id, {})))
            for question in self.questions
        }


def join_questions(questions: Sequence[Asked], likeness: Callable[[Question], Hashable]) -> list[JointQuestion]:
    """Return how some questions are asked, in their order.

    Zones are asked from the same hour on if their ``likeness`` is the same (their limits, and the cuts that they
    needed), and their oldest open hours are at most ``MOST_APART``. One that begins within an hour, as that in which
    the counting of a zone begins, is left as it is: of this hour it must not get more than it asks for. What an
    account's node tells is asked of all those zones as one.
    """
    starts: dict[Hashable, set[datetime]] = {}
    keys = [_likeness(asked, likeness) if _is_by_hour(asked) else None for asked in questions]
    for key, (_, question) in zip(keys, questions, strict=True):
        if key is not None:
            starts.setdefault(key, set()).add(question.since)
    common = {key: _common_starts(those) for key, those in starts.items()}
    joint: dict[Hashable, JointQuestion] = {}
    for key, (dataset, question) in zip(keys, questions, strict=True):
        asked = question if key is None else replace(question, since=common[key][question.since])
        if not dataset.reads.zone_dimension:
            joint[len(joint)] = JointQuestion(dataset, asked, (question,))
            continue
        asked = replace(asked, scope=Scope(question.scope.account_id), interval=MINUTE, asks_newest=False)
        place = asked, likeness(question)
        before = joint[place].questions if place in joint else ()
        joint[place] = JointQuestion(dataset.of_all_zones, asked, (*before, question))
    return list(joint.values())


def take_own(question: Question, answer: Answer) -> Answer:
    """Return the part of an answer that a question asked for, if it was asked from an earlier hour on."""
    since = question.since
    if since == answer.question.since:
        return replace(answer, question=question)
    newest = answer.newest if answer.newest is not None and answer.newest >= since else None
    return replace(
        answer,
        question=question,
        hours={hour: rows for hour, rows in answer.hours.items() if hour >= since},
        sampled=frozenset(hour for hour in answer.sampled if hour >= since),
        newest=newest,
    )


def _by_zone(hours: Mapping[datetime, Rows]) -> dict[str, dict[datetime, Rows]]:
    """Return the rows of an account by the zones that they name."""
    found: dict[str, dict[datetime, dict[RowKey, Amounts]]] = {}
    for hour, rows in hours.items():
        for key, amounts in rows.items():
            found.setdefault(key[0], {}).setdefault(hour, {})[key] = amounts
    return {zone: dict(there) for zone, there in found.items()}


def _of_zone(dataset: Dataset, answer: Answer, hours: Mapping[datetime, Rows]) -> Answer:
    """Return the answer about one zone, given the hours that have rows of it."""
    tells_newest = dataset.is_counted and not answer.question.by_day
    return replace(answer, hours=hours, newest=max(hours, default=None) if tells_newest else None)


def _is_by_hour(asked: Asked) -> bool:
    """Return whether a question is about a zone, from a whole hour on, and its answer can be told hour by hour."""
    dataset, question = asked
    grain = dataset.grain
    is_of_hours = dataset.timing.is_metered and grain.unit == HOUR and bool(grain.group)
    is_usual = not (question.by_day or question.is_coarse)
    return bool(question.scope.zone_id) and is_of_hours and is_usual and question.since == grain.floor(question.since)


def _likeness(asked: Asked, likeness: Callable[[Question], Hashable]) -> Hashable:
    dataset, question = asked
    return dataset.key, question.until, question.asks_newest, likeness(question)


def _common_starts(starts: Iterable[datetime]) -> dict[datetime, datetime]:
    """Return from when on each is asked instead, so that there are as few as can be."""
    common: dict[datetime, datetime] = {}
    first: datetime | None = None
    for start in sorted(starts):
        if first is None or start - first > MOST_APART:
            first = start
        common[start] = first
    return common
