"""The request budget of a user: what is sent in five minutes, and what others leave."""

import pytest

from exporter.cloudflare.budget import RequestBudget
from exporter.cloudflare.errors import OverBudget
from tests.cloudflare.conftest import ManualClock

WHAT = "Analytics of account Example"


def spend(budget: RequestBudget, api: str, count: int) -> None:
    """Send some requests."""
    for _ in range(count):
        budget.spend(api, WHAT)


def test_a_share_of_each_limit_is_allowed() -> None:
    """Of 300 GraphQL and 1,200 REST requests in five minutes, 70 and 50 % are the exporter's."""
    budget = RequestBudget(ManualClock())
    assert (budget.allowance("graphql"), budget.allowance("rest")) == (210, 600)


def test_nothing_is_sent_beyond_the_share() -> None:
    """The request after the last allowed one is withheld, and says when there is room again."""
    clock = ManualClock()
    budget = RequestBudget(clock)
    spend(budget, "graphql", 210)
    clock.advance(100)
    with pytest.raises(
        OverBudget, match="not sent, to stay within the graphql request budget; possible again in 200 s"
    ) as caught:
        budget.spend("graphql", WHAT)
    assert caught.value.retry_after == 200
    spend(budget, "rest", 600)


def test_there_is_room_again_after_five_minutes() -> None:
    """A request stops counting five minutes after it was sent."""
    clock = ManualClock()
    budget = RequestBudget(clock)
    spend(budget, "graphql", 200)
    clock.advance(150)
    spend(budget, "graphql", 10)
    clock.advance(150)
    assert budget.remaining("graphql") == 200


def test_what_others_use_is_heeded() -> None:
    """If Cloudflare says that little is left, the others' share of it stays untouched until the limit is reset."""
    clock = ManualClock()
    budget = RequestBudget(clock)
    headers = {"Ratelimit": '"default";r=95;t=60', "Ratelimit-Policy": '"default";q=300;w=300'}
    budget.observe("graphql", headers)
    assert budget.remaining("graphql") == 5
    spend(budget, "graphql", 5)
    with pytest.raises(OverBudget):
        budget.spend("graphql", WHAT)
    clock.advance(61)
    assert budget.remaining("graphql") == 205


def test_headers_that_say_nothing_change_nothing() -> None:
    """An answer without the headers, or with odd ones, leaves the own count alone."""
    budget = RequestBudget(ManualClock())
    budget.observe("rest", {})
    budget.observe("rest", {"Ratelimit": "soon", "Ratelimit-Policy": "strict"})
    assert budget.remaining("rest") == 600


def test_a_turn_takes_its_fair_share() -> None:
    """Turns each minute take a fifth of the five minutes' requests, so that the last is not left without."""
    budget = RequestBudget(ManualClock())
    assert (budget.per_refresh("graphql", 60), budget.per_refresh("rest", 60)) == (42, 120)
    spend(budget, "graphql", 200)
    assert budget.per_refresh("graphql", 60) == 10


def test_what_a_turn_leaves_is_to_spare() -> None:
    """Only what was sent since the refresh began counts against its share, and never more is left than may be sent."""
    clock = ManualClock()
    budget = RequestBudget(clock)
    spend(budget, "graphql", 30)
    clock.advance(60)
    assert budget.spare("graphql", 60) == 42
    spend(budget, "graphql", 40)
    assert budget.spare("graphql", 60) == 2
    spend(budget, "graphql", 5)
    assert budget.spare("graphql", 60) == 0
    clock.advance(60)
    spend(budget, "graphql", 130)
    clock.advance(60)
    assert (budget.remaining("graphql"), budget.spare("graphql", 60)) == (5, 5)


def test_nothing_is_to_spare_where_others_use_the_limit_up() -> None:
    """What Cloudflare says is left goes to the refreshes first."""
    budget = RequestBudget(ManualClock())
    budget.observe("graphql", {"Ratelimit": '"default";r=92;t=60', "Ratelimit-Policy": '"default";q=300;w=300'})
    assert budget.spare("graphql", 60) == 2
    spend(budget, "graphql", 2)
    assert budget.spare("graphql", 60) == 0


def test_other_shares_apply_at_once() -> None:
    """A changed configuration changes the allowance, not the count."""
    budget = RequestBudget(ManualClock())
    spend(budget, "graphql", 50)
    budget.set_shares({"graphql": 0.2, "rest": 0.1})
    assert (budget.remaining("graphql"), budget.remaining("rest")) == (10, 120)


def test_an_answer_that_cost_more_than_is_left_is_heeded() -> None:
    """If the next document could cost more than Cloudflare says is left, GraphQL rests for a minute."""
    clock = ManualClock()
    budget = RequestBudget(clock)
    budget.observe_cost("graphql", 5, 5)
    assert budget.remaining("graphql") == 210
    budget.observe_cost("graphql", 5, 4)
    assert (budget.remaining("graphql"), budget.remaining("rest")) == (0, 600)
    clock.advance(61)
    assert budget.remaining("graphql") == 210


def withhold(budget: RequestBudget) -> None:
    """Ask for a request more than there is room for."""
    with pytest.raises(OverBudget):
        budget.spend("graphql", WHAT)


def test_a_budget_that_is_used_up_turn_after_turn_says_for_how_long() -> None:
    """One refresh without room says nothing yet, two in a row do, and two refreshes with room end it."""
    clock = ManualClock()
    budget = RequestBudget(clock)
    budget.observe("graphql", {"Ratelimit": '"default";r=0;t=200', "Ratelimit-Policy": '"default";q=300;w=300'})
    seen = []
    for _ in range(3):
        withhold(budget)
        seen.append(budget.over_budget_for(60))
        clock.advance(60)
    assert seen == [None, 60, 120]
    seen = []
    for _ in range(3):
        seen.append(budget.over_budget_for(60))
        clock.advance(60)
    assert seen == [180, 240, None]


def test_a_turn_without_room_now_and_then_is_no_lack() -> None:
    """Where all of the budget is used, refreshes fall on its edge from time to time."""
    clock = ManualClock()
    budget = RequestBudget(clock)
    for _ in range(4):
        spend(budget, "graphql", 210)
        withhold(budget)
        assert budget.over_budget_for(60) is None
        clock.advance(360)
