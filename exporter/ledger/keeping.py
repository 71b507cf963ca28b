"""What is kept of settled hours until they are audited: by the day, or by the hour where a day can't be audited whole.

Each part of a day that is audited by itself begins with a *cut*, a full hour, and ends with the next. Pure.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from exporter.catalog.grain import BY_DAY
from exporter.ledger.reach import is_short
from exporter.ledger.totals import sum_rows
from exporter.model import HOUR, Amounts, RowKey, Rows


class Kept(NamedTuple):
    """The rows of settled hours, by the start of the day or the cut that they belong to, and the further ``cuts``."""

    rows: dict[datetime, dict[RowKey, Amounts]]
    cuts: tuple[datetime, ...]


NOTHING_KEPT = Kept({}, ())


def keep(settled: Mapping[datetime, Rows], kept_from: datetime, cut_on: date | None, retention: timedelta) -> Kept:
    """Return what to keep of the hours that settle from ``kept_from`` on.

    With a short ``retention`` each but the first of a day is a cut. A day ``cut_on`` is cut to its end, also when
    retention becomes longer: what comes later must not be taken for a part of an hour that may be final.
    """
    parts: dict[datetime, list[Rows]] = {}
    cuts: list[datetime] = []
    for hour in sorted(hour for hour in settled if hour + HOUR > kept_from):
        start = BY_DAY.floor(hour)
        if hour > max(start, kept_from) and (is_short(retention) or hour.date() == cut_on):
            start, cut_on = hour, hour.date()
            cuts.append(hour)
        parts.setdefault(start, []).append(settled[hour])
    return Kept({start: sum_rows(hours) for start, hours in parts.items()}, tuple(cuts))
