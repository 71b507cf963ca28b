"""How an account is billed: what its subscriptions say, what the user says, and what is assumed without either."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from exporter.billing import BillingFacts, Subscription
from exporter.pricing import AccountRule, AccountTerms, CostRules, Override, account_terms, load_card, with_overrides
from exporter.pricing.cycle import Cycle
from exporter.pricing.rating import Terms
from exporter.pricing.terms import SubscriptionCost

CARD = load_card()
NAMES = ("a" * 32, "acme")
NO_BILLING_FACTS = BillingFacts()
NO_SUBSCRIPTIONS = BillingFacts(subscriptions=())


def since(day: int) -> datetime:
    """A moment of November 2026 at which a subscription's period began."""
    return datetime(2026, 11, day, 9, 30, tzinfo=UTC)


PAID = Subscription("1", "Workers Paid", Decimal(5), period_start=since(4))
PRO = Subscription("2", "Cloudflare Pro Plan (acme.com)", Decimal(25), period_start=since(20))
FREE_OF_CHARGE = Subscription("3", "R2 Paid", Decimal(0), period_start=since(9))


def terms(
    facts: BillingFacts = NO_BILLING_FACTS, rules: CostRules | None = None, names: Sequence[str] = NAMES
) -> AccountTerms:
    """How an account is billed."""
    return account_terms(CARD, rules or CostRules(), facts, names)


def subscribed(*subscriptions: Subscription, anchor_day: int | None = None) -> BillingFacts:
    """What is known of an account with these subscriptions."""
    return BillingFacts(subscriptions=subscriptions, anchor_day=anchor_day)


ACME_FREE = CostRules(accounts={"acme": AccountRule(plan="workers_free", cycle_day=9)})

PLANS: dict[str, tuple[BillingFacts, CostRules, tuple[str, str]]] = {
    "nothing is known": (NO_BILLING_FACTS, CostRules(), ("workers_paid", "assumed")),
    "there is no subscription": (NO_SUBSCRIPTIONS, CostRules(), ("workers_free", "subscriptions")),
    "Workers are paid": (subscribed(PRO, PAID), CostRules(), ("workers_paid", "subscriptions")),
    "Workers for Platforms is paid": (
        subscribed(replace(PRO, name="Workers for Platforms")),
        CostRules(),
        ("workers_paid", "subscriptions"),
    ),
    **{
        f"Workers are paid, told as {name!r} with the id {plan_id!r}": (
            subscribed(replace(PRO, name=name, plan_id=plan_id)),
            CostRules(),
            ("workers_paid", "subscriptions"),
        )
        for name, plan_id in (
            ("workers_paid", "workers_paid"),
            ("Workers", "WORKERS_PAID"),
            ("R2 Paid", "workers_paid"),
            ("PARTNERS_WORKERS_SS", "PARTNERS_WORKERS_SS"),
            ("Workers", "PARTNERS_WORKERS_ENT"),
            ("", "partners_workers_basic"),
            ("Workers Paid Plan", "x"),
            ("Workers Standard", ""),
            ("Workers Enterprise", "contract"),
            ("Cloudflare Workers Paid (monthly)", "free"),
            ("WORKERS PAID", ""),
            ("Workers for Platforms Plan", ""),
        )
    },
    **{
        f"{name!r} with the id {plan_id!r} is paid": (
            subscribed(replace(PRO, name=name, plan_id=plan_id)),
            CostRules(),
            ("workers_free", "subscriptions"),
        )
        for name, plan_id in (
            ("Workers Free", "workers_free"),
            ("Workers Paidx", "x"),
            ("Workers KV", "x"),
            ("R2 Paid", "PARTNERS_PRO"),
        )
    },
    "a subscription cannot be read": (
        replace(subscribed(PRO), unread_subscriptions=1),
        CostRules(),
        ("workers_paid", "assumed"),
    ),
    "another subscription cannot be read": (
        replace(subscribed(PAID), unread_subscriptions=1),
        CostRules(),
        ("workers_paid", "subscriptions"),
    ),
    "Workers are no longer paid, and then they are": (
        subscribed(replace(PAID, state="Cancelled"), PRO, replace(PAID, id="9", state="paid")),
        CostRules(),
        ("workers_paid", "subscriptions"),
    ),
    "something else is paid": (subscribed(PRO), CostRules(), ("workers_free", "subscriptions")),
    "Workers are no longer paid": (
        subscribed(replace(PAID, state="Cancelled")),
        CostRules(),
        ("workers_free", "subscriptions"),
    ),
    "Workers are on trial": (subscribed(replace(PAID, state="Trial")), CostRules(), ("workers_paid", "subscriptions")),
    "the user says so": (subscribed(PAID), CostRules(plan="workers_free"), ("workers_free", "configuration")),
    "the user says so of this account": (subscribed(PAID), ACME_FREE, ("workers_free", "configuration")),
    "of an account before all": (
        NO_BILLING_FACTS,
        replace(ACME_FREE, plan="workers_paid"),
        ("workers_free", "configuration"),
    ),
    "of another account": (
        subscribed(PAID),
        CostRules(accounts={"other": AccountRule(plan="workers_free")}),
        ("workers_paid", "subscriptions"),
    ),
    "that this account is found out": (
        NO_BILLING_FACTS,
        CostRules(plan="workers_free", accounts={"acme": AccountRule(plan="auto")}),
        ("workers_paid", "assumed"),
    ),
}


