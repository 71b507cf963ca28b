"""Measure the exporter under load: a separate process with a given number of series, scraped over HTTP.

A scrape counts as "during a refresh" while the exporter works on one: from the first answer of the simulated Cloudflare
until the new exposition is served, without the time spent waiting for the next answer. The simulated Cloudflare is slow
at this size, and counting the waits would make the figure look better than it is.
"""

import gzip
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import astuple, dataclass
from itertools import pairwise
from pathlib import Path

from bench.cloudflare import ZONES
from bench.figure import Figure, percentile
from bench.program import Program
from bench.requests import Requests
from bench.scrape import Scrape, count_lasting, count_series, fetch, scrape_steadily
from bench.worlds import TOKEN, Counts, usual_counts
from stack.port import any_free
from tests.zones import OPERATIONS

SERIES = 100_000
REFRESH_SECONDS = 15
START_SECONDS = 150.0
RESTARTS = 3
SCRAPE_EVERY = 0.05
REFRESHES_UNTIL_BORN = 8
MEBIBYTE = 1 << 20

OF_PROJECTS = frozenset({"cloudflare_cost_forecast_low_usd", "cloudflare_cost_forecast_high_usd"})
"""Families whose size depends on projects, not assets; they are not counted towards the wanted series."""

Span = tuple[float, float]

Running = tuple[Program, int]
"""A program, and the port on which it serves."""


@dataclass(frozen=True, slots=True)
class Load:
    """How many series to measure, and for how long."""

    series: int = SERIES
    refresh_seconds: int = REFRESH_SECONDS
    quiet_refreshes: int = 4
    scraped_refreshes: int = 4
    scrape_every: float = SCRAPE_EVERY


async def counts_for(series: int, folder: Path) -> Counts:
    """Return the assets that make at least ``series`` series, extrapolated from two small accounts."""
    small, larger = 50, 150
    few = await _series_of(small, folder / "small")
    per_asset = (await _series_of(larger, folder / "larger") - few) / (larger - small)
    return usual_counts(max(int((series * 1.01 - few) / per_asset) + small, small))


async def _series_of(assets: int, folder: Path) -> int:
    rig = Requests(usual_counts(assets), folder)
    for _ in range(REFRESHES_UNTIL_BORN):
        await rig.refresh()
    snapshot = rig.exporter.published.snapshot
    assert snapshot is not None
    await rig.exporter.close()
    return sum(len(family.samples) for family in snapshot.families if family.name not in OF_PROJECTS)


def measure_load(folder: Path, counts: Counts, load: Load) -> list[Figure]:
    """Return the figures of scraping, refreshing and restarting with these assets."""
    log = folder / "cloudflare.log"
    # One simulated minute passes between refreshes, as in production.
    speed = str(60 / load.refresh_seconds)
    with Program(log, "bench.cloudflare", speed, *map(str, astuple(counts))) as cloudflare:
        config = _write_config(folder, int(cloudflare.await_output(r"port (\d+)", 60)), load)
        with _exporter(folder, config) as (program, port):
            _await_body(program, port, START_SECONDS, lambda found: count_series(found) >= load.series)
            cpu = _cpu_per_refresh(program, load)
            scrapes = scrape_steadily(port, load.scraped_refreshes * load.refresh_seconds, load.scrape_every)
            body = fetch(port)
            assert body is not None, "the exposition has disappeared"
            peak = program.peak_memory_bytes()
        complete = count_lasting(body)
        restart = _restart(lambda: _exporter(folder, config), complete)
        with _zoned(folder, config) as (program, port):
            _await_body(program, port, START_SECONDS, lambda found: _count_zones(found) >= ZONES)
            of_zones = fetch(port)
            assert of_zones is not None, "the exposition has disappeared"
        zoned_restart = _restart(lambda: _zoned(folder, config), count_lasting(of_zones))
        answers = _answers(log.read_text(encoding="utf-8"))
    return [
        Figure("series", count_series(body), "series"),
        Figure("assets", counts.assets, "assets"),
        *_latencies(scrapes, answers),
        Figure("refresh_cpu", round(cpu, 2), "seconds", 5),
        Figure("peak_memory", round(peak / MEBIBYTE, 1), "MiB", 400),
        Figure("ledger_size", round(_size(folder / "state") / MEBIBYTE, 1), "MiB"),
        Figure("restart_to_metrics", round(restart, 2), "seconds", 2),
        Figure(f"restart_to_metrics_{ZONES}_zones", round(zoned_restart, 2), "seconds", 2),
    ]


def _restart(start: Callable[[], AbstractContextManager[Running]], complete: int) -> float:
    """Return the seconds from the start of an exporter until its exposition has ``complete`` lasting series.

    They are those of the fastest of some starts: what else the machine does can only add to them.
    """
    return min(_restart_once(start, complete) for _ in range(RESTARTS))


