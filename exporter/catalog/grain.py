"""How finely datasets tell time. Data only."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from exporter.model import DAY, HOUR, MINUTE

_MIDNIGHT = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Grain:
    """How finely a dataset tells time.

    ``unit`` is the hour or the day (UTC) that stays open and settles as one. ``bound`` is the dimension by which
    questions are bounded, on whole ``step``s, and ``group`` the one by which their rows are grouped; ``of_day`` is that
    of questions about a closed day. Where it is empty, there is none: rows then belong to the unit (or day) of the
    piece that asked for them, and without ``group`` no piece is longer than a unit.
    """

    unit: timedelta
    step: timedelta
    bound: str
    group: str
    of_day: str

    @property
    def tells_newest(self) -> bool:
        """Return whether the newest data can be told more finely than by the unit that has rows."""
        return self.step < self.unit

    @property
    def settles_by_audit(self) -> bool:
        """Return whether a unit is final as soon as it has settled, since a day stays open until it can be audited."""
        return self.unit == DAY

    def floor(self, moment: datetime) -> datetime:
        """Return the start of the unit."""
        return _floor(moment, self.unit)

    def floor_step(self, moment: datetime) -> datetime:
        """Return the last moment, not after this one, at which a question can begin or end."""
        return _floor(moment, self.step)

    def ceil_step(self, moment: datetime) -> datetime:
        """Return the first moment, not before this one, at which a question can begin or end."""
        floored = _floor(moment, self.step)
        return floored if floored == moment else floored + self.step


def _floor(moment: datetime, length: timedelta) -> datetime:
    return moment - (moment - _MIDNIGHT) % length


BY_MINUTE = Grain(HOUR, MINUTE, bound="datetimeMinute", group="datetimeHour", of_day="date")
BY_HOUR = Grain(HOUR, HOUR, bound="datetimeHour", group="datetimeHour", of_day="date")
BY_DAY = Grain(DAY, DAY, bound="date", group="date", of_day="date")
BY_MOMENT = Grain(HOUR, MINUTE, bound="datetime", group="", of_day="")
"""The grain of datasets whose only time dimension is the very moment of an event."""
