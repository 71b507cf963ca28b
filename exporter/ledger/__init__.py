"""Usage to exact totals: hours, settling, placement, persistence. The only room that imports sqlite3.

Nothing here talks to Cloudflare or reads the machine's clock: all times come from the ``Date`` of the answers.
"""

from exporter.ledger.audit import DayChange
from exporter.ledger.audit_schedule import DayPart, DayTask, Portion
from exporter.ledger.counters import CounterState
from exporter.ledger.daily_filter import EVERYTHING, DailyFilter
from exporter.ledger.daily_sums import KEPT_DAYS
from exporter.ledger.day_hours import DayHours
from exporter.ledger.false_time import shown_until
from exporter.ledger.ledger import ApplyResult, Ledger
from exporter.ledger.list_cost import Tariffs
from exporter.ledger.publication import Publication, PublishedBook
from exporter.ledger.reader import LedgerReader, reading
from exporter.ledger.roster import FILTERED, Entry, RosterKey, Standing, place_cost
from exporter.ledger.store.database import StorageError
from exporter.ledger.store.store import CommitError

__all__ = [
    "EVERYTHING",
    "FILTERED",
    "KEPT_DAYS",
    "ApplyResult",
    "CommitError",
    "CounterState",
    "DailyFilter",
    "DayChange",
    "DayHours",
    "DayPart",
    "DayTask",
    "Entry",
    "Ledger",
    "LedgerReader",
    "Portion",
    "Publication",
    "PublishedBook",
    "RosterKey",
    "Standing",
    "StorageError",
    "Tariffs",
    "place_cost",
    "reading",
    "shown_until",
]
