"""The report as a table: one part after the other, in plain text that also reads well in a file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exporter.check.findings import CheckReport, Finding, Level, Topic
from exporter.check.wording import count

TITLES = {
    Topic.CONFIGURATION: "Configuration",
    Topic.TOKENS: "Tokens",
    Topic.PERMISSIONS: "Permissions",
    Topic.DATASETS: "Datasets",
    Topic.REQUESTS: "Requests",
    Topic.SOURCES: "Sources",
    Topic.STATE_FOLDER: "State folder",
}
STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "bold red"}
APIS = {"graphql": "GraphQL request", "rest": "REST request"}

NAMED = 5
"""The number of accounts that are named in a line."""

LEVEL_WIDTH = 9
"""Width of the level column with its indent; two more columns separate it from the text."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """Findings that are shown together: the same words about several accounts or subjects."""

    level: Level
    subjects: tuple[str, ...]
    text: str
    remedy: str


def as_table(report: CheckReport, console: Console) -> str:
    """Return the report in the width and with the colours of a console.

    Findings that read the same for several accounts appear once, with the accounts' names.
    """
    with console.capture() as captured:
        for part in Topic:
            entries = _entries(report, part)
            if entries:
                console.print(Text(TITLES[part], "bold"))
                _print(entries, console)
                console.print()
        if report.wants_link:
            console.print(Text("The token link, which creates a token with every permission needed:", "bold"))
            console.print(Text(f"{report.link}\n"), soft_wrap=True)
        console.print(Text(_verdict(report), STYLES[_worst(report)]))
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _print(entries: Sequence[_Entry], console: Console) -> None:
    """Print findings that are ok side by side, and others with their text below."""
    width = max((len(subject) for entry in entries if entry.level is Level.OK for subject in entry.subjects), default=0)
    for entry in entries:
        is_ok = entry.level is Level.OK
        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_column(width=LEVEL_WIDTH)
        row.add_column(width=width if is_ok else None, overflow="fold")
        row.add_column(overflow="fold")
        subjects = Text("\n".join(entry.subjects))
        row.add_row(Text(f"  {entry.level.value}", STYLES[entry.level]), subjects, Text(entry.text if is_ok else ""))
        console.print(row)
        if not is_ok:
            remedy = f"\nTo do: {entry.remedy}" if entry.remedy else ""
            console.print(Padding(Text(f"{entry.text}{remedy}", overflow="fold"), (0, 0, 0, LEVEL_WIDTH + 2)))


def _entries(report: CheckReport, part: Topic) -> list[_Entry]:
    accounts = len({finding.account.id for finding in report.findings if finding.account})
    has_tokens = len({finding.token for finding in report.findings if finding.token}) > 1
    blocks: dict[tuple[Level, str, str], list[str]] = {}
    for alike in _fold(finding for finding in report.findings if finding.part is part):
        first = alike[0]
        text = f"{first.message} [{_whose(alike, accounts)}]" if accounts > 1 and first.account else first.message
        subject = f"{first.subject} ({first.token})" if has_tokens and first.token else first.subject
        blocks.setdefault((first.level, text, first.remedy), []).append(subject)
    return [_Entry(level, tuple(subjects), text, remedy) for (level, text, remedy), subjects in blocks.items()]


def _fold(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Group the findings that read the same for different accounts."""
    folded: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        key = (finding.level, finding.subject, finding.message, finding.remedy, finding.token)
        folded.setdefault(key, []).append(finding)
    return list(folded.values())


def _whose(alike: Sequence[Finding], accounts: int) -> str:
    if len(alike) == accounts:
        return f"all {accounts:,} accounts"
    names = ", ".join(finding.account.name for finding in alike[:NAMED] if finding.account)
    return f"{names} and {len(alike) - NAMED:,} more" if len(alike) > NAMED else names


def _worst(report: CheckReport) -> Level:
    return next((level for level in (Level.ERROR, Level.WARNING) if report.count(level)), Level.OK)


def _verdict(report: CheckReport) -> str:
    errors, warnings = report.count(Level.ERROR), report.count(Level.WARNING)
    spent = " and ".join(count(number, APIS[api]) for api, number in report.requests)
    asked = f" This check took {spent}." if spent else ""
    if not errors and not warnings:
        return f"Everything will work.{asked}"
    said = f"{count(errors, 'error')}, {count(warnings, 'warning')}"
    return f"{said}: {'some things will not work' if errors else 'nothing that was tried fails'}.{asked}"
