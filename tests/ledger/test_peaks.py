"""The day's peaks of what is stored, per asset and over all assets of the account."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from exporter.model import DailyKey
from tests.ledger.factories import MONDAY
from tests.ledger.gauge_scene import DATASETS, GaugeState, Stock

TUESDAY = date(2025, 10, 21)

PEAKS: dict[str, tuple[list[tuple[str, Mapping[str, Stock]]], dict[DailyKey, int]]] = {
    "the highest hour of an asset, and of all together": (
        [("12:10", {"09": {"w1": 5, "w2": 1}, "10": {"w1": 2, "w2": 3}, "11": {"w1": 1, "w2": 2}})],
        {(MONDAY, "w1", "stock"): 5, (MONDAY, "w2", "stock"): 3, (MONDAY, "", "stock"): 6},
    ),
    "an asset without a row in an hour counts with what is known of it": (
        [("12:10", {"09": {"w1": 5}, "10": {"w2": 3}, "11": {"w1": 1}})],
        {(MONDAY, "w1", "stock"): 5, (MONDAY, "w2", "stock"): 3, (MONDAY, "", "stock"): 8},
    ),
    "what is known from an earlier answer counts too": (
        [("10:10", {"09": {"w1": 5}}), ("11:10", {"10": {"w2": 3}})],
        {(MONDAY, "w1", "stock"): 5, (MONDAY, "w2", "stock"): 3, (MONDAY, "", "stock"): 8},
    ),
    "a lower answer does not lower a peak": (
        [("10:10", {"09": {"w1": 5}}), ("10:20", {"09": {"w1": 4}})],
        {(MONDAY, "w1", "stock"): 5, (MONDAY, "", "stock"): 5},
    ),
    "label sets and fields of one meter add up": (
        [("10:10", {"09": {"w1": (5, 2), "w1/cold": (1, 1)}})],
        {(MONDAY, "w1", "stock"): 9, (MONDAY, "", "stock"): 9},
    ),
    "each day has its own": (
        [("25:10", {"23": {"w1": 5}, "24": {"w1": 4}}), ("26:10", {"25": {"w2": 2}})],
        {
            (MONDAY, "w1", "stock"): 5,
            (MONDAY, "", "stock"): 5,
            (TUESDAY, "w1", "stock"): 4,
            (TUESDAY, "w2", "stock"): 2,
            (TUESDAY, "", "stock"): 6,
        },
    ),
    "a stranger counts": (
        [("10:10", {"09": {"w1": 5, "w9": 7}})],
        {(MONDAY, "w1", "stock"): 5, (MONDAY, "w9", "stock"): 7, (MONDAY, "", "stock"): 12},
    ),
    "what no list has counts for 48 hours without a row": (
        [("10:10", {"09": {"w9": 7}}), ("57:10", {"57": {"w1": 1}}), ("73:10", {"72": {"w1": 2}})],
        {
            (MONDAY, "w9", "stock"): 7,
            (MONDAY, "", "stock"): 7,
            (date(2025, 10, 22), "w1", "stock"): 1,
            (date(2025, 10, 22), "", "stock"): 8,
            (date(2025, 10, 23), "w1", "stock"): 2,
            (date(2025, 10, 23), "", "stock"): 2,
        },
    ),
}


@pytest.mark.parametrize("case", PEAKS)
def test_peaks_of_what_is_stored_are_kept_by_day(case: str) -> None:
    """Storage is billed by the day's peak: that of each asset, and of the account under the empty asset id."""
    answers, expected = PEAKS[case]
    scene = GaugeState()
    for clock, hours in answers:
        scene.say_stock(clock, hours)
    assert scene.peaks() == expected


def test_peaks_stay_beside_the_sums_of_usage(tmp_path: Path) -> None:
    """A restart, and a reset of the counters, leaves the peaks as they are."""
    scene = GaugeState(folder=tmp_path)
    scene.say("10:00", {})
    scene.say("10:10", {"10": {"w1": 4}})
    scene.say_stock("10:10", {"09": {"w1": 5}})
    scene.ledger.reset_counters()
    scene.reopen(DATASETS)
    assert scene.daily() == {
        (MONDAY, "w1", "calls"): 4,
        (MONDAY, "w1", "stock"): 5,
        (MONDAY, "", "stock"): 5,
    }
    scene.ledger.close()
