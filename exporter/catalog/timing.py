"""How answers about a dataset become values: when and how far back it is asked, by what grain, what absence means."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from exporter.catalog.grain import BY_DAY, BY_HOUR, BY_MINUTE, Grain
from exporter.model import DAY, HOUR, MINUTE, UNKNOWN

USUAL_SETTLE = timedelta(minutes=30)

LOOK_BACK = timedelta(hours=48)
"""How far back the newest hour of a stored quantity may be, and how long that of an unknown asset is shown."""

WINDOW_LIFE = timedelta(minutes=20)
"""The longest time after its end that a window is shown, if it is not asked more seldom than every few minutes."""

SLOW_PACE = timedelta(minutes=5)
"""The time between two questions about what has not been in use of late, if refreshes are not further apart."""

Span = tuple[datetime, datetime]
"""From and until when a question asks."""


class Timing:
    """What all timings say; by itself it is none.

    Questions are bounded by ``grain``. What ``is_counted`` adds up for ever; what ``is_stored`` is kept in the ledger's
    file and metered by its peaks. What ``is_whole`` is about one span that is never cut: an answer replaces all that
    was read before, and its state is published under the name of the counters of the same dataset. ``absent`` is the
    amount of a field that the plan does not have.
    """

    grain: Grain = BY_MINUTE
    settle: timedelta = USUAL_SETTLE
    is_counted = False
    is_stored = False
    is_whole = False
    absent = UNKNOWN

    @property
    def is_metered(self) -> bool:
        """Return whether days have sums of it, which meters may count."""
        return self.is_counted or self.is_stored

    @property
    def asks_newest(self) -> bool:
        """Return whether the newest minute with data has to be asked apart."""
        return self.is_counted and self.grain.tells_newest

    @property
    def exactness(self) -> str:
        """Return the words of HELP that say of when a value is; empty if that is not the point."""
        return ""

    def span(self, until: datetime, known_until: datetime | None, oldest: datetime) -> Span:
        """Return the span to ask about at the minute ``until``, from ``oldest`` on at the earliest.

        ``known_until`` is the start of the oldest open unit, or the newest hour known; None: nothing is known. A span
        that is out of reach is empty.
        """
        raise NotImplementedError

    def group(self, *, by_day: bool) -> str:
        """Return the time dimension that rows are grouped by; empty if there is none."""
        return self.grain.of_day if by_day and self.is_counted else self.grain.group

    def filed_under(self, since: datetime, *, by_day: bool) -> datetime:
        """Return the time to which rows without a time dimension belong."""
        return (BY_DAY if by_day else self.grain).floor(since)

    def combine(self, amounts: Iterable[int]) -> int:
        """Return one reading for several assets that are published as one."""
        return sum(amounts)

    def life(self, interval: timedelta) -> timedelta | None:
        """Return how long after its ``time_of`` a reading that is asked each ``interval`` is shown; None: always."""
        return None

    def time_of(self, at: datetime, answered: datetime) -> datetime:
        """Return the moment that a reading tells of, filed under ``at`` by an answer of the time ``answered``."""
        return at


@dataclass(frozen=True)
class Counter(Timing):
    """Amounts that add up, asked from the oldest open unit on and counted for ever.

    ``settle`` is how long after its end a unit may still grow. Before counting has begun the running unit is asked: any
    answer begins it.
    """

    grain: Grain = BY_MINUTE
    settle: timedelta = USUAL_SETTLE

    is_counted = True
    absent = 0

    def span(self, until: datetime, known_until: datetime | None, oldest: datetime) -> Span:
        """Return the span from the oldest open unit on."""
        running = self.grain.floor(until - MINUTE)
        since = known_until if known_until is not None and known_until <= until else running
        return max(since, oldest), until


USUAL_COUNTER = Counter()
"""By the minute, with the usual settling."""


@dataclass(frozen=True)
class HourlyGauge(Timing):
    """The newest hour of a stored quantity, shown until the asset goes; asked from the newest hour known on."""

    grain = BY_HOUR
    is_stored = True

    @property
    def exactness(self) -> str:
        """Return the words of HELP that say of when a value is."""
        return "maximum of the newest hour"

    def span(self, until: datetime, known_until: datetime | None, oldest: datetime) -> Span:
        """Return the span up to the end of the running hour."""
        running = self.grain.floor(until)
        return max(known_until or oldest, oldest, running - LOOK_BACK), running + HOUR


class Whole(Timing):
    """What tells of one span that is never cut, in figures that do not add up: quantiles, unique visitors."""

    is_whole = True

    def group(self, *, by_day: bool) -> str:
        """Return nothing: the span is one."""
        return ""

    def filed_under(self, since: datetime, *, by_day: bool) -> datetime:
        """Return the start of the span."""
        return since

    def combine(self, amounts: Iterable[int]) -> int:
        """Return the highest: quantiles do not add up, and who visits two assets is counted by both."""
        return max(amounts)

    def life(self, interval: timedelta) -> timedelta:
        """Return three intervals, and at least what an outage of some minutes takes."""
        return max(WINDOW_LIFE, 3 * interval)


@dataclass(frozen=True)
class Window(Whole):
    """The newest whole window, of some ``length`` and ended some ``delay`` ago; nothing without traffic."""

    length: timedelta = timedelta(minutes=15)
    delay: timedelta = timedelta(minutes=5)

    @property
    def exactness(self) -> str:
        """Return the words of HELP that say of when a value is."""
        return f"over the {self.length // MINUTE} minutes ending {self.delay // MINUTE} minutes ago"

    def span(self, until: datetime, known_until: datetime | None, oldest: datetime) -> Span:
        """Return the newest window whose minutes are complete."""
        end = until - self.delay
        return end - self.length, end

    def time_of(self, at: datetime, answered: datetime) -> datetime:
        """Return the end of the window."""
        return at + self.length


@dataclass(frozen=True)
class DayGauge(Whole):
    """A figure of a day that does not add up, as unique visitors: of the newest complete day, or of the running one."""

    is_running: bool = False

    grain = BY_DAY

    @property
    def exactness(self) -> str:
        """Return the words of HELP that say of when a value is."""
        return f"of the {'running' if self.is_running else 'newest complete'} day, UTC"

    def span(self, until: datetime, known_until: datetime | None, oldest: datetime) -> Span:
        """Return the day; one that is partly forgotten is out of reach."""
        start = self.grain.floor(until) - (timedelta(0) if self.is_running else DAY)
        return start if start >= oldest else start + DAY, start + DAY

    def life(self, interval: timedelta) -> timedelta:
        """Return three intervals; a complete day is shown until the next is."""
        return super().life(interval) + (timedelta(0) if self.is_running else DAY)

    def time_of(self, at: datetime, answered: datetime) -> datetime:
        """Return the end of the day, of the running one the time of the answer."""
        return min(at + DAY, answered)


@dataclass(frozen=True)
class Instant(Timing):
    """The newest reading of something that is no sum and has no memory: a backlog, health, a quota.

    It is absent once it is older than ``expires``, which is at least three intervals of asking.
    """

    expires: timedelta = timedelta(minutes=15)

    @property
    def exactness(self) -> str:
        """Return the words of HELP that say of when a value is."""
        return f"newest reading, of the last {self.expires // MINUTE} minutes"

    def span(self, until: datetime, known_until: datetime | None, oldest: datetime) -> Span:
        """Return the span in which a reading is not too old."""
        return max(until - self.expires, oldest), until

    def group(self, *, by_day: bool) -> str:
        """Return the minute, or what bounds the questions."""
        return self.grain.bound

    def life(self, interval: timedelta) -> timedelta | None:
        """Return how old a reading may be."""
        return self.expires
