"""The machine's clock as an argument, so that tests own time."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The time functions that the exporter uses."""

    def now(self) -> datetime:
        """Return the wall-clock time in UTC; it may step, so it must not be used for counting."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never step back, from an arbitrary start."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
