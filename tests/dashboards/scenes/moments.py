"""When what happens: one exporter from its first question on, its Prometheus, and Cloudflare.

Prometheus scrapes ten seconds after each full minute and evaluates rules at half past, so that neither falls on the end
of a range that is looked at on the full minute.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

SCRAPE_DELAY, RULE_DELAY = timedelta(seconds=10), timedelta(seconds=30)

HEALTHY = datetime(2025, 11, 20, 17, 50, tzinfo=UTC)
"""Six days into a billing cycle of the account, all is well."""

BEGIN = HEALTHY - timedelta(days=8)
FIRST = BEGIN + 20 * MINUTE
"""The exporter starts, and has been looked at for twenty minutes."""

MADE_SINCE = BEGIN - 84 * DAY
"""What lies between this and the start is laid out evenly, as an exporter that ran for so long would have left it."""

SILENT = (HEALTHY + 6 * MINUTE, HEALTHY + 13 * MINUTE)
"""Prometheus stands still around the full hour."""

SOON_AFTER_SILENCE, AFTER_SILENCE = HEALTHY + 19 * MINUTE, HEALTHY + 33 * MINUTE

AWAY = (HEALTHY + 35 * MINUTE, HEALTHY + 65 * MINUTE)
"""Cloudflare answers with 503."""

WITHOUT_CLOUDFLARE = HEALTHY + 62 * MINUTE

DEAD = HEALTHY + 95 * MINUTE
"""The exporter is killed."""

SOON_AFTER_DEATH, AFTER_DEATH = DEAD + 4 * MINUTE, DEAD + 8 * MINUTE

WITHOUT_RULES = HEALTHY - 6 * HOUR + 5 * MINUTE
"""The exporter is scraped, but no rule is evaluated."""

NOBODY_THERE = MADE_SINCE - DAY
"""Nothing was ever scraped."""

REFRESH = 5 * MINUTE


def refreshes() -> Iterator[datetime]:
    """Yield when the exporter asks; where nobody looks closely it does so seldom."""
    yield from every(REFRESH, BEGIN, FIRST)
    yield HEALTHY - 7 * DAY
    yield HEALTHY - 3 * DAY
    yield from every(REFRESH, HEALTHY - 6 * HOUR, WITHOUT_RULES)
    yield from every(REFRESH, HEALTHY - 80 * MINUTE, DEAD - MINUTE)


def scrapes() -> Iterator[datetime]:
    """Yield the full minutes after which Prometheus scrapes, of the time since the exporter's start."""
    for since, until in close_looks():
        yield from every(MINUTE, since, until)


def close_looks() -> tuple[tuple[datetime, datetime], ...]:
    """Return the spans in which Prometheus scrapes each minute."""
    return (
        (BEGIN, FIRST),
        (HEALTHY - 7 * DAY, HEALTHY - 7 * DAY),
        (HEALTHY - 6 * HOUR, WITHOUT_RULES),
        (HEALTHY - 80 * MINUTE, SILENT[0]),
        (SILENT[1], AFTER_DEATH),
    )


def ruled() -> tuple[tuple[datetime, datetime], ...]:
    """Return the spans in which Prometheus evaluates rules."""
    return ((BEGIN, FIRST), (HEALTHY - 70 * MINUTE, SILENT[0]), (SILENT[1], AFTER_DEATH))


def every(step: timedelta, since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield moments from ``since`` to ``until``, both included."""
    while since <= until:
        yield since
        since += step
