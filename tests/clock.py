"""A clock for tests: time passes when it is told to, for the exporter and, if coupled, for the simulated Cloudflare."""

from datetime import UTC, datetime, timedelta

from exporter.simulator import ManualClock

START = datetime(2025, 10, 20, 9, 41, 7, tzinfo=UTC)


class CoupledClock:
    """The exporter's clock, moving a simulated Cloudflare's with it.

    The wall clock can be stepped alone; monotonic time and Cloudflare's time pass together. Sleeping takes no time
    but lets it pass.
    """

    def __init__(self, cloudflare: ManualClock) -> None:
        self.cloudflare = cloudflare
        self._monotonic = 1_000.0
        self._wall_step = timedelta(0)

    def now(self) -> datetime:
        return self.cloudflare.now() + self._wall_step

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        self.advance(timedelta(seconds=seconds))

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._monotonic += by.total_seconds()
        self.cloudflare.advance(by)

    def step_wall(self, by: timedelta) -> None:
        """Step the machine's wall clock, as a bad NTP server would."""
        self._wall_step += by
