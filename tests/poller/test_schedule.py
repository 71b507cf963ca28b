"""Who has a refresh when the request budget is not enough for all."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exporter.poller.schedule import (
    Allotment,
    Candidate,
    Grant,
    Reserve,
    allocate,
    effective_discovery_interval,
    effective_refresh_interval,
)

MINUTE = timedelta(minutes=1)

COSTS = (("a", 50), ("b", 1), ("c", 1))


def one(name: str, asked_at: float, due: float | None = None, requests: int = 1, list_requests: int = 6) -> Candidate:
    """Return an account that costs little."""
    return Candidate(name, asked_at, due, requests, list_requests)


def test_all_have_a_turn_when_there_is_room() -> None:
    """Accounts are asked together while the budget lasts, and their lists are read only when due."""
    grants = allocate([one("a", 10), one("b", 20, due=5)], graphql={"": 42}, rest=120)
    assert grants == {"a": Grant(True, False), "b": Grant(True, True)}


def test_who_waited_longest_comes_first() -> None:
    """What is left goes to the accounts that were asked longest ago."""
    grants = allocate([one("a", 30), one("b", 10), one("c", 20)], graphql={"": 2}, rest=0)
    assert [name for name, grant in grants.items() if grant.may_ask] == ["b", "c"]


def test_nobody_is_overtaken_by_a_cheaper_one() -> None:
    """An account that needs more than is left ends the refresh, so that it is first in the next."""
    grants = allocate([one("a", 1), one("b", 2, requests=5), one("c", 3)], graphql={"": 3}, rest=0)
    assert [name for name, grant in grants.items() if grant.may_ask] == ["a"]


def test_the_first_is_always_asked() -> None:
    """An account that costs more than a refresh's share is asked all the same."""
    grants = allocate([one("a", 1, due=1, requests=50, list_requests=500)], graphql={"": 42}, rest=120)
    assert grants == {"a": Grant(True, True)}


def test_lists_and_questions_are_shared_out_apart() -> None:
    """An account whose lists cannot be read yet is asked for its usage nevertheless."""
    grants = allocate([one("a", 1, due=1), one("b", 2, due=2)], graphql={"": 10}, rest=6)
    assert grants == {"a": Grant(True, True), "b": Grant(True, False)}


def test_accounts_that_come_while_a_turn_is_under_way_get_what_is_left() -> None:
    """Nobody has two refreshes, and when the budget is handed out those who come late wait."""
    allotment = Allotment(lambda pool: 3, rest=12)
    assert allotment.allocate([one("a", 1, due=1), one("b", 2)]) == {"a": Grant(True, True), "b": Grant(True, False)}
    assert allotment.allocate([one("a", 1, due=1), one("c", 3, due=2), one("d", 4, due=3)]) == {"c": Grant(True, True)}
    assert allotment.allocate([one("d", 4, due=3), one("e", 5)]) == {}


def test_who_only_has_lists_to_read_is_not_asked_for_usage() -> None:
    """An account for whose questions nothing is left may still have its lists read."""
    allotment = Allotment(lambda pool: 1, rest=12)
    assert allotment.allocate([one("a", 1), one("b", 2, due=1)]) == {"a": Grant(True, False), "b": Grant(False, True)}


def test_an_account_with_a_pool_of_its_own_takes_nothing_from_another() -> None:
    """The cost of one is no concern of the next, and the first of each pool is asked."""
    allotment = Allotment(lambda pool: 2, rest=12)
    dear, cheap, late = (replace(one(name, 1, due=1, requests=requests), pool=name) for name, requests in COSTS)
    assert allotment.allocate([dear, cheap]) == {"a": Grant(True, True), "b": Grant(True, True)}
    assert allotment.allocate([dear, cheap, late]) == {"c": Grant(True, True)}


@pytest.mark.parametrize(("accounts", "minutes"), [(0, 1), (1, 1), (42, 1), (43, 2), (200, 5)])
def test_many_accounts_take_several_refreshes(accounts: int, minutes: int) -> None:
    """As many refreshes pass as the requests of all accounts need, and at least one."""
    assert effective_refresh_interval(MINUTE, [1] * accounts, per_refresh=42) == minutes * MINUTE


def test_a_discovery_of_many_accounts_waits_for_the_budget() -> None:
    """Lists are read as often as is wanted, or as often as the requests of a period suffice for."""
    assert effective_discovery_interval(10 * MINUTE, [7] * 100, allowance=600, seconds=300) == 10 * MINUTE
    assert effective_discovery_interval(10 * MINUTE, [7] * 200, allowance=600, seconds=300) == timedelta(seconds=700)


@pytest.mark.parametrize(
    ("requests", "saved"),
    [(42, [2, 2, 2, 2, 2]), (20, [1, 1, 1, 1, 1]), (10, [0, 1, 1, 1, 1]), (6, [0, 0, 0, 1, 1]), (1, [0] * 5)],
)
def test_a_twentieth_of_each_turn_is_put_by_up_to_a_whole_request(requests: int, saved: list[int]) -> None:
    """What nobody needs does not grow: refreshes are never shortened by more than a refresh's share, or one request."""
    reserve = Reserve()
    seen = []
    for _ in saved:
        reserve.save(requests)
        seen.append(reserve.saved)
    assert seen == saved


def test_what_was_put_by_is_used_up() -> None:
    """It is saved anew then, and what was taken beyond it is no debt."""
    reserve = Reserve()
    for _ in range(4):
        reserve.save(6)
    reserve.use(1)
    seen = []
    for _ in range(4):
        seen.append(reserve.saved)
        reserve.save(6)
    assert (seen, reserve.saved) == ([0, 0, 0, 0], 1)
    reserve.use(5)
    reserve.save(20)
    assert reserve.saved == 1