@pytest.mark.parametrize("case", PLANS)
def test_the_plan(case: str) -> None:
    """What the user says counts, else the subscriptions, else Workers Paid is assumed; and it is said which."""
    facts, rules, expected = PLANS[case]
    found = terms(facts, rules)
    assert (found.plan, found.plan_source) == expected


ANCHORS: dict[str, tuple[BillingFacts, CostRules, tuple[int, str]]] = {
    "nothing is known": (NO_BILLING_FACTS, CostRules(), (1, "assumed")),
    "no subscription says": (subscribed(replace(PAID, period_start=None)), CostRules(), (1, "assumed")),
    "the user says": (NO_BILLING_FACTS, CostRules(cycle_day=14), (14, "configuration")),
    "the user says of this account": (NO_BILLING_FACTS, replace(ACME_FREE, cycle_day=14), (9, "configuration")),
    "Workers Paid before others": (subscribed(PRO, FREE_OF_CHARGE, PAID), CostRules(), (4, "subscriptions")),
    "what costs something before what does not": (subscribed(FREE_OF_CHARGE, PRO), CostRules(), (20, "subscriptions")),
    "the only one, though it costs nothing": (subscribed(FREE_OF_CHARGE), CostRules(), (9, "subscriptions")),
    "a subscription before the user": (subscribed(PAID), CostRules(cycle_day=14), (4, "subscriptions")),
    "Cloudflare's own anchor before all": (
        subscribed(PAID, anchor_day=31),
        CostRules(cycle_day=14),
        (31, "subscriptions"),
    ),
    "one by the year has a cycle of its own": (
        subscribed(replace(PAID, frequency="yearly")),
        CostRules(cycle_day=14),
        (14, "configuration"),
    ),
    "one that is cancelled says nothing": (
        subscribed(replace(PAID, state="Expired"), PRO),
        CostRules(),
        (20, "subscriptions"),
    ),
}


@pytest.mark.parametrize("case", ANCHORS)
def test_the_day_on_which_cycles_begin(case: str) -> None:
    """What Cloudflare says counts before what the user says, and calendar months are assumed without either."""
    facts, rules, expected = ANCHORS[case]
    found = terms(facts, rules)
    assert (found.cycles.anchor_day, found.cycle_source) == expected


def period(start: str, end: str) -> Subscription:
    """Workers Paid with a current period between two days, or moments."""
    since, until = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (start, end))
    return replace(PAID, period_start=since, period_end=until)


