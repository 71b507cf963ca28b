"""Cases of the critical alerts about what a project costs, with a norm and without."""

import math
from collections.abc import Iterator

from tests.alerting.cases.money import listed
from tests.alerting.cases.stage import DAY, HOUR, MINUTE, WEEK, Course, Firing, Scene, Signal, Way, rising, scaled

DATASET = ("workersInvocationsAdaptive",)

DAYS = 8 * DAY
LATELY = DAYS - 3 * HOUR
THIRTY_HOURS = 30 * HOUR

UNKNOWN = "what is usual is not known before seven days, so all of it counts"

MONTHLY_USD = 385


def hourly(usd: Course) -> list[Signal]:
    """Return a project that costs so much an hour."""
    return listed(scaled(usd, 24))


def healthy(second: int) -> float:
    """Return what a project of 385 USD a month costs an hour: by night nothing, at noon twice the mean, then at most.

    A scene ends at noon. On two days in seven it costs half as much, on the others more.
    """
    mean = MONTHLY_USD / 30.4 / 24
    of_day = 0.5 if second // DAY % 7 in {4, 5} else 1.2
    return mean * of_day * (1 + math.cos(2 * math.pi * second / DAY))


def every_week(second: int) -> float:
    """Return a project with a job of 9 USD an hour in the last three hours of each eighth day, a week after another."""
    return 9 if second % WEEK >= DAY - 3 * HOUR and second % WEEK < DAY else 0.4


def since_the_day_before_yesterday(second: int) -> float:
    """Return a project that runs away, and still does on the third day."""
    return 6 if second >= DAYS - 2 * DAY - 3 * HOUR else 0.5


def firing(summary: str, now: str, usual: str, rule: str, since: str) -> list[Firing]:
    """Return the alert with what it says."""
    text = (
        f"Project shop (account Above) costs {now} USD an hour at list price; {usual}; {rule}. It has been so since "
        f"{since} UTC. Most of it is workers: {now} USD an hour."
    )
    labels = {"account": "Above", "product": "costs", "project": "shop"}
    return [Firing(labels, summary, text, "var-account=Above&var-project=shop")]


def usual(usd: str) -> str:
    return f"usual at this time of day are {usd} USD"


def scenes() -> Iterator[Scene]:
    """Return the cases."""
    yield from _per_hour()
    yield _multiplied()
    yield from _per_day()


def _per_hour() -> Iterator[Scene]:
    alert, summary = "CloudflareListCostPerHourHigh", "A project costs much more an hour than usual."
    rule = "the threshold is 5.00 USD an hour more than usual"
    yield Scene(
        "5.10 USD an hour more than usual, or 4.90; a healthy project at noon; a job of every week.",
        alert,
        "critical",
        {
            Way.ABOVE: hourly(rising(0.5, 5.6, LATELY)),
            Way.BELOW: hourly(rising(0.5, 5.4, LATELY)),
            Way.IDLE: hourly(healthy),
            Way.OTHER: hourly(every_week),
            Way.AWAY: hourly(8),
        },
        firing(summary, "5.60", usual("0.50"), rule, "8 January 21:15"),
        DATASET,
        length=DAYS,
        step=5 * MINUTE,
        norm=DAY,
    )
    yield Scene(
        "6 USD an hour on the third day.",
        alert,
        "critical",
        {Way.ABOVE: hourly(since_the_day_before_yesterday)},
        firing(summary, "6.00", usual("0.50"), rule, "6 January 21:20"),
        DATASET,
        length=DAYS,
        step=5 * MINUTE,
    )
    yield Scene(
        "Before seven days 5.10 USD an hour, or 4.90; a healthy project; 40 USD at once; counting has just begun.",
        alert,
        "critical",
        {
            Way.ABOVE: hourly(5.1),
            Way.BELOW: hourly(4.9),
            Way.IDLE: hourly(healthy),
            Way.OTHER: hourly(lambda second: 480 if 0 <= second - 8 * HOUR < 5 * MINUTE else 0),
            Way.STARTED: hourly(100),
            Way.AWAY: hourly(4.9),
        },
        firing(summary, "5.10", UNKNOWN, rule, "1 January 00:05"),
        DATASET,
        step=5 * MINUTE,
    )


def _multiplied() -> Scene:
    return Scene(
        "10.5 times the usual, or 9.5 times; or 19 times a little; a healthy project at noon; a project without norm.",
        "CloudflareListCostMultiplied",
        "critical",
        {
            Way.ABOVE: hourly(rising(0.11, 1.155, LATELY)),
            Way.BELOW: hourly(rising(0.11, 1.045, LATELY)),
            Way.IDLE: hourly(rising(0.05, 0.95, LATELY)),
            Way.STARTED: hourly(20),
            Way.OTHER: hourly(healthy),
            Way.DELETED: hourly(lambda second: 20 if second >= 3 * DAY else 0),
            Way.AWAY: hourly(2),
        },
        firing(
            "A project costs many times as much as usual.",
            "1.16",
            usual("0.11"),
            "the threshold is 10 times the usual, and 1.00 USD an hour",
            "8 January 21:15",
        ),
        DATASET,
        length=DAYS,
        step=5 * MINUTE,
        norm=DAY,
    )


def _per_day() -> Iterator[Scene]:
    alert, summary = "CloudflareListCostPerDayHigh", "A project has cost much more than usual for a day."
    rule = "within 24 hours it was {} USD more than usual, and the threshold is 50.00 USD"
    yield Scene(
        "Before seven days 52.80 USD within 24 hours, or 49.20; a healthy project; 60 USD that have ended.",
        alert,
        "critical",
        {
            Way.ABOVE: hourly(2.2),
            Way.BELOW: hourly(2.05),
            Way.IDLE: hourly(healthy),
            Way.OTHER: hourly(lambda second: 10 if 10 * HOUR <= second < 16 * HOUR else 0.1),
            Way.STARTED: hourly(100),
            Way.AWAY: hourly(2.05),
        },
        firing(summary, "2.20", UNKNOWN, rule.format("52.80"), "1 January 22:45"),
        DATASET,
        length=THIRTY_HOURS,
        step=5 * MINUTE,
    )
    yield Scene(
        "Within 24 hours 52.80 USD more than usual, or 49.20; a healthy project.",
        alert,
        "critical",
        {
            Way.ABOVE: hourly(rising(1, 3.2, DAYS - 20 * HOUR)),
            Way.BELOW: hourly(rising(1, 3.05, DAYS - 20 * HOUR)),
            Way.OTHER: hourly(healthy),
        },
        firing(summary, "3.20", usual("1.00"), rule.format("52.80"), "9 January 03:15"),
        DATASET,
        length=DAYS + 5 * HOUR,
        step=5 * MINUTE,
        checks=1,
        evaluated=5 * MINUTE,
    )
