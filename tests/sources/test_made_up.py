"""A source that the exporter has never heard of: in /metrics, on the page and in the API, it costs only itself."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.app import build_exporter
from exporter.clock import SystemClock
from exporter.model import ExporterError
from exporter.runtime import listen, run_until_stopped
from tests.clock import START
from tests.configured import Site
from tests.exposition.api.scene import Api, bare_api
from tests.exposition.page.reader import Page
from tests.poller.scene import listed_world
from tests.sources.tides import Answer, Tides, at, never, raising

FOG = raising(ExporterError("The coast is foggy.", "Wait for the wind."))
TAKEN = "cloudflare_worker_info"


class Coast:
    """An exporter on the simulated Cloudflare with sources of a test's own."""

    def __init__(self, api: Api, site: Site) -> None:
        self._api = api
        self._site = site

    def refresh(self, minutes: int = 1) -> None:
        """Poll each source and refresh, once a minute."""

        async def work() -> None:
            for _ in range(minutes):
                await self._site.exporter.sources.poll()
                await self._site.refresh()

        self._api.run(work())

    def refresh_only(self, minutes: int = 1) -> None:
        """Refresh without polling any source."""
        self._api.run(self._site.refresh(minutes))

    def metrics(self, *words: str) -> list[str]:
        """The samples in /metrics whose names begin with one of some words."""
        return [line for line in self._api.ask("/metrics").text.splitlines() if line.startswith(words)]

    def health(self) -> dict[str, tuple[str, str]]:
        """How each source stands, and why."""
        return {each["source"]: (each["state"], each["reason"]) for each in self._api.answer("/api/health")["sources"]}

    def problems(self) -> list[tuple[str, str, str]]:
        """Part, reason and remedy of each problem, as in /api/health; the page and /metrics have the same."""
        found = self._api.answer("/api/health")["problems"]
        problems = [(each["part"], each["reason"], each["remedy"]) for each in found]
        assert [(row["Part"], row["What to do"]) for row in self.page().tables["Problems"]] == [
            (part, remedy) for part, _, remedy in problems
        ]
        in_metrics = self.metrics("cloudflare_exporter_problem_start_timestamp_seconds{")
        assert len(in_metrics) == len(problems)
        assert all(f'part="{part}",reason="{reason}"' in "".join(in_metrics) for part, reason, _ in problems)
        return problems

    def page(self) -> Page:
        """The status page."""
        return Page(self._api.ask("/").text)


@contextmanager
def coast(folder: Path, *sources: Tides) -> Iterator[Coast]:
    """An exporter with these sources and no others."""
    site = Site(listed_world(), folder / "unused")
    config = site.config(storage={"path": str(folder / "state")})
    unused, site.exporter = (
        site.exporter,
        build_exporter(config, site.clock, transport=site.recorder, sources=sources),
    )
    with bare_api(site.exporter.web) as api:
        api.run(unused.close())
        try:
            yield Coast(api, site)
        finally:
            api.run(site.exporter.close())


def test_what_a_source_says_is_published_at_the_next_refresh(tmp_path: Path) -> None:
    """Metrics, section and problem follow the newest reading; a scrape polls nothing."""
    tides = Tides(at(3), at(6))
    with coast(tmp_path, tides) as there:
        there.refresh_only()
        assert there.metrics("tide", "cloudflare_exporter_source") == []
        assert (there.health(), there.problems()) == ({"tides": ("down", "new")}, [])
        there.refresh()
        assert there.metrics("tide", "cloudflare_exporter_source_up") == [
            'cloudflare_exporter_source_up{source="tides"} 1',
            'tide_height_metres{coast="north"} 3',
        ]
        assert (there.health(), there.problems(), tides.polls) == ({"tides": ("up", "")}, [], 1)
        (row,) = there.page().tables["Sources"]
        assert (row["Source"], row["State"], row["Last read (UTC)"]) == (
            "tides",
            "up",
            "2025-10-20 09:42 (less than 1 min ago)",
        )
        there.refresh()
        assert there.metrics("tide") == ['tide_height_metres{coast="north"} 6']
        assert there.problems() == [("north coast", "flood", "Climb a hill.")]
        assert there.health() == {"tides": ("up", "")}


