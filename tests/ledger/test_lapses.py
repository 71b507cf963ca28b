"""What is stored and tells only of its own moment: a day without a reading counts as the last one before it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from exporter.catalog.entry import estimated_id, gauge
from exporter.catalog.readable import RestResource
from exporter.catalog.timing import Instant
from exporter.ledger import Tariffs
from exporter.model import Answer, Question, Rows, floor_hour
from tests.ledger.factories import ACCOUNT, MONDAY, SCOPE, FlatTariff, Scene, at, worker
from tests.ledger.gauge_scene import STOCK

HELD = replace(STOCK, name="held", id_dimension="", labels=(), metrics=(), reads=RestResource("/held/{asset_id}", ""))
NOW = replace(
    HELD,
    name="now",
    timing=Instant(),
    min_interval=timedelta(minutes=5),
    meters=(),
    metrics=(gauge("cloudflare_held_bytes", "Held.", "bytes"),),
)
TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(days=days) for days in (1, 2, 3))
ESTIMATE = estimated_id("stock")

Sums = dict[tuple[date, str], int]


class HeldScene(Scene):
    """A ledger that is told what two assets hold, each by itself."""

    def __init__(self, folder: Path | None = None, tariffs: Tariffs | None = None) -> None:
        super().__init__(folder, [HELD, NOW], tariffs)
        self.list("09:59", worker("w1", "shop"), worker("w2", "api"))

    def hold(self, clock: str, held: Mapping[str, int], dataset: str = HELD.name, interval: int = 0) -> None:
        """Apply readings of this moment."""
        moment = at(clock)
        filed = floor_hour(moment) if dataset == HELD.name else moment
        rows: Rows = {(asset, ()): (amount, 0) for asset, amount in held.items()}
        question = Question(SCOPE, dataset, filed, filed + timedelta(hours=1))
        said = Answer(question, moment, {filed: rows}, interval=timedelta(minutes=interval))
        self.ledger.apply(ACCOUNT.id, [said], 0)

    def sums(self, meter: str = "stock") -> Sums:
        """Return the daily sums of a meter, by day and asset; the account's is that of no asset."""
        return {(day, asset): amount for (day, asset, id), amount in self.daily().items() if id == meter}


def test_days_away_count_as_the_last_reading() -> None:
    """Of each asset and of the account, and they are marked; days before the first reading have nothing."""
    scene = HeldScene()
    scene.hold("10:00", {"w1": 70, "w2": 5})
    scene.hold("11:00", {"w1": 50, "w2": 5})
    scene.hold("80:00", {"w1": 90, "w2": 6})
    assert scene.sums() == {
        (MONDAY, "w1"): 70,
        (MONDAY, "w2"): 5,
        (MONDAY, ""): 75,
        (TUESDAY, "w1"): 50,
        (TUESDAY, "w2"): 5,
        (TUESDAY, ""): 55,
        (WEDNESDAY, "w1"): 50,
        (WEDNESDAY, "w2"): 5,
        (WEDNESDAY, ""): 55,
        (THURSDAY, "w1"): 90,
        (THURSDAY, "w2"): 6,
        (THURSDAY, ""): 96,
    }
    assert scene.sums(ESTIMATE) == {
        which: amount for which, amount in scene.sums().items() if TUESDAY <= which[0] < THURSDAY
    }


def test_an_asset_that_cannot_be_read_counts_as_its_last_reading() -> None:
    """The others are as read, and only its own sum is an estimate."""
    scene = HeldScene()
    scene.hold("10:00", {"w1": 70, "w2": 5})
    scene.hold("30:00", {"w1": 80})
    scene.hold("54:00", {"w1": 60, "w2": 4})
    assert scene.sums() == {
        (MONDAY, "w1"): 70,
        (MONDAY, "w2"): 5,
        (MONDAY, ""): 75,
        (TUESDAY, "w1"): 80,
        (TUESDAY, "w2"): 5,
        (TUESDAY, ""): 85,
        (WEDNESDAY, "w1"): 60,
        (WEDNESDAY, "w2"): 4,
        (WEDNESDAY, ""): 64,
    }
    assert scene.sums(ESTIMATE) == {(TUESDAY, "w2"): 5}


def test_an_exporter_that_is_up_estimates_nothing() -> None:
    """Readings on each day are what counts, however seldom."""
    scene = HeldScene()
    for clock in ("10:00", "23:59", "24:01", "47:00", "48:30"):
        scene.hold(clock, {"w1": 70, "w2": 5})
    assert scene.sums(ESTIMATE) == {}
    assert len(scene.sums()) == 9


def test_it_goes_on_after_a_restart(tmp_path: Path) -> None:
    """The last reading is in the file."""
    scene = HeldScene(tmp_path)
    scene.hold("10:00", {"w1": 70})
    scene.reopen([HELD, NOW])
    scene.hold("54:00", {"w1": 80})
    scene.reopen([HELD, NOW])
    assert scene.sums() == {
        (day, asset): amount for day, amount in ((MONDAY, 70), (TUESDAY, 70), (WEDNESDAY, 80)) for asset in ("w1", "")
    }
    scene.ledger.close()


def test_what_left_is_not_carried_on() -> None:
    """Nobody knows until when it was there."""
    scene = HeldScene()
    scene.hold("10:00", {"w1": 70, "w2": 5})
    for clock in ("53:00", "53:30"):
        scene.list(clock, worker("w1", "shop"))
    scene.hold("54:00", {"w1": 80})
    assert scene.sums(ESTIMATE) == {(TUESDAY, "w1"): 70, (TUESDAY, ""): 70}


def test_list_cost_goes_on_at_the_last_reading() -> None:
    """Each hour away costs what the last reading says."""
    scene = HeldScene(tariffs=FlatTariff())
    scene.hold("10:00", {"w1": 70})
    scene.hold("11:00", {"w1": 70})
    scene.scrape()
    scene.hold("36:00", {"w1": 100})
    scene.hold("36:10", {"w1": 100})
    (book,) = scene.ledger.publication().list_costs
    assert [amount for _, _, amount in book.series] == [7 * 70 * 26]
    assert scene.sums(ESTIMATE) == {}


@pytest.mark.parametrize(
    ("interval", "clock", "is_shown"),
    [(0, "10:15", True), (0, "10:16", False), (20, "11:00", True), (20, "11:01", False)],
)
def test_instants_live_for_three_intervals_of_asking(interval: int, clock: str, is_shown: bool) -> None:
    """Where a small budget stretches the interval, readings are shown for as many of these."""
    scene = HeldScene()
    scene.hold("10:00", {"w1": 7}, NOW.name, interval)
    (book,) = [each for each in scene.ledger.publication(at(clock)).books if each.dataset is NOW]
    assert bool(list(book.series)) is is_shown
