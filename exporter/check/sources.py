"""The findings about sources: whether what is read beside usage can be read, and what it says is wrong. Pure."""

from collections.abc import Iterator

from exporter.check.findings import Finding, Level, Topic
from exporter.check.wording import count
from exporter.poller.sources import ShownSource


def source_findings(source: ShownSource) -> Iterator[Finding]:
    """Yield whether a source could be read, and its problems. None is an error: usage is counted all the same."""
    status = source.status
    if status.is_bad:
        yield _finding(Level.WARNING, status.name, status.detail, status.remedy)
    else:
        yield _finding(Level.OK, status.name, f"read, {count(len(source.problems), 'problem')}.")
    for problem in source.problems:
        yield _finding(Level.WARNING, status.name, problem.detail, problem.remedy)


def _finding(level: Level, subject: str, message: str, remedy: str = "") -> Finding:
    return Finding(Topic.SOURCES, level, subject, message, remedy)
