"""Cases of alerts about an hour that is not like the same hour of the days before."""

from collections.abc import Callable, Mapping, Sequence

from tests.alerting.cases.stage import (
    DAY,
    HOUR,
    MINUTE,
    Counter,
    Course,
    Firing,
    Scene,
    Signal,
    Way,
    list_cost,
    rising,
    scaled,
)

LENGTH = 8 * DAY
LATELY = LENGTH - 3 * HOUR

USUAL_USD = 0.11
"""What a meter costs an hour: just above the least that is told of."""


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
        "3.1 times the usual of this hour, or 2.9 times; a job of every night; a spike that is small, or without norm.",
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


def cost_spike(
    alert: str,
    datasets: Sequence[str],
    summary: str,
    *,
    counter: Counter,
    subject: Mapping[str, str],
    cost: Mapping[str, str],
    what: str,
    named: str,
    other: Sequence[Signal] = (),
) -> Scene:
    """Return the cases of a meter that costs more than usual; ``counter`` grows by what it usually counts a second."""

    def signals(usd_per_hour: Course) -> list[Signal]:
        counted = Counter(counter.name, scaled(usd_per_hour, float(_number(counter)) / USUAL_USD), counter.labels)
        return [counted, list_cost(usd_per_hour, **cost)]

    several = {"meter": cost["meter"]}
    text = (
        f"Over the last hour {named} (project shop, account Above) cost 0.34 USD at list price for {what}. Usual at "
        "this time of day are 0.11 USD an hour; the threshold is 3 times that, and 0.10 USD an hour. It has been so "
        "since 8 January 22:00 UTC."
    )
    firing = Firing(
        {"account": "Above", "product": cost["product"], **several, **subject},
        summary,
        text,
        "var-account=Above&var-project=shop",
    )
    return spike(alert, "warning", datasets, USUAL_USD, firing, signals=signals, other=other)


def _number(counter: Counter) -> float:
    assert not callable(counter.rate)
    return counter.rate
