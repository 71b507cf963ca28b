"""Costs as tables of metrics. Dollars of a cycle are gauges: they restart with each cycle, and are estimates.

Only the finest level is published, the share of one asset in one invoice line; higher levels are sums over labels.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from exporter.costs.current import Costs
from exporter.ledger import PublishedBook
from exporter.metrics.own import OwnMetric, Values
from exporter.pricing import PLACES, AccountCosts, BilledLine, BudgetCost, CostItem, RateCard
from exporter.pricing.money import LAST_PLACE

DIVISOR = 10**PLACES

RATIO_DIVISOR = 10**9
"""Ratios are printed with nine decimal places."""

LEAF = ("account", "project", "product", "meter", "kind", "asset")
BUDGET = ("budget", "account", "project", "product")
LINE = ("account", "meter", "line")


class ListCosts(NamedTuple):
    """The ledger's books of list cost, the accounts' labels by id, and the rate card with the meters."""

    books: Sequence[PublishedBook]
    accounts: Mapping[str, str]
    card: RateCard


Dollars = Iterable[tuple[tuple[str, ...], Decimal]]
Ratios = Iterable[tuple[tuple[str, ...], Fraction | Decimal | None]]


def _dollars(read: Callable[[Costs], Dollars]) -> Callable[[Costs], Values]:
    """Return a reader of dollars, in units of their last place; amounts with the same labels are added up."""

    def read_all(costs: Costs) -> Values:
        sums: dict[tuple[str, ...], int] = {}
        for labels, usd in read(costs):
            sums[labels] = sums.get(labels, 0) + int(usd.scaleb(PLACES))
        return sums

    return read_all


def _ratios(read: Callable[[Costs], Ratios]) -> Callable[[Costs], Values]:
    """Return a reader of ratios, in units of their last place, without the unknown ones."""

    def read_all(costs: Costs) -> Values:
        return {labels: round(Fraction(ratio) * RATIO_DIVISOR) for labels, ratio in read(costs) if ratio is not None}

    return read_all


def _accounts(costs: Costs) -> Iterable[AccountCosts]:
    return costs.accounts.values()


def _by_leaf(amount: Callable[[CostItem], Decimal]) -> Callable[[Costs], Values]:
    return _dollars(lambda costs: ((labels, amount(item)) for labels, item in _items(costs)))


def _by_meter(amount: Callable[[CostItem], Decimal]) -> Callable[[Costs], Values]:
    return _dollars(lambda costs: ((labels[:4], amount(item)) for labels, item in _items(costs)))


def _items(costs: Costs) -> Iterator[tuple[tuple[str, ...], CostItem]]:
    for each in _accounts(costs):
        for item in each.items:
            yield (each.account, item.project, item.product, item.meter, item.kind, item.asset), item


def _subscriptions(costs: Costs) -> Dollars:
    for each in _accounts(costs):
        for one in each.terms.subscriptions:
            yield (each.account, one.name, one.frequency), one.usd


def _quotas(costs: Costs) -> Ratios:
    return (((each.account, cost.meter), cost.quota_ratio) for each in _accounts(costs) for cost in each.meters)


def _account_infos(costs: Costs) -> Values:
    return {
        (
            each.account,
            each.terms.plan,
            each.terms.plan_source,
            each.terms.cycle_source,
            costs.facts[each.account_id].billed_state if each.account_id in costs.facts else "unknown",
        ): 1
        for each in _accounts(costs)
    }


def _budget_labels(each: BudgetCost) -> tuple[str, ...]:
    return each.budget.name, each.budget.account, each.budget.project, each.budget.product


def _exceeded(costs: Costs) -> Values:
    return {_budget_labels(each): _midnight(each.exceeded_on) for each in costs.budgets if each.exceeded_on is not None}


def _lines(costs: Costs) -> Iterator[tuple[tuple[str, ...], BilledLine]]:
    for each in _accounts(costs):
        for line in each.billed:
            yield (each.account, line.meter, line.service), line


def _meter_infos(costs: Costs) -> Values:
    card = costs.card
    return {
        (meter, rate.product, str(card.basis_of(meter)), rate.unit, str(rate.prices[-1].rounding)): 1
        for meter, rate in card.meters.items()
    }


def _list_costs(costs: ListCosts) -> Values:
    sums: dict[tuple[str, ...], int] = {}
    for book in costs.books:
        for placement, key, amount in book.series:
            (meter,) = key.values
            rate = costs.card.meters.get(meter)
            leaf = (
                costs.accounts[book.account_id],
                placement.project,
                rate.product if rate else "",
                meter,
                book.dataset.kind,
                placement.asset,
            )
            sums[leaf] = sums.get(leaf, 0) + amount // LAST_PLACE
    return sums


def _midnight(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp()


COST_METRICS: tuple[OwnMetric[Costs], ...] = (
    OwnMetric(
        "cloudflare_cost_cycle_to_date_usd",
        "gauge",
        "Estimated cost in the billing cycle so far, as on the invoice: per account, included usage is subtracted and"
        " blocks are rounded up, then each line is shared out by usage. Subscriptions have no asset.",
        LEAF,
        _by_leaf(lambda item: item.amount.to_date),
        DIVISOR,
    ),
    OwnMetric(
        "cloudflare_cost_forecast_usd",
        "gauge",
        "Estimated cost of the whole billing cycle, if usage continues as on the last full days.",
        LEAF,
        _by_leaf(lambda item: item.amount.forecast),
        DIVISOR,
    ),
    OwnMetric(
        "cloudflare_cost_forecast_low_usd",
        "gauge",
        "Lower bound of the expected cost of the whole billing cycle.",
        LEAF[:4],
        _by_meter(lambda item: item.amount.low),
        DIVISOR,
    ),
    OwnMetric(
        "cloudflare_cost_forecast_high_usd",
        "gauge",
        "Upper bound of the expected cost of the whole billing cycle.",
        LEAF[:4],
        _by_meter(lambda item: item.amount.high),
        DIVISOR,
    ),
    OwnMetric(
        "cloudflare_cost_subscription_usd",
        "gauge",
        "Cost of a subscription per billing cycle; for one paid by the year, a twelfth of its price.",
        ("account", "subscription", "frequency"),
        _dollars(_subscriptions),
        DIVISOR,
    ),
    OwnMetric(
        "cloudflare_quota_used_ratio",
        "gauge",
        "Usage divided by the plan's included quantity for the billing cycle (free plan: by its daily or total limit).",
        ("account", "meter"),
        _ratios(_quotas),
        RATIO_DIVISOR,
    ),
    OwnMetric(
        "cloudflare_cost_account_info",
        "info",
        "How an account is billed and how that is known; billed says whether Cloudflare's own bill can be read.",
        ("account", "plan", "plan_source", "cycle_source", "billed"),
        _account_infos,
    ),
    OwnMetric(
        "cloudflare_cost_cycle_start_timestamp_seconds",
        "gauge",
        "Start of the current billing cycle.",
        ("account",),
        lambda costs: {(each.account,): each.cycle.starts_at.timestamp() for each in _accounts(costs)},
    ),
    OwnMetric(
        "cloudflare_cost_cycle_end_timestamp_seconds",
        "gauge",
        "End of the current billing cycle.",
        ("account",),
        lambda costs: {(each.account,): each.cycle.ends_at.timestamp() for each in _accounts(costs)},
    ),
    OwnMetric(
        "cloudflare_budget_amount_usd",
        "gauge",
        "Amount of a budget per billing cycle.",
        BUDGET,
        _dollars(lambda costs: ((_budget_labels(each), each.budget.amount) for each in costs.budgets)),
        DIVISOR,
    ),
    OwnMetric(
        "cloudflare_budget_used_ratio",
        "gauge",
        "Cost to date divided by the budget.",
        BUDGET,
        _ratios(lambda costs: ((_budget_labels(each), each.used_ratio) for each in costs.budgets)),
        RATIO_DIVISOR,
    ),
    OwnMetric(
        "cloudflare_budget_forecast_ratio",
        "gauge",
        "Forecast cost of the cycle divided by the budget.",
        BUDGET,
        _ratios(lambda costs: ((_budget_labels(each), each.forecast_ratio) for each in costs.budgets)),
        RATIO_DIVISOR,
    ),
    OwnMetric(
        "cloudflare_budget_exceeded_timestamp_seconds",
        "gauge",
        "Day on which the budget is forecast to be exceeded; absent if it already is exceeded, or will not be.",
        BUDGET,
        _exceeded,
    ),
    OwnMetric(
        "cloudflare_billed_cost_usd",
        "gauge",
        "Cost of the billing cycle so far as Cloudflare reports it, by line of the invoice; one day behind.",
        LINE,
        _dollars(lambda costs: ((labels, line.usd) for labels, line in _lines(costs))),
        DIVISOR,
    ),
    OwnMetric(
        "cloudflare_billed_estimate_ratio",
        "gauge",
        "Billed cost divided by the estimate for the same days; absent if either is zero.",
        LINE,
        _ratios(lambda costs: ((labels, line.ratio) for labels, line in _lines(costs))),
        RATIO_DIVISOR,
    ),
    OwnMetric(
        "cloudflare_cost_meter_info",
        "info",
        "How reliable the estimate of a meter's line is: exact, estimated (usage or rounding is uncertain) or unpriced"
        " (its usage is not read).",
        ("meter", "product", "basis", "unit", "rounding"),
        _meter_infos,
    ),
    OwnMetric(
        "cloudflare_exporter_rate_card_info",
        "info",
        "Rate card that prices are taken from.",
        ("version",),
        lambda costs: {(str(costs.card.version),): 1} if costs.card.meters else {},
    ),
    OwnMetric(
        "cloudflare_exporter_rate_card_timestamp_seconds",
        "gauge",
        "When the prices of the rate card were looked up; time() minus the value is its age.",
        (),
        lambda costs: {(): _midnight(costs.card.version)} if costs.card.meters else {},
    ),
)

LIST_COST: OwnMetric[ListCosts] = OwnMetric(
    "cloudflare_list_cost_usd_total",
    "counter",
    "Cost at list price, ignoring included usage and blocks: the usage of each hour at that hour's price.",
    LEAF,
    _list_costs,
    DIVISOR,
)
