"""The snapshot: what the ledger publishes and what the exporter says of itself, as metric families.

``/metrics``, the JSON API and the pages all read the one snapshot on the board, so they cannot disagree.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from exporter import __version__
from exporter.assets import asset_families
from exporter.catalog.entry import Dataset, Metric, Product
from exporter.cost_families import cost_families, list_cost_family
from exporter.costs.current import Costs
from exporter.families import EXPORTER, LabelCache, build_family, own_family, own_value
from exporter.holdings import Holdings, find_holdings
from exporter.ledger import Publication, PublishedBook
from exporter.model import UNLISTED, ExporterStatus, Family, Labels, Sample
from exporter.problems import find_problems, since_by_labels
from exporter.threshold_families import Thresholds, threshold_family

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Snapshot:
    """Everything that is published at one moment. ``revision`` is the ledger's commit that it shows.

    ``fresh_until`` gives, by account id and dataset, up to when the published values hold what Cloudflare said,
    ``costs`` what each account costs, and ``holdings`` which assets there are.
    """

    revision: int
    at: datetime
    families: tuple[Family, ...]
    status: ExporterStatus
    account_labels: Mapping[str, str]
    fresh_until: Mapping[tuple[str, str], datetime]
    costs: Costs = field(default_factory=Costs)
    holdings: Holdings = field(default_factory=Holdings)


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
        self._products = products
        self._asset_labels = {product.kind: product.label for product in products}
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
        costs: Costs | None = None,
        thresholds: Thresholds | None = None,
    ) -> Snapshot:
        """Give the snapshot of a publication. Raises ValueError if two samples would be the same series."""
        costs = costs or Costs()
        families = self.figures(publication, costs, thresholds or Thresholds())
        families = [family for family in (*families, *_own(publication, status, at)) if wants_metric(family.name)]
        series = sum(len(family.samples) for family in families) + 1
        families.append(own_value("series", "gauge", "Time series here, process metrics left out.", series))
        fresh_until = {
            (book.account, book.dataset.name): fresh for book in publication.books if (fresh := _fresh(book))
        }
        holdings = find_holdings(publication, self._products)
        accounts = publication.accounts
        return Snapshot(publication.revision, at, tuple(families), status, accounts, fresh_until, costs, holdings)

    def figures(self, publication: Publication, costs: Costs, thresholds: Thresholds) -> list[Family]:
        """Give the families that come from the ledger. Raises ValueError if two samples would be the same series."""
        self._cached_labels.begin_round()
        return [
            *self._metrics(publication),
            *asset_families(publication, self._products),
            *cost_families(costs, self._cached_labels),
            list_cost_family(publication.list_costs, publication.accounts, costs.card, self._cached_labels),
            threshold_family(thresholds, publication, self._cached_labels),
            *_books(publication),
        ]

    def _metrics(self, publication: Publication) -> list[Family]:
        declared = [(dataset, metric) for dataset in self._datasets for metric in dataset.metrics]
        samples: dict[str, list[Sample]] = {_family_name(metric): [] for _, metric in declared}
        used: dict[tuple[str, ...], Labels] = {}
        for book in publication.books:
            account = publication.accounts[book.account]
            metrics = book.dataset.metrics
            names = [self._label_names(book.dataset, metric) for metric in metrics]
            suffixes = [metric.name.removeprefix(_family_name(metric)) for metric in metrics]
            for placement, key, amount in book.series:
                metric = metrics[key.metric]
                asset = () if metric.is_of_account else placement
                identity = (metric.name, account, *asset, *key.values)
                labels = self._labels.get(identity) or Labels(names[key.metric], identity[1:])
                used[identity] = labels
                sample = Sample(labels, amount, metric.divisor, suffixes[key.metric])
                samples[_family_name(metric)].append(sample)
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
        asset = () if metric.is_of_account else ("project", self._asset_labels[dataset.kind])
        split = (metric.split,) if metric.split else ()
        return ("account", *asset, *metric.labels, *split)


def _family_name(metric: Metric) -> str:
    return metric.family or metric.name


def _grouped(samples: Sequence[Sample]) -> list[Sample]:
    """Put the quantiles, sum and count of each summary together, as OpenMetrics wants them."""

    def place(sample: Sample) -> tuple[tuple[str, ...], bool, tuple[str, ...]]:
        values = sample.labels.values
        return (values if sample.suffix else values[:-1]), bool(sample.suffix), (sample.suffix, *values)

    return sorted(samples, key=place)


def _own(publication: Publication, status: ExporterStatus, at: datetime) -> Iterable[Family]:
    accounts = publication.accounts
    build = Labels(("version",), (__version__,))
    yield build_family(EXPORTER + "build_info", "info", "The exporter's version.", [Sample(build, 1)])
    yield own_family(
        "account_up",
        "gauge",
        "Whether the last refresh of the account was answered (1) or not (0).",
        ("account",),
        {(accounts.get(entry.account_id) or entry.name,): int(entry.is_up) for entry in status.accounts},
    )
    yield own_family(
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
    yield own_family(
        "discovery_state",
        "gauge",
        "State of the list of a kind of assets: ok, failing (asked again soon) or unavailable (token lacks it).",
        ("account", "kind", "state", "reason"),
        {
            (accounts[entry.account_id], entry.kind, entry.state, entry.reason): 1
            for entry in status.lists
            if entry.account_id in accounts
        },
    )
    yield own_family(
        "problem_start_timestamp_seconds",
        "gauge",
        "Since when something is wrong: a series for each problem, none when all is well. time() minus the value is for"
        " how long; account, part and reason say what it is, remedy what to do.",
        ("account", "part", "reason", "remedy"),
        since_by_labels(find_problems(status, accounts)),
    )
    yield own_family(
        "api_requests_total",
        "counter",
        "Requests to Cloudflare's API by outcome, retries included.",
        ("api", "outcome"),
        status.api_requests,
    )
    allowed = {(api,): allowance for api, (allowance, _) in status.budgets.items()}
    left = {(api,): remaining for api, (_, remaining) in status.budgets.items()}
    yield own_family(
        "api_budget_requests", "gauge", "Requests in five minutes that the exporter allows itself.", ("api",), allowed
    )
    yield own_family("api_budget_remaining_requests", "gauge", "How many of these it may send now.", ("api",), left)
    yield from _ledger_counts(publication, status)
    unlisted = {
        (accounts[account],): sum(entry.placement is not None and entry.placement.asset == UNLISTED for entry in roster)
        for account, roster in publication.assets.items()
        if account in accounts
    }
    yield own_family(
        "unlisted_assets", "gauge", "Assets with usage that no discovery lists (any more).", ("account",), unlisted
    )
    yield own_value(
        "refresh_interval_seconds", "gauge", "Time between refreshes.", status.refresh_interval.total_seconds()
    )
    yield own_value(
        "discovery_interval_seconds", "gauge", "Time between discoveries.", status.discovery_interval.total_seconds()
    )
    yield own_value(
        "config_last_reload_successful",
        "gauge",
        "Whether the configuration that was last read is the one that runs (1), or was refused (0).",
        int(status.config_is_current),
    )
    if status.configured_at is not None:
        yield own_value(
            "config_last_reload_success_timestamp_seconds",
            "gauge",
            "When the configuration that runs was taken over.",
            status.configured_at.timestamp(),
        )
    yield own_value("snapshot_timestamp_seconds", "gauge", "When this exposition was built.", at.timestamp())
    if status.clock_offset is not None:
        yield own_value(
            "clock_offset_seconds",
            "gauge",
            "How far this machine's clock is ahead of Cloudflare's; nothing is counted by it.",
            status.clock_offset.total_seconds(),
        )


def _ledger_counts(publication: Publication, status: ExporterStatus) -> Iterable[Family]:
    accounts = publication.accounts
    books = {
        (accounts[book.account], book.dataset.name): (book.state, book.dataset)
        for book in publication.books
        if book.state is not None
    }
    yield own_family(
        "revisions_total",
        "counter",
        "Rows that an answer of Cloudflare put lower than an earlier one, and hours taken in dispute.",
        ("account", "dataset"),
        {key: state.revisions for key, (state, _) in books.items()},
    )
    yield own_family(
        "gap_seconds_total",
        "counter",
        "Time that no question covered, because the exporter was away longer than Cloudflare keeps data.",
        ("account", "dataset"),
        {key: state.gap.total_seconds() for key, (state, _) in books.items()},
    )
    yield own_family(
        "late_usage_total",
        "counter",
        "Usage that came after its hour had settled and was added when its day was audited, by field of the dataset.",
        ("account", "dataset", "field"),
        {
            (*key, entry.name): amount / entry.scale
            for key, (state, dataset) in books.items()
            for entry, amount in zip(dataset.fields, state.late or (0,) * len(dataset.fields), strict=True)
        },
    )
    yield from _days(publication, status)
    yield own_family(
        "dataset_sample_interval",
        "gauge",
        "How coarsely Cloudflare sampled the newest answer: 1 is exact, 10 means that one event in ten was kept.",
        ("account", "dataset"),
        {(accounts[account], dataset): interval for (account, dataset), interval in status.sample_intervals.items()},
    )
    yield own_value("page_splits_total", "counter", "Questions cut because a page was full.", status.page_splits)
    yield own_value("commit_failures_total", "counter", "Changes the ledger could not write.", status.commit_failures)
    yield own_value("storage_bytes", "gauge", "Size of the ledger.", status.storage_bytes)


def _days(publication: Publication, status: ExporterStatus) -> Iterable[Family]:
    accounts = publication.accounts
    days = {(accounts[account], dataset): progress for (account, dataset), progress in status.days.items()}
    yield own_family(
        "audited_until_timestamp_seconds",
        "gauge",
        "Everything counted before this is final: its days were asked once more, 26 hours after their end.",
        ("account", "dataset"),
        {key: progress.audited_until.timestamp() for key, progress in days.items() if progress.audited_until},
    )
    yield own_family(
        "first_fill_remaining_seconds",
        "gauge",
        "Time before counting began, in whole days, still to be asked for the daily sums, which costs are made of.",
        ("account", "dataset"),
        {key: progress.unfilled_days * DAY_SECONDS for key, progress in days.items()},
    )


def _fresh(book: PublishedBook) -> datetime | None:
    """Give up to when a dataset's values hold what Cloudflare said; a window says nothing of its own."""
    if book.state:
        return book.state.published_until
    return book.readings.newest if book.readings and not book.dataset.variant else None


def _books(publication: Publication) -> Iterable[Family]:
    moments: dict[str, dict[tuple[str, str], float]] = {
        "start": {},
        "queried_until": {},
        "newest_data": {},
        "last_success": {},
    }
    for book in publication.books:
        key = (publication.accounts[book.account], book.dataset.name)
        said = book.state or book.readings
        if said is None or book.dataset.variant:
            continue
        moments["last_success"][key] = said.last_success.timestamp()
        if said.newest is not None:
            moments["newest_data"][key] = said.newest.timestamp()
        if book.state:
            moments["start"][key] = book.state.start.timestamp()
            moments["queried_until"][key] = book.state.published_until.timestamp()
    texts = {
        "start": "Since when the dataset's usage is counted.",
        "queried_until": "Up to when the published values hold what Cloudflare said; divide increases by its increase.",
        "newest_data": "The newest minute for which the dataset had data.",
        "last_success": "When the dataset was last answered, by Cloudflare's clock.",
    }
    for word, values in moments.items():
        yield own_family(f"dataset_{word}_timestamp_seconds", "gauge", texts[word], ("account", "dataset"), values)
