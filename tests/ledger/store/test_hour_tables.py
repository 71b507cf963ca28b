"""The tables of hours: packing, and the size that they take."""

import random
import sqlite3
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.ledger.day_hours import HOURS, KEPT_HOURS, DayHours
from exporter.ledger.store.database import FILE_NAME
from exporter.ledger.store.hour_tables import load_hours, merge_hours, pack, unpack
from exporter.ledger.store.migrations import MIGRATIONS
from exporter.model import HOUR
from tests.ledger.factories import DAY

KEY = ("a" * 32, "workersInvocationsAdaptive")

ASSETS = tuple(f"{number:032x}" for number in range(50))
METERS = tuple(f"workers_requests_{number}" for number in range(4))

DAYS = 3

LARGEST = 2**40


@given(st.lists(st.integers(0, 2**70) | st.integers(0, 300), min_size=HOURS, max_size=HOURS))
def test_a_day_is_packed_without_loss(amounts: list[int]) -> None:
    """Amounts may exceed 64 bits; small ones take a byte each."""
    assert unpack(pack(amounts)) == tuple(amounts)
    assert len(pack([min(amount, 255) for amount in amounts])) == HOURS


@pytest.mark.parametrize("amounts", [None, b"", bytes(HOURS - 1)])
def test_the_file_refuses_what_are_not_the_hours_of_a_day(amounts: bytes | None) -> None:
    """So what holds anything else is damaged, and its check says so."""
    with closing(sqlite3.connect(":memory:")) as write:
        for script in MIGRATIONS:
            write.executescript(script)
        with pytest.raises(sqlite3.IntegrityError, match="amounts"):
            write.execute("INSERT INTO hour_row VALUES (1, 1, ?)", (amounts,))


def test_the_hours_of_5000_assets_stay_under_200_megabytes(tmp_path: Path) -> None:
    """Four meters each, in the widest form in use, and written hour by hour: what a day adds, over all days kept."""
    dice = random.Random(1)
    sizes = []
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as write:
        write.execute("PRAGMA synchronous = OFF")
        for script in MIGRATIONS:
            write.executescript(script)
        empty = size(write)
        told: list[int] = []
        for hours in range(DAYS * HOURS):
            at = DAY + hours * HOUR
            amounts = {(at, asset, meter): dice.randrange(LARGEST) for asset in ASSETS for meter in METERS}
            write.execute("BEGIN")
            merge_hours(write, KEY, amounts, is_stored=False)
            write.execute("COMMIT")
            told.append(amounts[at, ASSETS[-1], METERS[-1]])
            if not (hours + 1) % HOURS:
                sizes.append(size(write) - empty)
        days = load_hours(write, KEY[0], ASSETS[-1], date.min, date.max)
        for number in range(DAYS):
            day: datetime = DAY + timedelta(days=number)
            amounts_of_day = tuple(told[number * HOURS : (number + 1) * HOURS])
            assert days[day.date(), ASSETS[-1], METERS[-1]] == DayHours(amounts_of_day, -sum(amounts_of_day))
    a_day = (sizes[-1] - sizes[0]) / (DAYS - 1)
    assert (sizes[0] + KEPT_HOURS * a_day) * 5_000 / len(ASSETS) < 200e6


def size(connection: sqlite3.Connection) -> int:
    """Return the size of a database in bytes."""
    pages, page = (connection.execute(f"PRAGMA {word}").fetchone()[0] for word in ("page_count", "page_size"))
    return int(pages * page)
