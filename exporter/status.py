"""Statuses of accounts, datasets, lists and sources, and the problems derived from them, worst first. Pure.

The status page and the metrics both read them, so they agree.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from exporter.model import DayProgress, PublishedKey, Scope

STORAGE = "storage"
"""The reason of an account or token that is down because the ledger cannot be written."""

BEGINNING = "new"
"""The reason of an account whose first refresh, or of a source whose first poll is under way."""


@dataclass(frozen=True, slots=True)
class DatasetStatus:
    """The status of one dataset of one scope: ``state`` is ok, failing or unavailable. ``zone`` is the zone's name.

    ``reason`` is one word, ``detail`` says what failed and why, ``remedy`` what to do; all are empty when it is ok.
    ``since`` is the time when this state began for this reason, by Cloudflare's clock if that is known.
    """

    scope: Scope
    dataset: str
    state: str
    reason: str = ""
    detail: str = ""
    remedy: str = ""
    since: datetime | None = None
    zone: str = ""

    @property
    def account_id(self) -> str:
        """The account of the scope."""
        return self.scope.account_id

    @property
    def key(self) -> PublishedKey:
        """The key of what is published about the dataset."""
        return self.scope, self.dataset

    @property
    def title(self) -> str:
        """The dataset's name, with the zone's where it is one of a zone."""
        return f"{self.dataset} of zone {self.zone}" if self.scope.zone_id else self.dataset


@dataclass(frozen=True, slots=True)
class ListStatus:
    """The status of the list of one kind in one account; the fields mean the same as those of a dataset.

    A list may also be ``incomplete``: it was read, but some of its items could not be. One that is ok may have a hint
    as its ``detail``.
    """

    account_id: str
    kind: str
    state: str
    reason: str = ""
    detail: str = ""
    remedy: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """The status of one account; the fields mean the same as those of a dataset, and are empty when it is up.

    ``name`` is the token's name, shown while the account's id is not known.
    """

    account_id: str
    is_up: bool
    reason: str = ""
    detail: str = ""
    name: str = ""
    remedy: str = ""
    since: datetime | None = None

    @property
    def state(self) -> str:
        """``up`` or ``down``."""
        return "up" if self.is_up else "down"


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """The status of one source: it is up while what it last read is current, and so published.

    ``reason``, ``detail``, ``remedy`` and ``since`` mean the same as those of a dataset; they are empty if the newest
    poll succeeded, and may say that it failed while an earlier reading is still current. ``last_success`` is by
    Cloudflare's clock if that is known; ``duration`` is that of the newest poll. Both are None if there is none.
    """

    name: str
    is_up: bool
    reason: str = ""
    detail: str = ""
    remedy: str = ""
    since: datetime | None = None
    last_success: datetime | None = None
    duration: timedelta | None = None

    @property
    def state(self) -> str:
        """``up`` or ``down``."""
        return "up" if self.is_up else "down"

    @property
    def is_bad(self) -> bool:
        """Whether its newest poll failed, or what it read is not current."""
        return self.reason not in {"", BEGINNING}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, since when, and what to do about it.

    ``account`` is the label of the account, the name of the token, or empty if it is about neither; ``part`` is
    ``account``, ``token``, ``storage``, ``configuration``, ``web configuration``, ``budget``, ``clock``, the
    dataset's title, ``list of`` and the kind, ``billing``, ``assets``, ``source`` and its name, or what a source names.
    ``since`` is None if it is not known.
    """

    account: str
    part: str
    reason: str
    since: datetime | None
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ExporterStatus:
    """The exporter's status. Counts are since the process began.

    ``refresh`` is the id of the newest refresh, empty before the first. ``configured_at`` is the time when the current
    configuration took effect, by the machine's clock. ``own_problems`` are those that belong to no account, dataset or
    list: a configuration that was refused, a budget that is used up, and what sources report.
    """

    accounts: tuple[AccountStatus, ...]
    datasets: tuple[DatasetStatus, ...]
    lists: tuple[ListStatus, ...]
    api_requests: Mapping[tuple[str, str], int]
    sample_intervals: Mapping[PublishedKey, float]
    days: Mapping[PublishedKey, DayProgress]
    page_splits: int
    commit_failures: int
    storage_bytes: int
    refresh_interval: timedelta
    budgets: Mapping[str, tuple[int, int]]
    discovery_interval: timedelta
    clock_offset: timedelta | None
    refresh: str = ""
    config_is_current: bool = True
    configured_at: datetime | None = None
    own_problems: tuple[Problem, ...] = ()
    sources: tuple[SourceStatus, ...] = ()


