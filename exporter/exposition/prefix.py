"""Paths below the prefix of the external URL, for proxies that pass the prefix on."""

from collections.abc import Callable

from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.exposition.page.links import prefix_of


class BelowPrefix:
    """Answers below the external URL's prefix as without it: some proxies take it off, others do not."""

    def __init__(self, app: ASGIApp, external_url: Callable[[], str | None]) -> None:
        self._app = app
        self._external_url = external_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        prefix = prefix_of(self._external_url()) if scope["type"] == "http" else ""
        if prefix and f"{scope['path']}/".startswith(f"{prefix}/") and not _is_known(scope):
            path = scope["path"].removeprefix(prefix) or "/"
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)


def _is_known(scope: Scope) -> bool:
    """Return whether a path is one of the exporter's own, as a prefix /api may look."""
    return any(route.matches(scope)[0] is not Match.NONE for route in scope["app"].routes)
