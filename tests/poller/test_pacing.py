"""The pace of readings: spread over intervals, stretched by a small budget, and never at the expense of lists."""

from datetime import timedelta

import pytest

from exporter.cloudflare.errors import Forbidden, Unreachable
from exporter.poller.pacing import LEAST_REQUESTS, Round, requests_kept, requests_per_refresh, stretch
from exporter.poller.readings import summarize

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("rounds", "stretched", "expected"),
    [
        ([], 1.0, 0),
        ([Round(3, 5 * MINUTE)], 1.0, 3),
        ([Round(30, 5 * MINUTE)], 1.0, LEAST_REQUESTS),
        ([Round(500, 5 * MINUTE)], 1.0, 100),
        ([Round(501, 5 * MINUTE)], 1.0, 101),
        ([Round(500, 5 * MINUTE), Round(600, 30 * MINUTE)], 1.0, 120),
        ([Round(500, 5 * MINUTE)], 2.0, 50),
        ([Round(500, MINUTE)], 1.0, 500),
    ],
)
def test_a_refresh_sends_its_part(rounds: list[Round], stretched: float, expected: int) -> None:
    """As many as make everything read once in its interval; a few assets are read at once."""
    assert requests_per_refresh(rounds, MINUTE, stretched) == expected


@pytest.mark.parametrize(
    ("requests", "kept", "listed", "expected"),
    [
        (0, 0, 0, 1.0),
        (500, 100, 0, 1.0),
        (600, 100, 100, 1.5),
        (1_200, 0, 0, 2.0),
        (60, 570, 30, 2.0),
        (60, 570, 900, 2.0),
    ],
)
def test_a_small_budget_stretches_intervals(requests: int, kept: int, listed: float, expected: float) -> None:
    """By how often the wanted requests go into what lists leave, of which there is always a twentieth."""
    assert stretch([Round(requests, 5 * MINUTE)], kept, listed, 600, 300.0) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("lists", "allowance", "expected"), [([], 600, 90), ([10, 20], 600, 120), ([900], 600, 570), ([5], 2, 1)]
)
def test_lists_come_first(lists: list[int], allowance: int, expected: int) -> None:
    """What all of them take is kept, and some more, but for a twentieth of the budget and at least one request."""
    assert requests_kept(lists, allowance) == expected


def test_a_dataset_stands_as_its_assets_do() -> None:
    """It is well if all could be read; else it says how many could not, and what is wrong with the first."""
    refused, failed = Forbidden("q1: no.", "Grant it."), Unreachable("q2: away.", "Wait.")
    assert summarize({}) is None
    assert summarize({"q1": None, "q2": None}) is None
    assert summarize({"q1": refused, "q2": failed}) is refused
    some = summarize({"q0": None, "q1": refused, "q2": failed})
    assert isinstance(some, Forbidden)
    assert (some.detail, some.remedy) == ("2 of 3 could not be read. q1: no.", "Grant it.")
