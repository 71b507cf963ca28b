"""How an account is billed, on scripted REST answers."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from exporter.billing import NO_BILLING_FACTS, BilledDay, BillingFacts, Subscription, facts_from_text, facts_to_text
from exporter.cloudflare import BillingReader, CloudflareError, TokenRejected
from exporter.cloudflare.errors import Unreachable
from exporter.model import Account
from tests.cloudflare.conftest import API_URL, TOKEN, Scene, answer, listed, refused

EXAMPLE = Account("a" * 32, "Example")
ACCOUNT_URL = f"{API_URL}/accounts/{EXAMPLE.id}"
SUBSCRIPTIONS = f"{ACCOUNT_URL}/subscriptions"
INFO = f"{ACCOUNT_URL}/billable-usage/info"
PATHS = ("/billable-usage", "/paygo-usage", "/billing/usage/paygo")
HEARD = datetime(2025, 10, 20, 10, 0, 5, tzinfo=UTC)
"""What the answers' own Date says."""

NO_ROUTE = refused(404, 7003, "Could not route to the path")
NOT_OFFERED = refused(404, 10404, "Billable usage is not available for this account")
FORBIDDEN = refused(403, 10000, "Authentication error")

PAID: dict[str, Any] = {
    "id": "1",
    "state": "Paid",
    "price": 5,
    "currency": "USD",
    "frequency": "monthly",
    "current_period_start": "2025-10-14T00:00:00Z",
    "current_period_end": "2025-11-14T00:00:00Z",
    "rate_plan": {"id": "workers_paid", "public_name": "Workers Paid"},
}
PAID_FACT = Subscription(
    "1",
    "Workers Paid",
    Decimal(5),
    period_start=datetime(2025, 10, 14, tzinfo=UTC),
    period_end=datetime(2025, 11, 14, tzinfo=UTC),
    plan_id="workers_paid",
)
KNOWN = BillingFacts(
    fetched_at=datetime(2025, 10, 20, 9, tzinfo=UTC),
    subscriptions=(PAID_FACT,),
    anchor_day=14,
    billed_state="available",
    billed_path="/paygo-usage",
    billed=(BilledDay("Requests", date(2025, 10, 19), Decimal("0.30"), Decimal(7)),),
)


def row(service: str = "Requests", day: str = "2025-10-19", **fields: object) -> dict[str, object]:
    """A row of billed usage."""
    given: dict[str, object] = {
        "ServiceName": service,
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ContractedCost": 0.3,
        "ConsumedQuantity": 1_000_000,
    }
    return given | fields


def info(*anchors: object, covered: object = True) -> httpx.Response:
    """What is said of the billing cycle."""
    return listed(
        {"covered": covered, "subscriptions": [{"billing_cycle_anchor_timestamp": anchor} for anchor in anchors]}
    )


ONE_PAID = listed([PAID])
COVERED = info()


def script(
    scene: Scene, subscriptions: httpx.Response = ONE_PAID, about: httpx.Response = COVERED, **usage: httpx.Response
) -> None:
    """Answer each path; ``usage`` by the last word of its path, and what is not named has no route."""
    scene.router.get(SUBSCRIPTIONS).mock(return_value=subscriptions)
    scene.router.get(INFO).mock(return_value=about)
    for path, word in zip(PATHS, ("billable", "paygo_usage", "paygo"), strict=True):
        scene.router.get(f"{ACCOUNT_URL}{path}").mock(return_value=usage.get(word, NO_ROUTE))


def read(scene: Scene, known: BillingFacts = NO_BILLING_FACTS) -> BillingFacts:
    """What is known after asking."""
    return asyncio.run(BillingReader(scene.client, scene.time).read(EXAMPLE, known))


def asked(scene: Scene) -> list[str]:
    """The paths below the account's that were asked for, in order."""
    return [str(call.request.url).removeprefix(ACCOUNT_URL) for call in scene.router.calls]


def test_everything_is_read(scene: Scene) -> None:
    """Subscriptions, the cycle's day and the bill, each once, with the time that Cloudflare says."""
    rows = [row(), row(day="2025-10-20"), row("CPU", ContractedCost=None)]
    script(scene, about=info("2024-02-14T00:00:00Z"), billable=listed(rows))
    assert read(scene) == BillingFacts(
        subscriptions=(PAID_FACT,),
        anchor_day=14,
        billed_state="available",
        billed_path="/billable-usage",
        billed=(
            BilledDay("Requests", date(2025, 10, 19), Decimal("0.3"), Decimal(1_000_000)),
            BilledDay("Requests", date(2025, 10, 20), Decimal("0.3"), Decimal(1_000_000)),
            BilledDay("CPU", date(2025, 10, 19), None, Decimal(1_000_000)),
        ),
    )
    assert asked(scene) == ["/subscriptions", "/billable-usage/info", "/billable-usage"]
    assert {call.request.method for call in scene.router.calls} == {"GET"}


