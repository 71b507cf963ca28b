"""A stored book under another catalog: what both know by name goes on. Pure.

Rows keep Cloudflare's words, so another classification moves nothing that is stored.
"""

from datetime import datetime
from operator import add

from exporter.catalog.dataset import Dataset
from exporter.ledger.counters import Counters, CounterState
from exporter.ledger.gauges import Gauges
from exporter.ledger.row_move import RowMove
from exporter.ledger.series import SeriesKey
from exporter.ledger.signature import NamedPart, Signature, StoredLabel, read_signature, stored_names
from exporter.ledger.totals import RowTotals
from exporter.model import UNKNOWN, RowKey, ceil_day

Parts = tuple[NamedPart, ...]


def find_move(stored: Signature, dataset: Dataset) -> RowMove | None:
    """Return how rows that were stored with a signature are read today.

    None if they identify assets otherwise, or have a field in another unit.
    """
    if stored.identity != frozenset(dataset.dimensions) - set(dataset.words):
        return None
    scales = {entry.name: str(entry.scale) for entry in dataset.fields}
    fields: dict[str, int] = {}
    for position, text in enumerate(stored.fields):
        name, is_scaled, scale = text.partition("*")
        if is_scaled and scale != scales.get(name, scale):
            return None
        fields[name] = position
    labels = _labels_by_dimension(stored, dataset)
    return RowMove(tuple(map(labels.get, stored_names(dataset, dataset.words))), tuple(map(fields.get, scales)))


def find_continuation(stored: Signature, dataset: Dataset) -> RowMove | None:
    """Return how the rows of a book that goes on are read today; None if it ends, for they mean something else."""
    return find_move(stored, dataset) if stored.version == str(dataset.version) else None


def find_gauge_continuation(stored: Signature, dataset: Dataset) -> RowMove | None:
    """Return how readings that were stored with a signature are read today; None if they have other words.

    A reading stays until another of its row replaces it, which one without a word would wait for in vain.
    """
    move = find_continuation(stored, dataset)
    is_same = {label.dimension for label in stored.labels} == set(dataset.words)
    return move._replace(absent=UNKNOWN) if move is not None and is_same else None


def carry_over(book: Counters, stored: Signature, move: RowMove) -> None:
    """Rearrange a book that was stored with another signature to the rows and metrics of its dataset.

    A metric that is new starts at zero: what its rows have by now counts as attributed. One that is gone loses its
    series; one with other labels is new. A word or field that is new is counted from the next midnight on.
    """
    today = read_signature(book.plan.signature).parts
    before = _with_labels(stored.parts, today)
    _carry_rows(book, before, today, move)
    _carry_series(book, before, today)
    book.open = move.hours(book.open)
    if book.state is not None:
        late = book.state.late and move.amounts(book.state.late)
        book.state = book.state._replace(late=late, joined=find_joined(book.dataset, book.state, move))


def carry_gauges(book: Gauges, move: RowMove) -> None:
    """Rearrange the readings that were stored with another signature to the rows of their dataset."""
    book.rows = {
        move.key(key): reading._replace(amounts=move.amounts(reading.amounts)) for key, reading in book.rows.items()
    }


def _labels_by_dimension(stored: Signature, dataset: Dataset) -> dict[str, int]:
    """Return the position of each dimension's own words, rather than of what they were classified as."""
    classified = {label.name for label in dataset.labels if label.classify}

    def is_of_words(label: StoredLabel) -> bool:
        return label.name not in classified

    return {label.dimension: at for at, label in enumerate(stored.labels) if is_of_words(label)}


def find_joined(dataset: Dataset, state: CounterState, move: RowMove) -> dict[str, datetime]:
    """Return since when words and fields are counted that have not been from the beginning."""
    names = (*dataset.words, *(entry.name for entry in dataset.fields))
    known = {name: since for name, since in state.joined.items() if name in names}
    added = [name for name, position in zip(names, (*move.words, *move.fields), strict=True) if position is None]
    return known | dict.fromkeys(added, ceil_day(state.until))


def _with_labels(before: Parts, today: Parts) -> Parts:
    """Return stored parts with the names of their metrics' labels, which the earliest releases left out."""
    complete = {part.metric.partition("(")[0]: part.metric for part in today}
    return tuple(part._replace(metric=complete.get(part.metric, part.metric)) for part in before)


def _carry_rows(book: Counters, before: Parts, today: Parts, move: RowMove) -> None:
    known = {part: position for position, part in enumerate(before)}
    parts = zip(today, book.plan.parts, strict=True)
    places = [(known.get(part), series_part.field) for part, series_part in parts]
    carried: dict[RowKey, RowTotals] = {}
    for stored_key, row in book.rows.items():
        key, total = move.key(stored_key), move.amounts(row.total)
        attributed = tuple([total[field] if place is None else row.attributed[place] for place, field in places])
        moved = RowTotals(move.amounts(row.settled), total, attributed)
        there = carried.get(key)
        if there is not None:
            moved = RowTotals(*(tuple(map(add, *two)) for two in zip(there, moved, strict=True)))
        carried[key] = moved
    book.rows = carried


def _carry_series(book: Counters, before: Parts, today: Parts) -> None:
    names = list(dict.fromkeys(part.metric for part in before))
    places = {name: position for position, name in enumerate(dict.fromkeys(part.metric for part in today))}
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
