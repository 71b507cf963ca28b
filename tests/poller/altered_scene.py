"""An exporter whose answers from the simulated Cloudflare are altered on the way."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from exporter.costs.current import CurrentCosts
from exporter.simulator import World
from tests.exactness.harness import TOKEN, Rig

Alter = Callable[[httpx.Request, httpx.Response], httpx.Response | None]
"""May return an answer in place of the one that Cloudflare gave, which has been read."""


def as_it_is(request: httpx.Request, response: httpx.Response) -> None:
    """Alter nothing."""


class AlteredRig(Rig):
    """A rig whose exporter gets what ``alter`` makes of each answer."""

    def __init__(self, world: World, folder: Path, tokens: Sequence[str] = (TOKEN,), **options: Any) -> None:
        self.alter: Alter = as_it_is
        super().__init__(world, folder, tokens=tokens, **{"source_costs": CurrentCosts, **options})

    def _transport(self) -> httpx.AsyncBaseTransport:
        return _Altered(self, super()._transport())


class _Altered(httpx.AsyncBaseTransport):
    def __init__(self, rig: AlteredRig, transport: httpx.AsyncBaseTransport) -> None:
        self._rig = rig
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        await response.aread()
        return self._rig.alter(request, response) or response


def is_graphql(request: httpx.Request) -> bool:
    """Return whether a request is one of GraphQL."""
    return request.url.path.endswith("/graphql")


def rewritten(response: httpx.Response, rewrite: Callable[[Any], Any], **headers: str) -> httpx.Response:
    """Return an answer whose body is rewritten; it keeps its Date unless another is given."""
    body = json.dumps(rewrite(json.loads(response.content)))
    return httpx.Response(response.status_code, text=body, headers={"Date": response.headers["Date"], **headers})


def envelope(response: httpx.Response, status: int, error: dict[str, Any]) -> httpx.Response:
    """Return a refusal in Cloudflare's envelope in place of an answer."""
    body = {"success": False, "errors": [error], "messages": [], "result": None}
    return httpx.Response(status, text=json.dumps(body), headers={"Date": response.headers["Date"]})
