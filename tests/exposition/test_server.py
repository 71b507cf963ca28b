"""The web application over ASGI."""

import asyncio
import gzip
from datetime import timedelta

import httpx
import pytest

from exporter import __version__
from exporter.alerts import Addresses, AlertsClient
from exporter.alerts.links import AlertLinks
from exporter.costs import Statement, StatementQuery
from exporter.costs.history import QueryError
from exporter.exposition import Renderer, build_web
from exporter.exposition.process import ProcessMetrics
from exporter.exposition.server import choose_encoding
from exporter.exposition.text import Format
from exporter.metrics.snapshot import Published
from exporter.views import UsagePage, UsageQuery
from tests.exposition.snapshots import ManualClock, snapshot

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_2_NATIVE = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
    "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)
PROMETHEUS_3_TEXT = (
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,"
    "application/openmetrics-text;version=1.0.0;q=0.3,*/*;q=0.1"
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def no_books(query: StatementQuery) -> Statement:
    """There are no books here."""
    raise QueryError(f"Nothing is known of {query.period}.")


async def no_usage(query: UsageQuery) -> UsagePage:
    """There is no ledger here."""
    raise QueryError(f"Nothing is known of {query.since}.")


class Site:
    """The application with its board and clock."""

    def __init__(self, telemetry_path: str = "/metrics", external_url: str | None = None) -> None:
        self.clock = ManualClock()
        self.published = Published()
        self.renderer = Renderer(self.clock, ProcessMetrics())
        self.app = build_web(
            self.published,
            self.renderer,
            self.clock,
            refresh_interval=timedelta(seconds=60),
            telemetry_path=telemetry_path,
            ask_books=no_books,
            ask_usage=no_usage,
            alerts_client=AlertsClient(httpx.AsyncClient, self.clock, Addresses),
            alert_links=AlertLinks,
            external_url=lambda: external_url,
        )

    def show(self, commit_number: int = 7) -> None:
        """Publish a snapshot."""
        shown = snapshot(commit_number=commit_number)
        self.renderer.renew(shown)
        self.published.snapshot = shown

    def ask(self, path: str, method: str = "GET", accept: str = "*/*", encoding: str = "identity") -> httpx.Response:
        """The answer to a request."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            headers = {"Accept": accept, "Accept-Encoding": encoding}
            async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as http:
                return await http.request(method, path, headers=headers)

        return asyncio.run(ask())


@pytest.fixture
def site() -> Site:
    """A site without a snapshot."""
    return Site()


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (PROMETHEUS_2, Format.OPENMETRICS),
        (PROMETHEUS_2_NATIVE, Format.OPENMETRICS),
        (PROMETHEUS_3, Format.OPENMETRICS),
        (PROMETHEUS_3_TEXT, Format.TEXT),
        ("application/openmetrics-text", Format.OPENMETRICS),
        ("Application/OpenMetrics-Text; version=1.0.0", Format.OPENMETRICS),
        ("application/openmetrics-text;q=0.2, text/plain;q=0.2", Format.OPENMETRICS),
        ("application/openmetrics-text;q=0, */*", Format.TEXT),
        ("application/openmetrics-text;q=much, text/plain", Format.TEXT),
        (BROWSER, Format.TEXT),
        ("text/plain", Format.TEXT),
        ("*/*", Format.TEXT),
        ("", Format.TEXT),
    ],
)
def test_the_format_is_the_one_preferred(accept: str, form: Format) -> None:
    """OpenMetrics goes to whom it suits at least as well as text, everybody else gets text."""
    assert choose_encoding(accept, "")[0] is form


@pytest.mark.parametrize(
    ("encoding", "is_compressed"),
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("br, *", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0, *;q=0.5", False),
        ("br, deflate", False),
    ],
)
def test_gzip_is_sent_where_it_is_accepted(encoding: str, is_compressed: bool) -> None:
    """Compression is never sent to somebody who did not ask for it."""
    assert choose_encoding("*/*", encoding)[1] is is_compressed


@pytest.mark.parametrize(("accept", "content_type"), [(PROMETHEUS_2, OPENMETRICS), (PROMETHEUS_3_TEXT, TEXT)])
def test_metrics_have_the_exact_content_type(site: Site, accept: str, content_type: str) -> None:
    """Prometheus decides by it how to parse, and caches by what it depends on."""
    site.show()
    answer = site.ask("/metrics", accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == content_type
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    assert "content-encoding" not in answer.headers
    assert answer.text.endswith("# EOF\n") is (content_type == OPENMETRICS)


def test_metrics_are_compressed_on_demand(site: Site) -> None:
    """A client that takes gzip gets gzip, and its length."""
    site.show()
    answer = site.ask("/metrics", accept=PROMETHEUS_3, encoding="gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == OPENMETRICS
    body = site.renderer.get(site.published.snapshot or snapshot(), (Format.OPENMETRICS, True)).body
    assert answer.headers["content-length"] == str(len(body))
    assert answer.content == gzip.decompress(body)


def test_a_scrape_renders_nothing_twice(site: Site) -> None:
    """Two scrapes of one snapshot get the same bytes, process metrics included."""
    site.show()
    first = site.ask("/metrics", accept=PROMETHEUS_3)
    assert sum(range(2_000_000)) > 0
    assert site.ask("/metrics", accept=PROMETHEUS_3).content == first.content


def test_only_a_get_counts_as_a_scrape(site: Site) -> None:
    """HEAD shows the headers, and births at zero go on waiting for a real scrape."""
    site.show(commit_number=7)
    answer = site.ask("/metrics", method="HEAD")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == TEXT
    assert site.published.scraped_commit == 0
    site.ask("/metrics")
    assert site.published.scraped_commit == 7


def test_the_newest_scraped_revision_is_kept(site: Site) -> None:
    """A late answer with an older commit does not undo a newer one."""
    site.published.mark_scraped(5)
    site.published.mark_scraped(3)
    assert site.published.scraped_commit == 5


def test_metrics_wait_for_the_first_snapshot(site: Site) -> None:
    """Before there are data a scrape fails, and does not count."""
    answer = site.ask("/metrics")
    assert (answer.status_code, answer.text) == (503, "No data yet: the first refresh is under way.\n")
    assert site.published.scraped_commit == 0


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_metrics_can_only_be_read(site: Site, method: str) -> None:
    """Any other method is refused and does not count as a scrape."""
    site.show()
    assert site.ask("/metrics", method=method).status_code == 405
    assert site.published.scraped_commit == 0


def test_the_metrics_path_can_be_changed() -> None:
    """The configured path serves metrics, and the status page links to it."""
    site = Site("/probe")
    site.show()
    assert site.ask("/probe").status_code == 200
    assert site.ask("/metrics").status_code == 404
    assert '<a href="./probe">Metrics</a>' in site.ask("/").text


def test_ready_means_that_there_is_a_snapshot(site: Site) -> None:
    """Not ready before the first snapshot, ready ever after."""
    before = site.ask("/-/ready")
    assert (before.status_code, before.text) == (503, "not ready: the first refresh is under way\n")
    site.show()
    site.clock.advance(1_000_000)
    after = site.ask("/-/ready")
    assert (after.status_code, after.text) == (200, "ready\n")


def test_healthy_means_that_the_poller_refreshes(site: Site) -> None:
    """Healthy from the start, and until five intervals have gone by without a refresh."""
    assert site.ask("/-/healthy").status_code == 200
    site.published.refreshed_at = site.clock.monotonic()
    site.clock.advance(300)
    healthy = site.ask("/-/healthy")
    assert (healthy.status_code, healthy.text) == (200, "healthy\n")
    site.clock.advance(1)
    unhealthy = site.ask("/-/healthy")
    assert (unhealthy.status_code, unhealthy.text) == (
        503,
        "unhealthy: the poller has not refreshed for more than 300 s\n",
    )
    site.published.refreshed_at = site.clock.monotonic()
    assert site.ask("/-/healthy").status_code == 200


def test_a_poller_that_never_turns_is_unhealthy(site: Site) -> None:
    """A first refresh that hangs shows after five intervals, like any other."""
    site.clock.advance(301)
    assert site.ask("/-/healthy").status_code == 503


def test_the_first_page_says_that_data_are_on_the_way(site: Site) -> None:
    """Before the first snapshot the page already names the version."""
    page = site.ask("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert f"<h1>Cloudflare exporter <small>{__version__}</small></h1>" in page.text
    assert "The first refresh is under way." in page.text


def test_the_first_page_says_what_is_wrong(site: Site) -> None:
    """The page is of the snapshot that hangs out, as text and not as HTML."""
    site.show()
    page = site.ask("/").text
    assert "6 series, as of 2025-10-20 10:00:05 UTC." in page
    assert "The &lt;token&gt; was rejected." in page
    assert "Check it." in page
