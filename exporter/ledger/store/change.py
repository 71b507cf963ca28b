"""What one transaction of the ledger writes. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from exporter.ledger.audit import DayChange
from exporter.ledger.audit_schedule import DayMark, DayPart, Portion
from exporter.ledger.choices import ChosenWords
from exporter.ledger.counters import CounterChange, Counters
from exporter.ledger.daily_sums import Metered
from exporter.ledger.gauges import GaugeChange, Gauges
from exporter.ledger.inheritance import Inherited
from exporter.ledger.left_series import Departure
from exporter.ledger.pruning import Pruned
from exporter.ledger.roster import Entry, RosterKey
from exporter.model import Amounts, BookKey, RowKey


class Ended(NamedTuple):
    """When a zone was found to have left its account (None: it was counted again since), and the time that is lost."""

    at: datetime | None
    gap: timedelta


@dataclass(frozen=True, slots=True)
class Retirement:
    """The remains of a book that ends: the amounts of its open hours by meter, and the marks of its closed days.

    ``ended`` is set for counters of a zone that left its account; its series may come back (``keeps_left``).
    """

    start: datetime
    metered: Metered
    marks: dict[DayPart, DayMark]
    ended: Ended | None = None
    keeps_left: bool = False


def mark_cuts(change: CounterChange) -> dict[DayPart, DayMark]:
    """Return the marks of the parts into which the hours that settle cut their days: none has been audited."""
    return {
        DayPart(cut.date(), Portion.COUNTED, cut.hour): DayMark(change.state.last_success) for cut in change.kept.cuts
    }


class Carried(NamedTuple):
    """A book that was stored with another signature, under that of today, and what was kept for its audits."""

    book: Counters
    kept: Mapping[datetime, Mapping[RowKey, Amounts]]


@dataclass(slots=True)
class LedgerChange:
    """Everything that one transaction writes.

    ``books`` are counters of usage, ``costs`` counters of list cost, ``readings`` gauges. ``left`` is what counters of
    either sort lose, ``retired`` the books that end, and ``inherited`` their series that go to others. ``begun`` are
    those of zones that are counted again, with the marks of the days that are not filled in, and ``resumed`` the books
    elsewhere that they go on from. ``carried`` are counters stored with another signature, which are written anew, and
    ``carried_gauges`` gauges. ``chosen`` are the words that limited labels keep. With ``forgets_left``, nothing that
    left before comes back; ``pruned`` is what nothing names any more. ``clock_offset`` is how far the machine's clock
    is ahead of Cloudflare's time.
    """

    accounts: dict[str, tuple[str, str]] = field(default_factory=dict)
    roster: dict[str, dict[RosterKey, Entry]] = field(default_factory=dict)
    books: dict[BookKey, CounterChange] = field(default_factory=dict)
    costs: dict[BookKey, CounterChange] = field(default_factory=dict)
    left: dict[BookKey, Departure] = field(default_factory=dict)
    retired: dict[BookKey, Retirement] = field(default_factory=dict)
    begun: dict[BookKey, dict[DayPart, DayMark]] = field(default_factory=dict)
    resumed: set[BookKey] = field(default_factory=set)
    inherited: Inherited = field(default_factory=dict)
    carried: Mapping[BookKey, Carried] = field(default_factory=dict)
    carried_gauges: Mapping[BookKey, Gauges] = field(default_factory=dict)
    readings: dict[BookKey, GaugeChange] = field(default_factory=dict)
    used: dict[str, dict[RosterKey, datetime]] = field(default_factory=dict)
    days: dict[BookKey, list[DayChange]] = field(default_factory=dict)
    chosen: dict[BookKey, ChosenWords] = field(default_factory=dict)
    billing: dict[str, str] = field(default_factory=dict)
    clock_offset: timedelta | None = None
    forgets_left: bool = False
    pruned: Pruned | None = None

    def touched_days(self) -> set[tuple[str, date]]:
        """Return the accounts and days whose daily sums change."""
        metered: list[tuple[str, Metered]] = [
            *((key.scope.account_id, change.metered) for key, change in self.books.items()),
            *((key.scope.account_id, change.sums) for key, change in self.readings.items()),
            *((key.scope.account_id, retirement.metered) for key, retirement in self.retired.items()),
        ]
        touched = {(account, day) for account, amounts in metered for day in amounts.touched()}
        if self.pruned is not None and self.pruned.day is not None:
            touched.add((self.pruned.account_id, self.pruned.day))
        return touched | {(key.scope.account_id, day.part.day) for key, days in self.days.items() for day in days}
