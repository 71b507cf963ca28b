"""The costs of an account in a billing cycle: its lines, and the share of each asset, to date and forecast. Pure.

A line is computed for the whole account, because quotas and blocks are the account's. It is then split over the assets
by their share of the usage, so that assets add up to lines, and lines to the bill.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from exporter.pricing.attribution import CostAmount, CostItem, Placing, split_line, subscription_items, sum_amounts
from exporter.pricing.billed import BilledLine
from exporter.pricing.card import Basis, BillingPlan, FreeLimit, Rate, RateCard
from exporter.pricing.cycle import Cycle
from exporter.pricing.forecast import Now, Outlooks
from exporter.pricing.list_price import list_price
from exporter.pricing.money import ZERO, add, to_cents
from exporter.pricing.projection import Projection, project
from exporter.pricing.rating import Consumption, Line, Rating, rate_usage
from exporter.pricing.rules import Spread
from exporter.pricing.terms import AccountTerms
from exporter.pricing.usage import Usage, consumption

NEAR = Fraction(4, 5)
"""The used share from which a quota is near its limit."""


@dataclass(frozen=True, slots=True)
class MeterCost:
    """A line of the account's bill.

    ``quota_ratio`` is the used share of the included (on a free plan: allowed) quantity; None if there is no such
    quantity. ``is_limited`` means that the plan limits the usage instead of billing it. On ``estimated_days`` of the
    cycle the usage, or a part of it, was not read, and is taken to be that of the last reading before.
    """

    meter: str
    product: str
    basis: Basis
    line: Line
    amount: CostAmount
    quota_ratio: Fraction | None
    is_limited: bool = False
    estimated_days: int = 0

    @property
    def is_near_limit(self) -> bool:
        """Whether most of the included or allowed quantity is used."""
        return self.quota_ratio is not None and self.quota_ratio >= NEAR


@dataclass(frozen=True, slots=True)
class AccountCosts:
    """The costs of an account in the cycle that contains ``until``, the time until which its usage is known.

    By meter, ``used`` is the usage of each day, and ``ahead`` the forecast of further usage, today and later.
    ``known_from`` is the first day with any known usage.
    """

    account_id: str
    account: str
    card: RateCard
    terms: AccountTerms
    cycle: Cycle
    until: datetime
    meters: tuple[MeterCost, ...]
    items: tuple[CostItem, ...]
    used: Mapping[str, Consumption]
    ahead: Mapping[str, Mapping[date, int]]
    billed: tuple[BilledLine, ...] = ()
    known_from: date | None = None

    @property
    def is_running(self) -> bool:
        """Return whether more usage may follow in the cycle."""
        return self.until < self.cycle.ends_at

    @property
    def amount(self) -> CostAmount:
        """The exact dollars of the whole account."""
        return sum_amounts(item.amount for item in self.items)

    @property
    def invoice(self) -> Decimal:
        """The cost of usage and subscriptions to date as an invoice adds it up: rounded to cents line by line."""
        lines = [to_cents(cost.amount.to_date) for cost in self.meters]
        return add([*lines, *(to_cents(each.usd) for each in self.terms.subscriptions)])

    def usd_until(self, meter: str, day: date, *, is_forecast: bool = False) -> Decimal:
        """Return the dollars of a meter's line up to and including a day of the cycle, as known or as forecast."""
        rate = self.card.meters[meter]
        if is_limited(self.card, self.terms, rate):
            return ZERO
        used = self.used[meter].with_days(self.ahead[meter]) if is_forecast else self.used[meter]
        return rate_usage(rate, used.until(day), self.cycle, self.terms.rating).usd

    def list_price_on(self, day: date) -> Decimal:
        """Return the list price of the usage on a day of the cycle."""
        used = {meter: {day: consumption.days.get(day, 0)} for meter, consumption in self.used.items()}
        return add([list_price(self.card, meter, self.card.read_meters[meter], days) for meter, days in used.items()])

    def known_until(self, meter: str, day: date) -> Decimal | None:
        """Return the dollars of a meter's line up to and including a day; None if its usage is not fully known."""
        days = self.used[meter].days if meter in self.used else {}
        is_known = bool(days) and min(days) <= self.cycle.start and day < self.until.date()
        return self.usd_until(meter, day) if is_known else None


