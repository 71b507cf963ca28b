"""A stored book under a catalog with other metrics over the same rows: what both know by name goes on. Pure.

The file keeps series and attributed amounts by position; the signature stored beside them is the list of their names.
"""

from typing import NamedTuple

from exporter.ledger.counters import Counters
from exporter.ledger.series import SeriesKey


class NamedPart(NamedTuple):
    """One part of a metric, by name. ``metric`` includes the names of the labels: with others it is another metric."""

    metric: str
    source: str
    word: str


def carry_over(book: Counters, signature: str) -> None:
    """Rearrange a book that was stored with another signature of the same rows to the metrics of its dataset.

    A metric that is new starts at zero: what its rows have by now counts as attributed. One that is gone loses its
    series; one with other labels is new.
    """
    before, now = parts_of(signature), parts_of(book.dataset.signature)
    _carry_rows(book, before, now)
    _carry_series(book, before, now)


def parts_of(signature: str) -> tuple[NamedPart, ...]:
    """Return the parts of all metrics, in the order of a row's attributed amounts. Raises ValueError."""
    _, _, metrics = signature.split("|")
    return tuple(map(_part_of, filter(None, metrics.split(","))))


def _part_of(text: str) -> NamedPart:
    metric, _, part = text.partition("):")
    source, _, word = part.partition("/")
    return NamedPart(metric, source, word)


def _carry_rows(book: Counters, before: tuple[NamedPart, ...], now: tuple[NamedPart, ...]) -> None:
    known = {part: position for position, part in enumerate(before)}
    places = [(known.get(part), series_part.field) for part, series_part in zip(now, book.plan.parts, strict=True)]
    for key, row in book.rows.items():
        attributed = tuple([row.total[field] if place is None else row.attributed[place] for place, field in places])
        book.rows[key] = row._replace(attributed=attributed)


def _carry_series(book: Counters, before: tuple[NamedPart, ...], now: tuple[NamedPart, ...]) -> None:
    names = list(dict.fromkeys(part.metric for part in before))
    places = {name: position for position, name in enumerate(dict.fromkeys(part.metric for part in now))}
    for placement, there in list(book.series.items()):
        kept = {
            SeriesKey(places[names[key.metric]], key.values): series
            for key, series in there.items()
            if names[key.metric] in places
        }
        if kept:
            book.series[placement] = kept
        else:
            del book.series[placement]