def test_sources_that_fail_harm_no_other_and_no_count(tmp_path: Path) -> None:
    """One succeeds, one fails, one hangs, one wants a name that is taken; usage is counted all the while."""

    hanging = Tides(never, name="hanging", interval=timedelta(milliseconds=1))
    clashing = Tides(at(1), name="clashing", metric=TAKEN)
    with coast(tmp_path, Tides(at(3)), Tides(FOG, name="foggy"), hanging, clashing) as there:
        there.refresh(3)
        assert there.health() == {
            "tides": ("up", ""),
            "foggy": ("down", "failed"),
            "hanging": ("down", "timeout"),
            "clashing": ("down", "internal"),
        }
        assert there.metrics("tide", "cloudflare_exporter_source_up", "cloudflare_exporter_account_up") == [
            'cloudflare_exporter_account_up{account="Example"} 1',
            'cloudflare_exporter_source_up{source="tides"} 1',
            'cloudflare_exporter_source_up{source="foggy"} 0',
            'cloudflare_exporter_source_up{source="hanging"} 0',
            'cloudflare_exporter_source_up{source="clashing"} 0',
            'tide_height_metres{coast="north"} 3',
        ]
        assert [(part, reason) for part, reason, _ in there.problems()] == [
            ("source foggy", "failed"),
            ("source hanging", "timeout"),
            ("source clashing", "internal"),
        ]
        assert len(there.metrics("cloudflare_worker_requests_total")) > 0
        assert there.page().open_details == 1


@pytest.mark.parametrize(
    ("answer", "reason"), [(FOG, "failed"), (never, "timeout"), (raising(ValueError()), "internal")]
)
def test_what_a_source_said_long_ago_is_not_published(tmp_path: Path, answer: Answer, reason: str) -> None:
    """After three intervals nothing is known: the metrics are absent, and it is down until it is read again."""
    tides = Tides(at(9), answer, answer, answer, answer, at(2))
    if answer is never:
        tides.interval = timedelta(milliseconds=20)
    with coast(tmp_path, tides) as there:
        there.refresh()
        assert there.problems() == [("north coast", "flood", "Climb a hill.")]
        there.refresh(4)
        assert there.metrics("tide", "cloudflare_exporter_source_up") == [
            'cloudflare_exporter_source_up{source="tides"} 0'
        ]
        assert there.metrics("cloudflare_exporter_source_last_success_timestamp_seconds{") == [
            f'cloudflare_exporter_source_last_success_timestamp_seconds{{source="tides"}} {START.timestamp():.0f}'
        ]
        ((part, told, _),) = there.problems()
        assert (part, told) == ("source tides", reason)
        there.refresh()
        assert there.metrics("tide") == ['tide_height_metres{coast="north"} 2']
        assert there.problems() == []


@pytest.mark.parametrize(
    "name",
    [
        "cloudflare_r2_payload_bytes",
        "cloudflare_worker_requests",
        "cloudflare_cost_forecast_usd",
        "cloudflare_exporter_series",
        "cloudflare_exporter_source_up",
        "cloudflare_exporter_render_duration_seconds",
        "process_cpu_seconds",
    ],
)
def test_a_name_that_is_taken_is_known_wherever_it_is_published(tmp_path: Path, name: str) -> None:
    """Metrics of products, of costs and of the exporter itself clash, and what is added when text is rendered."""
    with coast(tmp_path, Tides(at(1), metric=name)) as there:
        there.refresh()
        assert there.health() == {"tides": ("down", "internal")}
        ((_, _, remedy),) = there.problems()
        assert remedy == "Report it, with the traceback from the exporter's log."


def test_the_exporter_ends_while_a_source_is_polled(tmp_path: Path) -> None:
    """The loops begin with the exporter, and a poll that would never end is cancelled with it."""
    hanging, tides = Tides(never, name="hanging"), Tides(at(3))

    async def script() -> None:
        site = Site(listed_world(), tmp_path / "unused")
        await site.exporter.close()
        config = site.config(storage={"path": str(tmp_path / "state")})
        exporter = build_exporter(config, SystemClock(), transport=site.recorder, sources=(hanging, tides))
        stopping = asyncio.Event()
        with listen("127.0.0.1", 0) as listener:
            running = asyncio.create_task(run_until_stopped(exporter, [listener], stopping))
            while not hanging.polls:
                await asyncio.sleep(0)
            stopping.set()
            await asyncio.wait_for(running, 30)

    asyncio.run(script())
    assert hanging.was_cancelled
