"""Rendering: once per snapshot and format, never per scrape."""

import gzip
from dataclasses import dataclass
from weakref import ReferenceType, ref

from exporter.clock import Clock
from exporter.exposition.process import ProcessMetrics
from exporter.exposition.text import Format, render
from exporter.metrics.own import OwnMetric
from exporter.metrics.snapshot import Snapshot

LATELY_SECONDS = 600.0
"""Formats requested within this time are rendered as soon as there is a new snapshot."""

GZIP_LEVEL = 4
"""Most of the compression of higher levels in a fraction of their time."""

RENDER_DURATION: OwnMetric[float] = OwnMetric(
    "cloudflare_exporter_render_duration_seconds",
    "gauge",
    "How long the exposition before this one took to render.",
    (),
    lambda seconds: {(): seconds},
)

Encoding = tuple[Format, bool]
"""A format, and whether it is compressed."""


PROMETHEUS: Encoding = (Format.OPENMETRICS, True)
"""What Prometheus asks for first: https://prometheus.io/docs/instrumenting/content_negotiation/"""

EXPECTED_SECONDS = 60.0
"""How long that is rendered without having been asked for, so that a restarted exporter can answer at once."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A body and the number of the ledger commit behind it."""

    commit_number: int
    body: bytes


class Renderer:
    """Keeps the newest snapshot rendered in the requested formats."""

    def __init__(self, clock: Clock, process: ProcessMetrics) -> None:
        self._clock = clock
        self._process = process
        self._asked: dict[Encoding, float] = {PROMETHEUS: clock.monotonic() + EXPECTED_SECONDS - LATELY_SECONDS}
        self._current: tuple[Snapshot | None, dict[Encoding, Rendered]] = (None, {})
        self._previous: tuple[ReferenceType[Snapshot] | None, dict[Encoding, Rendered]] = (None, {})
        self._seconds = 0.0

    def names(self) -> frozenset[str]:
        """Return the names of the families that are added to each snapshot."""
        return frozenset((RENDER_DURATION.name, *(family.name for family in self._process.families())))

    def renew(self, snapshot: Snapshot) -> None:
        """Render a new snapshot in the recently requested formats."""
        started = self._clock.monotonic()
        wanted = [encoding for encoding, asked in list(self._asked.items()) if asked >= started - LATELY_SECONDS]
        rendered = {encoding: self._render(snapshot, encoding) for encoding in wanted}
        # Until it is published, scrapes still ask for the previous one; they must not have to render it again.
        replaced, known = self._current
        self._previous = (ref(replaced) if replaced else None, known)
        self._current = (snapshot, rendered)
        self._seconds = self._clock.monotonic() - started

    def peek(self, snapshot: Snapshot, encoding: Encoding) -> Rendered | None:
        """Return a snapshot's body if it is rendered, and remember that the format was requested."""
        self._asked[encoding] = self._clock.monotonic()
        current, rendered = self._current
        if current is snapshot:
            return rendered.get(encoding)
        previous, known = self._previous
        return known.get(encoding) if previous and previous() is snapshot else None

    def get(self, snapshot: Snapshot, encoding: Encoding) -> Rendered:
        """Return a snapshot's body, rendering it if the format was not requested recently."""
        made = self.peek(snapshot, encoding) or self._render(snapshot, encoding)
        current, rendered = self._current
        if current is snapshot:
            rendered[encoding] = made
        return made

    def _render(self, snapshot: Snapshot, encoding: Encoding) -> Rendered:
        form, is_compressed = encoding
        body = render((*snapshot.families, RENDER_DURATION.family(self._seconds), *self._process.families()), form)
        return Rendered(snapshot.commit_number, gzip.compress(body, GZIP_LEVEL, mtime=0) if is_compressed else body)
