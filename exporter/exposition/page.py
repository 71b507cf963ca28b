"""The first page: what is wrong and what to do, then how each account, dataset and list stands.

One file of HTML without scripts or anything to load, for light and dark screens, wide and narrow ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Generic, TypeVar

from exporter import __version__
from exporter.model import AccountStatus, DatasetStatus, DayProgress, ListStatus, Problem
from exporter.problems import find_problems
from exporter.snapshot import Snapshot

Entry = TypeVar("Entry")

_STYLE = """
:root { color-scheme: light dark; --line: #ddd; --bad: #b00020; --good: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --line: #444; --bad: #ff8a80; --good: #7ee787; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td { overflow-wrap: anywhere; }
.bad td:first-child { color: var(--bad); font-weight: 600; box-shadow: inset 3px 0 var(--bad); }
.good { color: var(--good); }
@media (max-width: 45rem) {
  table, tbody, tr, td { display: block; }
  thead { display: none; }
  tr { border-bottom: 1px solid var(--line); padding: .5rem; }
  .bad { border-left: 3px solid var(--bad); }
  td, .bad td:first-child { border: 0; box-shadow: none; padding: .1rem 0; }
  td:empty { display: none; }
  td::before { content: attr(data-head) ": "; font-weight: 600; }
}
"""

_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style></head>
<body><h1>Cloudflare exporter {version}</h1>
<p><a href="{metrics}">Metrics</a> · <a href="/-/healthy">healthy</a> · <a href="/-/ready">ready</a></p>
{content}
</body></html>
"""


@dataclass(frozen=True, slots=True)
class Column(Generic[Entry]):
    """One column of a table: its head, and the text of a row's cell."""

    head: str
    cell: Callable[[Entry], str]


def render_page(snapshot: Snapshot | None, telemetry_path: str) -> str:
    """Give the page's HTML; without a snapshot it says that the first refresh is under way."""
    problems = () if snapshot is None else find_problems(snapshot.status, snapshot.account_labels)
    content = "<p>The first refresh is under way.</p>" if snapshot is None else _content(snapshot, problems)
    return _FRAME.format(
        title=f"{'(!) ' if problems else ''}Cloudflare exporter",
        style=_STYLE,
        version=escape(__version__),
        metrics=escape(telemetry_path),
        content=content,
    )


def _content(snapshot: Snapshot, problems: Sequence[Problem]) -> str:
    status = snapshot.status
    series = sum(len(family.samples) for family in snapshot.families)
    tables = (
        _problems(problems, snapshot.at - (status.clock_offset or timedelta(0))),
        _table("Accounts", _account_columns(snapshot), status.accounts, lambda entry: not entry.is_up),
        _table("Datasets", _dataset_columns(snapshot), status.datasets, lambda entry: entry.state != "ok"),
        _table("Lists of assets", _list_columns(snapshot), status.lists, lambda entry: entry.state != "ok"),
    )
    return f"<p>{series} series, as of {_second(snapshot.at)} UTC.</p>\n" + "\n".join(tables)


def _problems(problems: Sequence[Problem], now: datetime) -> str:
    if not problems:
        return '<h2>Problems</h2>\n<p class="good">Everything is as it should be.</p>'
    columns: tuple[Column[Problem], ...] = (
        Column("Account", lambda problem: problem.account),
        Column("Part", lambda problem: problem.part),
        Column("Since (UTC)", lambda problem: _since(problem.since, now)),
        Column("What is wrong", lambda problem: problem.detail),
        Column("What to do", lambda problem: problem.remedy),
    )
    return _table("Problems", columns, problems, lambda problem: True)


def _account_columns(snapshot: Snapshot) -> tuple[Column[AccountStatus], ...]:
    names = snapshot.account_labels
    return (
        Column("Account", lambda entry: names.get(entry.account_id) or entry.name or entry.account_id),
        Column("Id", lambda entry: entry.account_id),
        Column("State", lambda entry: _state(entry.state, entry.reason)),
        Column("Since (UTC)", lambda entry: _minute(entry.since)),
    )


def _dataset_columns(snapshot: Snapshot) -> tuple[Column[DatasetStatus], ...]:
    names, intervals, days = snapshot.account_labels, snapshot.status.sample_intervals, snapshot.status.days
    return (
        Column("Account", lambda entry: names.get(entry.account_id, entry.account_id)),
        Column("Dataset", lambda entry: entry.dataset),
        Column("State", lambda entry: _state(entry.state, entry.reason)),
        Column("Data until (UTC)", lambda entry: _minute(snapshot.fresh_until.get((entry.account_id, entry.dataset)))),
        Column("Sampled", lambda entry: _sampled(intervals.get((entry.account_id, entry.dataset), 1))),
        Column("Audited until (UTC)", lambda entry: _audited(days.get((entry.account_id, entry.dataset)))),
        Column("Days to fill in", lambda entry: _unfilled(days.get((entry.account_id, entry.dataset)))),
    )


def _list_columns(snapshot: Snapshot) -> tuple[Column[ListStatus], ...]:
    names = snapshot.account_labels
    return (
        Column("Account", lambda entry: names.get(entry.account_id, entry.account_id)),
        Column("Kind", lambda entry: entry.kind),
        Column("State", lambda entry: _state(entry.state, entry.reason)),
        Column("Since (UTC)", lambda entry: _minute(entry.since)),
    )


def _state(state: str, reason: str) -> str:
    return f"{state} ({reason})" if reason else state


def _sampled(interval: float) -> str:
    return f"1:{interval:.3g}" if interval > 1 else ""


def _audited(progress: DayProgress | None) -> str:
    return _minute(progress.audited_until) if progress else ""


def _unfilled(progress: DayProgress | None) -> str:
    return str(progress.unfilled_days) if progress and progress.unfilled_days else ""


def _since(moment: datetime | None, now: datetime) -> str:
    return f"{_minute(moment)} ({duration(now - moment)})" if moment else ""


def duration(length: timedelta) -> str:
    """Give a length of time in its two largest units, e.g. ``2 h 10 min``."""
    minutes = int(length.total_seconds()) // 60
    if minutes < 1:
        return "less than 1 min"
    days, hours, rest = minutes // 1_440, minutes // 60 % 24, minutes % 60
    units = [(days, "d"), (hours, "h"), (rest, "min")]
    first = next(index for index, (number, _) in enumerate(units) if number)
    return " ".join(f"{number} {unit}" for number, unit in units[first : first + 2] if number)


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def _second(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _table(
    title: str, columns: Sequence[Column[Entry]], entries: Sequence[Entry], is_bad: Callable[[Entry], bool]
) -> str:
    """Give a titled table; bad entries stand out. On a narrow screen each cell carries its column's head."""
    head = "".join(f'<th scope="col">{escape(column.head)}</th>' for column in columns)
    rows = "\n".join(_row(columns, entry, is_bad(entry)) for entry in entries)
    return (
        f"<h2>{escape(title)}</h2>\n<table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>"
        if entries
        else ""
    )


def _row(columns: Sequence[Column[Entry]], entry: Entry, is_bad: bool) -> str:
    cells = "".join(f'<td data-head="{escape(column.head)}">{escape(column.cell(entry))}</td>' for column in columns)
    return f'<tr class="bad">{cells}</tr>' if is_bad else f"<tr>{cells}</tr>"