@dataclass(frozen=True, slots=True)
class BilledAccount:
    """An account by its id, with the label under which it is published."""

    id: str
    label: str


def is_limited(card: RateCard, terms: AccountTerms, rate: Rate) -> bool:
    """Return whether the account's plan limits the usage of a rate instead of billing it."""
    return rate.product in card.plans.get(terms.plan, BillingPlan()).limits


def account_costs(
    account: BilledAccount,
    card: RateCard,
    terms: AccountTerms,
    *,
    spread: Spread,
    usage: Usage,
    outlooks: Outlooks,
    place: Placing,
    now: Now,
) -> AccountCosts:
    """Return the costs of an account. ``usage`` is that of the cycle so far."""
    meters: list[MeterCost] = []
    items: list[CostItem] = []
    used: dict[str, Consumption] = {}
    ahead: dict[str, Mapping[date, int]] = {}
    for meter, how in card.read_meters.items():
        projection = project(meter, usage, outlooks, now, is_stored=how.is_stored)
        used[meter] = consumption(card, meter, usage.days.get(meter, {}), now.cycle, terms.rating)
        ahead[meter] = projection.likely
        cost = _meter_cost(card, terms, meter, used[meter], projection=projection, now=now)
        meters.append(_with_estimates(cost, len(usage.estimated.get(meter, ()))))
        items += split_line(_whole(meters[-1], how.kind), usage.assets.get(meter, {}), projection.assets, place)
    items += subscription_items(terms.subscriptions, spread, items)
    return AccountCosts(
        account_id=account.id,
        account=account.label,
        card=card,
        terms=terms,
        cycle=now.cycle,
        until=now.until,
        meters=tuple(meters),
        items=tuple(items),
        used=used,
        ahead=ahead,
    )


def _meter_cost(
    card: RateCard, terms: AccountTerms, meter: str, used: Consumption, *, projection: Projection, now: Now
) -> MeterCost:
    rate, how = card.meters[meter], card.read_meters[meter]

    rating = Rating(rate, now.cycle, terms.rating, used.unit)

    def line(ahead: Mapping[date, int]) -> Line:
        return rating.line(used.with_days(ahead).days if ahead else used.days)

    so_far, limited = line({}), is_limited(card, terms, rate)
    in_cycle = {day: amount for day, amount in used.days.items() if now.cycle.start <= day < now.cycle.end}
    at_list = list_price(card, meter, how, in_cycle)
    if limited:
        amount = CostAmount(list_price=at_list)
        quota = _share_of_limit(rate.free, so_far.quantity, Fraction(used.days.get(now.today, 0), how.scale))
    else:
        quota = so_far.used_ratio
        likely = line(projection.likely).usd if projection.likely else so_far.usd
        low = line(projection.low).usd if projection.low else so_far.usd
        high = line(projection.high).usd if projection.high else likely
        amount = CostAmount(so_far.usd, likely, min(low, likely), max(high, likely), at_list)
    return MeterCost(meter, rate.product, card.basis_of(meter), so_far, amount, quota, limited)


def _with_estimates(cost: MeterCost, days: int) -> MeterCost:
    """Return a line of whose days so many are estimated."""
    basis = Basis.ESTIMATED if days and cost.basis is Basis.EXACT else cost.basis
    return replace(cost, basis=basis, estimated_days=days)


def _whole(cost: MeterCost, kind: str) -> CostItem:
    return CostItem("", cost.product, cost.meter, kind, "", cost.line.quantity, cost.amount)


def _share_of_limit(limit: FreeLimit | None, quantity: Fraction, today: Fraction) -> Fraction | None:
    """Return the used share of a free plan's limit: a daily one today, a monthly one in the cycle, a total one now."""
    if limit is None:
        return None
    return (quantity if limit.per == "month" else today) / Fraction(limit.amount)
