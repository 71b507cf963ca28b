"""Releases of the program: each has the same datasets, but lacks some of their metrics and has others in between."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

from exporter.catalog.entry import Dataset, Metric

LACKING = 0.2
"""The share of metrics that a release lacks."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release by its number; 0 is this program, and each other is drawn from its number."""

    number: int = 0

    def datasets(self, known: Iterable[Dataset]) -> list[Dataset]:
        """Return the datasets as the release has them."""
        return [self._dataset(dataset) for dataset in known]

    def lacks(self, known: Iterable[Dataset]) -> frozenset[str]:
        """Return the names of the metrics that the release does not have."""
        return frozenset(metric.name for dataset in known for metric in {*dataset.metrics} - {*self._metrics(dataset)})

    def _dataset(self, dataset: Dataset) -> Dataset:
        metrics = self._metrics(dataset)
        names = {metric.name for metric in metrics}
        lacked = {tally.tallied for tally in dataset.tallies if tally.metric not in names}
        tallies = tuple(tally for tally in dataset.tallies if tally.tallied not in lacked)
        return replace(dataset, metrics=metrics, tallies=tallies)

    def _metrics(self, dataset: Dataset) -> tuple[Metric, ...]:
        if not self.number:
            return dataset.metrics
        chance = Random(f"{self.number} {dataset.key}")
        # Of a summary, whose quantiles are another dataset's, sum and count go together.
        kept = [metric for metric in dataset.metrics if metric.family or chance.random() > LACKING]
        return tuple(chance.sample(kept, len(kept)))
