"""The words that limited labels keep: chosen by the rankings of closed days, and changed at midnight. Pure.

Everything follows from what is stored, so that a restart changes nothing. A choice takes effect at the end of the day
up to which its book was asked: no hour that was asked by another is asked by it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from exporter.model import OTHER, Answer, Choice

SCORED_DAYS = 7
"""The number of days whose amounts make up a word's score."""

RANKED_DAYS = SCORED_DAYS + 1
"""The number of days whose rankings are kept: those of the score of the day before, too."""

LEAD = 2
"""How many times the score of a word that is kept another must have, on two days, to take its place."""

CHOICES_KEPT = timedelta(days=40)
"""The age beyond which choices are useless: Cloudflare no longer answers for days so long ago."""

_NEVER = datetime.max.replace(tzinfo=UTC)

Ranking = Mapping[str, int]
"""The highest amounts of a closed day, by word."""


class ChosenWords(NamedTuple):
    """The choices for a book, oldest first, and the newest rankings by which it is chosen."""

    choices: tuple[Choice, ...] = ()
    rankings: Mapping[date, Ranking] = MappingProxyType({})

    def within(self, since: datetime, until: datetime) -> tuple[Choice, ...]:
        """Return the choices that hold at some time in [since, until)."""
        before = [choice for choice in self.choices if choice.since <= since]
        return (*before[-1:], *(choice for choice in self.choices if since < choice.since < until))

    def kept_from(self, since: datetime) -> frozenset[str]:
        """Return all words that are kept at some time from ``since`` on."""
        return frozenset(word for choice in self.within(since, _NEVER) for word in choice.words)

    def ranked(self, day: date, ranking: Ranking, since: datetime, most: int) -> "ChosenWords":
        """Return the same with the ranking of a day, by which at ``most`` so many words are kept from ``since`` on.

        Rankings of later days, and choices from that time on, are of a false time, or of the same day's ranking before.
        """
        oldest = day - timedelta(days=RANKED_DAYS)
        rankings = {known: there for known, there in self.rankings.items() if oldest < known < day} | {day: ranking}
        choices = [choice for choice in self.choices if choice.since < since]
        held = choices[-1].words if choices else ()
        words = choose_words(held, rankings, most)
        if words != held:
            choices.append(Choice(since, words))
        useful = ChosenWords(tuple(choices)).within(since - CHOICES_KEPT, _NEVER)
        return ChosenWords(useful, rankings)


NOTHING_CHOSEN = ChosenWords()


def choose_words(held: Sequence[str], rankings: Mapping[date, Ranking], most: int) -> tuple[str, ...]:
    """Return the words to keep after those ``held``, sorted: at ``most`` so many.

    Words with the highest scores take free places. Beyond them, one takes the place of another only if its score was
    twice as high on the two newest days: so none comes and goes every day, and none holds its place for ever.
    """
    days = sorted(rankings)
    today, before = (_scores(rankings, last) for last in (days[-1:], days[-2:-1]))
    by_score = sorted(today.keys() | held, key=lambda word: (-today.get(word, 0), word))
    stay = [word for word in by_score if word in held][:most]
    others = [word for word in by_score if word not in held and word != OTHER and today[word] > 0]
    free = most - len(stay)
    entered, waiting = others[:free], others[free:]
    for word in waiting:
        if stay and all(_leads(scores, word, stay[-1]) for scores in (today, before)):
            stay.pop()
            entered.append(word)
    return tuple(sorted(stay + entered))


def _leads(scores: Mapping[str, int], word: str, other: str) -> bool:
    return scores.get(word, 0) >= max(LEAD * scores.get(other, 0), 1)


def _scores(rankings: Mapping[date, Ranking], last: Sequence[date]) -> dict[str, int]:
    """Return each word's amounts in the days up to the ``last`` one; none without one."""
    scores: dict[str, int] = {}
    for end in last:
        for day, ranking in rankings.items():
            if end - timedelta(days=SCORED_DAYS) < day <= end:
                for word, amount in ranking.items():
                    scores[word] = scores.get(word, 0) + amount
    return scores


def ranking_of(answer: Answer) -> dict[str, int]:
    """Return the amounts in an answer to a ranking."""
    ranking: dict[str, int] = {}
    for rows in answer.hours.values():
        for (_, (word,)), (amount,) in rows.items():
            ranking[word] = ranking.get(word, 0) + amount
    return ranking
