"""Questions about zones that are asked together, and what of the answer is whose. Pure.

Zones share an alias where they are asked about the same span. So those whose oldest open hours are close are asked from
the first of these on; what a zone has not asked about is dropped again.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from exporter.catalog.dataset import Dataset
from exporter.cloudflare.reader import Asked
from exporter.model import HOUR, Answer, Question

MOST_APART = 2 * HOUR
"""How far apart the oldest open hours of zones may be that are asked from the same hour on."""


class JointQuestion(NamedTuple):
    """A question as it is ``asked``, and the one that it answers."""

    dataset: Dataset
    asked: Question
    question: Question


def join_questions(questions: Sequence[Asked], likeness: Callable[[Asked], Hashable]) -> list[JointQuestion]:
    """Return how some questions are asked, in their order.

    Zones are asked from the same hour on if their ``likeness`` is the same (their limits, and the cuts that they
    needed), and their oldest open hours are at most ``MOST_APART``. One that begins within an hour, as that in which
    the counting of a zone begins, is left as it is: of this hour it must not get more than it asks for.
    """
    starts: dict[Hashable, set[datetime]] = {}
    keys = [_likeness(asked, likeness) if _is_by_hour(asked) else None for asked in questions]
    for key, (_, question) in zip(keys, questions, strict=True):
        if key is not None:
            starts.setdefault(key, set()).add(question.since)
    common = {key: _common_starts(those) for key, those in starts.items()}
    return [
        JointQuestion(
            dataset, question if key is None else replace(question, since=common[key][question.since]), question
        )
        for key, (dataset, question) in zip(keys, questions, strict=True)
    ]


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


def _is_by_hour(asked: Asked) -> bool:
    """Return whether a question is about a zone, from a whole hour on, and its answer can be told hour by hour."""
    dataset, question = asked
    grain = dataset.grain
    is_of_hours = dataset.timing.is_metered and grain.unit == HOUR and bool(grain.group)
    is_usual = not (question.by_day or question.is_overview)
    return bool(question.scope.zone_id) and is_of_hours and is_usual and question.since == grain.floor(question.since)


def _likeness(asked: Asked, likeness: Callable[[Asked], Hashable]) -> Hashable:
    dataset, question = asked
    return dataset.key, question.until, question.asks_newest, likeness(asked)


def _common_starts(starts: Iterable[datetime]) -> dict[datetime, datetime]:
    """Return from when on each is asked instead, so that there are as few as can be."""
    common: dict[datetime, datetime] = {}
    first: datetime | None = None
    for start in sorted(starts):
        if first is None or start - first > MOST_APART:
            first = start
        common[start] = first
    return common
