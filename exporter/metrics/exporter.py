"""What the exporter says of itself, as metric families: accounts, datasets, requests, the ledger."""

from collections.abc import Iterable
from datetime import datetime

from exporter import __version__
from exporter.ledger import Publication, PublishedBook
from exporter.metrics.family import EXPORTER, Family, Labels, Sample, build_family, own_family, own_value
from exporter.model import UNLISTED
from exporter.status import ExporterStatus, find_problems, since_by_labels

DAY_SECONDS = 86_400


def exporter_families(publication: Publication, status: ExporterStatus, at: datetime) -> Iterable[Family]:
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
    remaining = {key: progress.unfilled_days * DAY_SECONDS for key, progress in days.items()}
    yield own_family(
        "history_fill_remaining_seconds",
        "gauge",
        "Time before counting began, in whole days, still to be asked for the daily sums, which costs are made of.",
        ("account", "dataset"),
        remaining,
    )
    yield own_family(
        "first_fill_remaining_seconds",
        "gauge",
        f"Deprecated, gone in the next version: use {EXPORTER}history_fill_remaining_seconds.",
        ("account", "dataset"),
        remaining,
    )


def fresh_until(book: PublishedBook) -> datetime | None:
    """Return up to when a dataset's values hold what Cloudflare said; a window says nothing of its own."""
    if book.state:
        return book.state.published_until
    return book.readings.newest if book.readings and not book.dataset.variant else None


def freshness_families(publication: Publication) -> Iterable[Family]:
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
