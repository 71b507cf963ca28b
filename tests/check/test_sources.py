"""What is read beside usage: whether it can be read, and what is wrong by it."""

from datetime import timedelta
from pathlib import Path

import pytest

from exporter.check import Level, Topic
from exporter.model import ExporterError
from tests.check.scene import Scene, findings, the, troubles
from tests.sources.tides import Answer, Tides, at, never, raising


def test_the_sources_that_come_with_the_exporter(tmp_path: Path) -> None:
    """They are read like in the running exporter, by the configuration that is checked."""
    prices = [{"meter": "r2_class_a", "discount": 0.1}]
    report = Scene(tmp_path, costs={"prices": prices}).check()
    assert [(f.level, f.subject, f.message) for f in findings(report, Topic.SOURCES)] == [
        (Level.OK, "rate_card", "read, 0 problems.")
    ]
    assert troubles(report) == []


@pytest.mark.parametrize(
    ("answer", "message", "remedy"),
    [
        (raising(ExporterError("The coast is foggy.", "Wait.")), "The coast is foggy.", "Wait."),
        (never, "Source tides: no complete answer within 0.001 s.", "Wait for the next poll."),
        (raising(ValueError()), "Source tides: polling it failed with an internal error (ValueError).", "Report it"),
    ],
)
def test_a_source_that_cannot_be_read(tmp_path: Path, answer: Answer, message: str, remedy: str) -> None:
    """It is a warning with what to do, since usage is counted without it; the other is tried all the same."""
    sources = (Tides(answer, interval=timedelta(milliseconds=1)), Tides(at(1), name="other"))
    report = Scene(tmp_path).check(sources=sources)
    assert troubles(report) == [("warning", "sources", "tides")]
    found = the(report, Topic.SOURCES, "tides")
    assert (found.message, found.remedy[: len(remedy)]) == (message, remedy)
    assert the(report, Topic.SOURCES, "other").level is Level.OK
    assert report.exit_code == 0


def test_what_a_source_says_is_wrong(tmp_path: Path) -> None:
    """Its problems are warnings."""
    report = Scene(tmp_path).check(sources=(Tides(at(9)),))
    assert [(f.level, f.message, f.remedy) for f in findings(report, Topic.SOURCES)] == [
        (Level.OK, "read, 1 problem.", ""),
        (Level.WARNING, "The sea is 9 m high.", "Climb a hill."),
    ]
