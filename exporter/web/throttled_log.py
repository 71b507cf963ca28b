"""Log lines about clients, which whoever reaches the port could else make as many of as they like."""

import logging

from exporter.clock import Clock

log = logging.getLogger(__name__)

TELL_SECONDS = 60.0
"""How often at most the same thing is told."""


class ThrottledLog:
    """Logs the same event at most once a minute, with how often it happened."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told_at: dict[str, float] = {}
        self._untold: dict[str, int] = {}

    def warn(self, what: str, client: str, advice: str) -> None:
        """Log, or count, what happened with a client, given by its address; ``what`` is one of a few texts."""
        self._untold[what] = self._untold.get(what, 0) + 1
        now = self._clock.monotonic()
        if now - self._told_at.get(what, -TELL_SECONDS) < TELL_SECONDS:
            return
        number = self._untold.pop(what)
        self._told_at[what] = now
        log.warning("%s: from %s (%d since such a line); %s", what, client, number, advice)
