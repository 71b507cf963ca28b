"""What a source publishes must not spoil the exposition of all others."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from exporter.catalog import PRODUCTS
from exporter.exposition.text import Format, render
from exporter.metrics.family import Family, Labels, Sample
from exporter.metrics.own import build_families
from exporter.metrics.snapshot import family_names
from exporter.metrics.sources import SOURCE_METRICS, admit_families, admit_problems
from exporter.status import BEGINNING, Problem, SourceStatus
from tests.exposition.snapshots import family

AT = datetime(2025, 10, 20, 10, tzinfo=UTC)
TAKEN = family_names(PRODUCTS)


def sea(name: str = "sea_metres", kind: str = "gauge", **labels: str) -> Family:
    """A family with one sample."""
    return family(name, kind, (labels, 1))


SPOILT = {
    "the name of a gauge": (sea("cloudflare_assets"), "the name of another metric, cloudflare_assets"),
    "the name of a counter": (sea("cloudflare_worker_requests"), "another metric, cloudflare_worker_requests_total"),
    "the name of an info": (sea("cloudflare_exporter_build"), "another metric, cloudflare_exporter_build_info"),
    "the name of its own metrics": (sea("cloudflare_exporter_source_up"), "another metric"),
    "the sum of a summary": (sea("cloudflare_worker_cpu_time_seconds_sum"), "another metric"),
    "no name": (sea("sea level"), "'sea level' is no name of a metric"),
    "a counter": (sea("waves_total", "counter"), "a counter: a source publishes gauge and info only"),
    "a summary": (sea("waves", "summary"), "a summary: a source publishes"),
    "a gauge that sounds like a counter": (sea("waves_total"), "which its name does not fit"),
    "a gauge that sounds like an info": (sea("coast_info"), "which its name does not fit"),
    "an info without its ending": (sea("coast", "info"), "which its name does not fit"),
    "no name of a label": (sea(**{"the coast": "north"}), "labels that cannot be: 'the coast'"),
    "a label of Prometheus' own": (sea(__name__="north"), "labels that cannot be: '__name__'"),
    "half of a character": (sea(coast="\ud83c"), "surrogates not allowed"),
    "half of a character in its help": (family("sea_metres", "gauge", ({}, 1), text="\ud83c"), "surrogates"),
    "no number": (family("sea_metres", "gauge", ({}, float("nan"))), "a sample of nan"),
    "one series twice": (family("sea_metres", "gauge", ({}, 1), ({}, 2)), "two samples carry the same labels"),
    "other labels": (family("sea_metres", "gauge", ({}, 1), ({"a": "b"}, 2)), "different label names"),
    "one label twice": (
        Family("sea_metres", "gauge", "", (Sample(Labels(("a", "a"), ("b", "c")), 1),)),
        "labels that cannot be: 'a', 'a'",
    ),
    "a suffix": (Family("sea_metres", "gauge", "", (Sample(Labels((), ()), 1, suffix="_sum"),)), "sea_metres_sum"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_what_would_spoil_the_exposition_is_refused(case: str) -> None:
    """What is wrong is said, with the name."""
    spoilt, words = SPOILT[case]
    with pytest.raises(ValueError, match=re.escape(words)):
        admit_families((sea("other_metres"), spoilt), TAKEN)


def test_one_source_may_not_use_a_name_twice() -> None:
    """Its own metrics count like those of others."""
    with pytest.raises(ValueError, match="the name of another metric, sea_metres"):
        admit_families((sea(), sea(coast="north")), TAKEN)


def test_gauges_and_infos_are_admitted_as_they_are() -> None:
    """Values, labels and help are not changed."""
    families = (sea(coast='north "of" here\n'), sea("coast_info", "info", coast="Ünïcode"), sea("sea_level_metres"))
    assert render(admit_families(iter(families), TAKEN), Format.TEXT) == render(families, Format.TEXT)


def test_a_problem_that_cannot_be_written_is_refused() -> None:
    """Its texts become labels and JSON."""
    fine = Problem("", "coast", "flood", AT, "The sea is high.", "Climb.")
    assert admit_problems(iter((fine,))) == (fine,)
    with pytest.raises(ValueError, match="surrogates not allowed"):
        admit_problems((fine, Problem("", "coast", "flood", AT, "\udc00", "")))


def test_how_sources_stand_is_published() -> None:
    """Before a first poll has ended there is nothing to say; a source that is down keeps when it was last read."""
    statuses = (
        SourceStatus("fresh", False, BEGINNING),
        SourceStatus("tides", True, last_success=AT, duration=timedelta(milliseconds=250)),
        SourceStatus("lost", False, "timeout", last_success=AT, duration=timedelta(seconds=30)),
        SourceStatus("never", False, "failed", duration=timedelta(0)),
    )
    found = {
        each.name: {s.labels.values: s.amount for s in each.samples}
        for each in build_families(SOURCE_METRICS, statuses)
    }
    assert found == {
        "cloudflare_exporter_source_up": {("tides",): 1, ("lost",): 0, ("never",): 0},
        "cloudflare_exporter_source_last_success_timestamp_seconds": {
            ("tides",): AT.timestamp(),
            ("lost",): AT.timestamp(),
        },
        "cloudflare_exporter_source_duration_seconds": {("tides",): 0.25, ("lost",): 30, ("never",): 0},
    }