def _restart_once(start: Callable[[], AbstractContextManager[Running]], complete: int) -> float:
    started = time.monotonic()
    with start() as (program, port):
        return _await_body(program, port, 30, lambda found: count_lasting(found) >= complete) - started


def _count_zones(body: bytes) -> int:
    """Return the number of zones with usage in an exposition."""
    used = rb'^%s\{[^\n]*zone="([^"]+)"[^\n]*\} [1-9]' % re.escape(OPERATIONS.metrics[0].name).encode()
    return len(set(re.findall(used, gzip.decompress(body), re.MULTILINE)))


@contextmanager
def _zoned(folder: Path, config: Path) -> Iterator[Running]:
    port = any_free()
    with Program(folder / "zoned.log", "bench.zoned", str(config), str(port)) as program:
        yield program, port


@contextmanager
def _exporter(folder: Path, config: Path) -> Iterator[Running]:
    port = any_free()
    arguments = ("--config.file", str(config), "--web.listen-address", f"127.0.0.1:{port}", "--log.level", "warn")
    with Program(folder / "exporter.log", "exporter", "serve", *arguments) as program:
        yield program, port


def _write_config(folder: Path, cloudflare_port: int, load: Load) -> Path:
    path = folder / "config.yml"
    path.write_text(
        f"cloudflare: {{api_url: 'http://127.0.0.1:{cloudflare_port}/client/v4', tokens: [{{token: {TOKEN}}}]}}\n"
        f"poll: {{refresh: {load.refresh_seconds}s}}\n"
        f"storage: {{path: '{folder / 'state'}'}}\n",
        encoding="utf-8",
    )
    return path


def _await_body(program: Program, port: int, seconds: float, is_complete: Callable[[bytes], bool]) -> float:
    """Scrape until the exposition is complete, and return when it was. Raise TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        body = fetch(port)
        fetched = time.monotonic()
        if body is not None and is_complete(body):
            return fetched
        program.check()
        time.sleep(0.02 if body is None else 0.2)
    raise TimeoutError(f"the exposition is not complete after {seconds:.0f} s")


def _cpu_per_refresh(program: Program, load: Load) -> float:
    """Return the CPU seconds of one refresh: refreshes are periodic, so n intervals contain the work of n refreshes."""
    before = program.cpu_seconds()
    time.sleep(load.quiet_refreshes * load.refresh_seconds)
    return (program.cpu_seconds() - before) / load.quiet_refreshes


def _latencies(scrapes: Sequence[Scrape], answers: Sequence[Span]) -> list[Figure]:
    refreshes = _refreshes(scrapes, answers)
    working = [span for refresh in refreshes for span in _without(refresh, answers)]
    during = [scrape.milliseconds for scrape in scrapes if _touches(scrape, working)]
    between = [scrape.milliseconds for scrape in scrapes if not _touches(scrape, refreshes)]
    return [
        Figure("scrape_between_refreshes_p50", round(percentile(between, 0.5), 1), "milliseconds"),
        Figure("scrape_between_refreshes_p99", round(percentile(between, 0.99), 1), "milliseconds", 20),
        Figure("scrape_during_refresh_p50", round(percentile(during, 0.5), 1), "milliseconds"),
        Figure("scrape_during_refresh_p99", round(percentile(during, 0.99), 1), "milliseconds", 60),
        Figure("scrapes_during_refresh", len(during), "scrapes"),
    ]


def _refreshes(scrapes: Sequence[Scrape], answers: Sequence[Span]) -> list[Span]:
    """Return the span of each refresh: from its first request until a new body was served."""
    published = [later.done for earlier, later in pairwise(scrapes) if later.body != earlier.body]
    spans: list[Span] = []
    since = scrapes[0].due
    for moment in published:
        asked = [start for start, _ in answers if since < start < moment]
        if asked:
            spans.append((min(asked), moment))
        since = moment
    end = scrapes[-1].done
    unfinished = [start for start, _ in answers if since < start < end]
    return [*spans, (min(unfinished), end)] if unfinished else spans


def _without(span: Span, others: Sequence[Span]) -> list[Span]:
    """Return the parts of a span that no other span covers."""
    remaining: list[Span] = []
    start, end = span
    for first, last in sorted(others):
        if first >= end:
            break
        if first > start:
            remaining.append((start, first))
        start = max(start, last)
    return [*remaining, (start, end)] if start < end else remaining


def _touches(scrape: Scrape, spans: Sequence[Span]) -> bool:
    return any(start < scrape.done and scrape.due < end for start, end in spans)


def _answers(text: str) -> list[Span]:
    return [
        (float(start), float(end)) for start, end in re.findall(r"^answered graphql (\S+) (\S+)$", text, re.MULTILINE)
    ]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
