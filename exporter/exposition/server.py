"""The web application: /metrics, the health endpoints, the API and the status page."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from exporter.alerts import AlertsClient
from exporter.alerts.links import RUNBOOK_PAGE, AlertLinks
from exporter.clock import Clock
from exporter.exposition.api import ERROR_HANDLERS, AskUsage, CachedViews, ViewEndpoints, api_routes
from exporter.exposition.api.alerts import AlertsEndpoint
from exporter.exposition.api.costs import AskBooks, CostsEndpoint
from exporter.exposition.page import PageEndpoint
from exporter.exposition.prefix import BelowPrefix
from exporter.exposition.renderer import Encoding, Renderer
from exporter.exposition.runbook import RunbookEndpoint
from exporter.exposition.text import Format
from exporter.metrics.snapshot import Published

MISSED_REFRESHES = 5
"""Intervals without a refresh after which the exporter is unhealthy."""


class MetricsEndpoint:
    """Serves the snapshot; a scrape never asks Cloudflare, and never renders anything twice."""

    def __init__(self, published: Published, renderer: Renderer) -> None:
        self._published = published
        self._renderer = renderer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        snapshot = self._published.snapshot
        if request.method not in {"GET", "HEAD"}:
            await PlainTextResponse("Only GET is allowed here.\n", 405)(scope, receive, send)
            return
        if snapshot is None:
            await PlainTextResponse("No data yet: the first refresh is under way.\n", 503)(scope, receive, send)
            return
        encoding = choose_encoding(request.headers.get("accept", ""), request.headers.get("accept-encoding", ""))
        rendered = self._renderer.peek(snapshot, encoding)
        if rendered is None:
            rendered = await asyncio.to_thread(self._renderer.get, snapshot, encoding)
        form, is_compressed = encoding
        headers = {"Content-Type": form.value, "Vary": "Accept, Accept-Encoding"}
        if is_compressed:
            headers["Content-Encoding"] = "gzip"
        await Response(rendered.body, headers=headers)(scope, receive, send)
        if request.method == "GET":
            self._published.mark_scraped(rendered.commit_number)


def choose_encoding(accept: str, accept_encoding: str) -> Encoding:
    """Return the format and compression for a client: OpenMetrics if it is preferred at least as much as text."""
    qualities = {Format.OPENMETRICS: 0.0, Format.TEXT: 0.0}
    for media, quality in _weighted(accept):
        if media == "application/openmetrics-text":
            qualities[Format.OPENMETRICS] = max(qualities[Format.OPENMETRICS], quality)
        elif media in {"text/plain", "text/*", "*/*"}:
            qualities[Format.TEXT] = max(qualities[Format.TEXT], quality)
    is_open = qualities[Format.OPENMETRICS] > 0 and qualities[Format.OPENMETRICS] >= qualities[Format.TEXT]
    codings = dict(_weighted(accept_encoding))
    is_compressed = codings.get("gzip", codings.get("*", 0.0)) > 0
    return (Format.OPENMETRICS if is_open else Format.TEXT), is_compressed


def _weighted(header: str) -> list[tuple[str, float]]:
    """Return the entries of an Accept header with their weights; an unreadable weight counts as zero."""
    entries: list[tuple[str, float]] = []
    for part in header.split(","):
        word, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((value[2:] for value in parameters if value.startswith("q=")), "1")
        try:
            entries.append((word.lower(), float(quality)))
        except ValueError:
            entries.append((word.lower(), 0.0))
    return entries


def build_web(
    published: Published,
    renderer: Renderer,
    clock: Clock,
    *,
    refresh_interval: timedelta,
    telemetry_path: str,
    ask_books: AskBooks,
    ask_usage: AskUsage,
    alerts_client: AlertsClient,
    alert_links: Callable[[], AlertLinks],
    external_url: Callable[[], str | None],
) -> Starlette:
    """Return the ASGI application, which serves the published snapshot."""

    started = clock.monotonic()

    def longest_pause() -> float:
        interval = published.snapshot.status.refresh_interval if published.snapshot else refresh_interval
        return MISSED_REFRESHES * interval.total_seconds()

    def is_refreshing() -> bool:
        refreshed = started if published.refreshed_at is None else published.refreshed_at
        return clock.monotonic() - refreshed <= longest_pause()

    async def healthy(_: Request) -> Response:
        if is_refreshing():
            return PlainTextResponse("healthy\n")
        return PlainTextResponse(
            f"unhealthy: the poller has not refreshed for more than {longest_pause():.0f} s\n", 503
        )

    async def ready(_: Request) -> Response:
        if published.snapshot is None:
            return PlainTextResponse("not ready: the first refresh is under way\n", 503)
        return PlainTextResponse("ready\n")

    cached_views = CachedViews()
    page = PageEndpoint(
        published,
        cached_views,
        telemetry_path,
        alerts_client,
        alert_links=alert_links,
        external_url=external_url,
    )
    routes = [
        Route(telemetry_path, MetricsEndpoint(published, renderer)),
        Route("/-/healthy", healthy),
        Route("/-/ready", ready),
        Route(f"/{RUNBOOK_PAGE}", RunbookEndpoint(external_url).answer),
        *api_routes(
            CostsEndpoint(published, ask_books),
            AlertsEndpoint(alerts_client, alert_links),
            ViewEndpoints(published, cached_views, ask_usage, is_refreshing),
        ),
    ]
    web = Starlette(
        routes=[
            Route("/", page.answer),
            *routes,
            *(Route(f"{each.path}/", go_to_path_without_slash) for each in routes if not each.param_convertors),
        ],
        middleware=[Middleware(BelowPrefix, external_url)],
        exception_handlers=ERROR_HANDLERS,
    )
    # Starlette's own redirects name the host and the path that it sees, which are not those before a proxy.
    web.router.redirect_slashes = False
    return web


async def go_to_path_without_slash(request: Request) -> Response:
    """Redirect to the same path without its last slash, in a way that holds behind a proxy."""
    name = request.url.path.rstrip("/").rpartition("/")[2]
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"../{name}{query}")
