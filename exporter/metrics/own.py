"""Metrics outside the catalog, as data: tables of metrics, and the code that turns them into families."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from exporter.metrics.family import Family, Labels, Sample, build_family

Source = TypeVar("Source")

Values = Mapping[tuple[str, ...], int | float]
"""Amounts by label values."""

LabelSource = Callable[[tuple[str, ...], tuple[str, ...]], Labels]
"""A function from label names and values to a label set."""


@dataclass(frozen=True, slots=True)
class OwnMetric(Generic[Source]):
    """One row of a table: ``name`` in full, ``labels`` in the order of the exposition.

    ``read`` is pure: it returns a source's amounts; divided by ``divisor`` they are in the metric's unit.
    """

    name: str
    kind: str
    help: str
    labels: tuple[str, ...]
    read: Callable[[Source], Values]
    divisor: int = 1

    def family(self, source: Source, labels_of: LabelSource = Labels) -> Family:
        """Return the family for a source; without samples if it has no values."""
        values = self.read(source)
        samples = [Sample(labels_of(self.labels, key), _whole(value), self.divisor) for key, value in values.items()]
        return build_family(self.name, self.kind, self.help, samples)


def build_families(
    table: Iterable[OwnMetric[Source]], source: Source, labels_of: LabelSource = Labels
) -> tuple[Family, ...]:
    """Return the families of a table, in its order."""
    return tuple(metric.family(source, labels_of) for metric in table)


def _whole(value: int | float) -> int | float:
    return int(value) if isinstance(value, float) and value.is_integer() else value
