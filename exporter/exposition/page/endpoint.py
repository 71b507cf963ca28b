"""The endpoint of the status page."""

import asyncio
from collections.abc import Callable
from functools import cached_property
from http import HTTPStatus

from jinja2 import Template
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from exporter.costs.history import QueryError
from exporter.exposition.api import CachedViews
from exporter.exposition.page.assets import show_assets
from exporter.exposition.page.links import Links, root_of
from exporter.exposition.page.status import show_status
from exporter.exposition.page.template import make_template
from exporter.exposition.page.texts import show_texts
from exporter.metrics.snapshot import Published


class PageEndpoint:
    """Answers with the status page, without asking Cloudflare. ``grafana_url`` returns Grafana's address, if known."""

    def __init__(
        self,
        published: Published,
        cached_views: CachedViews,
        telemetry_path: str,
        grafana_url: Callable[[], str | None],
    ) -> None:
        self._published = published
        self._cached_views = cached_views
        self._telemetry_path = telemetry_path
        self._grafana_url = grafana_url

    @cached_property
    def _template(self) -> Template:
        """The template, compiled on the first request rather than at the start."""
        return make_template()

    async def answer(self, request: Request) -> Response:
        """Answer with the whole page, made in a thread so that scrapes need not wait."""
        return await asyncio.to_thread(self._page, request)

    def _page(self, request: Request) -> Response:
        snapshot, links, status = (
            self._published.snapshot,
            Links(self._telemetry_path, self._grafana_url(), root=root_of(request.headers)),
            HTTPStatus.OK,
        )
        overview = assets = texts = refusal = None
        if snapshot is not None:
            views = self._cached_views.of(snapshot)
            overview = show_status(snapshot, views)
            texts = show_texts(views)
            try:
                assets = show_assets(snapshot, views, request.query_params)
            except QueryError as error:
                refusal, status = error, HTTPStatus.BAD_REQUEST
        text = self._template.render(links=links, overview=overview, assets=assets, texts=texts, refusal=refusal)
        return HTMLResponse(text, status)
