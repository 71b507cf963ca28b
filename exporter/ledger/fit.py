"""Whether what a file holds of books fits the catalog: as many labels and figures as there are, labels texts. Pure."""

from collections.abc import Iterable, Sequence

from exporter.catalog.dataset import Dataset
from exporter.ledger.counters import Counters
from exporter.ledger.gauges import Gauges
from exporter.model import RowKey


def check_counters(book: Counters) -> None:
    """Raise LookupError or ValueError if a row does not fit its dataset, or a series its metric."""
    fields, parts = len(book.dataset.fields), len(book.plan.parts)
    _check_rows(book.dataset, book.rows, (fields, fields, parts), book.rows.values())
    for hour in book.open.values():
        for rows in (hour.rows, hour.peak):
            _check_rows(book.dataset, rows, (fields,), ((amounts,) for amounts in rows.values()))
    for key in {key for there in book.series.values() for key in there}:
        metric = book.dataset.metrics[key.metric]
        if len(key.values) != len(metric.labels) + bool(metric.split) or not _are_texts(key.values):
            raise ValueError(f"a series of {metric.name} has the labels of another")


def check_gauges(book: Gauges) -> None:
    """Raise ValueError if a reading does not fit its dataset."""
    fields = len(book.dataset.fields)
    _check_rows(book.dataset, book.rows, (fields,), ((reading.amounts,) for reading in book.rows.values()))


def _check_rows(
    dataset: Dataset, keys: Iterable[RowKey], lengths: tuple[int, ...], rows: Iterable[Sequence[Sequence[int]]]
) -> None:
    words = len(dataset.words)
    # There are many rows, but of few shapes.
    if any(len(labels) != words or not _are_texts(labels) for labels in {labels for _, labels in keys}):
        raise ValueError(f"a row of {dataset.name} has the labels of another")
    if any(set(map(len, column)) != {length} for column, length in zip(zip(*rows, strict=True), lengths, strict=False)):
        raise ValueError(f"a row of {dataset.name} has the figures of another")


def _are_texts(words: Iterable[object]) -> bool:
    return all(isinstance(word, str) for word in words)
