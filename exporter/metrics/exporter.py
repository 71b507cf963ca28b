"""The metrics of the exporter itself, as a table: accounts, datasets, requests, the ledger."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from exporter import __version__
from exporter.catalog.dataset import Dataset
from exporter.ledger import CounterState, Publication
from exporter.metrics.family import Family
from exporter.metrics.freshness import DATASET
from exporter.metrics.own import OwnMetric, Values
from exporter.model import UNLISTED, DayProgress
from exporter.status import ExporterStatus, find_problems, since_by_labels

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class ExporterFacts:
    """The input of the exporter's own metrics."""

    publication: Publication
    status: ExporterStatus
    at: datetime


def _accounts_up(facts: ExporterFacts) -> Values:
    labels = facts.publication.accounts
    return {(labels.get(each.account_id) or each.name,): int(each.is_up) for each in facts.status.accounts}


def _dataset_states(facts: ExporterFacts) -> Values:
    labels = facts.publication.accounts
    return {
        (*facts.publication.labels_of(each.scope, each.dataset), each.state, each.reason): 1
        for each in facts.status.datasets
        if each.account_id in labels
    }


def _list_states(facts: ExporterFacts) -> Values:
    labels = facts.publication.accounts
    return {
        (labels[each.account_id], each.kind, each.state, each.reason): 1
        for each in facts.status.lists
        if each.account_id in labels
    }


def _problem_starts(facts: ExporterFacts) -> Values:
    return dict(since_by_labels(find_problems(facts.status, facts.publication.accounts)).items())


def _requests(facts: ExporterFacts) -> Values:
    return {(api, outcome): count for (api, outcome), count in facts.status.api_requests.items()}


def _unlisted_assets(facts: ExporterFacts) -> Values:
    labels = facts.publication.accounts
    return {
        (labels[account],): sum(entry.placement is not None and entry.placement.asset == UNLISTED for entry in roster)
        for account, roster in facts.publication.assets.items()
        if account in labels
    }


def _folded_assets(facts: ExporterFacts) -> Values:
    labels = facts.publication.accounts
    return Counter(
        (labels[account], entry.asset.kind)
        for account, roster in facts.publication.assets.items()
        for entry in roster
        if account in labels and entry.is_folded and entry.is_published
    )


def _counted(facts: ExporterFacts) -> Iterator[tuple[tuple[str, str, str], CounterState, Dataset]]:
    """Yield the state of each counted dataset, with its labels."""
    for book in facts.publication.books:
        if book.state is not None:
            yield facts.publication.labels_of(book.scope, book.dataset.published_name), book.state, book.dataset


def _gaps(facts: ExporterFacts) -> Values:
    gaps: dict[tuple[str, ...], float] = {}
    ended = ((facts.publication.labels_of(*key), gap) for key, gap in facts.publication.gaps.items())
    # A zone that was made again under its name goes on from what was lost of the one before.
    for key, gap in (*ended, *((key, state.gap) for key, state, _ in _counted(facts))):
        gaps[key] = gaps.get(key, 0) + gap.total_seconds()
    return gaps


def _late_usage(facts: ExporterFacts) -> Values:
    return {
        (*key, field.name): amount / field.scale
        for key, state, dataset in _counted(facts)
        for field, amount in zip(dataset.fields, state.late or (0,) * len(dataset.fields), strict=True)
    }


def _sample_intervals(facts: ExporterFacts) -> Values:
    return {facts.publication.labels_of(*key): interval for key, interval in facts.status.sample_intervals.items()}


def _of_days(read: Callable[[DayProgress], float | None]) -> Callable[[ExporterFacts], Values]:
    """Return a reader of one number from each dataset's progress of closed days; unknown ones are left out."""

    def read_all(facts: ExporterFacts) -> Values:
        return {
            facts.publication.labels_of(*key): value
            for key, progress in facts.status.days.items()
            if (value := read(progress)) is not None
        }

    return read_all


def _audited_until(progress: DayProgress) -> float | None:
    return progress.audited_until.timestamp() if progress.audited_until else None


def _unfilled_seconds(progress: DayProgress) -> float:
    return progress.unfilled_days * DAY_SECONDS


def _value(read: Callable[[ExporterFacts], float | None]) -> Callable[[ExporterFacts], Values]:
    """Return a reader of one value without labels; of no value where it is not known."""

    def read_value(facts: ExporterFacts) -> Values:
        value = read(facts)
        return {} if value is None else {(): value}

    return read_value


def _configured_at(facts: ExporterFacts) -> float | None:
    return facts.status.configured_at.timestamp() if facts.status.configured_at else None


def _clock_offset(facts: ExporterFacts) -> float | None:
    return facts.status.clock_offset.total_seconds() if facts.status.clock_offset is not None else None


