"""An account's billing terms: its plan, cycles and subscriptions, each with the source of that knowledge. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from exporter.billing import BillingFacts, Subscription
from exporter.pricing.card import BillingPlan, RateCard, strip_allowance
from exporter.pricing.cycle import CALENDAR_MONTH, Cycle, cycle_of
from exporter.pricing.money import to_usd
from exporter.pricing.rating import Terms
from exporter.pricing.rules import AUTO, FREE_PLAN, PAID_PLAN, AccountRule, CostRules

DOCUMENTED_MONTH_DAYS = 30
"""The divisor of a GB-month according to https://developers.cloudflare.com/r2/pricing/."""

MONTHS = {"weekly": Fraction(12, 52), "monthly": Fraction(1), "quarterly": Fraction(3), "yearly": Fraction(12)}
"""The length of each billing frequency of subscriptions, in months."""

WORKERS_PAID = "workers_paid_subscription"

PAID = frozenset({WORKERS_PAID, "wfp_subscription"})
"""Subscriptions that make the usage of Workers billed instead of limited."""


@dataclass(frozen=True, slots=True)
class SubscriptionCost:
    """The cost of a subscription per cycle; a yearly one costs a twelfth.

    ``meter`` is the card's, if there is one. It ``is_assumed`` if the account's subscriptions could not be read.
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

    ``unpriced`` are subscriptions that are not in dollars.
    """

    plan: str
    plan_source: str
    anchor_day: int
    cycle_source: str
    rating: Terms
    subscriptions: tuple[SubscriptionCost, ...]
    unpriced: tuple[str, ...] = ()

    def cycle_of(self, day: date) -> Cycle:
        """Return the billing cycle that contains a day."""
        return cycle_of(day, self.anchor_day)


def account_terms(card: RateCard, rules: CostRules, facts: BillingFacts, names: Iterable[str]) -> AccountTerms:
    """Return the billing terms of an account; ``names`` are its names in the configuration."""
    own = next((rules.accounts[name] for name in names if name in rules.accounts), AccountRule())
    charged = [each for each in facts.subscriptions or () if each.is_charged]
    plan, plan_source = _plan(card, own.plan or rules.plan, facts, charged)
    anchor_day, cycle_source = _anchor(card, own.cycle_day or rules.cycle_day, facts, charged)
    days = rules.storage_month_days
    rating = Terms(
        storage_month_days=None if days == "cycle" else int(days) if days.isdigit() else DOCUMENTED_MONTH_DAYS,
        is_proportional=rules.is_proportional,
        pools_days=rules.pools_days,
    )
    if facts.subscriptions is None:
        subscriptions = _of_plan(card, card.plans.get(plan, BillingPlan()))
    else:
        subscriptions = tuple(_cost_of(card, each) for each in charged if each.currency == "USD")
    unpriced = tuple(each.name for each in charged if each.currency != "USD")
    return AccountTerms(plan, plan_source, anchor_day, cycle_source, rating, subscriptions, unpriced)


def _plan(card: RateCard, wanted: str, facts: BillingFacts, charged: list[Subscription]) -> tuple[str, str]:
    if wanted != AUTO:
        return wanted, "configuration"
    if facts.subscriptions is None:
        return PAID_PLAN, "assumed"
    is_paid = any(_meter_of(card, each) in PAID for each in charged)
    return (PAID_PLAN if is_paid else FREE_PLAN), "subscriptions"


def _anchor(card: RateCard, wanted: int | None, facts: BillingFacts, charged: list[Subscription]) -> tuple[int, str]:
    """Return the day of the month on which cycles begin; that of Workers Paid comes before others."""
    monthly = [each for each in charged if each.frequency == "monthly" and each.period_start]
    monthly.sort(key=lambda each: (_meter_of(card, each) != WORKERS_PAID, not each.price))
    if facts.anchor_day is not None:
        return facts.anchor_day, "subscriptions"
    if monthly and monthly[0].period_start:
        return monthly[0].period_start.day, "subscriptions"
    return (wanted, "configuration") if wanted else (CALENDAR_MONTH, "assumed")


def _meter_of(card: RateCard, subscription: Subscription) -> str:
    """Return the card's meter of a subscription, or one made from its name."""
    known = card.meter_by_invoice.get(strip_allowance(subscription.name), "")
    return known or "_".join(subscription.name.lower().split())


def _cost_of(card: RateCard, subscription: Subscription) -> SubscriptionCost:
    meter = _meter_of(card, subscription)
    months = MONTHS.get(subscription.frequency, Fraction(1))
    rate = card.meters.get(meter)
    return SubscriptionCost(
        subscription.name,
        meter,
        rate.product if rate else "subscriptions",
        to_usd(Fraction(subscription.price) / months),
        subscription.frequency,
    )


def _of_plan(card: RateCard, plan: BillingPlan) -> tuple[SubscriptionCost, ...]:
    """Return the subscriptions of a plan, for an account whose own are unknown."""
    rates = [(meter, card.meters[meter]) for meter in plan.subscriptions]
    return tuple(
        SubscriptionCost(rate.invoice or rate.name, meter, rate.product, rate.prices[0].price, is_assumed=True)
        for meter, rate in rates
    )
