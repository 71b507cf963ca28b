"""Cloudflare's bill compared with the estimate, line by line, and conclusions from it. Pure.

Pitfalls: costs are per day and must be added up, the newest day is incomplete, and a cost of 0 may mean unknown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from exporter.billing import BillingFacts
from exporter.model import DAY
from exporter.pricing.card import RateCard, strip_allowance
from exporter.pricing.cycle import Cycle, Cycles
from exporter.pricing.money import ZERO, add

CLOSE = Fraction(1, 100)
"""A measured number of days per month counts if it is within one percent of a possible one."""

LEAST_DAYS = 3
"""The number of days that must agree before a number of days per month is accepted."""


@dataclass(frozen=True, slots=True)
class BilledLine:
    """Cloudflare's bill for one line of the current cycle.

    ``meter`` is the card's, or empty if the line is not on it. The newest day is incomplete: through the day before it,
    ``compared`` was billed, and ``estimated`` is the estimate, or None unless all of that usage is known.
    """

    service: str
    meter: str
    usd: Decimal
    compared: Decimal = ZERO
    estimated: Decimal | None = None

    @property
    def ratio(self) -> Decimal | None:
        """Return the billed cost divided by the estimate; None if either is zero or unknown."""
        return self.compared / self.estimated if self.estimated and self.compared else None


def billed_lines(
    card: RateCard, facts: BillingFacts, cycle: Cycle, estimate: Callable[[str, date], Decimal | None]
) -> tuple[BilledLine, ...]:
    """Return the billed lines of a cycle; ``estimate`` returns the cost of a meter through a day."""
    days = [each for each in facts.billed if cycle.start <= each.day < cycle.end and each.cost is not None]
    lines: list[BilledLine] = []
    complete_until = max((each.day for each in facts.billed), default=cycle.start) - DAY
    for service in dict.fromkeys(each.service for each in days):
        those = [each for each in days if each.service == service]
        meter = card.meter_by_invoice.get(strip_allowance(service), "")
        compared = [each.cost or ZERO for each in those if each.day <= complete_until]
        estimated = estimate(meter, complete_until) if meter else None
        lines.append(BilledLine(service, meter, add([each.cost or ZERO for each in those]), add(compared), estimated))
    return tuple(lines)


def month_days_of(
    card: RateCard, facts: BillingFacts, peaks: Callable[[str, date], Fraction | None], cycles: Cycles
) -> int | None:
    """Return the number of days by which the account's bill divides daily peaks of storage; None if unclear.

    ``peaks`` returns the peak of a storage meter on a day in GB. Only cycles that do not have 30 days can show it.
    """
    votes: dict[int, int] = {}
    for each in facts.billed:
        meter = card.meter_by_invoice.get(strip_allowance(each.service), "")
        peak = peaks(meter, each.day) if meter else None
        if peak and each.consumed:
            length = peak / Fraction(each.consumed)
            for days in {30, cycles.of(each.day).length}:
                if abs(length - days) <= CLOSE * days:
                    votes[days] = votes.get(days, 0) + 1
    return _winner(votes)


def _winner(votes: Mapping[int, int]) -> int | None:
    if not votes:
        return None
    days = max(votes, key=lambda each: (votes[each], each == 30))
    return days if votes[days] >= LEAST_DAYS else None
