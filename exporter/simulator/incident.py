"""What goes wrong with an asset of the simulated Cloudflare, and when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Mishap(StrEnum):
    """What goes wrong while an incident lasts."""

    THROWS = "throws"
    SCANS = "scans"
    WRITES = "writes"
    ALARMS = "alarms"


@dataclass(frozen=True, kw_only=True)
class Incident:
    """A burst from ``since`` until ``until``, by default of invocations that throw; ``every`` repeats it both ways.

    It has so many ``events`` a minute at every hour, or four times those that the asset has itself.
    """

    since: datetime
    until: datetime
    every: timedelta | None = None
    mishap: Mishap = Mishap.THROWS
    events: int = 0
