"""Each benchmark at a tiny size: it runs, and its figures keep the bounds that do not depend on the machine."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.accounts import measure_accounts
from bench.api import measure_api
from bench.exactness import measure_exactness
from bench.figure import Figure, as_document, percentile
from bench.forecast import measure_forecast
from bench.idle import measure_idle
from bench.load import Load, counts_for, measure_load
from bench.requests import measure_discovery, measure_refreshes
from bench.worlds import usual_counts


def _by_name(figures: Sequence[Figure]) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures}


def test_requests_per_refresh_keep_the_bound(tmp_path: Path) -> None:
    """An account of 50 assets is refreshed within the documented number of GraphQL requests."""
    figures = _by_name(asyncio.run(measure_refreshes(tmp_path, sizes=(50,), refreshes=5)))
    assert figures["graphql_requests_per_refresh_50_assets"].is_ok
    assert figures["graphql_rows_per_refresh_50_assets"].value > 50


def test_idle_datasets_take_few_requests(tmp_path: Path) -> None:
    """Sixty datasets of which fifteen are in use are refreshed within the bound, over refreshes of an hour's sorts."""
    figures = asyncio.run(measure_idle(tmp_path, refreshes=30))
    assert all(figure.is_ok and figure.value >= 1 for figure in figures), figures


def test_accounts_of_one_token_are_refreshed_every_minute(tmp_path: Path) -> None:
    """With limits by account none waits for another, though together they send more than a user may."""
    figures = _by_name(asyncio.run(measure_accounts(tmp_path, accounts=45, refreshes=4)))
    assert figures["time_between_answers_45_accounts"].value == figures["time_between_answers_45_accounts"].bound == 60
    assert 0 < figures["refresh_cpu_45_accounts"].value < 60


def test_requests_per_discovery_keep_the_bound(tmp_path: Path) -> None:
    """A discovery of 20 assets takes no more REST requests than one of many may."""
    assert _by_name(asyncio.run(measure_discovery(tmp_path, usual_counts(20))))["rest_requests_per_discovery"].is_ok


def test_counters_equal_the_oracle_after_a_bad_hour(tmp_path: Path) -> None:
    """An hour of failures with two restarts leaves no counter that differs from the oracle."""
    figures = _by_name(asyncio.run(measure_exactness(tmp_path, refreshes=60, restarts=2)))
    assert figures["counters_after_a_bad_day"].value > 100
    assert figures["counters_unequal_to_the_oracle"].is_ok


def test_forecasts_are_held_against_what_was_used() -> None:
    """A past cycle of the simulated account is forecast within the bounds, better the later it is done."""
    figures = _by_name(measure_forecast(cycles=1))
    errors = [figures[f"forecast_error_after_{days_in}_days"] for days_in in (7, 15, 23)]
    assert all(figure.is_ok and figure.value > 0 for figure in errors)
    assert errors[0].value > errors[2].value
    assert figures["forecasts"].value == 3


def test_load_is_measured_on_real_processes(tmp_path: Path) -> None:
    """A small exporter process is scraped, watched and restarted, and every figure is there."""
    counts = asyncio.run(counts_for(1_000, tmp_path / "small"))
    load = Load(series=1_000, refresh_seconds=1, quiet_refreshes=1, scraped_refreshes=2, scrape_every=0.03)
    figures = _by_name(measure_load(tmp_path, counts, load))
    assert figures["series"].value >= 1_000
    assert figures["peak_memory"].is_ok
    assert figures["restart_to_metrics"].value > 0
    assert figures["restart_to_metrics_100_zones"].value > 0
    assert figures["scrape_during_refresh_p99"].value > 0


def test_the_api_is_measured_over_loopback(tmp_path: Path) -> None:
    """With a few assets every kind of question is answered, and every figure is there."""
    figures = _by_name(asyncio.run(measure_api(tmp_path, assets=40, rounds=2)))
    assert figures["api_questions_40_assets"].value == 2 * (12 + 12 + 5)
    assert all(figure.value > 0 for figure in figures.values())
    assert figures["api_slowest_p99_40_assets"].bound == figures["api_usage_p99_40_assets"].bound == 100


def test_a_broken_bound_shows() -> None:
    """A figure above its bound is not ok, and one without a bound always is."""
    figures = [Figure("one", 3, "requests", 2), Figure("other", 3, "requests")]
    assert as_document(figures) == {
        "one": {"value": 3, "unit": "requests", "bound": 2, "ok": False},
        "other": {"value": 3, "unit": "requests", "bound": None, "ok": True},
    }
    assert [figure.as_line() for figure in figures] == ["one: 3 requests (at most 2: EXCEEDED)", "other: 3 requests"]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2.0), (0.75, 3.0), (0.99, 4.0), (0.01, 1.0)])
def test_percentiles_are_values_that_were_measured(share: float, expected: float) -> None:
    """A percentile is the smallest value that at least that share does not exceed."""
    assert percentile([4.0, 1.0, 3.0, 2.0], share) == expected
