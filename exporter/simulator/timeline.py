"""When usage becomes visible: each minute in portions, within a lateness or along an arrival curve."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from operator import itemgetter

from exporter.simulator.arrival import Curve
from exporter.simulator.traffic import Stream, Traffic

_MOST_HOURS = 20_000


class _Arrivals:
    """The portions of an hour in the order in which they become visible."""

    __slots__ = ("portions", "running_events", "running_noise", "times")

    def __init__(self, portions: list[tuple[int, int, int, int]]) -> None:
        self.portions = portions
        in_order = sorted(portions, key=itemgetter(0))
        self.times = [portion[0] for portion in in_order]
        self.running_events = [0, *accumulate(portion[2] for portion in in_order)]
        self.running_noise = [0, *accumulate(portion[3] for portion in in_order)]


class Timeline:
    """Visible usage: each minute arrives in the portions of a curve, or in one or two within ``lateness`` seconds.

    ``at`` is a time in epoch seconds; None means everything. ``delay`` is the number of seconds after the end of a
    minute until all of it is visible.
    """

    def __init__(self, traffic: Traffic, lateness: int, curve: Curve | None = None) -> None:
        self.delay = lateness if curve is None else curve.delay
        self._traffic = traffic
        self._curve = curve
        self._arrivals: dict[tuple[bytes, int], _Arrivals] = {}

    def total(self, stream: Stream, lo: int, hi: int, at: int | None) -> tuple[int, int]:
        """Return events and noise of the minutes from ``lo`` up to ``hi``, exclusive."""
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
        """Yield (minute, events, noise) of every minute with visible events, in order."""
        for hour in range(lo // 60, (hi - 1) // 60 + 1):
            start = hour * 60
            first, last = max(lo - start, 0), min(hi - start, 60)
            if self.delay == 0 or self._is_settled((start + 60) * 60, at):
                if at is not None:
                    last = min(last, at // 60 - start)
                whole = self._traffic.hour(stream, hour)
                for minute in range(first, last):
                    if whole.events[minute]:
                        yield start + minute, whole.events[minute], whole.noise[minute]
            else:
                yield from self._late_minutes(stream, hour, first, last, at)

    def _is_settled(self, end: int, at: int | None) -> bool:
        return at is None or end + self.delay <= at

    def _part_of_hour(self, stream: Stream, hour: int, first: int, last: int, at: int | None) -> tuple[int, int]:
        if self.delay == 0 or self._is_settled(hour * 3_600 + 3_600, at):
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
        if self._curve is None:
            return self._scattered(stream, hour)
        return self._stepped(stream, hour, self._curve)

    def _scattered(self, stream: Stream, hour: int) -> Iterator[tuple[int, int, int, int]]:
        whole = self._traffic.hour(stream, hour)
        entropy = self._traffic.entropy(stream, hour, b"late", 180)
        for minute, events in enumerate(whole.events):
            if not events:
                continue
            end = hour * 3_600 + minute * 60 + 60
            early = events * entropy[minute] // 256
            if early:
                yield end + self.delay * entropy[60 + minute] // 255, minute, early, 0
            delay = self.delay * entropy[120 + minute] // 255
            yield end + delay, minute, events - early, whole.noise[minute]

    def _stepped(self, stream: Stream, hour: int, curve: Curve) -> Iterator[tuple[int, int, int, int]]:
        whole = self._traffic.hour(stream, hour)
        # Rounded randomly, so that single events follow the curve too instead of all waiting for its last step.
        chances = self._traffic.entropy(stream, hour, b"curve", 60)
        for minute, events in enumerate(whole.events):
            if not events:
                continue
            end = hour * 3_600 + minute * 60 + 60
            chance = chances[minute] * 1_000 // 256
            seen = 0
            for seconds, thousandths in curve.steps[:-1]:
                by_then = (events * thousandths + chance) // 1_000
                if by_then > seen:
                    yield end + seconds, minute, by_then - seen, 0
                    seen = by_then
            yield end + self.delay, minute, events - seen, whole.noise[minute]
