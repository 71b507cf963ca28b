"""The simulated Cloudflare's own time, independent of the machine's and of the exporter's."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The simulated time, in UTC."""

    def now(self) -> datetime: ...

    def set(self, now: datetime) -> None: ...


class ManualClock:
    """A clock that moves only when it is set."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        """Jump to ``now``, forwards or backwards."""
        self._now = now.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Move by ``by``."""
        self._now += by


class SystemClock:
    """Real time, shifted by ``offset`` and ``speed`` times as fast (60: one simulated minute per second)."""

    def __init__(
        self,
        offset: timedelta = timedelta(0),
        speed: float = 1.0,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._base = datetime.fromtimestamp(wall(), UTC) + offset
        self._since = monotonic()
        self._speed = speed
        self._frozen = False

    @property
    def speed(self) -> float:
        """Return the simulated seconds per real second while the clock runs."""
        return self._speed

    @property
    def frozen(self) -> bool:
        """Return whether the clock stands still."""
        return self._frozen

    def now(self) -> datetime:
        if self._frozen:
            return self._base
        return self._base + timedelta(seconds=(self._monotonic() - self._since) * self._speed)

    def set(self, now: datetime) -> None:
        """Jump to ``now`` and continue from there."""
        self._base = now.astimezone(UTC)
        self._since = self._monotonic()

    def set_speed(self, speed: float) -> None:
        """Continue ``speed`` times as fast as real time."""
        self.set(self.now())
        self._speed = speed

    def freeze(self, frozen: bool = True) -> None:
        """Stop the clock, or continue from the time at which it stopped."""
        self.set(self.now())
        self._frozen = frozen
