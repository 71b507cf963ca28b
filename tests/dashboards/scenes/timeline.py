"""What Prometheus has scraped and which alerts have fired, as series with their samples."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime

from tests.alerting.promtool import TARGET_LABELS
from tests.alerting.shipped import SHIPPED
from tests.dashboards.scenes.account import Played
from tests.dashboards.scenes.moments import (
    AWAY,
    BEGIN,
    DAY,
    DEAD,
    FIRST,
    HEALTHY,
    HOUR,
    MADE_SINCE,
    MINUTE,
    RULE_DELAY,
    SCRAPE_DELAY,
    every,
    ruled,
    scrapes,
)
from tests.dashboards.scenes.prometheus import Labels, Samples

JOB, YOUNG_JOB = "cloudflare", "cloudflare-young"
"""An exporter with three months of history, and one that has none yet."""

MADE_STEP = 12 * HOUR

MADE_PARTS = 10
"""How many times the growth of the days that were played lies in the time before them."""

GROWS = re.compile(r"\w+(_total|_sum|_count)(\{|$)")
"""What counts."""

_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

CHECKOUT = {"account": "Example", "project": "shop", "script_name": "shop-checkout"}

FIRING: tuple[tuple[str, Mapping[str, str], datetime, datetime], ...] = (
    ("CloudflareWatchdog", {}, BEGIN, DEAD + DAY),
    ("CloudflareWorkerErrorRatioHigh", {"job": JOB, **CHECKOUT}, HEALTHY - HOUR, DEAD + 5 * MINUTE),
    ("CloudflareCostForecastHigh", {"job": JOB, "account": "Example"}, HEALTHY - HOUR, DEAD + 2 * MINUTE),
    ("CloudflareAccountDown", {"job": JOB, "account": "Example"}, AWAY[0] + 15 * MINUTE, AWAY[1]),
    ("CloudflareExporterDown", {"job": JOB}, DEAD + 5 * MINUTE, DEAD + DAY),
)
"""Alert, its labels beside those of its rule, and from when until when it fires."""


def series_of(text: str) -> dict[str, str]:
    """Return the labels of a series as it is exposed, with its name."""
    name, _, labels = text.partition("{")
    return {"__name__": name, **dict(_LABEL.findall(labels))}


def scraped(played: Played) -> Iterator[tuple[Labels, Samples]]:
    """Yield what was scraped of both jobs, and what Prometheus says of its scrapes."""
    grown = played.seen(HEALTHY).values
    for series, found in exposed(played).items():
        labels = series_of(series) | TARGET_LABELS
        yield labels | {"job": JOB}, [*made(series, found, grown), *raised(series, found, grown)]
        young = [(at, value) for at, value in found if at <= FIRST + MINUTE]
        if young:
            yield labels | {"job": YOUNG_JOB}, young
    yield from of_target()


def exposed(played: Played) -> dict[str, list[tuple[datetime, float | None]]]:
    """Return what was exposed whenever Prometheus scraped; None where a series is gone."""
    found: defaultdict[str, list[tuple[datetime, float | None]]] = defaultdict(list)
    there: Mapping[str, float] = {}
    for minute in scrapes():
        at = minute + SCRAPE_DELAY
        values = played.seen(at).values if minute < DEAD else {}
        for series, value in values.items():
            found[series].append((at, value))
        for series in there.keys() - values.keys():
            found[series].append((at, None))
        there = values
    return found


def made(series: str, found: Samples, grown: Mapping[str, float]) -> Iterator[tuple[datetime, float]]:
    """Yield what an exporter that was there for long had exposed before: counters grew evenly, the rest stood still."""
    moments = list(every(MADE_STEP, MADE_SINCE, BEGIN - MADE_STEP))
    first, before = found[0][1] or 0.0, base(series, grown)
    for number, at in enumerate(moments):
        yield at, before * number // len(moments) if GROWS.match(series) else first


def raised(series: str, found: Samples, grown: Mapping[str, float]) -> Iterator[tuple[datetime, float | None]]:
    """Yield the samples of a series, counters raised by what they had counted before."""
    before = base(series, grown)
    for at, value in found:
        yield at, None if value is None else before + value


def base(series: str, grown: Mapping[str, float]) -> float:
    """Return what a counter had counted before the time that was played, and 0 of what is none."""
    return MADE_PARTS * grown.get(series, 0.0) if GROWS.match(series) else 0.0


def of_target() -> Iterator[tuple[Labels, Samples]]:
    """Yield Prometheus' own series of its target: from its death on the exporter is down."""
    for job in (JOB, YOUNG_JOB):
        moments = [minute for minute in scrapes() if job == JOB or minute <= FIRST]
        target = {**TARGET_LABELS, "job": job}
        yield target | {"__name__": "up"}, [(minute + SCRAPE_DELAY, float(minute < DEAD)) for minute in moments]
        took = target | {"__name__": "scrape_duration_seconds"}
        yield took, [(minute + SCRAPE_DELAY, 0.02) for minute in moments]


def alerts() -> Iterator[tuple[Labels, Samples]]:
    """Yield the alerts that fire while rules are evaluated."""
    moments = [minute for since, until in ruled() for minute in every(MINUTE, since, until)]
    for name, labels, since, until in FIRING:
        (rule, *_) = (rule for rule in SHIPPED if rule.get("alert") == name)
        own = {"__name__": "ALERTS", "alertname": name, "alertstate": "firing"}
        firing = [(minute + RULE_DELAY, 1.0 if minute < until else None) for minute in moments if since <= minute]
        ended = [number for number, (_, value) in enumerate(firing) if value is None]
        yield own | rule["labels"] | dict(labels), firing[: ended[0] + 1] if ended else firing
