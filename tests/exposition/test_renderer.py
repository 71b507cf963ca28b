"""Rendering once per snapshot."""

import gzip

from exporter.exposition.process import ProcessMetrics
from exporter.exposition.renderer import Renderer
from exporter.exposition.text import Format
from tests.exposition.snapshots import ManualClock, family, snapshot

OPEN_GZIP = (Format.OPENMETRICS, True)
TEXT_PLAIN = (Format.TEXT, False)


def test_a_snapshot_is_rendered_once() -> None:
    """Asking again gives the very same body."""
    renderer, shown = Renderer(ManualClock(), ProcessMetrics()), snapshot()
    renderer.renew(shown)
    assert renderer.get(shown, OPEN_GZIP) is renderer.get(shown, OPEN_GZIP)


def test_a_format_that_is_asked_for_is_ready_with_the_next_snapshot() -> None:
    """A scrape of a new snapshot finds its format rendered; formats that nobody asked for are not."""
    clock = ManualClock()
    renderer = Renderer(clock, ProcessMetrics())
    first, second = snapshot(commit_number=1), snapshot(commit_number=2)
    renderer.renew(first)
    assert renderer.peek(first, TEXT_PLAIN) is None
    clock.advance(600)
    renderer.renew(second)
    ready = renderer.peek(second, TEXT_PLAIN)
    assert ready is not None
    assert ready.commit_number == 2
    assert renderer.peek(second, OPEN_GZIP) is None


def test_what_prometheus_asks_for_is_ready_at_the_start() -> None:
    """The first scrape after a restart finds it rendered; if nobody comes for a minute, it is no longer."""
    clock = ManualClock()
    renderer, shown = Renderer(clock, ProcessMetrics()), snapshot()
    renderer.renew(shown)
    assert renderer.peek(shown, OPEN_GZIP) is not None
    renderer = Renderer(clock, ProcessMetrics())
    clock.advance(61)
    renderer.renew(shown)
    assert renderer.peek(shown, OPEN_GZIP) is None


def test_a_format_that_nobody_asks_for_any_more_is_not_rendered() -> None:
    """After ten minutes a format is rendered on demand again."""
    clock = ManualClock()
    renderer = Renderer(clock, ProcessMetrics())
    renderer.get(snapshot(), OPEN_GZIP)
    clock.advance(601)
    shown = snapshot()
    renderer.renew(shown)
    assert renderer.peek(shown, OPEN_GZIP) is None


def test_the_snapshot_before_stays_ready_until_the_next_is_published() -> None:
    """A scrape between rendering and publishing is answered with what was rendered before."""
    renderer, older = Renderer(ManualClock(), ProcessMetrics()), snapshot(commit_number=1)
    renderer.renew(older)
    body = renderer.get(older, OPEN_GZIP)
    renderer.renew(snapshot(commit_number=2))
    assert renderer.peek(older, OPEN_GZIP) is body


def test_an_older_snapshot_can_still_be_given() -> None:
    """Who read the board just before it changed gets what it showed."""
    renderer = Renderer(ManualClock(), ProcessMetrics())
    older, newer = snapshot(family("old", "gauge", ({}, 1)), commit_number=1), snapshot(commit_number=2)
    renderer.renew(newer)
    given = renderer.get(older, TEXT_PLAIN)
    assert given.commit_number == 1
    assert b"\nold 1\n" in given.body
    assert renderer.get(newer, TEXT_PLAIN).commit_number == 2


def test_compression_changes_nothing() -> None:
    """What gzip carries is the plain body, with the exporter's own figures behind the snapshot's."""
    renderer, shown = Renderer(ManualClock(), ProcessMetrics()), snapshot()
    renderer.renew(shown)
    plain = renderer.get(shown, (Format.OPENMETRICS, False)).body.decode()
    packed = gzip.decompress(renderer.get(shown, OPEN_GZIP).body).decode()
    own = packed.index("# HELP cloudflare_exporter_render_duration_seconds")
    assert packed[:own] == plain[:own]
    assert "\nprocess_cpu_seconds_total " in packed[own:]