def test_it_says_when_it_heard(scene: Scene) -> None:
    """The time is Cloudflare's, as answers of before gave it."""
    script(scene)
    assert read(scene).fetched_at is None
    assert read(scene).fetched_at == HEARD


@pytest.mark.parametrize("word", ["billable", "paygo_usage", "paygo"])
def test_the_bill_is_found_where_it_is(scene: Scene, word: str) -> None:
    """It has moved twice; each place is tried, the newest first, and the one that answers is remembered."""
    path = dict(zip(("billable", "paygo_usage", "paygo"), PATHS, strict=True))[word]
    script(scene, **{word: listed([row()])})
    found = read(scene)
    assert (found.billed_state, found.billed_path, len(found.billed)) == ("available", path, 1)
    first = asked(scene)[2:]
    assert first == list(PATHS[: PATHS.index(path) + 1])
    scene.router.calls.clear()
    again = read(scene, found)
    assert asked(scene) == ["/subscriptions", "/billable-usage/info", path]
    assert again.billed == found.billed


def test_a_bill_that_has_moved_is_found_again(scene: Scene) -> None:
    """Where it was is tried first, then all the others."""
    script(scene, billable=listed([row()]))
    found = read(scene, KNOWN)
    assert found.billed_path == "/billable-usage"
    assert asked(scene)[2:] == ["/paygo-usage", "/billable-usage"]


@pytest.mark.parametrize("usage", [NO_ROUTE, NOT_OFFERED, refused(400, 7400, "Invalid request")])
def test_an_account_without_a_bill(scene: Scene, usage: httpx.Response) -> None:
    """All places say no: there is none, what was billed before is gone, and the rest is known."""
    script(scene, billable=usage, paygo_usage=usage, paygo=usage)
    found = read(scene, KNOWN)
    assert (found.billed_state, found.billed_path, found.billed) == ("absent", "", ())
    assert (found.subscriptions, found.anchor_day) == ((PAID_FACT,), 14)
    assert sorted(asked(scene)[2:]) == sorted(PATHS)


def test_an_account_that_is_not_covered_is_not_asked_for_its_bill(scene: Scene) -> None:
    """Where the answer about the cycle says that there is no bill, none is looked for."""
    script(scene, about=info("2024-02-03T00:00:00Z", covered=False), billable=listed([row()]))
    found = read(scene, KNOWN)
    assert (found.billed_state, found.billed, found.anchor_day) == ("absent", (), 3)
    assert asked(scene) == ["/subscriptions", "/billable-usage/info"]


def test_a_bill_without_anything_said_of_the_cycle(scene: Scene) -> None:
    """An account may have one although the path of the cycle is not there; the day that was known stays."""
    script(scene, about=NO_ROUTE, billable=listed([row()]))
    found = read(scene, KNOWN)
    assert (found.billed_state, found.anchor_day) == ("available", 14)


def test_without_the_permission_facts_stay_what_they_were(scene: Scene) -> None:
    """Nothing is an error, and only the state of the bill says what is missing; no place is tried in vain."""
    script(scene, subscriptions=FORBIDDEN, about=FORBIDDEN)
    found = read(scene, KNOWN)
    assert (found.subscriptions, found.anchor_day, found.billed_path, found.billed) == (
        KNOWN.subscriptions,
        KNOWN.anchor_day,
        KNOWN.billed_path,
        KNOWN.billed,
    )
    assert (found.billed_state, found.is_forbidden) == ("forbidden", True)
    assert asked(scene) == ["/subscriptions", "/billable-usage/info"]
    nothing = read(scene)
    assert (nothing.subscriptions, nothing.anchor_day, nothing.billed) == (None, None, ())


def test_the_bill_alone_may_be_forbidden(scene: Scene) -> None:
    """The other places are then not tried, and the days of before stay."""
    script(scene, paygo_usage=FORBIDDEN)
    found = read(scene, KNOWN)
    assert (found.billed_state, found.billed, found.billed_path) == ("forbidden", KNOWN.billed, "/paygo-usage")
    assert asked(scene)[2:] == ["/paygo-usage"]


@pytest.mark.parametrize("said", [NO_ROUTE, NOT_OFFERED, refused(400, 1001, "Invalid request"), listed({"odd": 1})])
def test_subscriptions_that_are_not_told_stay_what_they_were(scene: Scene, said: httpx.Response) -> None:
    """An account that has no such list, or another than expected, loses nothing that was known."""
    script(scene, subscriptions=said)
    found = read(scene, KNOWN)
    assert (found.subscriptions, found.is_forbidden) == (KNOWN.subscriptions, False)
    assert read(scene).subscriptions is None


