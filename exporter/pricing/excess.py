"""Usage that a free plan does not allow, which shows that the account's plan is another than it seems. Pure."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from exporter.model import DAY
from exporter.pricing.costs import AccountCosts, MeterCost
from exporter.pricing.money import quantity_text

FAR_ABOVE = 5
"""How many times its allowance a free plan's usage must reach: Cloudflare refuses what exceeds it, so that neither late
counts nor calls over service bindings, which are free and may be in the figures, explain as much."""


@dataclass(frozen=True, slots=True)
class Excess:
    """The usage of a meter on a day (stored: at its peak; per month: in the cycle), and what the plan allows."""

    meter: str
    day: date
    used: Fraction
    allowed: Fraction
    unit: str

    @property
    def times(self) -> Fraction:
        """Return how many times the allowance the usage is."""
        return self.used / self.allowed


def find_excess(costs: AccountCosts) -> Excess | None:
    """Return the usage of the two newest days that exceeds a limit of the free plan most, if it does so by far.

    Days before may have been on another plan.
    """
    today = costs.until.date()
    if not costs.cycle.start <= today < costs.cycle.end:
        return None
    found = [_excess(costs, cost, day) for cost in costs.meters for day in (today, today - DAY)]
    far = [each for each in found if each is not None and each.times >= FAR_ABOVE]
    return max(far, key=lambda each: each.times, default=None)


def _excess(costs: AccountCosts, cost: MeterCost, day: date) -> Excess | None:
    rate = costs.card.meters[cost.meter]
    if not cost.is_limited or rate.free is None or not rate.free.amount:
        return None
    used = cost.line.quantity
    if rate.free.per != "month":
        used = Fraction(costs.used[cost.meter].days.get(day, 0), costs.card.read_meters[cost.meter].scale)
    return Excess(cost.meter, day, used, Fraction(rate.free.amount), rate.unit)


def describe_excess(costs: AccountCosts, excess: Excess) -> str:
    """Return the contradiction between an account's plan and its usage as a sentence."""
    plan = costs.terms.plan
    source = "by its configuration" if costs.terms.plan_source == "configuration" else "by its subscriptions"
    used, allowed = (quantity_text(Fraction(round(each))) for each in (excess.used, excess.allowed))
    return (
        f"Account {costs.account} ({costs.account_id}) has the plan {plan} {source}, but its {excess.meter} of "
        f"{excess.day} are {used} {excess.unit}, where that plan allows {allowed}: the cost shown is too low."
    )
