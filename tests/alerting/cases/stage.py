"""Accounts that live through the same hours, each in its own way, as input of ``promtool test rules``.

Which way an account goes is its name, so that one test holds all cases of an alert: exactly ``Above`` may fire.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

MINUTE, HOUR, DAY = 60, 3_600, 86_400

CHECKED = 80 * MINUTE
"""For so long before the end it is looked at every five minutes what fires."""

BACK = 64 * MINUTE
"""So long before the end Cloudflare answers again, where it was away; the first checks are before that."""

AWAY = 6 * HOUR

STARTED = 15 * MINUTE
"""So long before the end counting began, where the exporter has just started."""

DELETED = 50 * MINUTE
"""So long before the end the series leave, where the asset is deleted."""


WEEK = 7 * DAY

EARLIER, LATER = 4 * HOUR, HOUR
"""What a norm reads of the days or weeks before: so long until, and after, the time of day at which the scene ends."""


class Way(StrEnum):
    """How an account goes; its value is the account's name."""

    ABOVE = "Above"
    BELOW = "Below"
    IDLE = "Idle"
    STARTED = "Started"
    DELETED = "Deleted"
    AWAY = "Away"
    OTHER = "Other"


QUIET = frozenset({Way.IDLE, Way.STARTED, Way.DELETED, Way.OTHER})
"""Ways that must not alert, whatever the figures."""

Course = float | Callable[[int], float | None]
"""A value, or what gives it at a second; None where there is none."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter that grows by so much a second."""

    name: str
    rate: Course
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gauge:
    """A gauge; ``leaves`` with the asset where that is deleted. A point in time is in seconds of the test."""

    name: str
    value: Course
    labels: Mapping[str, str] = field(default_factory=dict)


Signal = Counter | Gauge


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that fires: labels besides alert name, job and severity, and what it says.

    One that ``has_logs`` leads to those of its Worker.
    """

    labels: Mapping[str, str]
    summary: str
    description: str
    dashboard: str = ""
    has_logs: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """All cases of an alert in one test: signals by way, and what then fires, at every check until the end.

    Each account has the time of these ``datasets``. ``step`` is the distance of values in seconds. With
    ``checks`` only so many of the last checks are made. With a ``norm``, a day or a week, there are values only where
    those of the last hours are compared with, that far and multiples of it before. ``evaluated`` is the distance of
    evaluations in seconds where it matters, because values that were recorded are added up.
    """

    name: str
    alert: str
    severity: str
    ways: Mapping[Way, Sequence[Signal]]
    fires: Sequence[Firing] = ()
    datasets: Sequence[str] = ()
    length: int = 9 * HOUR
    step: int = MINUTE
    checks: int = CHECKED // (5 * MINUTE) + 1
    has_account: bool = True
    norm: int = 0
    evaluated: int = 0

    @property
    def evaluation_step(self) -> int:
        """Return the seconds between two evaluations of the rules; over days and weeks those are most of the work."""
        if self.evaluated:
            return self.evaluated
        return self.step * (3 if self.norm else 2) if self.length > 3 * DAY else self.step

    def check_times(self) -> range:
        """Return the seconds at which it is looked at what fires."""
        return range(self.length - (self.checks - 1) * 5 * MINUTE, self.length + 1, 5 * MINUTE)

    def input_series(self) -> Iterator[dict[str, str]]:
        """Return the series as promtool reads them."""
        for way, signals in self.ways.items():
            own = {"account": way.value} if self.has_account else {}
            for dataset in self.datasets:
                yield self._rendered(way, Gauge(UNTIL, self._until(way), {"dataset": dataset}), own, is_time=True)
                began = self.length - STARTED if way is Way.STARTED else -DAY
                yield self._rendered(way, Gauge(START, began, {"dataset": dataset}), own, is_time=True)
            for signal in signals:
                yield self._rendered(way, signal, own)

    def _until(self, way: Way) -> Callable[[int], float]:
        return lambda second: float(self._told(way, second))

    def _told(self, way: Way, second: int) -> int:
        """Return up to when figures are known at a second."""
        back = self.length - BACK
        return back - AWAY if way is Way.AWAY and back - AWAY < second < back else second

    def _rendered(self, way: Way, signal: Signal, own: Mapping[str, str], *, is_time: bool = False) -> dict[str, str]:
        labels = {"job": "cloudflare", "instance": "10.0.0.1:9199"} | dict(own) | dict(signal.labels)
        series = ",".join(f'{name}="{value}"' for name, value in labels.items())
        values = [self._value(way, signal, second, is_time) for second in range(0, self.length + 1, self.step)]
        return {"series": f"{signal.name}{{{series}}}", "values": " ".join(values)}

    def _is_read(self, second: int) -> bool:
        before = self.length - second
        return not self.norm or before <= 2 * AWAY or not EARLIER < before % self.norm < self.norm - LATER

    def _value(self, way: Way, signal: Signal, second: int, is_time: bool) -> str:
        if not self._is_read(second):
            return "_"
        if way is Way.STARTED and second < self.length - STARTED:
            return "_"
        if way is Way.DELETED and not is_time and second >= self.length - DELETED:
            return "stale" if second < self.length - DELETED + self.step else "_"
        if isinstance(signal, Counter):
            since = self.length - STARTED if way is Way.STARTED else 0
            return repr(_grown(signal.rate, since, self._told(way, second), self.step))
        value = signal.value(second) if callable(signal.value) else signal.value
        return "_" if value is None else repr(value)


UNTIL = "cloudflare_exporter_dataset_queried_until_timestamp_seconds"
START = "cloudflare_exporter_dataset_start_timestamp_seconds"


def _grown(rate: Course, since: int, until: int, step: int) -> float:
    if not callable(rate):
        return rate * (until - since)
    sums = _sums(rate, step, _HORIZON)
    return sums[until // step] - sums[since // step]


_HORIZON = 23 * DAY


@lru_cache(maxsize=64)
def _sums(rate: Callable[[int], float | None], step: int, horizon: int) -> list[float]:
    total, sums = 0.0, [0.0]
    for second in range(0, horizon, step):
        total += (rate(second) or 0.0) * step
        sums.append(total)
    return sums


def list_cost(usd_per_hour: Course, *, product: str, meter: str, kind: str, asset: str) -> Counter:
    """Return what a meter of an asset of the shop costs."""
    labels = {"project": "shop", "product": product, "meter": meter, "kind": kind, "asset": asset}
    return Counter("cloudflare_list_cost_usd_total", scaled(usd_per_hour, 1 / HOUR), labels)


def scaled(course: Course, factor: float) -> Course:
    """Return a course that is so many times another."""
    if not callable(course):
        return course * factor
    return lambda second: (course(second) or 0.0) * factor


def rising(usual: float, lately: float, since: int) -> Callable[[int], float]:
    """Return a rate that is another from a second on."""
    return lambda second: lately if second >= since else usual
