"""How values stand in the ledger's columns: times as whole seconds since 1970, figures as JSON arrays of integers."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime


def marks(count: int) -> str:
    """Return so many question marks, for the values of an SQL statement."""
    return ", ".join("?" * count)


def json_or_none(figures: Iterable[int] | None) -> str | None:
    """Return figures as a column has them; they outgrow 64 bits."""
    return None if figures is None else json.dumps(figures)


def seconds_of(moment: datetime) -> int:
    """Return a moment as a column has it."""
    return int(moment.timestamp())


def seconds_or_none(moment: datetime | None) -> int | None:
    """Return a moment that may be missing as a column has it."""
    return None if moment is None else seconds_of(moment)


def time_of(seconds: int) -> datetime:
    """Read a moment."""
    return datetime.fromtimestamp(seconds, UTC)


def moment_of(seconds: int | None) -> datetime | None:
    """Read a moment that may be missing."""
    return None if seconds is None else time_of(seconds)