EXPORTER_METRICS: tuple[OwnMetric[ExporterFacts], ...] = (
    OwnMetric(
        "cloudflare_exporter_build_info",
        "info",
        "The exporter's version.",
        ("version",),
        lambda _: {(__version__,): 1},
    ),
    OwnMetric(
        "cloudflare_exporter_account_up",
        "gauge",
        "Whether Cloudflare answered the account's last refresh (1 yes, 0 no).",
        ("account",),
        _accounts_up,
    ),
    OwnMetric(
        "cloudflare_exporter_dataset_state",
        "gauge",
        "State of a dataset: ok, failing (asked again at each refresh) or unavailable (not allowed by token or plan).",
        (*DATASET, "state", "reason"),
        _dataset_states,
    ),
    OwnMetric(
        "cloudflare_exporter_discovery_state",
        "gauge",
        "State of a list of assets of one kind: ok, incomplete (some items could not be read), failing (asked again "
        "soon) or unavailable (not allowed by token).",
        ("account", "kind", "state", "reason"),
        _list_states,
    ),
    OwnMetric(
        "cloudflare_exporter_problem_start_timestamp_seconds",
        "gauge",
        "When a problem began: one series per problem, none when all is well. time() minus the value is how long it has"
        " lasted; account, part and reason say what is wrong, remedy what to do.",
        ("account", "part", "reason", "remedy"),
        _problem_starts,
    ),
    OwnMetric(
        "cloudflare_exporter_api_requests_total",
        "counter",
        "Requests to Cloudflare's API by outcome, retries included.",
        ("api", "outcome"),
        _requests,
    ),
    OwnMetric(
        "cloudflare_exporter_api_budget_requests",
        "gauge",
        "Requests that the exporter may send in five minutes.",
        ("api",),
        lambda facts: {(api,): allowed for api, (allowed, _) in facts.status.budgets.items()},
    ),
    OwnMetric(
        "cloudflare_exporter_api_budget_remaining_requests",
        "gauge",
        "Requests that the exporter may still send now.",
        ("api",),
        lambda facts: {(api,): remaining for api, (_, remaining) in facts.status.budgets.items()},
    ),
    OwnMetric(
        "cloudflare_exporter_revisions_total",
        "counter",
        "Rows that Cloudflare revised downwards, plus hours settled without agreement.",
        DATASET,
        lambda facts: {key: state.revisions for key, state, _ in _counted(facts)},
    ),
    OwnMetric(
        "cloudflare_exporter_gap_seconds_total",
        "counter",
        "Time whose usage is lost: the exporter was away longer than Cloudflare keeps data, or a zone left.",
        DATASET,
        _gaps,
    ),
    OwnMetric(
        "cloudflare_exporter_late_usage_total",
        "counter",
        "Usage that arrived after its hour had settled and was added by the day's audit, by field of the dataset.",
        (*DATASET, "field"),
        _late_usage,
    ),
    OwnMetric(
        "cloudflare_exporter_audited_until_timestamp_seconds",
        "gauge",
        "Time before which everything counted is final: its days have been audited, 26 hours after their end.",
        DATASET,
        _of_days(_audited_until),
    ),
    OwnMetric(
        "cloudflare_exporter_history_fill_remaining_seconds",
        "gauge",
        "Time in whole days that daily sums (the basis of costs) lack: before counting began, or of a later meter.",
        DATASET,
        _of_days(_unfilled_seconds),
    ),
    OwnMetric(
        "cloudflare_exporter_first_fill_remaining_seconds",
        "gauge",
        "Deprecated, will be removed in the next version: use cloudflare_exporter_history_fill_remaining_seconds.",
        DATASET,
        _of_days(_unfilled_seconds),
    ),
    OwnMetric(
        "cloudflare_exporter_dataset_sample_interval",
        "gauge",
        "Sample interval of Cloudflare's newest answer: 1 is exact, 10 means that one event in ten was kept.",
        DATASET,
        _sample_intervals,
    ),
    OwnMetric(
        "cloudflare_exporter_page_splits_total",
        "counter",
        "Questions that were split because a page of the answer was full.",
        (),
        _value(lambda facts: facts.status.page_splits),
    ),
    OwnMetric(
        "cloudflare_exporter_commit_failures_total",
        "counter",
        "Changes that could not be written to the ledger.",
        (),
        _value(lambda facts: facts.status.commit_failures),
    ),
    OwnMetric(
        "cloudflare_exporter_storage_bytes",
        "gauge",
        "Size of the ledger's database.",
        (),
        _value(lambda facts: facts.status.storage_bytes),
    ),
    OwnMetric(
        "cloudflare_exporter_unlisted_assets",
        "gauge",
        "Assets with usage that discovery does not list (any more).",
        ("account",),
        _unlisted_assets,
    ),
    OwnMetric(
        "cloudflare_exporter_folded_assets",
        "gauge",
        "Assets without series of their own, published together as other because there are more than the limit.",
        ("account", "kind"),
        _folded_assets,
    ),
    OwnMetric(
        "cloudflare_exporter_refresh_interval_seconds",
        "gauge",
        "Time between two refreshes of an account.",
        (),
        _value(lambda facts: facts.status.refresh_interval.total_seconds()),
    ),
    OwnMetric(
        "cloudflare_exporter_discovery_interval_seconds",
        "gauge",
        "Time between two discoveries of an account.",
        (),
        _value(lambda facts: facts.status.discovery_interval.total_seconds()),
    ),
    OwnMetric(
        "cloudflare_exporter_config_last_reload_successful",
        "gauge",
        "Whether the configuration last read is in use (1) or was refused (0).",
        (),
        _value(lambda facts: int(facts.status.config_is_current)),
    ),
    OwnMetric(
        "cloudflare_exporter_config_last_reload_success_timestamp_seconds",
        "gauge",
        "When the current configuration took effect.",
        (),
        _value(_configured_at),
    ),
    OwnMetric(
        "cloudflare_exporter_snapshot_timestamp_seconds",
        "gauge",
        "When this exposition was built.",
        (),
        _value(lambda facts: facts.at.timestamp()),
    ),
    OwnMetric(
        "cloudflare_exporter_clock_offset_seconds",
        "gauge",
        "How far this machine's clock is ahead of Cloudflare's; counts do not depend on it.",
        (),
        _value(_clock_offset),
    ),
)

SERIES: OwnMetric[Sequence[Family]] = OwnMetric(
    "cloudflare_exporter_series",
    "gauge",
    "Number of series in this exposition, without process metrics.",
    (),
    lambda others: {(): sum(len(family.samples) for family in others) + 1},
)
"""The number of series in all families, this one included."""
