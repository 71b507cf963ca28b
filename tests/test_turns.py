"""Who has a turn when the request budget is not enough for all."""

from exporter.turns import Candidate, Turn, share_out


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
