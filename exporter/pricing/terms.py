"""An account's billing terms: its plan, cycles and subscriptions, each with the source of that knowledge. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from exporter.billing import BillingFacts, Subscription
from exporter.model import MINUTE
from exporter.pricing.card import BillingPlan, Rate, RateCard, strip_allowance
from exporter.pricing.cycle import Cycle, Cycles, anchor_of
from exporter.pricing.money import to_usd
from exporter.pricing.rating import Terms
from exporter.pricing.rules import AUTO, FREE_PLAN, PAID_PLAN, AccountRule, CostRules

DOCUMENTED_MONTH_DAYS = 30
"""The divisor of a GB-month according to https://developers.cloudflare.com/r2/pricing/."""

MONTHS = {"weekly": Fraction(12, 52), "monthly": Fraction(1), "quarterly": Fraction(3), "yearly": Fraction(12)}
"""The length of each billing frequency of subscriptions, in months."""

LONGEST_MONTH_DAYS = 62
"""A longer period of a monthly subscription is none."""

WORKERS_PAID = "workers_paid_subscription"

PAID = frozenset({WORKERS_PAID, "wfp_subscription"})
"""Subscriptions that make the usage of Workers billed instead of limited."""


@dataclass(frozen=True, slots=True)
class SubscriptionCost:
    """The cost of a subscription per cycle; a yearly one costs a twelfth.

    ``meter`` is the card's, if there is one. It ``is_assumed`` if the account's subscriptions could not be read, or do
    not tell its price.
    """

    name: str
    meter: str
    product: str
    usd: Decimal
    frequency: str = "monthly"
    is_assumed: bool = False


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """The billing terms of an account. The sources are ``subscriptions``, ``configuration`` or ``assumed``.

    ``unpriced`` are subscriptions that are not in dollars, or whose price is neither told nor on the card.
    """

    plan: str
    plan_source: str
    cycles: Cycles
    cycle_source: str
    rating: Terms
    subscriptions: tuple[SubscriptionCost, ...]
    unpriced: tuple[str, ...] = ()

    def cycle_of(self, day: date) -> Cycle:
        """Return the billing cycle that contains a day."""
        return self.cycles.of(day)


def account_terms(card: RateCard, rules: CostRules, facts: BillingFacts, names: Iterable[str]) -> AccountTerms:
    """Return the billing terms of an account; ``names`` are its names in the configuration."""
    own = next((rules.accounts[name] for name in names if name in rules.accounts), AccountRule())
    charged = [each for each in facts.subscriptions or () if each.is_charged]
    plan, plan_source = _plan(card, own.plan or rules.plan, facts, charged)
    cycles, cycle_source = _cycles(card, own.cycle_day or rules.cycle_day, facts, charged)
    days = rules.storage_month_days
    rating = Terms(
        storage_month_days=None if days == "cycle" else int(days) if days.isdigit() else DOCUMENTED_MONTH_DAYS,
        is_proportional=rules.is_proportional,
        pools_days=rules.pools_days,
    )
    priced = [(each, _cost_of(card, each)) for each in charged]
    if facts.subscriptions is None:
        subscriptions = _of_plan(card, card.plans.get(plan, BillingPlan()))
    else:
        subscriptions = tuple(cost for _, cost in priced if cost is not None)
    unpriced = tuple(each.name for each, cost in priced if cost is None)
    return AccountTerms(plan, plan_source, cycles, cycle_source, rating, subscriptions, unpriced)


def _plan(card: RateCard, wanted: str, facts: BillingFacts, charged: list[Subscription]) -> tuple[str, str]:
    if wanted != AUTO:
        return wanted, "configuration"
    if facts.subscriptions is None:
        return PAID_PLAN, "assumed"
    if any(_meter_of(card, each) in PAID for each in charged):
        return PAID_PLAN, "subscriptions"
    # What could not be read may be what makes the usage of Workers billed.
    return (PAID_PLAN, "assumed") if facts.unread_subscriptions else (FREE_PLAN, "subscriptions")


def _cycles(card: RateCard, wanted: int | None, facts: BillingFacts, charged: list[Subscription]) -> tuple[Cycles, str]:
    """Return the cycles; what Workers Paid says of them comes before others."""
    monthly = [each for each in charged if each.frequency == "monthly" and each.period_start]
    monthly.sort(key=lambda each: (_meter_of(card, each) != WORKERS_PAID, not each.price))
    first = monthly[0] if monthly else None
    period = None if first is None else _period(first)
    if facts.anchor_day is not None:
        cycles = Cycles(facts.anchor_day)
        # An anchor in a short month is one that was cut, too: the current period shows the day.
        is_same = period is not None and cycles.of(period.start).start == period.start
        return (_cycles_of(period) if period is not None and is_same else cycles), "subscriptions"
    if period is not None:
        return _cycles_of(period), "subscriptions"
    if first is not None and first.period_start:
        return Cycles(first.period_start.day), "subscriptions"
    return (Cycles(wanted), "configuration") if wanted else (Cycles(), "assumed")


def _cycles_of(period: Cycle) -> Cycles:
    return Cycles(anchor_of(period), period)


def _period(subscription: Subscription) -> Cycle | None:
    """Return the current period of a subscription; None if it is not told, or cannot be that of a month."""
    since, until = subscription.period_start, subscription.period_end
    if since is None or until is None:
        return None
    # An end that is the last second of a day, and not the first of the next one, ends there as well.
    period = Cycle(since.date(), (until + MINUTE).date())
    return period if 0 < period.length <= LONGEST_MONTH_DAYS else None


def _meter_of(card: RateCard, subscription: Subscription) -> str:
    """Return the card's meter of a subscription, by the id of its plan or by its name, or one made from its name."""
    plan_id, name = subscription.plan_id.lower(), strip_allowance(subscription.name)
    known = card.meter_by_plan_id.get(plan_id) or card.meter_by_invoice.get(name)
    return known or _meter_of_words(card, name) or "_".join(subscription.name.lower().split())


def _meter_of_words(card: RateCard, name: str) -> str:
    """Return the subscription whose line begins a name, such as ``Workers Paid`` that of ``Workers Paid Plan``."""
    words = f"{name.removeprefix('cloudflare ')} "
    names = card.meter_by_subscription
    longest = max((known for known in names if words.startswith(f"{known} ")), key=len, default="")
    return names.get(longest, "")


def _cost_of(card: RateCard, subscription: Subscription) -> SubscriptionCost | None:
    """Return the cost of a subscription, at the price of the card where it tells none; None if there is none."""
    meter = _meter_of(card, subscription)
    rate, name, price = card.meters.get(meter), subscription.name, subscription.price
    if subscription.currency != "USD":
        return None
    if price is None:
        return None if rate is None else _at_list_price(meter, rate, name)
    months = MONTHS.get(subscription.frequency, Fraction(1))
    product = rate.product if rate else "subscriptions"
    return SubscriptionCost(name, meter, product, to_usd(Fraction(price) / months), subscription.frequency)


def _at_list_price(meter: str, rate: Rate, name: str) -> SubscriptionCost:
    return SubscriptionCost(name, meter, rate.product, rate.prices[0].price, is_assumed=True)


def _of_plan(card: RateCard, plan: BillingPlan) -> tuple[SubscriptionCost, ...]:
    """Return the subscriptions of a plan, for an account whose own are unknown."""
    rates = [(meter, card.meters[meter]) for meter in plan.subscriptions]
    return tuple(_at_list_price(meter, rate, rate.invoice or rate.name) for meter, rate in rates)
