"""The snapshot: what the ledger publishes and what the exporter says of itself, as metric families.

``/metrics``, the JSON API and the pages all read the one snapshot on the board, so they cannot disagree.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from exporter import __version__
from exporter.catalog.entry import Dataset, Product
from exporter.ledger import Publication
from exporter.model import UNLISTED, ExporterStatus, Family, Labels, Sample, Snapshot

EXPORTER = "cloudflare_exporter_"

Key = TypeVar("Key", bound=tuple[str, ...])


class Board:
    """Where the newest snapshot hangs. Publishing is the assignment of one attribute.

    ``scraped_revision`` is the newest ledger revision with which a ``/metrics`` request has been answered, and
    ``turned_at`` the monotonic time at which the poller last finished a turn.
    """

    def __init__(self) -> None:
        self.snapshot: Snapshot | None = None
        self.scraped_revision = 0
        self.turned_at: float | None = None

    def mark_scraped(self, revision: int) -> None:
        """Note that a scrape has been answered with a revision."""
        self.scraped_revision = max(self.scraped_revision, revision)


class SnapshotBuilder:
    """Builds snapshots; label sets are made once and kept as long as their series live."""

    def __init__(self, products: Sequence[Product]) -> None:
        self._asset_labels = {product.kind: product.label for product in products}
        self._datasets = [dataset for product in products for dataset in product.datasets]
        self._labels: dict[tuple[str, ...], Labels] = {}

    def build(self, publication: Publication, status: ExporterStatus, at: datetime) -> Snapshot:
        """Give the snapshot of a publication. Raises ValueError if two samples would be the same series."""
        families = [*self._usage(publication), *_books(publication), *_own(publication, status, at)]
        series = sum(len(family.samples) for family in families) + 1
        families.append(_single("series", "gauge", "Time series in this exposition, process metrics left out.", series))
        return Snapshot(publication.revision, at, tuple(families), status, publication.accounts)

    def _usage(self, publication: Publication) -> list[Family]:
        samples: dict[str, list[Sample]] = {metric.name: [] for dataset in self._datasets for metric in dataset.metrics}
        used: dict[tuple[str, ...], Labels] = {}
        for book in publication.books:
            account = publication.accounts[book.account]
            names = [self._label_names(book.dataset, index) for index in range(len(book.dataset.metrics))]
            for placement, key, amount in book.series:
                metric = book.dataset.metrics[key.metric]
                identity = (metric.name, account, *placement, *key.values)
                labels = self._labels.get(identity) or Labels(names[key.metric], identity[1:])
                used[identity] = labels
                samples[metric.name].append(Sample(labels, amount, metric.divisor))
        self._labels = used
        return [
            build_family(metric.name, "counter", dataset.describe(metric), samples[metric.name])
            for dataset in self._datasets
            for metric in dataset.metrics
        ]

    def _label_names(self, dataset: Dataset, metric_index: int) -> tuple[str, ...]:
        metric = dataset.metrics[metric_index]
        split = (metric.split,) if metric.split else ()
        return ("account", "project", self._asset_labels[dataset.kind], *metric.labels, *split)


def build_family(name: str, kind: str, text: str, samples: Sequence[Sample]) -> Family:
    """Give a family. Raises ValueError if two samples carry the same labels, or other label names than the first."""
    if len({sample.labels for sample in samples}) != len(samples):
        raise ValueError(f"{name}: two samples carry the same labels")
    if any(sample.labels.names != samples[0].labels.names for sample in samples):
        raise ValueError(f"{name}: samples carry different label names")
    return Family(name, kind, text, tuple(samples))


def _own(publication: Publication, status: ExporterStatus, at: datetime) -> Iterable[Family]:
    accounts = publication.accounts
    build = Labels(("version",), (__version__,))
    yield build_family(EXPORTER + "build_info", "info", "The exporter's version.", [Sample(build, 1)])
    yield _by(
        "account_up",
        "gauge",
        "Whether the last refresh of the account was answered (1) or not (0).",
        ("account",),
        {(accounts.get(entry.account_id) or entry.name,): int(entry.is_up) for entry in status.accounts},
    )
    yield _by(
        "dataset_state",
        "gauge",
        "State of a dataset: ok, failing (asked again at each refresh) or unavailable (token or plan lacks it).",
        ("account", "dataset", "state", "reason"),
        {
            (accounts[entry.account_id], entry.dataset, entry.state, entry.reason): 1
            for entry in status.datasets
            if entry.account_id in accounts
        },
    )
    yield _by(
        "api_requests_total",
        "counter",
        "Requests to Cloudflare's API by outcome, retries included.",
        ("api", "outcome"),
        status.api_requests,
    )
    yield from _ledger_counts(publication, status)
    unlisted = {
        (accounts[account],): sum(entry.placement is not None and entry.placement.asset == UNLISTED for entry in roster)
        for account, roster in publication.assets.items()
        if account in accounts
    }
    yield _by(
        "unlisted_assets", "gauge", "Assets with usage that no discovery lists (any more).", ("account",), unlisted
    )
    yield _single(
        "refresh_interval_seconds", "gauge", "Time between refreshes.", status.refresh_interval.total_seconds()
    )
    yield _single(
        "discovery_interval_seconds", "gauge", "Time between discoveries.", status.discovery_interval.total_seconds()
    )
    yield _single("snapshot_timestamp_seconds", "gauge", "When this exposition was built.", at.timestamp())
    if status.clock_offset is not None:
        yield _single(
            "clock_offset_seconds",
            "gauge",
            "How far this machine's clock is ahead of Cloudflare's; nothing is counted by it.",
            status.clock_offset.total_seconds(),
        )


def _ledger_counts(publication: Publication, status: ExporterStatus) -> Iterable[Family]:
    accounts = publication.accounts
    yield _by(
        "revisions_total",
        "counter",
        "Rows that an answer of Cloudflare put lower than an earlier one, and hours taken in dispute.",
        ("account", "dataset"),
        {(accounts[account], dataset): count for (account, dataset), count in status.revisions.items()},
    )
    yield _by(
        "gap_seconds_total",
        "counter",
        "Time that no question covered, because the exporter was away longer than Cloudflare keeps data.",
        ("account", "dataset"),
        {(accounts[account], dataset): gap.total_seconds() for (account, dataset), gap in status.gaps.items()},
    )
    yield _single("page_splits_total", "counter", "Questions cut because a page was full.", status.page_splits)
    yield _single("commit_failures_total", "counter", "Changes the ledger could not write.", status.commit_failures)
    yield _single("storage_bytes", "gauge", "Size of the ledger.", status.storage_bytes)


def _books(publication: Publication) -> Iterable[Family]:
    moments: dict[str, dict[tuple[str, str], float]] = {
        "start": {},
        "queried_until": {},
        "newest_data": {},
        "last_success": {},
    }
    for book in publication.books:
        key = (publication.accounts[book.account], book.dataset.name)
        moments["start"][key] = book.state.start.timestamp()
        moments["queried_until"][key] = book.state.published_until.timestamp()
        moments["last_success"][key] = book.state.last_success.timestamp()
        if book.state.newest is not None:
            moments["newest_data"][key] = book.state.newest.timestamp()
    texts = {
        "start": "Since when the dataset's usage is counted.",
        "queried_until": "Up to when the published values hold what Cloudflare said; divide increases by its increase.",
        "newest_data": "The newest minute for which the dataset had data.",
        "last_success": "When the dataset was last answered, by Cloudflare's clock.",
    }
    for word, values in moments.items():
        yield _by(f"dataset_{word}_timestamp_seconds", "gauge", texts[word], ("account", "dataset"), values)


def _by(name: str, kind: str, text: str, names: tuple[str, ...], values: Mapping[Key, int | float]) -> Family:
    samples = [Sample(Labels(names, key), _whole(value)) for key, value in values.items()]
    return build_family(EXPORTER + name, kind, text, samples)


def _single(name: str, kind: str, text: str, value: int | float) -> Family:
    return build_family(EXPORTER + name, kind, text, [Sample(Labels((), ()), _whole(value))])


def _whole(value: int | float) -> int | float:
    return int(value) if isinstance(value, float) and value.is_integer() else value
