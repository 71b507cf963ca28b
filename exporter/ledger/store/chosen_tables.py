"""Chosen words in the ledger's file: what labels with a limit keep from when on, and the rankings of closed days."""

import json
import sqlite3
from collections.abc import Mapping
from datetime import date

from exporter.ledger.choices import ChosenWords, Ranking
from exporter.ledger.store.encoding import key_of, place_of, seconds_of, time_of
from exporter.model import BookKey, Choice

CHOSEN_TABLES = ("choice", "ranking")


def load_chosen(read: sqlite3.Connection) -> dict[BookKey, ChosenWords]:
    """Return the chosen words of each book. Raises the errors of decoding invalid content."""
    choices: dict[BookKey, list[Choice]] = {}
    rankings: dict[BookKey, dict[date, Ranking]] = {}
    for account, dataset, since, words in read.execute("SELECT * FROM choice ORDER BY account, dataset, since"):
        choice = Choice(time_of(since), tuple(map(str, json.loads(words))))
        choices.setdefault(key_of(account, dataset), []).append(choice)
    for account, dataset, day, amounts in read.execute("SELECT * FROM ranking"):
        ranking = {word: int(amount) for word, amount in json.loads(amounts)}
        rankings.setdefault(key_of(account, dataset), {})[date.fromisoformat(day)] = ranking
    keys = choices.keys() | rankings
    return {key: ChosenWords(tuple(choices.get(key, ())), rankings.get(key, {})) for key in keys}


def write_chosen(write: sqlite3.Connection, changed: Mapping[BookKey, ChosenWords]) -> None:
    """Set the chosen words of some books."""
    for key, chosen in changed.items():
        place = place_of(key)
        for table in CHOSEN_TABLES:
            write.execute(f"DELETE FROM {table} WHERE account = ? AND dataset = ?", place)
        write.executemany(
            "INSERT INTO choice VALUES (?, ?, ?, ?)",
            [(*place, seconds_of(since), json.dumps(words)) for since, words in chosen.choices],
        )
        write.executemany(
            "INSERT INTO ranking VALUES (?, ?, ?, ?)",
            [(*place, str(day), json.dumps(list(ranking.items()))) for day, ranking in chosen.rankings.items()],
        )
