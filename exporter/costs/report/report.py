"""Building a report. It covers whole days only, so it is the same at any time of a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from exporter.costs.history import AssetMeter, CostHistory, ListPrice
from exporter.model import ACCOUNT_ITSELF, DAY
from exporter.pricing import AccountCosts, BilledAccount, BudgetCost, MeterCost, budget_costs
from exporter.pricing.money import ZERO, add

DAILY = "daily"
MONTHLY = "monthly"

MOST_CHANGES = 5
"""The number of changes that a report lists."""

IDLE_AFTER = timedelta(days=14)
"""The time without use after which an asset is idle."""


@dataclass(frozen=True, slots=True)
class Span:
    """The days from ``since`` up to ``until``, which is not one of them."""

    since: date
    until: date

    @property
    def length(self) -> int:
        """The number of days."""
        return (self.until - self.since).days


@dataclass(frozen=True, slots=True)
class UsageChange:
    """The change of one asset's usage of one meter, at list price and in the rate's unit."""

    usage: AssetMeter
    unit: str
    before: ListPrice
    after: ListPrice

    @property
    def usd(self) -> Decimal:
        """The increase of the cost."""
        return self.after.usd - self.before.usd


@dataclass(frozen=True, slots=True)
class AccountReport:
    """The cost of an account in a span, beside the previous span.

    ``billed`` and ``billed_before`` are the amounts that the spans added to the bill (None: not fully known), the
    others are at list price. ``idle`` are the costs of unused assets.
    """

    costs: AccountCosts
    span: Span
    before: Span
    billed: Decimal
    billed_before: Decimal | None
    at_list: Decimal
    at_list_before: Decimal
    changes: tuple[UsageChange, ...]
    idle: tuple[tuple[AssetMeter, Decimal], ...]
    near: tuple[MeterCost, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The reports of all accounts, and the state of the budgets."""

    period: str
    accounts: tuple[AccountReport, ...]
    budgets: tuple[BudgetCost, ...]


def make_report(period: str, history: CostHistory, wanted: Iterable[str] = ()) -> Report:
    """Return the report of yesterday, or of the cycle up to yesterday. Raises QueryError."""
    accounts = history.accounts(wanted)
    reports = tuple(_of_account(period, history, account) for account in accounts)
    now = [each.costs for each in reports]
    return Report(period, reports, budget_costs(history.rules.budgets, now))


def _of_account(period: str, history: CostHistory, account: BilledAccount) -> AccountReport:
    now = history.costs(account)
    yesterday = now.until.date() - DAY
    costs = now if yesterday >= now.cycle.start else history.costs(account, str(yesterday))
    span, before = _spans(period, costs, yesterday, history, account)
    earlier = costs if before.since >= costs.cycle.start else history.costs(account, str(before.since))
    is_known = earlier.known_from is not None and earlier.known_from <= before.since
    used, used_before = (
        history.list_prices(account, span.since, span.until),
        history.list_prices(account, before.since, before.until),
    )
    return AccountReport(
        costs=now,
        span=span,
        before=before,
        billed=added_to_bill(costs, span),
        billed_before=added_to_bill(earlier, before) if is_known else None,
        at_list=add([each.usd for each in used.values()]),
        at_list_before=add([each.usd for each in used_before.values()]),
        changes=_changes(costs, used, used_before) if is_known else (),
        idle=_idle(history, account, yesterday),
        near=tuple(cost for cost in now.meters if cost.is_near_limit),
    )


def _spans(
    period: str, costs: AccountCosts, yesterday: date, history: CostHistory, account: BilledAccount
) -> tuple[Span, Span]:
    """Return the span of the report, and as many days before it to compare with."""
    if period == DAILY:
        return Span(yesterday, yesterday + DAY), Span(yesterday - DAY, yesterday)
    span = Span(costs.cycle.start, yesterday + DAY)
    start = history.costs(account, str(costs.cycle.start - DAY)).cycle.start
    return span, Span(start, min(start + span.length * DAY, costs.cycle.start))


def added_to_bill(costs: AccountCosts, span: Span) -> Decimal:
    """Return the amount that a span of a cycle added to the bill; subscriptions belong to the cycle's first day."""
    grown = [
        costs.usd_until(cost.meter, span.until - DAY) - costs.usd_until(cost.meter, span.since - DAY)
        for cost in costs.meters
    ]
    fixed = [each.usd for each in costs.terms.subscriptions] if span.since == costs.cycle.start else []
    return add([*grown, *fixed])


def _changes(
    costs: AccountCosts, used: dict[AssetMeter, ListPrice], before: dict[AssetMeter, ListPrice]
) -> tuple[UsageChange, ...]:
    nothing = ListPrice(Fraction(0), ZERO)
    changes = [
        UsageChange(usage, costs.card.meters[usage.meter].unit, before.get(usage, nothing), used.get(usage, nothing))
        for usage in sorted(used.keys() | before.keys())
    ]
    changes.sort(key=lambda change: -abs(change.usd))
    return tuple(change for change in changes[:MOST_CHANGES] if change.usd)


def _idle(history: CostHistory, account: BilledAccount, yesterday: date) -> tuple[tuple[AssetMeter, Decimal], ...]:
    """Return the stored assets that were not used lately, with their storage cost in that time."""
    lately = history.list_prices(account, yesterday + DAY - IDLE_AFTER, yesterday + DAY)
    nobodys = {"", ACCOUNT_ITSELF}
    stored = {
        each: price for each, price in lately.items() if each.is_stored and each.asset not in nobodys and price.usd
    }
    busy = {(usage.kind, usage.asset) for usage, price in lately.items() if not usage.is_stored and price.quantity}
    idle = [(usage, price.usd) for usage, price in stored.items() if (usage.kind, usage.asset) not in busy]
    return tuple(sorted(idle, key=lambda each: (-each[1], each[0])))
