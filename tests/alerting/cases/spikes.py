"""Cases of alerts about an hour that is not like the same hour of the days before."""

from collections.abc import Callable, Sequence

from tests.alerting.cases.stage import DAY, HOUR, MINUTE, Course, Firing, Scene, Signal, Way, rising

LENGTH = 8 * DAY
LATELY = LENGTH - 3 * HOUR


def every_night(usual: float, job: float) -> Callable[[int], float]:
    """Return a rate with a job in the last three hours of each day; the scene ends with one."""
    return lambda second: job if second % DAY >= DAY - 3 * HOUR else usual


def spike(
    alert: str,
    severity: str,
    datasets: Sequence[str],
    usual: float,
    firing: Firing,
    *,
    signals: Callable[[Course], list[Signal]],
    other: Sequence[Signal] = (),
) -> Scene:
    """Return the cases of a spike: with the norm at the alert's floor, 3.1 times as much fires and 2.9 does not."""
    return Scene(
        "3.1 times the busiest same hour, or 2.9 times; a job of every night; a spike that is small, or without norm.",
        alert,
        severity,
        {
            Way.ABOVE: signals(rising(usual, 3.1 * usual, LATELY)),
            Way.BELOW: signals(rising(usual, 2.9 * usual, LATELY)),
            Way.IDLE: signals(rising(0.01 * usual, 0.9 * usual, LATELY)),
            Way.STARTED: signals(100 * usual),
            Way.DELETED: signals(usual),
            Way.AWAY: signals(usual),
            Way.OTHER: [*signals(every_night(usual, 10 * usual)), *other],
        },
        [firing],
        datasets,
        length=LENGTH,
        step=5 * MINUTE,
        norm=DAY,
    )
