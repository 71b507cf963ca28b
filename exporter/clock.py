"""The machine's clock as an argument, so that tests own time."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the exporter may know of the machine's time."""

    def now(self) -> datetime:
        """Return the wall clock, aware UTC; it may step, so nothing is counted by it."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never step back; their zero means nothing."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
