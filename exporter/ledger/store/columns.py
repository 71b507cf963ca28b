"""The values that each column of the ledger's file may have, checked by SQLite as a file is opened.

What is in JSON is left to those who decode it: only that a column of figures holds numbers of one list is checked here.
"""

import sqlite3
from collections.abc import Mapping

_TEXT = "typeof({0}) = 'text'"
_WORDS = _TEXT + " AND {0} GLOB '[[]*'"
"""A list of texts, or an empty one."""
_COUNT = "typeof({0}) = 'integer' AND {0} >= 0"
_LAST = 221_845_392_000
"""The beginning of the year 9000: a later time leaves no room to add to it."""
_TIME = f"typeof({{0}}) = 'integer' AND {{0}} BETWEEN 0 AND {_LAST}"
_DAY = _TEXT + " AND {0} = date({0}, '+0 days') AND {0} >= '0001'"
_PART = _TEXT + " AND substr({0}, 1, 10) = date(substr({0}, 1, 10), '+0 days') AND {0} >= '0001'"
_DIGITS = _TEXT + " AND {0} != '' AND length({0}) < 1000 AND {0} NOT GLOB '*[^0-9]*'"
_FIGURES = _TEXT + " AND {0} GLOB '[[]*' AND {0} NOT GLOB '*[^],0-9 []*' AND {0} NOT GLOB '?*[[]*'"
_READINGS = _TEXT + " AND {0} GLOB '[[]*' AND {0} NOT GLOB '*[^],0-9 []-]*' AND {0} NOT GLOB '?*[[]*'"
"""Figures, of which one may be unknown (-1)."""


def _or_null(condition: str) -> str:
    return f"({{0}} IS NULL OR {condition})"


_PLACE = dict.fromkeys(("account", "dataset"), _TEXT)
_ROW = _PLACE | {"asset": _TEXT, "labels": _WORDS}

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "account": dict.fromkeys(("id", "name", "label"), _TEXT),
    "asset": {
        **dict.fromkeys(("account", "kind", "id", "name", "standing", "project", "decided_by", "parent"), _TEXT),
        **dict.fromkeys(("absences", "suffixed", "filtered", "folded"), _COUNT),
        **dict.fromkeys(("created", "modified", "unlisted_since"), _or_null(_TIME)),
        **{"stem": _TEXT, "tags": _WORDS, "first_seen": _TIME},
    },
    "book": {
        **_PLACE,
        **dict.fromkeys(("start", "open_from", "until", "published_until", "last_success", "kept_from"), _TIME),
        **dict.fromkeys(("newest", "hold"), _or_null(_TIME)),
        **{"signature": _TEXT, "revisions": _COUNT, "gap": _COUNT, "late": _FIGURES},
    },
    "row": _ROW | dict.fromkeys(("settled", "total", "attributed"), _FIGURES),
    "open_row": _ROW | {"hour": _TIME} | dict.fromkeys(("amounts", "peak"), _or_null(_FIGURES)),
    "series": {
        **_PLACE,
        **{"project": _TEXT, "asset": _TEXT, "metric": _COUNT, "labels": _WORDS},
        **{"amount": _DIGITS, "born": _or_null(_TIME)},
    },
    "reading_book": {
        **_PLACE,
        **{"signature": _TEXT, "until": _TIME, "last_success": _TIME, "newest": _or_null(_TIME)},
    },
    "reading": _ROW | {"at": _TIME, "amounts": _READINGS},
    "used": dict.fromkeys(("account", "kind", "asset"), _TEXT) | {"hour": _TIME},
    "billing": dict.fromkeys(("account", "facts"), _TEXT),
    "kept_row": _ROW | {"day": _PART, "amounts": _FIGURES},
    "day_mark": _PLACE
    | {"day": _PART, "answered": _TIME}
    | dict.fromkeys(("first", "repeated_since"), _or_null(_TIME)),
    "ended_book": _PLACE | {"ended": _or_null(_TIME), "gap": _COUNT},
    "left_series": {
        **dict.fromkeys(("label", "dataset", "project", "asset", "metric", "account"), _TEXT),
        **{"labels": _WORDS, "amount": _DIGITS, "left_at": _TIME},
    },
    "daily": {"day": _DAY, "asset": _TEXT, "meter": _TEXT, "amount": _DIGITS},
    "hour_key": dict.fromkeys(("account", "dataset", "asset", "meter"), _TEXT),
    "hour_row": {
        "day": "typeof({0}) = 'integer' AND {0} BETWEEN 1 AND 3652059",
        "amounts": "typeof({0}) = 'blob' AND length({0}) > 0 AND length({0}) % 24 = 0",
    },
    "machine_clock": {"ahead": "typeof({0}) = 'integer' AND abs({0}) < 4000000000"},
    "newest_sum": {"account": _TEXT, "asset": _TEXT, "day": _DAY},
    "choice": _PLACE | {"since": _TIME, "words": _WORDS},
    "ranking": _PLACE | {"day": _DAY, "amounts": _WORDS},
}
"""The condition on each column, by table. A row of daily sums is one of millions, so only what is read of it counts."""


def check_columns(read: sqlite3.Connection) -> None:
    """Raise ValueError if a column has a value that the exporter would not write."""
    for table, columns in COLUMNS.items():
        wrong = {name: f"({condition.format(name)}) IS NOT 1" for name, condition in columns.items()}
        named = " ".join(f"WHEN {condition} THEN '{name}'" for name, condition in wrong.items())
        found = read.execute(f"SELECT CASE {named} END FROM {table} WHERE {' OR '.join(wrong.values())} LIMIT 1")
        for (name,) in found:
            raise ValueError(f"{table}.{name} has an invalid value")
