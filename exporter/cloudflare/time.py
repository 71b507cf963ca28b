"""Cloudflare's time: the ``Date`` of its answers, carried on by a clock that never steps."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from exporter.clock import Clock
from exporter.model import parse_time


class CloudflareTime:
    """Knows what time it is at Cloudflare, once there was an answer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._newest: datetime | None = None
        self._observed_at = 0.0

    def observe(self, date: datetime) -> None:
        """Take the ``Date`` of an answer into account."""
        if self._newest is None or date > self._newest:
            self._newest = date
            self._observed_at = self._clock.monotonic()

    def now(self) -> datetime | None:
        """Return the newest ``Date`` plus the monotonic time since; None before the first answer."""
        if self._newest is None:
            return None
        return self._newest + timedelta(seconds=self._clock.monotonic() - self._observed_at)

    def offset(self) -> timedelta | None:
        """Return how far the machine's wall clock is ahead of Cloudflare's time."""
        now = self.now()
        return None if now is None else self._clock.now() - now


def moment_or_none(text: Any) -> datetime | None:
    """Read a time of an answer that may be missing, or no time at all."""
    try:
        return parse_time(text) if isinstance(text, str) else None
    except ValueError:
        return None


def parse_date(header: str) -> datetime:
    """Read a ``Date`` header, which is always of a time zone; raises ValueError."""
    date = parsedate_to_datetime(header)
    if date.tzinfo is None:
        raise ValueError(f"'{header}' has no time zone")
    return date.astimezone(UTC)
