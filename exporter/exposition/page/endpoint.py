"""The endpoint of the status page."""

import asyncio
from collections.abc import Callable
from functools import cached_property
from http import HTTPStatus

from jinja2 import Template
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from exporter.alerts import AlertsClient
from exporter.alerts.links import AlertLinks
from exporter.costs.history import QueryError
from exporter.exposition.api import CachedViews
from exporter.exposition.page.alerts import AlertsView, fetch_alerts
from exporter.exposition.page.assets import show_assets
from exporter.exposition.page.links import Links, root_of
from exporter.exposition.page.status import show_status
from exporter.exposition.page.template import make_template
from exporter.exposition.page.texts import show_texts
from exporter.metrics.snapshot import Published


class PageEndpoint:
    """Answers with the status page, without asking Cloudflare.

    ``alert_links`` returns where alerts link to, Grafana among it; ``external_url`` the URL at which people reach the
    exporter, if known.
    """

    def __init__(
        self,
        published: Published,
        cached_views: CachedViews,
        telemetry_path: str,
        alerts_client: AlertsClient,
        *,
        alert_links: Callable[[], AlertLinks],
        external_url: Callable[[], str | None],
    ) -> None:
        self._published = published
        self._cached_views = cached_views
        self._telemetry_path = telemetry_path
        self._alerts_client = alerts_client
        self._alert_links = alert_links
        self._external_url = external_url

    @cached_property
    def _template(self) -> Template:
        """The template, compiled on the first request rather than at the start."""
        return make_template("exporter.exposition.page")

    async def answer(self, request: Request) -> Response:
        """Answer with the whole page, made in a thread so that scrapes need not wait."""
        known, root = self._alert_links(), root_of(request.headers, self._external_url())
        alerts = await fetch_alerts(self._alerts_client, known, root)
        links = Links(self._telemetry_path, known.grafana or None, root=root)
        return await asyncio.to_thread(self._page, request, links, alerts)

    def _page(self, request: Request, links: Links, alerts: AlertsView) -> Response:
        snapshot, status = self._published.snapshot, HTTPStatus.OK
        overview = assets = texts = refusal = None
        if snapshot is not None:
            views = self._cached_views.of(snapshot)
            overview = show_status(snapshot, views)
            texts = show_texts(views)
            try:
                assets = show_assets(snapshot, views, request.query_params)
            except QueryError as error:
                refusal, status = error, HTTPStatus.BAD_REQUEST
        text = self._template.render(
            links=links, alerts=alerts, overview=overview, assets=assets, texts=texts, refusal=refusal
        )
        return HTMLResponse(text, status)
