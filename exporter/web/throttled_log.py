"""Rate-limited log lines about clients, so that clients cannot flood the log."""

import logging

from exporter.clock import Clock
from exporter.logs import keys

log = logging.getLogger(__name__)

TELL_SECONDS = 60.0
"""The minimum time between two lines about the same event."""


class ThrottledLog:
    """A log of events, each at most once a minute, with the number of occurrences."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told_at: dict[str, float] = {}
        self._untold: dict[str, int] = {}

    def warn(self, what: str, client: str, advice: str) -> None:
        """Log or count an event caused by the client with an address; ``what`` is one of a few texts."""
        self._untold[what] = self._untold.get(what, 0) + 1
        now = self._clock.monotonic()
        if now - self._told_at.get(what, -TELL_SECONDS) < TELL_SECONDS:
            return
        number = self._untold.pop(what)
        self._told_at[what] = now
        log.warning(
            "%s: from %s (%d since the last such line); %s", what, client, number, advice, extra=keys(client=client)
        )
