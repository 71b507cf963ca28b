"""Subscriptions, billing cycles and bills that differ from true ones anywhere."""

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from exporter.billing import NO_BILLING_FACTS, BillingFacts, facts_from_text, facts_to_text
from exporter.cloudflare import BillingReader, CloudflareError
from exporter.pricing import CostRules, account_terms, billed_lines, load_card, month_days_of
from tests.catalog.test_lists import ACCOUNT
from tests.cloudflare.conftest import Scene
from tests.fuzz.budget import fuzzed
from tests.fuzz.form import check_form
from tests.fuzz.mutations import Json, answers
from tests.fuzz.scene import answered

ENVELOPE: Json = {"success": True, "errors": [], "messages": []}
SUBSCRIPTIONS: Json = ENVELOPE | {
    "result": [
        {
            "id": "506e3185e9c882d175a2d0cb0093d9f2",
            "state": "Paid",
            "price": 5,
            "currency": "USD",
            "frequency": "monthly",
            "current_period_start": "2027-02-28T00:00:00Z",
            "current_period_end": "2027-03-31T00:00:00Z",
            "rate_plan": {"id": "workers_paid", "public_name": "Workers Paid", "currency": "USD", "scope": "account"},
        },
        {
            "id": "2",
            "state": "Paid",
            "price": 20.5,
            "currency": "USD",
            "frequency": "yearly",
            "current_period_start": "2026-10-01T00:00:00Z",
            "current_period_end": "2027-10-01T00:00:00Z",
            "rate_plan": {"id": "pro", "public_name": "Pro Plan"},
        },
    ]
}
CYCLE: Json = ENVELOPE | {
    "result": {
        "covered": True,
        "subscriptions": [
            {
                "id": "506e3185e9c882d175a2d0cb0093d9f2",
                "start_timestamp": "2024-01-01T00:00:00Z",
                "billing_cycle_anchor_timestamp": "2024-01-31T00:00:00Z",
            }
        ],
    }
}
SERVICES = ("Workers Standard Requests (first 10M are included)", "R2 Data Storage (First 10GB-Month included)")
BILL: Json = ENVELOPE | {
    "result": [
        {
            "BillingCurrency": "USD",
            "ChargePeriodStart": f"2027-03-{day:02}T00:00:00Z",
            "ServiceName": service,
            "ConsumedQuantity": 1.25,
            "ContractedCost": 0.3,
        }
        for day in (27, 28)
        for service in SERVICES
    ]
}
CARD = load_card()
TODAY = date(2027, 3, 29)


@fuzzed(450)
@given(answers(SUBSCRIPTIONS), st.just(CYCLE) | answers(CYCLE), st.just(BILL) | answers(BILL))
def test_billing_facts(subscriptions: Json, cycle: Json, bill: Json) -> None:
    """What is read are facts that can be stored, and that give terms, cycles and a bill; or it is an error."""

    async def read(scene: Scene) -> BillingFacts:
        return await BillingReader(scene.client, scene.time).read(ACCOUNT, NO_BILLING_FACTS)

    facts = answered([subscriptions, cycle, bill], read)
    check_form(facts)
    if isinstance(facts, CloudflareError):
        return
    assert facts_from_text(facts_to_text(facts)) == facts
    terms = account_terms(CARD, CostRules(), facts, (ACCOUNT.id,))
    check_form([(each.name, each.usd) for each in terms.subscriptions])
    for distance in (-800, -32, -1, 0, 1, 32, 800):
        day = TODAY + timedelta(days=distance)
        found = terms.cycle_of(day)
        assert found.start <= day < found.end
        assert terms.cycle_of(found.start) == found
        assert terms.cycle_of(found.end).start == found.end
    check_form(billed_lines(CARD, facts, terms.cycle_of(TODAY), lambda meter, day: None))
    month_days_of(CARD, facts, lambda meter, day: Fraction(10), terms.cycles)
