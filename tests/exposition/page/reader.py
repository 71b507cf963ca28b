"""The status page as its reader sees it."""

import asyncio
from html.parser import HTMLParser

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from exporter.alerts import Addresses, AlertsClient
from exporter.alerts.links import AlertLinks
from exporter.exposition.api import CachedViews
from exporter.exposition.page import PageEndpoint
from exporter.metrics.snapshot import Published, Snapshot
from tests.exposition.snapshots import ManualClock

VOID = {"meta", "br", "input"}


class Page(HTMLParser):
    """A page as its reader sees it: headings, and under each the rows of its table by the heads of their cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[dict[str, str]]] = {}
        self.heads: dict[str, list[str]] = {}
        self.sorted: dict[str, str] = {}
        self.title = ""
        self.texts: list[str] = []
        self.links: dict[str, str] = {}
        self.options: dict[str, list[str]] = {}
        self.outside: set[str] = set()
        self.bad_rows: list[list[str]] = []
        self.open_details = 0
        self._open: list[str] = []
        self._row: dict[str, str] = {}
        self._cell = ""
        self._select = ""
        self._url = ""
        self._sort = ""
        self._is_bad = False
        self.feed(html)
        self.close()
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.outside |= {value for name, value in known.items() if name in {"src", "href", "action"} and value}
        if tag == "script":
            self.outside.add("script")
        if tag not in VOID:
            self._open.append(tag)
        if tag == "h2":
            self._title = ""
        elif tag == "tr":
            self._row, self._is_bad = {}, known.get("class") == "bad"
        elif tag == "td":
            self._cell = known.get("data-head", "")
            self._row[self._cell] = ""
        elif tag == "th":
            self._sort = known.get("aria-sort", "")
        elif tag == "a":
            self._url = known["href"]
        elif tag == "select":
            self._select = known["name"]
        elif tag == "details":
            self.open_details += "open" in known

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag == "tr" and self._row:
            row = {head: text.strip() for head, text in self._row.items()}
            self.tables[self._title].append(row)
            if self._is_bad:
                self.bad_rows.append(list(row.values()))

    def handle_data(self, data: str) -> None:
        within = self._open[-1] if self._open else ""
        if within == "title":
            self.title = data
        elif within == "h2":
            self._title = data
            self.tables[data], self.heads[data] = [], []
        elif "th" in self._open:
            self.heads[self._title].append(data.strip())
            if self._sort:
                self.sorted[data.strip()] = self._sort
        elif "td" in self._open:
            self._row[self._cell] += data
        elif within in {"p", "span"}:
            self.texts.append(data)
        elif within == "option":
            self.options.setdefault(self._select, []).append(data)
        if within == "a":
            self.links.setdefault(data, self._url)


def page_response(
    snapshot: Snapshot | None, telemetry_path: str = "/metrics", query: str = "", grafana_url: str | None = None
) -> httpx.Response:
    """What is answered to whoever asks for the page."""
    published = Published()
    published.snapshot = snapshot
    endpoint = PageEndpoint(
        published,
        CachedViews(),
        telemetry_path,
        AlertsClient(httpx.AsyncClient, ManualClock(), Addresses),
        alert_links=lambda: AlertLinks(grafana=grafana_url or ""),
        external_url=lambda: None,
    )
    transport = httpx.ASGITransport(app=Starlette(routes=[Route("/", endpoint.answer)]))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as http:
            return await http.get(f"/?{query}" if query else "/")

    return asyncio.run(ask())


def page_of(
    snapshot: Snapshot | None, telemetry_path: str = "/metrics", query: str = "", grafana_url: str | None = None
) -> Page:
    """The page that is shown of a snapshot."""
    response = page_response(snapshot, telemetry_path, query, grafana_url)
    assert response.status_code == 200
    return Page(response.text)