PERIODS: dict[str, tuple[BillingFacts, dict[str, tuple[str, str]]]] = {
    "cut by February": (
        subscribed(period("2027-02-28", "2027-03-31")),
        {
            "2027-03-29": ("2027-02-28", "2027-03-31"),
            "2027-02-27": ("2027-01-31", "2027-02-28"),
            "2027-03-31": ("2027-03-31", "2027-04-30"),
            "2027-06-01": ("2027-05-31", "2027-06-30"),
        },
    ),
    "cut at its end": (
        subscribed(period("2028-01-30", "2028-02-29")),
        {"2028-02-28": ("2028-01-30", "2028-02-29"), "2028-02-29": ("2028-02-29", "2028-03-30")},
    ),
    "on a 29th": (
        subscribed(period("2027-02-28", "2027-03-29")),
        {"2027-03-28": ("2027-02-28", "2027-03-29"), "2028-02-29": ("2028-02-29", "2028-03-29")},
    ),
    "with a last second for its end": (
        subscribed(period("2027-02-28T00:00:00", "2027-03-30T23:59:59")),
        {"2027-03-30": ("2027-02-28", "2027-03-31"), "2027-03-31": ("2027-03-31", "2027-04-30")},
    ),
    "that is over": (
        subscribed(period("2026-08-31", "2026-09-30")),
        {"2027-02-14": ("2027-01-31", "2027-02-28")},
    ),
    "of thirty days": (
        subscribed(period("2026-11-14", "2026-12-13")),
        {
            "2026-12-12": ("2026-11-14", "2026-12-13"),
            "2026-11-13": ("2026-10-14", "2026-11-14"),
            "2026-12-13": ("2026-12-13", "2027-01-13"),
        },
    ),
    "that ends before it begins": (
        subscribed(period("2026-11-14", "2026-10-14")),
        {"2026-11-20": ("2026-11-14", "2026-12-14")},
    ),
    "of a year": (subscribed(period("2026-11-14", "2027-11-14")), {"2027-01-01": ("2026-12-14", "2027-01-14")}),
    "at the end of time": (
        subscribed(period("2199-12-01", "2199-12-31")),
        {"2199-12-05": ("2199-12-01", "2199-12-31")},
    ),
    "beside another subscription's anchor": (
        subscribed(period("2026-11-14", "2026-12-14"), anchor_day=3),
        {"2026-11-20": ("2026-11-03", "2026-12-03")},
    ),
    "beside an anchor that was cut": (
        subscribed(period("2027-02-28", "2027-03-31"), anchor_day=28),
        {"2027-03-29": ("2027-02-28", "2027-03-31")},
    ),
}


@pytest.mark.parametrize("case", PERIODS)
def test_the_current_period_is_as_cloudflare_says(case: str) -> None:
    """Cycles before and after go on from it with the anchor's day."""
    facts, expected = PERIODS[case]
    found = terms(facts)
    cycles = {day: found.cycle_of(date.fromisoformat(day)) for day in expected}
    assert {day: (str(each.start), str(each.end)) for day, each in cycles.items()} == expected


def test_a_cycle_begins_on_the_anchor() -> None:
    """The terms give the cycle that a day is in."""
    assert terms(subscribed(PAID)).cycle_of(date(2026, 11, 3)) == Cycle(date(2026, 10, 4), date(2026, 11, 4))


COSTS: dict[str, tuple[Subscription, Decimal]] = {
    "monthly": (PAID, Decimal(5)),
    "yearly": (replace(PAID, price=Decimal(50), frequency="yearly"), Decimal("4.166666666666667")),
    "quarterly": (replace(PAID, price=Decimal(15), frequency="quarterly"), Decimal(5)),
    "weekly": (replace(PAID, price=Decimal(3), frequency="weekly"), Decimal(13)),
    "of an unknown frequency": (replace(PAID, price=Decimal(7), frequency="not-applicable"), Decimal(7)),
}


@pytest.mark.parametrize("case", COSTS)
def test_a_subscription_costs_its_part_of_a_month(case: str) -> None:
    """What is paid by the year is a twelfth in each cycle, what is paid by the week 52 twelfths."""
    subscription, usd = COSTS[case]
    (cost,) = terms(subscribed(subscription)).subscriptions
    assert cost == SubscriptionCost(
        "Workers Paid", "workers_paid_subscription", "workers", usd, frequency=subscription.frequency
    )


