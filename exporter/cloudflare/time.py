"""Cloudflare's time: the ``Date`` of its answers, advanced by a monotonic clock."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from exporter.clock import Clock
from exporter.model import MINUTE, parse_time

TOLERANCE = MINUTE
"""How far a ``Date`` may be from what is known of the time."""

AGREEMENT = 5 * MINUTE
"""How far two answers may be apart that agree on another time: a simulated one may pass many times as fast."""


class CloudflareTime:
    """A clock that knows Cloudflare's time from the first answer on whose ``Date`` is believed.

    A single ``Date`` may be wrong: that of a cached answer, or of a server whose clock is. One that agrees with what is
    known of the time (at first: with the machine's clock) is believed at once, another only if the answer after it
    agrees with it; then time also goes back.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._newest: datetime | None = None
        self._observed_at = 0.0
        self._doubted: tuple[datetime, float] | None = None

    def observe(self, date: datetime, at: float) -> bool:
        """Record the ``Date`` of an answer that arrived ``at`` (monotonic seconds); return whether it is believed."""
        if abs(self.lead(date, at)) <= TOLERANCE:
            self._doubted = None
            if self._newest is None or date > self._newest:
                self._newest, self._observed_at = date, at
            return True
        doubted, self._doubted = self._doubted, (date, at)
        if doubted is None or abs(_lead(date, at, *doubted)) > AGREEMENT:
            return False
        self._newest, self._observed_at, self._doubted = date, at, None
        return True

    def lead(self, date: datetime, at: float) -> timedelta:
        """Return how far a ``Date`` that arrived ``at`` is ahead of what is known of Cloudflare's time."""
        if self._newest is None:
            return _lead(date, at, self._clock.now(), self._clock.monotonic())
        return _lead(date, at, self._newest, self._observed_at)

    def now(self) -> datetime | None:
        """Return the newest believed ``Date`` plus the monotonic time since; None before the first."""
        if self._newest is None:
            return None
        return self._newest + timedelta(seconds=self._clock.monotonic() - self._observed_at)

    def offset(self) -> timedelta | None:
        """Return how far the machine's wall clock is ahead of Cloudflare's time; None before the first answer."""
        now = self.now()
        return None if now is None else self._clock.now() - now


def _lead(date: datetime, at: float, known: datetime, known_at: float) -> timedelta:
    return (date - known) - timedelta(seconds=at - known_at)


YEARS = range(1970, 2200)
"""The years of the times that Cloudflare means; a time of the year 1, for one, is how programs write none."""


def moment_or_none(text: Any) -> datetime | None:
    """Return a time in a response; None if it is absent, malformed or out of all bounds."""
    try:
        moment = parse_time(text) if isinstance(text, str) else None
    except (ValueError, OverflowError):
        return None
    return moment if moment is not None and moment.year in YEARS else None


def parse_date(header: str) -> datetime:
    """Parse a ``Date`` header into UTC. Raises ValueError, also without a time zone."""
    try:
        date = parsedate_to_datetime(header)
        if date.tzinfo is None:
            raise ValueError(f"'{header}' has no time zone")
        return date.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"'{header}' is outside the calendar") from error
