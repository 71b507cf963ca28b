"""Which words a limited label keeps: the busiest of seven days, each until another is far busier for two of them."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from exporter.ledger.choices import (
    LEAD,
    NOTHING_CHOSEN,
    RANKED_DAYS,
    SCORED_DAYS,
    ChosenWords,
    Ranking,
    choose_words,
)
from exporter.model import DAY, OTHER, Choice

FIRST = date(2025, 10, 20)
MIDNIGHT = datetime(2025, 10, 20, tzinfo=UTC)

WORDS = st.sampled_from(("a", "b", "c", "d", "e", OTHER))
RANKINGS = st.lists(st.dictionaries(WORDS, st.integers(0, 50), max_size=6), max_size=12)


def days(*rankings: Ranking) -> dict[date, Ranking]:
    """Return the rankings of successive days."""
    return {FIRST + number * DAY: ranking for number, ranking in enumerate(rankings)}


def test_the_highest_take_free_places() -> None:
    """Ties go by the alphabet; a word without amounts, and the name of the rest, are never kept."""
    ranking = {"a": 3, "b": 5, "c": 3, "zero": 0, OTHER: 9}
    assert choose_words((), days(ranking), 2) == ("a", "b")
    assert choose_words((), days(ranking), 9) == ("a", "b", "c")
    assert choose_words((), {}, 2) == ()


def test_a_word_leaves_for_one_that_was_twice_as_high_on_two_days() -> None:
    """A single day is not enough, nor is less than twice as much."""
    before = days({"a": 10, "b": 4})
    assert choose_words(("a", "b"), days({"a": 10, "b": 4}, {"c": 100}), 2) == ("a", "b")
    assert choose_words(("a", "b"), days(*before.values(), {"b": 1, "c": 11}, {"b": 1, "c": 1}), 2) == ("a", "c")
    assert choose_words(("a", "b"), days(*before.values(), {"b": 1, "c": 9}, {"b": 1, "c": 2}), 2) == ("a", "b")


def test_who_was_busy_once_does_not_hold_its_place_for_ever() -> None:
    """After seven days the first day no longer counts."""
    rankings = [{"scanner": 1_000}, *[{"shop": 5}] * (SCORED_DAYS + 1)]
    held: tuple[str, ...] = ()
    kept = []
    for number in range(len(rankings)):
        held = choose_words(held, days(*rankings[: number + 1]), 1)
        kept.append(held)
    assert kept == [("scanner",)] * (SCORED_DAYS + 1) + [("shop",)]


def test_a_lower_limit_keeps_the_highest() -> None:
    """Another release may keep fewer."""
    assert choose_words(("a", "b", "c"), days({"a": 1, "b": 9, "c": 5}), 2) == ("b", "c")


@given(RANKINGS, st.integers(1, 4))
def test_choices_of_many_days(rankings: list[Ranking], most: int) -> None:
    """There are never too many; no place stays free for nothing; and what enters in place of another leads it."""
    held: tuple[str, ...] = ()
    for number in range(len(rankings)):
        known = days(*rankings[: number + 1])
        newest = {day: there for day, there in known.items() if day > max(known) - RANKED_DAYS * DAY}
        now = choose_words(held, newest, most)
        assert now == choose_words(tuple(reversed(held)), newest, most)
        assert now == tuple(sorted(set(now))) and len(now) <= most and OTHER not in now
        scored = {day: there for day, there in newest.items() if day > max(known) - SCORED_DAYS * DAY}
        score = {word: sum(there.get(word, 0) for there in scored.values()) for word in (*now, *held)}
        left, entered = set(held) - set(now), set(now) - set(held)
        assert len(left) <= len(entered)
        assert len(now) == most or not any(
            there.get(word) for there in scored.values() for word in there if word not in (*now, OTHER)
        )
        for word in left:
            assert any(score[other] >= max(LEAD * score[word], 1) for other in entered)
        held = now


def ranked(chosen: ChosenWords, day: int, ranking: Ranking, since: int) -> ChosenWords:
    """Return chosen words after the ranking of a day, which hold from a midnight on; both by number."""
    return chosen.ranked(FIRST + day * DAY, ranking, MIDNIGHT + since * DAY, 1)


def test_a_choice_holds_from_its_midnight_on() -> None:
    """Before, the one before it does, or none."""
    chosen = ranked(NOTHING_CHOSEN, 0, {"a": 1}, 2)
    chosen = ranked(ranked(chosen, 1, {"b": 5}, 3), 2, {"b": 5}, 4)
    first, second = Choice(MIDNIGHT + 2 * DAY, ("a",)), Choice(MIDNIGHT + 4 * DAY, ("b",))
    assert chosen.choices == (first, second)
    hour = timedelta(hours=1)
    assert chosen.within(MIDNIGHT, MIDNIGHT + 2 * DAY) == ()
    assert chosen.within(MIDNIGHT, MIDNIGHT + 2 * DAY + hour) == (first,)
    assert chosen.within(MIDNIGHT + 3 * DAY + hour, MIDNIGHT + 4 * DAY) == (first,)
    assert chosen.within(MIDNIGHT + 3 * DAY + hour, MIDNIGHT + 5 * DAY) == (first, second)
    assert chosen.within(MIDNIGHT + 4 * DAY, MIDNIGHT + 9 * DAY) == (second,)
    assert chosen.kept_from(MIDNIGHT + 3 * DAY) == {"a", "b"}
    assert chosen.kept_from(MIDNIGHT + 4 * DAY) == {"b"}


def test_a_second_ranking_before_midnight_replaces_the_choice_of_the_first() -> None:
    """As after an outage, when the day before yesterday was ranked an hour before yesterday was."""
    chosen = ranked(ranked(NOTHING_CHOSEN, 0, {"a": 1}, 2), 1, {"a": 1, "b": 9}, 2)
    assert chosen.choices == (Choice(MIDNIGHT + 2 * DAY, ("b",)),)
    assert ranked(chosen, 1, {"a": 90}, 2).choices == (Choice(MIDNIGHT + 2 * DAY, ("a",)),)


def test_old_choices_and_rankings_are_forgotten() -> None:
    """What held forty days ago is still known, and eight days of rankings are."""
    chosen = NOTHING_CHOSEN
    for day in range(200):
        chosen = ranked(chosen, day, {f"word-{day // 10}": 3**day}, day + 2)
    assert set(chosen.rankings) == {FIRST + day * DAY for day in range(200 - RANKED_DAYS, 200)}
    oldest, *others = chosen.choices
    assert oldest.since <= MIDNIGHT + 161 * DAY < others[0].since
