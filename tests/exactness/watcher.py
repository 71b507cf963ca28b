"""What Prometheus sees of an exporter: no series falls or is born above what it was, and what ``increase()`` is."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Self

from exporter.catalog import METERS
from exporter.metrics.family import Sample
from exporter.metrics.snapshot import Snapshot

Series = tuple[str, str]
"""The name of a metric and its labels as text."""

Kept = tuple[str, tuple[tuple[str, str], ...]]
"""The name of a metric and those of its labels that a rename does not change."""

_NAMES = {"account", "project", "script_name", "bucket", "database", "do_namespace", "kv_namespace", "zone", "asset"}


@dataclass
class Watcher:
    """Follows every exposed counter.

    ``values`` are those that are published now, ``last`` the newest of each series that ever was published,
    ``increases`` what ``increase()`` gives over the scrapes so far, summed over all names, and ``scraped`` the newest
    sample of each series that ever was scraped.
    """

    values: dict[Series, int] = field(default_factory=dict)
    last: dict[Series, int] = field(default_factory=dict)
    increases: Counter[Kept] = field(default_factory=Counter)
    scraped: dict[Series, int] = field(default_factory=dict)

    @classmethod
    def after(cls, snapshot: Snapshot) -> Self:
        """Return what follows on from what is published."""
        return cls({(name, sample.labels.text): amount for name, sample, amount in _counters(snapshot)})

    def __post_init__(self) -> None:
        self.scraped = self.scraped or dict(self.values)
        self.last = self.last or dict(self.values)

    def see(self, snapshot: Snapshot) -> None:
        """Look at what is published: nothing may fall, or be born but at zero or where it left."""
        seen: dict[Series, int] = {}
        for name, sample, amount in _counters(snapshot):
            series = (name, sample.labels.text)
            before = self.values.get(series, 0)
            assert amount >= before, f"{series} fell from {before} to {amount}"
            assert series in self.values or amount in {0, self.last.get(series)}, f"{series} was born at {amount}"
            seen[series] = amount
        self.values = seen
        self.last |= seen

    def scrape(self, snapshot: Snapshot) -> None:
        """Scrape what is published, and let increases grow as Prometheus computes them.

        The first sample of a series is no increase, and a sample below the one before is all increase: a series that
        came back starts over.
        """
        for name, sample, amount in _counters(snapshot):
            series = (name, sample.labels.text)
            before = self.scraped.get(series, amount)
            if amount != before:
                kept = [(word, value) for word, value in sample.labels.as_dict().items() if word not in _NAMES]
                if not is_cost_of_what_is_stored(sample):
                    self.increases[name, tuple(kept)] += amount - before if amount > before else amount
            self.scraped[series] = amount

    def forget(self, metrics: Collection[str]) -> None:
        """Let the increases of metrics begin anew: another release lacks them, or has them with other labels."""
        for kept in [kept for kept in self.increases if kept[0] in metrics]:
            del self.increases[kept]


def is_cost_of_what_is_stored(sample: Sample) -> bool:
    """Return whether a sample counts list cost of storage, which no usage makes up."""
    meter = sample.labels.as_dict().get("meter", "")
    return meter in METERS and METERS[meter].is_stored


def _counters(snapshot: Snapshot) -> Iterator[tuple[str, Sample, int]]:
    for family in snapshot.families:
        if family.kind not in {"counter", "summary"} or family.name.startswith("cloudflare_exporter_"):
            continue
        for sample in family.samples:
            if family.kind == "counter" or sample.suffix:
                assert isinstance(sample.amount, int)
                yield family.name + sample.suffix, sample, sample.amount
