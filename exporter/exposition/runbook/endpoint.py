"""The endpoint of the runbook."""

import asyncio
from collections.abc import Callable
from functools import cached_property
from importlib.resources import files

from jinja2 import Template
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from exporter.exposition.page.links import root_of
from exporter.exposition.page.template import make_template


class RunbookEndpoint:
    """Answers with the runbook. ``external_url`` returns the URL at which people reach the exporter, if known."""

    def __init__(self, external_url: Callable[[], str | None]) -> None:
        self._external_url = external_url

    @cached_property
    def _template(self) -> Template:
        """The template, compiled on the first request rather than at the start."""
        return make_template("exporter.exposition.runbook")

    @cached_property
    def _text(self) -> Markup:
        """The text, which is HTML already."""
        return Markup((files("exporter.exposition.runbook") / "text.html").read_text(encoding="utf-8"))

    async def answer(self, request: Request) -> Response:
        """Answer with the whole page, made in a thread so that scrapes need not wait."""
        return await asyncio.to_thread(self._page, request)

    def _page(self, request: Request) -> Response:
        root = root_of(request.headers, self._external_url())
        return HTMLResponse(self._template.render(root=root, text=self._text))
