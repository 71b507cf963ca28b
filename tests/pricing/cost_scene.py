"""An account whose costs are worked out from daily sums, as the accountant does it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from exporter.model import DailyKey, Placement
from exporter.pricing import (
    AccountCosts,
    AccountTerms,
    BilledAccount,
    CostItem,
    MeterCost,
    Now,
    RateCard,
    Spread,
    UsageTable,
    account_costs,
    load_card,
)
from exporter.pricing.cycle import Cycles
from exporter.pricing.rating import Terms
from exporter.pricing.terms import SubscriptionCost

CARD = load_card()
ACCOUNT = BilledAccount("a" * 32, "acme")
WORKERS_PAID = SubscriptionCost("Workers Paid", "workers_paid_subscription", "workers", Decimal(5))

Entries = Iterable[tuple[DailyKey, int]]


def terms(
    plan: str = "workers_paid",
    rating: Terms | None = None,
    subscriptions: tuple[SubscriptionCost, ...] = (),
    anchor_day: int = 1,
) -> AccountTerms:
    """How an account is billed."""
    return AccountTerms(plan, "configuration", Cycles(anchor_day), "configuration", rating or Terms(), subscriptions)


def place(kind: str, asset: str) -> Placement:
    """The project is what is before an asset's dash, if it has one."""
    project, dash, _ = asset.partition("-")
    return Placement(project if dash else "unassigned", asset)


def every_day(meter: str, asset: str, amounts: Mapping[date, int]) -> Entries:
    """The daily sums of one asset and meter."""
    return [((day, asset, meter), amount) for day, amount in amounts.items()]


def compute(
    entries: Entries,
    until: datetime,
    how: AccountTerms | None = None,
    *,
    card: RateCard = CARD,
    spread: Spread = Spread.APART,
    account: BilledAccount = ACCOUNT,
    placed: Callable[[str, str], Placement] = place,
    on: date | None = None,
) -> AccountCosts:
    """What an account with these daily sums costs in the cycle of a day, by default of ``until``."""
    how = how or terms()
    now = Now(how.cycle_of(on or until.date()), until)
    table = UsageTable(card, now)
    table.add(entries)
    return account_costs(
        account, card, how, spread=spread, usage=table.usage(), outlooks=table.outlooks(), place=placed, now=now
    )


def line_of(costs: AccountCosts, meter: str) -> MeterCost:
    """The account's line of a meter."""
    (found,) = [cost for cost in costs.meters if cost.meter == meter]
    return found


def items_of(costs: AccountCosts, meter: str) -> dict[str, CostItem]:
    """The shares of the assets in a meter's line, by asset."""
    return {item.asset: item for item in costs.items if item.meter == meter}


def floats_in(value: Any, where: str = "") -> list[str]:
    """Where in a value there is a float, however deep."""
    if isinstance(value, float):
        return [where]
    if is_dataclass(value):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
        return [found for name, each in parts.items() for found in floats_in(each, f"{where}.{name}")]
    if isinstance(value, Mapping):
        return [found for key, each in value.items() for found in floats_in((key, each), f"{where}[{key}]")]
    if isinstance(value, list | tuple | set | frozenset):
        return [found for each in value for found in floats_in(each, where)]
    return []