def test_a_permission_that_is_given_is_no_longer_missing(scene: Scene) -> None:
    """Once they can be read, nothing says any more that they may not be."""
    script(scene)
    assert not read(scene, BillingFacts(is_forbidden=True)).is_forbidden


def test_no_subscriptions_are_known_as_none(scene: Scene) -> None:
    """An empty list says that nothing is paid, which is not the same as nothing known."""
    script(scene, subscriptions=listed([]))
    assert read(scene, KNOWN).subscriptions == ()


@pytest.mark.parametrize(
    ("item", "subscription"),
    [
        (
            {"id": 7, "price": "240.10", "frequency": "yearly", "state": "Trial", "rate_plan": {"id": "pro"}},
            Subscription("7", "pro", Decimal("240.10"), frequency="yearly", state="Trial", plan_id="pro"),
        ),
        (
            {"id": "x", "price": 0.1, "currency": "EUR", "state": "Cancelled", "rate_plan": {"public_name": "Plan"}},
            Subscription("x", "Plan", Decimal("0.1"), currency="EUR", state="Cancelled"),
        ),
        (
            {"price": 0, "current_period_start": "soon", "rate_plan": {"public_name": "R2 Paid", "id": "r2"}},
            Subscription("", "R2 Paid", Decimal(0), plan_id="r2"),
        ),
        ({"id": "2", "price": None, "rate_plan": {"public_name": "Plan"}}, Subscription("2", "Plan", None)),
        ({"id": "2", "rate_plan": {"public_name": "", "id": "x"}}, Subscription("2", "x", None, plan_id="x")),
        ({"id": "2", "price": "free", "rate_plan": {"public_name": "Plan"}}, Subscription("2", "Plan", None)),
        ({"id": "2", "price": "NaN", "rate_plan": {"public_name": "Plan"}}, Subscription("2", "Plan", None)),
        ({"id": "2", "price": "1e999999", "rate_plan": {"public_name": "Plan"}}, Subscription("2", "Plan", None)),
        ({"id": "2", "price": "1e-999999999", "rate_plan": {"public_name": "Plan"}}, Subscription("2", "Plan", None)),
        ({"id": "2", "price": "0.00", "rate_plan": {"public_name": "Plan"}}, Subscription("2", "Plan", Decimal(0))),
        ({"id": "2", "price": True, "rate_plan": {"public_name": "Plan"}}, Subscription("2", "Plan", None)),
        (
            {"id": "2", "price": 5, "currency": "usd", "frequency": "Monthly", "state": None, "rate_plan": {"id": 7}},
            Subscription("2", "7", Decimal(5), plan_id="7"),
        ),
        (
            {"id": {}, "price": 5, "currency": [], "frequency": {}, "state": 1, "rate_plan": {"id": "x"}},
            Subscription("", "x", Decimal(5), state="1", plan_id="x"),
        ),
        ({"id": "2", "price": 5}, None),
        ({"id": "2", "price": 5, "rate_plan": "Workers Paid"}, None),
        ({"id": "2", "price": 5, "rate_plan": {"id": "", "public_name": " "}}, None),
        ("Workers Paid", None),
        (None, None),
    ],
)
def test_a_subscription(scene: Scene, item: object, subscription: Subscription | None) -> None:
    """What has a name or a plan is taken, however little else there is; prices have all their digits."""
    script(scene, subscriptions=listed([item, PAID]))
    found = read(scene)
    assert found.subscriptions == ((PAID_FACT,) if subscription is None else (subscription, PAID_FACT))
    assert found.unread_subscriptions == (subscription is None)


def test_subscriptions_that_come_twice_count_once(scene: Scene) -> None:
    """An id is listed once; those without one may be several."""
    nameless = {**PAID, "id": None}
    script(scene, subscriptions=listed([PAID, PAID | {"price": 6}, nameless, nameless]))
    assert [each.price for each in read(scene).subscriptions or ()] == [5, 5, 5]
    assert [each.id for each in read(scene).subscriptions or ()] == ["1", "", ""]


def test_no_subscriptions_may_be_null(scene: Scene) -> None:
    """That is an empty list."""
    script(scene, subscriptions=listed(None))
    assert read(scene, KNOWN).subscriptions == ()


@pytest.mark.parametrize("state", ["Trial", "Provisioned", "Paid", "AwaitingPayment"])
def test_what_is_charged(state: str) -> None:
    """In these states a subscription is paid for."""
    assert Subscription("1", "Plan", Decimal(5), state=state).is_charged
    assert not Subscription("1", "Plan", Decimal(5), state="Cancelled").is_charged


