"""The snapshot: the ledger's publication and the exporter's status, as metric families.

``/metrics``, the JSON API and the pages all read the one published snapshot, so they cannot disagree.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from exporter.catalog import kinds_of
from exporter.catalog.asset_kind import AssetKind
from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Metric
from exporter.catalog.product import Product
from exporter.costs.current import Costs
from exporter.ledger import Publication
from exporter.metrics.asset_usage import AssetUsage, find_asset_usage
from exporter.metrics.assets import asset_families, asset_metrics
from exporter.metrics.costs import COST_METRICS, LIST_COST, ListCosts
from exporter.metrics.exporter import EXPORTER_METRICS, SERIES, ExporterFacts
from exporter.metrics.family import Family, LabelCache, Labels, Sample, build_family
from exporter.metrics.folded_costs import fold_costs
from exporter.metrics.freshness import FRESHNESS, fresh_until
from exporter.metrics.label_texts import LabelTexts, find_label_texts
from exporter.metrics.own import OwnMetric, build_families
from exporter.metrics.sources import SOURCE_METRICS
from exporter.metrics.starts import start_of
from exporter.metrics.thresholds import THRESHOLD, ThresholdFacts, Thresholds
from exporter.metrics.traits import trait_metrics
from exporter.metrics.zone_books import join_zones
from exporter.model import PublishedKey
from exporter.status import ExporterStatus


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Snapshot:
    """Everything that is published at one moment, as of the ledger's commit ``commit_number``.

    ``fresh_until`` is, by what is published, the time until which the published values include Cloudflare's data;
    ``costs`` are the accounts' costs, and ``asset_usage`` the assets with their usage. ``texts`` are those whose hashes
    are values of labels.
    """

    commit_number: int
    at: datetime
    families: tuple[Family, ...]
    status: ExporterStatus
    account_labels: Mapping[str, str]
    fresh_until: Mapping[PublishedKey, datetime]
    costs: Costs = field(default_factory=Costs)
    asset_usage: AssetUsage = field(default_factory=AssetUsage)
    texts: tuple[LabelTexts, ...] = ()


class Published:
    """Holds the current snapshot; publishing is one attribute assignment.

    ``scraped_commit`` is the newest ledger commit with which a ``/metrics`` request has been answered, and
    ``refreshed_at`` the monotonic time at which the poller last finished a refresh.
    """

    def __init__(self) -> None:
        self.snapshot: Snapshot | None = None
        self.scraped_commit = 0
        self.refreshed_at: float | None = None

    def mark_scraped(self, commit_number: int) -> None:
        """Record that a scrape was answered with the snapshot of a commit."""
        self.scraped_commit = max(self.scraped_commit, commit_number)


class SnapshotBuilder:
    """The builder of snapshots; label sets are made once and kept as long as their series live."""

    def __init__(self, products: Sequence[Product]) -> None:
        self._kinds = kinds_of(products)
        self._products = {dataset.key: product.name for product in products for dataset in product.datasets}
        self._datasets = [dataset for product in products for dataset in product.datasets]
        self._labels: dict[tuple[str, ...], Labels] = {}
        self._cached_labels = LabelCache()

    def build(
        self,
        publication: Publication,
        status: ExporterStatus,
        at: datetime,
        wants_metric: Callable[[str], bool] = lambda family: True,
        *,
        has_starts: bool = False,
        costs: Costs | None = None,
        thresholds: Thresholds | None = None,
        of_sources: Sequence[Family] = (),
    ) -> Snapshot:
        """Return the snapshot of a publication. Raises ValueError if two samples would be the same series.

        With ``has_starts`` samples of usage tell since when they are counted. ``of_sources`` are the families that
        sources publish, as they are.
        """
        costs = costs or Costs()
        figures = self.figures(publication, costs, thresholds or Thresholds(), at if has_starts else None)
        own = build_families(EXPORTER_METRICS, ExporterFacts(publication, status, at), self._cached_labels.get)
        standing = build_families(SOURCE_METRICS, status.sources, self._cached_labels.get)
        families = [family for family in (*figures, *own, *standing, *of_sources) if wants_metric(family.name)]
        families.append(SERIES.family(families))
        fresh = {
            (book.scope, book.dataset.published_name): until
            for book in publication.books
            if (until := fresh_until(book))
        }
        asset_usage = find_asset_usage(publication)
        return Snapshot(
            publication.commit_number,
            at,
            tuple(families),
            status,
            publication.accounts,
            fresh,
            costs,
            asset_usage,
            find_label_texts(publication.books, self._products, wants_metric),
        )

    def figures(
        self, publication: Publication, costs: Costs, thresholds: Thresholds, starts_at: datetime | None = None
    ) -> list[Family]:
        """Return the families that come from the ledger, with the starts of counters that are counted at ``starts_at``.

        Raises ValueError if two samples would be the same series.
        """
        self._cached_labels.begin_round()
        labels_of = self._cached_labels.get
        return [
            *self._metrics(publication, starts_at),
            *asset_families(publication, self._kinds.values(), labels_of),
            *build_families(COST_METRICS, fold_costs(costs, publication), labels_of),
            LIST_COST.family(ListCosts(publication.list_costs, publication.accounts, costs.card), labels_of),
            THRESHOLD.family(ThresholdFacts(thresholds, publication), labels_of),
            *build_families(FRESHNESS, publication, labels_of),
        ]

    def _metrics(self, publication: Publication, starts_at: datetime | None) -> list[Family]:
        declared = [(dataset, metric) for dataset in self._datasets for metric in dataset.metrics]
        samples: dict[str, list[Sample]] = {_family_name(metric): [] for _, metric in declared}
        used: dict[tuple[str, ...], Labels] = {}
        for book in join_zones(publication.books):
            account = publication.accounts[book.account_id]
            # What is the same for all series of a metric is looked up once: there may be a hundred thousand.
            metrics = [
                (
                    metric,
                    self._label_names(book.dataset, metric),
                    _suffix(metric),
                    None if starts_at is None else start_of(book, metric, starts_at),
                    samples[_family_name(metric)].append,
                )
                for metric in book.dataset.metrics
            ]
            for placement, key, amount in book.series:
                metric, names, suffix, since, add = metrics[key.metric]
                asset = () if metric.is_of_account else placement
                identity = (metric.name, account, *asset, *key.values)
                labels = self._labels.get(identity) or Labels(names, identity[1:])
                used[identity] = labels
                add(Sample(labels, amount, metric.divisor, suffix, since))
        self._labels = used
        families: dict[str, Family] = {}
        for dataset, metric in declared:
            name = _family_name(metric)
            kind = "summary" if metric.family else metric.kind
            if name not in families:
                grouped = _grouped(samples[name]) if kind == "summary" else samples[name]
                families[name] = build_family(name, kind, dataset.describe(metric), grouped)
        return list(families.values())

    def _label_names(self, dataset: Dataset, metric: Metric) -> tuple[str, ...]:
        asset = () if metric.is_of_account else ("project", self._kinds[dataset.kind].label)
        split = (metric.split,) if metric.split else ()
        return ("account", *asset, *metric.labels, *split)


def own_metrics(kinds: Iterable[AssetKind]) -> tuple[OwnMetric[Any], ...]:
    """Return all metrics outside the catalog, but for those of sources, in the order of an exposition."""
    return (
        *asset_metrics(kinds),
        *COST_METRICS,
        LIST_COST,
        THRESHOLD,
        *FRESHNESS,
        *EXPORTER_METRICS,
        *SOURCE_METRICS,
        SERIES,
    )


def family_names(products: Sequence[Product]) -> frozenset[str]:
    """Return the names of all families of a snapshot, but for those of sources."""
    declared = (metric for product in products for dataset in product.datasets for metric in dataset.metrics)
    kinds = kinds_of(products).values()
    others = (*own_metrics(kinds), *trait_metrics(kinds))
    return frozenset((*map(_family_name, declared), *(metric.name for metric in others)))


def _family_name(metric: Metric) -> str:
    return metric.family or metric.name


def _suffix(metric: Metric) -> str:
    return metric.name.removeprefix(_family_name(metric))


def _grouped(samples: Sequence[Sample]) -> list[Sample]:
    """Put the quantiles, sum and count of each summary together, as OpenMetrics requires."""

    def place(sample: Sample) -> tuple[tuple[str, ...], bool, tuple[str, ...]]:
        values = sample.labels.values
        return (values if sample.suffix else values[:-1]), bool(sample.suffix), (sample.suffix, *values)

    return sorted(samples, key=place)
