"""Usage as a pure function of a seed, a key and the absolute minute, in integers; and when it becomes visible.

Minutes and hours are counted from the epoch. Every figure of a row is a multiple of its events plus a multiple of its
noise, so the sum over any range is had from two running sums and no row has to be built.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import shake_128
from itertools import accumulate
from operator import itemgetter

_DAY = (320, 260, 220, 200, 220, 320, 520, 820, 1120, 1320, 1420, 1460)
_RHYTHM_OF_DAY = (*_DAY, 1440, 1460, 1480, 1460, 1400, 1340, 1300, 1280, 1220, 980, 720, 480)
_RHYTHM_OF_WEEK = (1100, 1120, 1120, 1100, 1060, 760, 740)
_EPOCH_WEEKDAY = 3
_GROWTH_CYCLE_DAYS = 90
_MILLION = 1_000_000
_MEAN_NOISE = 255
_WHOLE = _MEAN_NOISE * _MILLION
_MOST_HOURS = 20_000


@dataclass(frozen=True, slots=True)
class Stream:
    """One source of events: `rate` is thousandths of events a minute, `growth` thousandths more each day.

    `key` tells streams apart: two with the same key have the same rate and growth.
    """

    key: bytes
    rate: int
    growth: int = 0


class _Hour:
    __slots__ = ("events", "noise", "running_events", "running_noise")

    def __init__(self, events: list[int], noise: list[int]) -> None:
        self.events = events
        self.noise = noise
        self.running_events = [0, *accumulate(events)]
        self.running_noise = [0, *accumulate(noise)]


class _Arrivals:
    """The portions of an hour in the order in which they become visible."""

    __slots__ = ("portions", "running_events", "running_noise", "times")

    def __init__(self, portions: list[tuple[int, int, int, int]]) -> None:
        self.portions = portions
        in_order = sorted(portions, key=itemgetter(0))
        self.times = [portion[0] for portion in in_order]
        self.running_events = [0, *accumulate(portion[2] for portion in in_order)]
        self.running_noise = [0, *accumulate(portion[3] for portion in in_order)]


class Traffic:
    """What happened. It may be shared by simulators with the same seed: nothing in it depends on their worlds."""

    def __init__(self, seed: int) -> None:
        self._seed = str(seed).encode()
        self._hours: dict[tuple[bytes, int], _Hour] = {}
        self._days: dict[tuple[bytes, int], tuple[int, int]] = {}

    def hour(self, stream: Stream, hour: int) -> _Hour:
        """The sixty minutes of an hour."""
        known = self._hours.get((stream.key, hour))
        if known is not None:
            return known
        day = hour // 24
        rhythm = _RHYTHM_OF_DAY[hour % 24] * _RHYTHM_OF_WEEK[(day + _EPOCH_WEEKDAY) % 7]
        growth = 1_000 + stream.growth * (day % _GROWTH_CYCLE_DAYS)
        mean = stream.rate * rhythm * growth // _MILLION
        entropy = self.entropy(stream, hour, b"usage", 120)
        dither = _WHOLE // 256
        events = [
            (mean * (128 + noise) + chance * dither) // _WHOLE
            for noise, chance in zip(entropy[:60], entropy[60:], strict=True)
        ]
        made = _Hour(events, [noise if event else 0 for noise, event in zip(entropy, events, strict=False)])
        if len(self._hours) >= _MOST_HOURS:
            self._hours.clear()
        self._hours[stream.key, hour] = made
        return made

    def day(self, stream: Stream, day: int) -> tuple[int, int]:
        """Events and noise of a whole day."""
        known = self._days.get((stream.key, day))
        if known is None:
            hours = [self.hour(stream, hour) for hour in range(day * 24, day * 24 + 24)]
            known = (sum(hour.running_events[60] for hour in hours), sum(hour.running_noise[60] for hour in hours))
            self._days[stream.key, day] = known
        return known

    def entropy(self, stream: Stream, hour: int, purpose: bytes, length: int) -> bytes:
        """Bytes that depend on the seed, the stream, the hour and the purpose only."""
        return shake_128(b"%s/%s/%s/%d" % (self._seed, purpose, stream.key, hour)).digest(length)


class Timeline:
    """What has become visible: a minute is visible in one or two portions, each up to `lateness` seconds after its end.

    `at` is a time in epoch seconds; None means the end of all time.
    """

    def __init__(self, traffic: Traffic, lateness: int) -> None:
        self._traffic = traffic
        self._lateness = lateness
        self._arrivals: dict[tuple[bytes, int], _Arrivals] = {}

    def total(self, stream: Stream, lo: int, hi: int, at: int | None) -> tuple[int, int]:
        """Events and noise of the minutes from `lo` up to `hi`, exclusive."""
        events = noise = 0
        minute = lo
        while minute < hi:
            day = minute // 1_440
            if minute % 1_440 == 0 and minute + 1_440 <= hi and self._is_settled((minute + 1_440) * 60, at):
                more_events, more_noise = self._traffic.day(stream, day)
                minute += 1_440
            else:
                hour = minute // 60
                end = min(hi, hour * 60 + 60)
                more_events, more_noise = self._part_of_hour(stream, hour, minute - hour * 60, end - hour * 60, at)
                minute = end
            events += more_events
            noise += more_noise
        return events, noise

    def minutes(self, stream: Stream, lo: int, hi: int, at: int | None) -> Iterator[tuple[int, int, int]]:
        """(minute, events, noise) of every minute with visible events, in order."""
        for hour in range(lo // 60, (hi - 1) // 60 + 1):
            start = hour * 60
            first, last = max(lo - start, 0), min(hi - start, 60)
            if self._lateness == 0 or self._is_settled((start + 60) * 60, at):
                if at is not None:
                    last = min(last, at // 60 - start)
                whole = self._traffic.hour(stream, hour)
                for minute in range(first, last):
                    if whole.events[minute]:
                        yield start + minute, whole.events[minute], whole.noise[minute]
            else:
                yield from self._late_minutes(stream, hour, first, last, at)

    def _is_settled(self, end: int, at: int | None) -> bool:
        return at is None or end + self._lateness <= at

    def _part_of_hour(self, stream: Stream, hour: int, first: int, last: int, at: int | None) -> tuple[int, int]:
        if self._lateness == 0 or self._is_settled(hour * 3_600 + 3_600, at):
            if at is not None:
                last = min(last, at // 60 - hour * 60)
                if last <= first:
                    return 0, 0
            whole = self._traffic.hour(stream, hour)
            return (
                whole.running_events[last] - whole.running_events[first],
                whole.running_noise[last] - whole.running_noise[first],
            )
        arrivals = self._arrivals_of(stream, hour)
        if first == 0 and (last == 60 or (at is not None and hour * 60 + last >= at // 60)):
            seen = len(arrivals.times) if at is None else bisect_right(arrivals.times, at)
            return arrivals.running_events[seen], arrivals.running_noise[seen]
        events = noise = 0
        for _, more_events, more_noise in self._late_minutes(stream, hour, first, last, at):
            events += more_events
            noise += more_noise
        return events, noise

    def _late_minutes(
        self, stream: Stream, hour: int, first: int, last: int, at: int | None
    ) -> Iterator[tuple[int, int, int]]:
        minute, events, noise = -1, 0, 0
        for visible, of_minute, more_events, more_noise in self._arrivals_of(stream, hour).portions:
            if not first <= of_minute < last or (at is not None and visible > at):
                continue
            if of_minute != minute:
                if events:
                    yield hour * 60 + minute, events, noise
                minute, events, noise = of_minute, 0, 0
            events += more_events
            noise += more_noise
        if events:
            yield hour * 60 + minute, events, noise

    def _arrivals_of(self, stream: Stream, hour: int) -> _Arrivals:
        known = self._arrivals.get((stream.key, hour))
        if known is None:
            known = _Arrivals(list(self._portions(stream, hour)))
            if len(self._arrivals) >= _MOST_HOURS:
                self._arrivals.clear()
            self._arrivals[stream.key, hour] = known
        return known

    def _portions(self, stream: Stream, hour: int) -> Iterator[tuple[int, int, int, int]]:
        whole = self._traffic.hour(stream, hour)
        entropy = self._traffic.entropy(stream, hour, b"late", 180)
        for minute, events in enumerate(whole.events):
            if not events:
                continue
            end = hour * 3_600 + minute * 60 + 60
            early = events * entropy[minute] // 256
            if early:
                yield end + self._lateness * entropy[60 + minute] // 255, minute, early, 0
            delay = self._lateness * entropy[120 + minute] // 255
            yield end + delay, minute, events - early, whole.noise[minute]
