"""What of an answer is taken: none of settled hours, and of each hour what was counted then. Pure.

Else a row that is asked by one more label would count what a coarser row has already, and a new field what was used
before it came.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from exporter.catalog.dataset import Dataset
from exporter.ledger.row_move import RowMove
from exporter.model import Answer, Rows, floor_hour


def fold_answer(answer: Answer, dataset: Dataset, joined: Mapping[str, datetime]) -> Answer:
    """Return an answer in which words and fields are empty in the hours before they ``joined``."""
    if not joined or min(answer.hours, default=answer.question.until) >= max(joined.values()):
        return answer
    hours = {hour: _fold(rows, dataset, not_yet(joined, hour)) for hour, rows in answer.hours.items()}
    return replace(answer, hours=hours)


def cut_answer(answer: Answer, since: datetime) -> Answer:
    """Return what an answer says of the time from ``since`` on; an hour that began before must not be mixed in.

    Raises ValueError if the answer covers the hour of ``since`` from an earlier minute on.
    """
    if answer.question.since >= since:
        return answer
    if since != floor_hour(since):
        raise ValueError(f"{answer.question.dataset} was asked from {answer.question.since}, but is open from {since}")
    question = replace(answer.question, since=since)
    return replace(
        answer, question=question, hours={hour: rows for hour, rows in answer.hours.items() if hour >= since}
    )


def not_yet(joined: Mapping[str, datetime], hour: datetime) -> frozenset[str]:
    """Return the words and fields that were not counted yet in an hour."""
    return frozenset(name for name, since in joined.items() if hour < since)


def _fold(rows: Rows, dataset: Dataset, names: frozenset[str]) -> Rows:
    if not names:
        return rows
    fields = [entry.name for entry in dataset.fields]
    return RowMove(_positions(dataset.words, names), _positions(fields, names)).rows(rows)


def _positions(there: Sequence[str], left_out: frozenset[str]) -> tuple[int | None, ...]:
    return tuple(None if name in left_out else position for position, name in enumerate(there))
