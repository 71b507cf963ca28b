"""The state of the exporter: problems, accounts, datasets, lists and sources, as tables of texts. Pure."""

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from exporter.exposition.page.words import count, dollars, duration, minute, or_dash
from exporter.metrics.snapshot import Snapshot
from exporter.model import DayProgress
from exporter.status import AccountStatus, DatasetStatus, ListStatus, Problem, SourceStatus, find_problems
from exporter.views import AssetFilter, ProjectRow, Views, data_until

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Column(Generic[Entry]):
    """One column of a table: its head, and the text of a row's cell; ``whole`` is that of a cell which is cut.

    ``link`` is where the cell leads; empty if nowhere.
    """

    head: str
    cell: Callable[[Entry], str]
    is_figure: bool = False
    whole: Callable[[Entry], str] = lambda entry: ""
    link: Callable[[Entry], str] = lambda entry: ""


@dataclass(frozen=True, slots=True)
class Table(Generic[Entry]):
    """A titled table with a row for each entry; bad ones are highlighted."""

    title: str
    columns: Sequence[Column[Entry]]
    entries: Sequence[Entry]
    is_bad: Callable[[Entry], bool]

    @property
    def bad(self) -> int:
        """Return the number of highlighted rows."""
        return sum(map(self.is_bad, self.entries))


@dataclass(frozen=True, slots=True)
class StatusView:
    """The state of everything at a moment."""

    at: datetime
    series: int
    problems: Table[Problem]
    accounts: Table[AccountStatus]
    details: tuple[Table[DatasetStatus] | Table[ListStatus] | Table[SourceStatus], ...]


def show_status(snapshot: Snapshot, views: Views) -> StatusView:
    """Return the state of everything. Durations end now by Cloudflare's clock, since their beginnings are by it."""
    status = snapshot.status
    now = snapshot.at - (status.clock_offset or timedelta(0))
    problems = find_problems(status, snapshot.account_labels)
    series = sum(len(family.samples) for family in snapshot.families)
    datasets = Table("Datasets", _dataset_columns(snapshot), status.datasets, lambda entry: entry.state != "ok")
    lists = Table("Lists of assets", _list_columns(snapshot), status.lists, lambda entry: entry.state != "ok")
    sources = Table("Sources", _source_columns(now), status.sources, lambda entry: entry.is_bad)
    account_columns = _account_columns(snapshot, views, problems, now)
    return StatusView(
        snapshot.at,
        series,
        Table("Problems", _problem_columns(now), problems, lambda problem: True),
        Table("Accounts", account_columns, status.accounts, lambda entry: not entry.is_up),
        tuple(table for table in (datasets, lists, sources) if table.entries),
    )


def _problem_columns(now: datetime) -> Sequence[Column[Problem]]:
    return (
        Column("Account", lambda problem: problem.account),
        Column("Part", lambda problem: problem.part),
        Column("Since (UTC)", lambda problem: _since(problem.since, now)),
        Column("What is wrong", lambda problem: problem.detail),
        Column("What to do", lambda problem: problem.remedy),
    )


def _account_columns(
    snapshot: Snapshot, views: Views, problems: Iterable[Problem], now: datetime
) -> Sequence[Column[AccountStatus]]:
    names, costs = snapshot.account_labels, snapshot.costs.accounts
    wrong = [problem.account for problem in problems]

    def name_of(entry: AccountStatus) -> str:
        return names.get(entry.account_id) or entry.name or entry.account_id

    projects: dict[str, list[ProjectRow]] = {}
    for _, row in views.projects(AssetFilter()).keyed:
        projects.setdefault(row.account_id, []).append(row)

    def assets(entry: AccountStatus) -> int:
        return sum(sum(row.assets.values()) for row in projects[entry.account_id])

    def if_in(there: Container[str], write: Callable[[AccountStatus], str]) -> Callable[[AccountStatus], str]:
        return lambda entry: write(entry) if entry.account_id in there else "-"

    def cycle(entry: AccountStatus) -> str:
        return str(costs[entry.account_id].cycle)

    def to_date(entry: AccountStatus) -> str:
        return dollars(views.totals[entry.account_id].to_date)

    def forecast(entry: AccountStatus) -> str:
        return dollars(views.totals[entry.account_id].forecast)

    return (
        Column("Account", name_of),
        Column("Id", lambda entry: entry.account_id),
        Column("State", lambda entry: _state(entry.state, entry.reason)),
        Column("Since (UTC)", lambda entry: minute(entry.since)),
        Column("Data until (UTC)", lambda entry: _age(data_until(snapshot, entry.account_id), now)),
        Column("Problems", lambda entry: count(wrong.count(name_of(entry))), is_figure=True),
        Column("Projects", if_in(projects, lambda entry: count(len(projects[entry.account_id]))), is_figure=True),
        Column("Assets", if_in(projects, lambda entry: count(assets(entry))), is_figure=True),
        Column("Billing cycle (UTC)", if_in(costs, cycle)),
        Column("Cost to date", if_in(costs, to_date), is_figure=True),
        Column("Forecast", if_in(costs, forecast), is_figure=True),
    )


def _dataset_columns(snapshot: Snapshot) -> Sequence[Column[DatasetStatus]]:
    names, intervals, days = snapshot.account_labels, snapshot.status.sample_intervals, snapshot.status.days
    return (
        Column("Account", lambda entry: names.get(entry.account_id, entry.account_id)),
        Column("Dataset", lambda entry: entry.title),
        Column("State", lambda entry: _state(entry.state, entry.reason)),
        Column("Data until (UTC)", lambda entry: minute(snapshot.fresh_until.get(entry.key))),
        Column("Sampled", lambda entry: _sampled(intervals.get(entry.key, 1))),
        Column("Audited until (UTC)", lambda entry: _audited(days.get(entry.key))),
        Column(
            "Days of history to fill",
            lambda entry: _unfilled(days.get(entry.key)),
            is_figure=True,
        ),
    )


def _list_columns(snapshot: Snapshot) -> Sequence[Column[ListStatus]]:
    names = snapshot.account_labels
    return (
        Column("Account", lambda entry: names.get(entry.account_id, entry.account_id)),
        Column("Kind", lambda entry: entry.kind),
        Column("State", lambda entry: _state(entry.state, entry.reason)),
        Column("Since (UTC)", lambda entry: minute(entry.since)),
    )


def _source_columns(now: datetime) -> Sequence[Column[SourceStatus]]:
    return (
        Column("Source", lambda entry: entry.name),
        Column("State", lambda entry: _state(entry.state, entry.reason)),
        Column("Since (UTC)", lambda entry: minute(entry.since)),
        Column("Last read (UTC)", lambda entry: _age(entry.last_success, now)),
        Column(
            "Seconds taken",
            lambda entry: or_dash(entry.duration, lambda taken: f"{taken.total_seconds():.1f}"),
            is_figure=True,
        ),
    )


def _state(state: str, reason: str) -> str:
    return f"{state} ({reason})" if reason else state


def _sampled(interval: float) -> str:
    return f"1:{interval:.3g}" if interval > 1 else ""


def _audited(progress: DayProgress | None) -> str:
    return minute(progress.audited_until) if progress else ""


def _unfilled(progress: DayProgress | None) -> str:
    return str(progress.unfilled_days) if progress and progress.unfilled_days else ""


def _since(moment: datetime | None, now: datetime) -> str:
    return f"{minute(moment)} ({duration(now - moment)})" if moment else ""


def _age(moment: datetime | None, now: datetime) -> str:
    return f"{minute(moment)} ({duration(now - moment)} ago)" if moment else "-"
