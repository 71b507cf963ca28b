"""How late Cloudflare is asked about a day for the last time, and how long it must keep data for that. Pure."""

from datetime import datetime, timedelta

from exporter.catalog.grain import Grain
from exporter.model import DAY, HOUR, floor_hour

AUDIT_AFTER = timedelta(hours=26)
"""How long after its end a day is audited: invocations and Cloudflare's pipeline can be hours late."""

MARGIN = HOUR
"""How long before Cloudflare forgets an hour it is asked for the last time, so that a second answer can confirm it."""

LONG_ENOUGH = DAY + AUDIT_AFTER + 2 * MARGIN
"""The shortest retention that allows to audit a day as a whole: the questions take a while themselves."""


def is_short(retention: timedelta) -> bool:
    """Return whether Cloudflare forgets the first hours of a day before the day can be audited as a whole."""
    return retention < LONG_ENOUGH


def final_from(since: datetime, end: datetime, retention: timedelta) -> datetime:
    """Return from when on an answer about usage since ``since``, of the day that ends at ``end``, can be final."""
    return min(end + AUDIT_AFTER, floor_hour(since) + retention - MARGIN)


def settle_delay(settle: timedelta, retention: timedelta, grain: Grain) -> timedelta:
    """Return how long after its end an hour may still grow, or a day is asked, as far as ``retention`` allows."""
    return min(AUDIT_AFTER, max(retention - DAY - MARGIN, timedelta(0))) if grain.settles_by_audit else settle
