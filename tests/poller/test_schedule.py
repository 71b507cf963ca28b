"""Who has a turn when the request budget is not enough for all."""

from datetime import timedelta

import pytest

from exporter.poller.schedule import Allotment, Candidate, Reserve, Turn, share_out, stretch_discovery, stretch_refresh

MINUTE = timedelta(minutes=1)


def one(name: str, asked_at: float, due: float | None = None, cost: int = 1, list_cost: int = 6) -> Candidate:
    """Give an account that costs little."""
    return Candidate(name, asked_at, due, cost, list_cost)


def test_all_have_a_turn_when_there_is_room() -> None:
    """Accounts are asked together while the budget lasts, and their lists are read only when due."""
    turns = share_out([one("a", 10), one("b", 20, due=5)], graphql=42, rest=120)
    assert turns == {"a": Turn(True, False), "b": Turn(True, True)}


def test_who_waited_longest_comes_first() -> None:
    """What is left goes to the accounts that were asked longest ago."""
    turns = share_out([one("a", 30), one("b", 10), one("c", 20)], graphql=2, rest=0)
    assert [name for name, turn in turns.items() if turn.is_asked] == ["b", "c"]


def test_nobody_is_overtaken_by_a_cheaper_one() -> None:
    """An account that needs more than is left ends the turn, so that it is first in the next."""
    turns = share_out([one("a", 1), one("b", 2, cost=5), one("c", 3)], graphql=3, rest=0)
    assert [name for name, turn in turns.items() if turn.is_asked] == ["a"]


def test_the_first_always_has_a_turn() -> None:
    """An account that costs more than a turn's share is asked all the same."""
    turns = share_out([one("a", 1, due=1, cost=50, list_cost=500)], graphql=42, rest=120)
    assert turns == {"a": Turn(True, True)}


def test_lists_and_questions_are_shared_out_apart() -> None:
    """An account whose lists cannot be read yet is asked for its usage nevertheless."""
    turns = share_out([one("a", 1, due=1), one("b", 2, due=2)], graphql=10, rest=6)
    assert turns == {"a": Turn(True, True), "b": Turn(True, False)}


def test_accounts_that_come_while_a_turn_is_under_way_get_what_is_left() -> None:
    """Nobody has two turns, and when the budget is handed out those who come late wait."""
    allotment = Allotment(graphql=3, rest=12)
    assert allotment.share_out([one("a", 1, due=1), one("b", 2)]) == {"a": Turn(True, True), "b": Turn(True, False)}
    assert allotment.share_out([one("a", 1, due=1), one("c", 3, due=2), one("d", 4, due=3)]) == {"c": Turn(True, True)}
    assert allotment.share_out([one("d", 4, due=3), one("e", 5)]) == {}


def test_who_only_has_lists_to_read_is_not_asked_for_usage() -> None:
    """An account for whose questions nothing is left may still have its lists read."""
    allotment = Allotment(graphql=1, rest=12)
    assert allotment.share_out([one("a", 1), one("b", 2, due=1)]) == {"a": Turn(True, False), "b": Turn(False, True)}


@pytest.mark.parametrize(("accounts", "minutes"), [(0, 1), (1, 1), (42, 1), (43, 2), (200, 5)])
def test_a_refresh_of_many_accounts_takes_several_turns(accounts: int, minutes: int) -> None:
    """As many turns pass as the requests of all accounts need, and at least one."""
    assert stretch_refresh(MINUTE, [1] * accounts, per_turn=42) == minutes * MINUTE


def test_a_discovery_of_many_accounts_waits_for_the_budget() -> None:
    """Lists are read as often as is wanted, or as often as the requests of a period suffice for."""
    assert stretch_discovery(10 * MINUTE, [7] * 100, allowance=600, seconds=300) == 10 * MINUTE
    assert stretch_discovery(10 * MINUTE, [7] * 200, allowance=600, seconds=300) == timedelta(seconds=700)


@pytest.mark.parametrize(
    ("requests", "saved"),
    [(42, [2, 2, 2, 2, 2]), (20, [1, 1, 1, 1, 1]), (10, [0, 1, 1, 1, 1]), (6, [0, 0, 0, 1, 1]), (1, [0] * 5)],
)
def test_a_twentieth_of_each_turn_is_put_by_up_to_a_whole_request(requests: int, saved: list[int]) -> None:
    """What nobody needs does not grow: turns are never shortened by more than a turn's share, or one request."""
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
