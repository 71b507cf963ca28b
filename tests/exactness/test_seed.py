"""Which schedules are followed, and how they are followed again."""

import pytest

from tests.exactness.schedules import check_schedules, make_schedule
from tests.exactness.seed import SEED_VARIABLE, fresh_seed


def test_a_seed_and_a_number_make_a_schedule() -> None:
    """The same ones make the same, others another."""
    assert make_schedule("prompt", 7, 0) == make_schedule("prompt", 7, 0)
    assert len({tuple(make_schedule("prompt", seed, number).steps) for seed in (7, 8) for number in (0, 1)}) == 4


def test_the_environment_decides_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, the seed is the same as long as the commit is."""
    assert fresh_seed() == fresh_seed()
    monkeypatch.setenv(SEED_VARIABLE, "42")
    assert fresh_seed() == 42


def test_a_failure_says_how_to_follow_the_schedule_again() -> None:
    """Batch, seed and number are a command."""
    with pytest.raises(KeyError) as caught:
        check_schedules("no batch", 7, [3])
    assert caught.value.__notes__ == ["again: python -m soak --seed 7 --schedule 'no batch' 3"]
