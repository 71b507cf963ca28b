"""Releases of the program: each has a part of today's catalog, drawn, and all of it hangs together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import TypeVar

from exporter.catalog import PRODUCTS
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Label, Meter, Metric, Tally
from exporter.catalog.product import Product

WITHOUT_PRODUCT = 0.1
"""The share of releases that lack a product."""

CHANGED = 0.5
"""The share of datasets of which a release lacks something."""

LACKING = 0.2
"""The share of fields, labels and metrics that a release lacks in such a dataset."""

COMPLETE = 0.2
"""The share of releases that lack nothing."""

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Release:
    """A release, drawn from its name; the one without a name is this program, whose catalog is the largest."""

    name: str = ""

    def products(self) -> tuple[Product, ...]:
        """Return the catalog of the release."""
        if not self.name:
            return PRODUCTS
        there = tuple(
            product for product in PRODUCTS if Random(f"{self.name} {product.name}").random() >= WITHOUT_PRODUCT
        )
        return tuple(map(self._product, there or PRODUCTS))

    def _product(self, product: Product) -> Product:
        return replace(product, datasets=tuple(map(self._dataset, product.datasets)))

    def _dataset(self, dataset: Dataset) -> Dataset:
        chance = Random(f"{self.name} {dataset.key}")
        if chance.random() >= CHANGED:
            return dataset
        fields = _drawn(dataset.fields, chance) or dataset.fields[:1]
        labels = _drawn(dataset.labels, chance)
        sources = {entry.name for entry in fields}
        # The sum and the count of a summary go together.
        families = {metric.family for metric in dataset.metrics if metric.family and not _is_fed(metric, sources)}
        metrics = [
            _with_labels(metric, labels)
            for metric in dataset.metrics
            if _is_fed(metric, sources) and metric.family not in families
        ]
        kept = _drawn([metric for metric in metrics if not metric.family], chance)
        kept += tuple(metric for metric in metrics if metric.family)
        counted = {metric.name: metric.labels for metric in kept}
        # A tally of fewer counters would be another.
        lacked = {tally.tallied for tally in dataset.tallies if not _is_tallied(tally, counted)}
        return replace(
            dataset,
            fields=fields,
            labels=labels,
            metrics=kept,
            meters=tuple(meter for meter in dataset.meters if _is_read(meter, sources, labels)),
            tallies=tuple(tally for tally in dataset.tallies if tally.tallied not in lacked),
            events=dataset.events if dataset.events in sources else "",
        )


TODAY = Release()


def releases(seed: str) -> Iterator[Release]:
    """Yield releases forever; every few of them has all of today's catalog."""
    for number in count(1):
        yield TODAY if Random(f"{seed} {number}").random() < COMPLETE else Release(f"{seed} {number}")


def _drawn(parts: Sequence[Part], chance: Random) -> tuple[Part, ...]:
    """Return most of some parts, in another order."""
    kept = [part for part in parts if chance.random() >= LACKING]
    return tuple(chance.sample(kept, len(kept)))


def _is_fed(metric: Metric, sources: set[str]) -> bool:
    return all(part.source in sources for part in metric.parts)


def _is_read(meter: Meter, sources: set[str], labels: Sequence[Label]) -> bool:
    return meter.source in sources and {*meter.where, *meter.unless} <= {label.name for label in labels}


def _with_labels(metric: Metric, labels: Sequence[Label]) -> Metric:
    """Return a metric with those of its labels that there are."""
    names = {label.name for label in labels}
    positions = [at for at, name in enumerate(metric.labels) if name in names]
    positions += [len(metric.labels)] if metric.split else []
    zeros = dict.fromkeys(tuple(values[at] for at in positions) for values in metric.zeros)
    return replace(metric, labels=tuple(name for name in metric.labels if name in names), zeros=tuple(zeros))


def _is_tallied(tally: Tally, counted: Mapping[str, Sequence[str]]) -> bool:
    return tally.metric in counted and (not tally.label or tally.label in counted[tally.metric])
