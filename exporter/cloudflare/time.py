"""Cloudflare's time: the ``Date`` of its responses, advanced by a monotonic clock."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from exporter.clock import Clock
from exporter.model import parse_time


class CloudflareTime:
    """A clock that knows Cloudflare's time from the first response on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._newest: datetime | None = None
        self._observed_at = 0.0

    def observe(self, date: datetime) -> None:
        """Record the ``Date`` of a response."""
        if self._newest is None or date > self._newest:
            self._newest = date
            self._observed_at = self._clock.monotonic()

    def now(self) -> datetime | None:
        """Return the newest ``Date`` plus the monotonic time since; None before the first answer."""
        if self._newest is None:
            return None
        return self._newest + timedelta(seconds=self._clock.monotonic() - self._observed_at)

    def offset(self) -> timedelta | None:
        """Return how far the machine's wall clock is ahead of Cloudflare's time; None before the first answer."""
        now = self.now()
        return None if now is None else self._clock.now() - now


def moment_or_none(text: Any) -> datetime | None:
    """Return a time in a response; None if it is absent or malformed."""
    try:
        return parse_time(text) if isinstance(text, str) else None
    except ValueError:
        return None


def parse_date(header: str) -> datetime:
    """Parse a ``Date`` header into UTC. Raises ValueError, also without a time zone."""
    date = parsedate_to_datetime(header)
    if date.tzinfo is None:
        raise ValueError(f"'{header}' has no time zone")
    return date.astimezone(UTC)
