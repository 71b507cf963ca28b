"""Usage as a pure function of a seed, a key and the absolute minute, in integers.

Minutes and hours are counted from the epoch. Every measure of a row is a multiple of its events plus a multiple of its
noise, so the sum over any range comes from two running sums, and no row has to be built.
"""

from dataclasses import dataclass
from hashlib import shake_128
from itertools import accumulate

_DAY = (320, 260, 220, 200, 220, 320, 520, 820, 1120, 1320, 1420, 1460)
_RHYTHM_OF_DAY = (*_DAY, 1440, 1460, 1480, 1460, 1400, 1340, 1300, 1280, 1220, 980, 720, 480)
_RHYTHM_OF_WEEK = (1100, 1120, 1120, 1100, 1060, 760, 740)
_EPOCH_WEEKDAY = 3
_GROWTH_CYCLE_DAYS = 90
_MILLION = 1_000_000
_MEAN_NOISE = 255
_WHOLE = _MEAN_NOISE * _MILLION
_DITHERED = tuple(chance * (_WHOLE // 256) for chance in range(256))
_MOST_HOURS = 20_000


@dataclass(frozen=True, slots=True)
class Stream:
    """A source of events: ``rate`` is thousandths of events per minute, ``growth`` thousandths more each day.

    One that ``is_steady`` knows neither day nor week. ``key`` identifies the stream: two with the same key are alike.
    """

    key: bytes
    rate: int
    growth: int = 0
    is_steady: bool = False


class _Hour:
    __slots__ = ("events", "noise", "running_events", "running_noise")

    def __init__(self, events: list[int], noise: list[int]) -> None:
        self.events = events
        self.noise = noise
        self.running_events = [0, *accumulate(events)]
        self.running_noise = [0, *accumulate(noise)]


def _rhythm(hour: int) -> int:
    """Return the millionths of the mean that an hour has."""
    return _RHYTHM_OF_DAY[hour % 24] * _RHYTHM_OF_WEEK[(hour // 24 + _EPOCH_WEEKDAY) % 7]


class Traffic:
    """All events. Simulators with the same seed may share it: nothing in it depends on their worlds."""

    def __init__(self, seed: int) -> None:
        self._seed = str(seed).encode()
        self._hours: dict[tuple[bytes, int], _Hour] = {}
        self._days: dict[tuple[bytes, int], tuple[int, int]] = {}

    def hour(self, stream: Stream, hour: int) -> _Hour:
        """Return the sixty minutes of an hour."""
        known = self._hours.get((stream.key, hour))
        if known is None:
            known = _Hour(*self._minutes(stream, hour))
            if len(self._hours) >= _MOST_HOURS:
                self._hours.clear()
            self._hours[stream.key, hour] = known
        return known

    def _minutes(self, stream: Stream, hour: int) -> tuple[list[int], list[int]]:
        day = hour // 24
        rhythm = _MILLION if stream.is_steady else _rhythm(hour)
        growth = 1_000 + stream.growth * (day % _GROWTH_CYCLE_DAYS)
        mean = stream.rate * rhythm * growth // _MILLION
        if not mean:
            return [0] * 60, [0] * 60
        entropy = self.entropy(stream, hour, b"usage", 120)
        noise = entropy[:60]
        steady = mean * 128
        events = [
            (steady + mean * level + dithered) // _WHOLE
            for level, dithered in zip(noise, map(_DITHERED.__getitem__, entropy[60:]), strict=True)
        ]
        if all(events):
            return events, list(noise)
        return events, [part if event else 0 for part, event in zip(noise, events, strict=True)]

    def day(self, stream: Stream, day: int) -> tuple[int, int]:
        """Return events and noise of a whole day."""
        known = self._days.get((stream.key, day))
        if known is None:
            hours = [self._minutes(stream, hour) for hour in range(day * 24, day * 24 + 24)]
            known = (sum(sum(events) for events, _ in hours), sum(sum(noise) for _, noise in hours))
            self._days[stream.key, day] = known
        return known

    def entropy(self, stream: Stream, hour: int, purpose: bytes, length: int) -> bytes:
        """Return bytes that depend only on the seed, the stream, the hour and the purpose."""
        return shake_128(b"%s/%s/%s/%d" % (self._seed, purpose, stream.key, hour)).digest(length)
