"""Signatures: what a stored book's rows and series consist of, by name. Pure.

The file keeps every array by position. The signature that is stored beside a book is the list of the names of those
positions, so that a later catalog reads them by name.
"""

from collections.abc import Iterable
from typing import NamedTuple

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Metric


class NamedPart(NamedTuple):
    """One part of a metric. ``metric`` includes the names of the labels: with others it is another metric."""

    metric: str
    source: str
    word: str


class StoredLabel(NamedTuple):
    """A word of a row's key, by its dimension. Releases that stored a label's value instead also stored its name."""

    dimension: str
    name: str = ""


class Signature(NamedTuple):
    """The names of a book: the dimensions that rows are grouped by, those kept in their keys, fields, and parts.

    Fields have their scale behind ``*``, in all but the earliest releases.
    """

    version: str
    dimensions: tuple[str, ...]
    labels: tuple[StoredLabel, ...]
    fields: tuple[str, ...]
    parts: tuple[NamedPart, ...]

    @property
    def identity(self) -> frozenset[str]:
        """The dimensions that are not in the keys of rows: those that identify the asset."""
        return frozenset(self.dimensions) - {label.dimension for label in self.labels}


FOLDED = "^"
"""What stands behind a dimension of which only some words are kept: rows with all of its words are of another shape."""


def stored_names(dataset: Dataset, dimensions: Iterable[str]) -> tuple[str, ...]:
    """Return the names that dimensions of a dataset have in its signature."""
    folded = dataset.limited.dimension if dataset.limited else None
    return tuple(f"{name}{FOLDED}" if name == folded else name for name in dimensions)


def signature_of(dataset: Dataset) -> str:
    """Return the signature with which a dataset's books are stored."""
    fields = ",".join(f"{entry.name}*{entry.scale}" for entry in dataset.fields)
    parts = ",".join(
        f"{metric_name(metric)}:{part.source}/{part.word}" for metric in dataset.metrics for part in metric.parts
    )
    dimensions, words = (",".join(stored_names(dataset, names)) for names in (dataset.dimensions, dataset.words))
    return f"{dataset.version}|{dimensions};{words};{fields}|{parts}"


def metric_name(metric: Metric) -> str:
    """Return a metric's name in signatures, with the names of its labels."""
    return f"{metric.name}({'/'.join(metric.labels)};{metric.split})"


def read_signature(text: str) -> Signature:
    """Return what a stored signature says, in any of the spellings that there were. Raises ValueError."""
    version, *rest = text.split("|")
    shape, parts = (rest[0].split(";"), rest[1]) if len(rest) == 2 else (rest[:-1], rest[-1])
    dimensions, labels, fields = shape
    return Signature(
        version,
        _names(dimensions),
        tuple(map(_label_of, _names(labels))),
        _names(fields),
        tuple(map(_part_of, _names(parts))),
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


def _label_of(text: str) -> StoredLabel:
    name, is_named, dimension = text.partition("=")
    return StoredLabel(dimension or name, name) if is_named else StoredLabel(text)


def _part_of(text: str) -> NamedPart:
    metric, _, part = text.rpartition(":")
    source, _, word = part.partition("/")
    return NamedPart(metric, source, word)