@pytest.mark.parametrize(
    ("anchors", "day"),
    [
        (["2024-02-14T00:00:00Z"], 14),
        (["2025-06-03T00:00:00Z", "2024-02-14T00:00:00Z"], 14),
        (["2024-01-31T00:00:00Z"], 31),
        (["2024-02-14T23:30:00-05:00"], 15),
        (["soon", None, 5, "2024-02-14T00:00:00Z"], 14),
        (["soon"], None),
        ([], None),
    ],
)
def test_the_day_on_which_cycles_begin(scene: Scene, anchors: list[object], day: int | None) -> None:
    """It is that of the oldest subscription, in UTC; what is no moment is passed over."""
    script(scene, about=info(*anchors))
    assert read(scene).anchor_day == day


@pytest.mark.parametrize("about", [listed([]), listed(None), listed("soon"), listed({"subscriptions": "none"})])
def test_an_odd_answer_about_the_cycle_says_nothing(scene: Scene, about: httpx.Response) -> None:
    """The day that was known stays, and the bill is asked for."""
    script(scene, about=about, billable=listed([row()]))
    found = read(scene, KNOWN)
    assert (found.anchor_day, found.billed_state) == (14, "available")


def test_rows_of_a_day_are_added_up(scene: Scene) -> None:
    """There is one for each zone; a cost that is not known counts as nothing beside one that is."""
    rows = [
        row(ContractedCost=0.1, ConsumedQuantity=0.1),
        row(ContractedCost=0.2, ConsumedQuantity=0.2),
        row(ContractedCost=None, ConsumedQuantity=None),
        row(day="2025-10-18"),
        row("CPU", ContractedCost=None),
        row("CPU", ContractedCost=None),
    ]
    script(scene, billable=listed(rows))
    assert read(scene).billed == (
        BilledDay("Requests", date(2025, 10, 19), Decimal("0.3"), Decimal("0.3")),
        BilledDay("Requests", date(2025, 10, 18), Decimal("0.3"), Decimal(1_000_000)),
        BilledDay("CPU", date(2025, 10, 19), None, Decimal(2_000_000)),
    )


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "row",
        [],
        {},
        {"ServiceName": 5, "ChargePeriodStart": "2025-10-19T00:00:00Z"},
        {"ServiceName": "Requests"},
        {"ServiceName": "Requests", "ChargePeriodStart": "yesterday"},
    ],
)
def test_rows_that_say_nothing_are_passed_over(scene: Scene, odd: object) -> None:
    """The others count."""
    script(scene, billable=listed([odd, row()]))
    found = read(scene)
    assert [each.service for each in found.billed] == ["Requests"]
    assert found.unread_rows == 1


@pytest.mark.parametrize("cost", [True, "a lot", [], {}, "NaN", "-Infinity", "1e400"])
def test_a_cost_that_is_none_is_not_known(scene: Scene, cost: object) -> None:
    """The row stays, for its quantity may be known."""
    script(scene, billable=listed([row(ContractedCost=cost)]))
    assert read(scene).billed == (BilledDay("Requests", date(2025, 10, 19), None, Decimal(1_000_000)),)


@pytest.mark.parametrize("result", [None, {}, "rows", 5])
def test_an_answer_without_rows_is_no_bill(scene: Scene, result: object) -> None:
    """Another place is tried; an empty list is a bill on which nothing stands yet."""
    script(scene, billable=listed(result), paygo_usage=listed([]))
    found = read(scene)
    assert (found.billed_state, found.billed_path, found.billed) == ("available", "/paygo-usage", ())


@pytest.mark.parametrize("url", [SUBSCRIPTIONS, INFO, f"{ACCOUNT_URL}/billable-usage"])
def test_a_server_that_fails_is_an_error(scene: Scene, url: str) -> None:
    """Cloudflare did not answer, so nothing new is known of anything."""
    script(scene, billable=listed([row()]))
    scene.router.get(url).mock(return_value=answer({}, 503))
    with pytest.raises(Unreachable):
        read(scene, KNOWN)


def test_a_token_that_is_rejected_is_an_error(scene: Scene) -> None:
    """It is not taken for a missing permission, and the message does not show it."""
    script(scene, subscriptions=refused(401, 1000, "Invalid API Token"))
    with pytest.raises(TokenRejected) as caught:
        read(scene)
    assert "Listing the subscriptions of account Example" in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert isinstance(caught.value, CloudflareError)


def test_facts_are_written_and_read_again() -> None:
    """As text they lose nothing; what another release wrote is nothing heard."""
    assert facts_from_text(facts_to_text(KNOWN)) == KNOWN
    assert facts_from_text(facts_to_text(NO_BILLING_FACTS)) == NO_BILLING_FACTS
    for text in ("", "{", "[]", '{"billed": "all"}', '{"anchor_day": "soon"}'):
        assert facts_from_text(text) == NO_BILLING_FACTS