LONGEST_OFFSET = timedelta(minutes=1)
"""How far off the machine's clock may be before that is a problem."""

_IMPLIED: Mapping[str, frozenset[str]] = {"unauthorized": frozenset({"unauthorized", "forbidden"})}
"""By an account's reason, the reasons of its datasets and lists that add nothing; others imply only themselves."""


def find_problems(status: ExporterStatus, account_labels: Mapping[str, str]) -> tuple[Problem, ...]:
    """Return all problems, worst first; ``account_labels`` has the labels by account id, other accounts are left out.

    Where a whole account is down, its datasets and lists that are down for the same reason are left out.
    """
    down = [entry for entry in status.accounts if not entry.is_up and entry.reason != BEGINNING]
    reasons = {entry.account_id: entry.reason for entry in down if entry.account_id}
    known: tuple[DatasetStatus | ListStatus, ...] = (*status.datasets, *status.lists)
    parts = [
        entry
        for entry in known
        if entry.state != "ok"
        and entry.account_id in account_labels
        and not _is_implied(entry.reason, reasons.get(entry.account_id))
    ]
    return (
        *_storage(down),
        *_in_order(_of_account(entry, account_labels) for entry in down if entry.reason != STORAGE),
        *_in_order(_of_part(entry, account_labels) for entry in parts if entry.state == "failing"),
        *_in_order(_of_part(entry, account_labels) for entry in parts if entry.state != "failing"),
        *(_of_source(entry) for entry in status.sources if entry.is_bad),
        *status.own_problems,
        *_clock(status.clock_offset),
    )


def _is_implied(reason: str, of_account: str | None) -> bool:
    return of_account is not None and reason in _IMPLIED.get(of_account, {of_account})


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Put accounts before tokens and datasets before lists, then by name."""

    def place(problem: Problem) -> tuple[bool, str, bool, str]:
        return problem.part == "token", problem.account, problem.part.startswith("list of "), problem.part

    return sorted(problems, key=place)


def _storage(down: Iterable[AccountStatus]) -> Iterator[Problem]:
    """Yield one problem, however many accounts and tokens the ledger could not be written for."""
    unwritten = [entry for entry in down if entry.reason == STORAGE]
    if unwritten:
        first = min(unwritten, key=lambda entry: entry.since or datetime.max.replace(tzinfo=UTC))
        yield Problem("", STORAGE, STORAGE, first.since, first.detail, first.remedy)


def _of_account(entry: AccountStatus, labels: Mapping[str, str]) -> Problem:
    part = "account" if entry.account_id else "token"
    name = labels.get(entry.account_id) or entry.name or entry.account_id
    return Problem(name, part, entry.reason, entry.since, entry.detail, entry.remedy)


def _of_part(entry: DatasetStatus | ListStatus, labels: Mapping[str, str]) -> Problem:
    part = entry.title if isinstance(entry, DatasetStatus) else f"list of {entry.kind}"
    return Problem(labels[entry.account_id], part, entry.reason, entry.since, entry.detail, entry.remedy)


def _of_source(entry: SourceStatus) -> Problem:
    return Problem("", f"source {entry.name}", entry.reason, entry.since, entry.detail, entry.remedy)


def _clock(offset: timedelta | None) -> Iterator[Problem]:
    if offset is not None and abs(offset) > LONGEST_OFFSET:
        direction = "ahead of" if offset > timedelta(0) else "behind"
        detail = f"This machine's clock is {abs(offset).total_seconds():.0f} s {direction} Cloudflare's."
        remedy = "Synchronize this machine's clock (NTP). Counts do not depend on it, but log lines and pages show it."
        yield Problem("", "clock", "offset", None, detail, remedy)


def since_by_labels(problems: Iterable[Problem]) -> dict[tuple[str, str, str, str], float]:
    """Return the time each problem began, in Unix seconds, by account, part, reason and remedy, where it is known."""
    began: dict[tuple[str, str, str, str], float] = {}
    for problem in problems:
        if problem.since is not None:
            key = (problem.account, problem.part, problem.reason, problem.remedy)
            began[key] = min(began.get(key, float("inf")), problem.since.timestamp())
    return began
