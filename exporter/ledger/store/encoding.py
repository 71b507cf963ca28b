"""The encoding of the ledger's columns.

Scopes are stored as their text, times as whole seconds since 1970, figures as JSON arrays of integers.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from exporter.model import BookKey, Scope


def place_of(key: BookKey) -> tuple[str, str]:
    """Encode a book's key: the columns ``account`` and ``dataset`` of its tables."""
    return key.scope.text, key.dataset


def key_of(account: str, dataset: str) -> BookKey:
    """Decode a book's key."""
    return BookKey(Scope.of(account), dataset)


def marks(count: int) -> str:
    """Return ``count`` placeholders for the values of an SQL statement."""
    return ", ".join("?" * count)


def json_or_none(figures: Iterable[int] | None) -> str | None:
    """Encode figures, which may exceed 64 bits."""
    return None if figures is None else json.dumps(figures)


def tuples_of(texts: Collection[str]) -> list[tuple[Any, ...]]:
    """Decode a column of JSON arrays, all at once: a call for each of a hundred thousand takes longer than they do.

    Raises ValueError or TypeError if one is not an array.
    """
    found = list(map(tuple, json.loads(f"[{','.join(texts)}]")))
    if len(found) != len(texts):
        raise ValueError(f"a column of {len(texts)} arrays holds {len(found)}")
    return found


def seconds_of(moment: datetime) -> int:
    """Encode a time."""
    return int(moment.timestamp())


def seconds_or_none(moment: datetime | None) -> int | None:
    """Encode a time that may be missing."""
    return None if moment is None else seconds_of(moment)


def times_by_name(times: Mapping[str, datetime]) -> str:
    """Encode some times by name."""
    return json.dumps({name: seconds_of(moment) for name, moment in times.items()})


def named_times_of(text: str) -> dict[str, datetime]:
    """Decode some times by name. Raises ValueError or TypeError."""
    times = json.loads(text)
    if not isinstance(times, dict):
        raise ValueError(f"{text} is not an object")
    return {name: time_of(seconds) for name, seconds in times.items()}


def time_of(seconds: int) -> datetime:
    """Decode a time."""
    return datetime.fromtimestamp(seconds, UTC)


def moment_of(seconds: int | None) -> datetime | None:
    """Decode a time that may be missing."""
    return None if seconds is None else time_of(seconds)


def day_text(start: datetime) -> str:
    """Encode the day, or the hour of it, at which what is kept or asked of it starts."""
    return f"{start:%Y-%m-%dT%H}" if start.hour else f"{start:%Y-%m-%d}"


def day_start_of(text: str) -> datetime:
    """Decode the start of a day, or of an hour of it. Raises ValueError."""
    day, _, hour = text.partition("T")
    return datetime.combine(date.fromisoformat(day), time(int(hour or 0)), UTC)