def test_subscriptions_are_found_on_the_card_by_their_line() -> None:
    """A name is that of an invoice's line, whatever is in its brackets; one that is on no card goes by its own name."""
    found = terms(subscribed(PRO, FREE_OF_CHARGE)).subscriptions
    assert [(cost.name, cost.meter, cost.product, cost.usd) for cost in found] == [
        ("Cloudflare Pro Plan (acme.com)", "zone_plan_pro", "zones", Decimal(25)),
        ("R2 Paid", "r2_paid", "subscriptions", Decimal(0)),
    ]


@pytest.mark.parametrize("state", ["Cancelled", "Failed", "Expired", ""])
def test_what_is_not_paid_for_is_not_charged(state: str) -> None:
    """A subscription that has ended, or never began, costs nothing and is not missed either."""
    found = terms(subscribed(replace(PAID, state=state), replace(PRO, state=state, currency="EUR")))
    assert (found.subscriptions, found.unpriced) == ((), ())


@pytest.mark.parametrize("state", ["Trial", "Provisioned", "Paid", "AwaitingPayment"])
def test_what_is_paid_for_is_charged(state: str) -> None:
    """A subscription counts from its trial on, and while its payment is awaited."""
    assert [cost.usd for cost in terms(subscribed(replace(PAID, state=state))).subscriptions] == [Decimal(5)]


def test_another_currency_has_no_price() -> None:
    """What is not in dollars is named, and not added to them; it still says what the plan and the cycle are."""
    found = terms(subscribed(replace(PAID, currency="EUR"), PRO))
    assert [cost.meter for cost in found.subscriptions] == ["zone_plan_pro"]
    assert found.unpriced == ("Workers Paid",)
    assert (found.plan, found.cycles.anchor_day) == ("workers_paid", 4)


def test_a_price_that_is_not_told_is_that_of_the_card() -> None:
    """It is then an assumption; where the card has none either, the subscription is named as missing."""
    found = terms(subscribed(replace(PAID, price=None), replace(PRO, name="Gold", price=None)))
    assert found.subscriptions == (
        SubscriptionCost("Workers Paid", "workers_paid_subscription", "workers", Decimal("5.00"), is_assumed=True),
    )
    assert (found.plan, found.unpriced) == ("workers_paid", ("Gold",))


def test_without_subscriptions_the_plan_brings_its_own() -> None:
    """Where subscriptions could not be read, those of the plan are assumed, at the price of the card."""
    assert terms().subscriptions == (
        SubscriptionCost("Workers Paid", "workers_paid_subscription", "workers", Decimal("5.00"), is_assumed=True),
    )
    assert terms(rules=CostRules(plan="workers_free")).subscriptions == ()
    assert terms(NO_SUBSCRIPTIONS).subscriptions == ()


def test_an_assumed_subscription_has_the_users_price() -> None:
    """A price over that of the card holds for what is assumed, too."""
    card = with_overrides(CARD, [Override("workers_paid_subscription", price=Decimal(4))])
    (cost,) = account_terms(card, CostRules(), NO_BILLING_FACTS, NAMES).subscriptions
    assert cost.usd == 4


RATINGS: dict[str, tuple[CostRules, Terms]] = {
    "by default": (CostRules(), Terms(storage_month_days=30, is_proportional=False, pools_days=True)),
    "months of 30 days": (CostRules(storage_month_days="30"), Terms(storage_month_days=30)),
    "months of the cycle": (CostRules(storage_month_days="cycle"), Terms(storage_month_days=None)),
    "proportional": (CostRules(is_proportional=True), Terms(is_proportional=True)),
    "daily": (CostRules(pools_days=False), Terms(pools_days=False)),
}


@pytest.mark.parametrize("case", RATINGS)
def test_how_usage_is_rated(case: str) -> None:
    """What Cloudflare leaves open is as the user decides; what is included always counts."""
    rules, expected = RATINGS[case]
    assert terms(rules=rules).rating == expected


def test_an_account_is_known_by_any_of_its_names() -> None:
    """The rules of an account may be given by its id, or its label; the first name that has any counts."""
    rules = CostRules(accounts={NAMES[0]: AccountRule(cycle_day=3), "acme": AccountRule(cycle_day=9)})
    assert [terms(rules=rules, names=names).cycles.anchor_day for names in (NAMES, NAMES[1:], ("other",))] == [3, 9, 1]
