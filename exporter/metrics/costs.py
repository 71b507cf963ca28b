"""What accounts cost, as metric families. Dollars of a cycle are gauges: they begin anew, and are estimates.

Only the leaf is published, the share of one asset in one line; sums over labels are the higher levels.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from fractions import Fraction

from exporter.billing import BillingFacts
from exporter.costs.current import Costs
from exporter.ledger import PublishedBook
from exporter.metrics.family import Family, LabelCache, Labels, Sample, build_family, labelled_family, own_family
from exporter.pricing import PLACES, AccountCosts, BudgetCost, CostItem, RateCard
from exporter.pricing.money import LAST_PLACE

DIVISOR = 10**PLACES

RATIO_DIVISOR = 10**9
"""Ratios are printed with nine decimal places."""

LEAF = ("account", "project", "product", "meter", "kind", "asset")
BUDGET = ("budget", "account", "project", "product")


def cost_families(costs: Costs, cache: LabelCache) -> Iterable[Family]:
    """Return the families of costs, quotas, budgets and bills."""
    accounts = list(costs.accounts.values())
    items = [(each.account, item) for each in accounts for item in each.items]
    yield _dollars(
        "cloudflare_cost_cycle_to_date_usd",
        "Estimated cost in the billing cycle so far, as the invoice counts it: what is included is taken off and blocks"
        " are rounded up for the account, and its line is shared out by usage. Subscriptions have no asset.",
        LEAF,
        [(_leaf(account, item), item.amount.to_date) for account, item in items],
        cache,
    )
    yield _dollars(
        "cloudflare_cost_forecast_usd",
        "Estimated cost of the whole billing cycle, if usage goes on as it did on the last full days.",
        LEAF,
        [(_leaf(account, item), item.amount.forecast) for account, item in items],
        cache,
    )
    for word, text in (("low", "least"), ("high", "most")):
        yield _dollars(
            f"cloudflare_cost_forecast_{word}_usd",
            f"What the billing cycle is expected to cost at {text}.",
            LEAF[:4],
            [(_leaf(account, item)[:4], getattr(item.amount, word)) for account, item in items],
            cache,
        )
    yield from _of_accounts(accounts, costs.facts)
    yield from _of_budgets(costs.budgets)
    yield from _of_bills(accounts)
    yield from _of_card(costs.card)


def list_cost_family(
    books: Sequence[PublishedBook], accounts: Mapping[str, str], card: RateCard, cache: LabelCache
) -> Family:
    """Return the list cost that the ledger has counted."""
    samples: dict[tuple[str, ...], int] = {}
    for book in books:
        for placement, key, amount in book.series:
            (meter,) = key.values
            rate = card.meters.get(meter)
            leaf = (
                accounts[book.account],
                placement.project,
                rate.product if rate else "",
                meter,
                book.dataset.kind,
                placement.asset,
            )
            samples[leaf] = samples.get(leaf, 0) + amount // LAST_PLACE
    return build_family(
        "cloudflare_list_cost_usd_total",
        "counter",
        "Cost at list price, without what is included and without blocks: usage of each hour at that hour's price.",
        [Sample(cache.get(LEAF, leaf), amount, DIVISOR) for leaf, amount in samples.items()],
    )


def _leaf(account: str, item: CostItem) -> tuple[str, ...]:
    return account, item.project, item.product, item.meter, item.kind, item.asset


def _dollars(
    name: str,
    text: str,
    names: tuple[str, ...],
    amounts: Iterable[tuple[tuple[str, ...], Decimal]],
    cache: LabelCache | None = None,
) -> Family:
    """Return a gauge in dollars; what has the same labels is added up."""
    labels_of = cache.get if cache else Labels
    sums: dict[tuple[str, ...], int] = {}
    for labels, usd in amounts:
        sums[labels] = sums.get(labels, 0) + int(usd.scaleb(PLACES))
    return build_family(
        name, "gauge", text, [Sample(labels_of(names, labels), amount, DIVISOR) for labels, amount in sums.items()]
    )


def _ratios(
    name: str, text: str, names: tuple[str, ...], ratios: Iterable[tuple[tuple[str, ...], Fraction | Decimal | None]]
) -> Family:
    """Return a gauge of ratios, without those that are not known."""
    samples = [
        Sample(Labels(names, labels), round(Fraction(ratio) * RATIO_DIVISOR), RATIO_DIVISOR)
        for labels, ratio in ratios
        if ratio is not None
    ]
    return build_family(name, "gauge", text, samples)


def _of_accounts(accounts: Sequence[AccountCosts], facts: Mapping[str, BillingFacts]) -> Iterable[Family]:
    yield _dollars(
        "cloudflare_cost_subscription_usd",
        "What a subscription costs in each billing cycle; one that is paid by the year, a twelfth.",
        ("account", "subscription", "frequency"),
        [((each.account, one.name, one.frequency), one.usd) for each in accounts for one in each.terms.subscriptions],
    )
    yield _ratios(
        "cloudflare_quota_used_ratio",
        "Usage by what the plan includes in the billing cycle; on a free plan, by what it allows in a day or in all.",
        ("account", "meter"),
        [((each.account, cost.meter), cost.quota_ratio) for each in accounts for cost in each.meters],
    )
    yield labelled_family(
        "cloudflare_cost_account_info",
        "info",
        "How an account is billed, and from where that is known; billed: whether Cloudflare's own bill can be read.",
        ("account", "plan", "plan_source", "cycle_source", "billed"),
        {
            (
                each.account,
                each.terms.plan,
                each.terms.plan_source,
                each.terms.cycle_source,
                facts[each.account_id].billed_state if each.account_id in facts else "unknown",
            ): 1
            for each in accounts
        },
    )
    for word in ("start", "end"):
        yield labelled_family(
            f"cloudflare_cost_cycle_{word}_timestamp_seconds",
            "gauge",
            f"The {word} of the billing cycle that is under way.",
            ("account",),
            {(each.account,): getattr(each.cycle, f"{word}s_at").timestamp() for each in accounts},
        )


def _of_budgets(budgets: Sequence[BudgetCost]) -> Iterable[Family]:
    labels = {
        each.budget.name: (each.budget.name, each.budget.account, each.budget.project, each.budget.product)
        for each in budgets
    }
    yield _dollars(
        "cloudflare_budget_amount_usd",
        "What a budget allows in each billing cycle.",
        BUDGET,
        [(labels[each.budget.name], each.budget.amount) for each in budgets],
    )
    for word, text in (("used", "Cost to date"), ("forecast", "Forecast cost of the cycle")):
        yield _ratios(
            f"cloudflare_budget_{word}_ratio",
            f"{text} by what the budget allows.",
            BUDGET,
            [(labels[each.budget.name], getattr(each, f"{word}_ratio")) for each in budgets],
        )
    yield labelled_family(
        "cloudflare_budget_exceeded_timestamp_seconds",
        "gauge",
        "The day on which the budget is forecast to be exceeded; absent if it already is, or will not be.",
        BUDGET,
        {
            labels[each.budget.name]: datetime.combine(each.exceeded_on, time(), UTC).timestamp()
            for each in budgets
            if each.exceeded_on is not None
        },
    )


def _of_bills(accounts: Sequence[AccountCosts]) -> Iterable[Family]:
    lines = [(each.account, line) for each in accounts for line in each.billed]
    yield _dollars(
        "cloudflare_billed_cost_usd",
        "What Cloudflare itself says that the billing cycle has cost so far, by line of the invoice; it is a day late.",
        ("account", "meter", "line"),
        [((account, line.meter, line.service), line.usd) for account, line in lines],
    )
    yield _ratios(
        "cloudflare_billed_estimate_ratio",
        "Billed by estimated cost of the same days; absent where either is nothing.",
        ("account", "meter", "line"),
        [((account, line.meter, line.service), line.ratio) for account, line in lines],
    )


def _of_card(card: RateCard) -> Iterable[Family]:
    yield labelled_family(
        "cloudflare_cost_meter_info",
        "info",
        "How good the estimate of a meter's line is: exact, estimated (usage or rounding is doubtful) or unpriced (its"
        " usage is not read).",
        ("meter", "product", "basis", "unit", "rounding"),
        {
            (meter, rate.product, str(card.basis_of(meter)), rate.unit, str(rate.prices[-1].rounding)): 1
            for meter, rate in card.meters.items()
        },
    )
    if card.meters:
        yield own_family(
            "rate_card_info",
            "info",
            "The rate card that prices are taken from.",
            ("version",),
            {(str(card.version),): 1},
        )
        looked_up = datetime.combine(card.version, time(), UTC).timestamp()
        yield own_family(
            "rate_card_timestamp_seconds",
            "gauge",
            "When the prices of the rate card were looked up; time() minus the value is its age.",
            (),
            {(): looked_up},
        )
