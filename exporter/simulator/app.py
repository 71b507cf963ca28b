"""The ASGI application: turns HTTP messages into requests, and answers into messages."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from exporter.simulator.api import BASE_PATH, CloudflareApi
from exporter.simulator.http import HttpRequest, HttpResponse, error_response, read_query

if TYPE_CHECKING:
    from exporter.simulator.control import Control

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ConnectionBroken(ConnectionError):
    """The simulated Cloudflare closed the connection without an answer."""

    def __init__(self) -> None:
        super().__init__("the server closed the connection without an answer")


class Application:
    """Serves the API below /client/v4 and the control interface below /_sim/.

    With ``closes`` a broken connection is a response that stops halfway, which makes a server close the connection;
    otherwise ``broken_connection()`` is raised.
    """

    def __init__(
        self,
        api: CloudflareApi,
        control: "Control",
        *,
        broken_connection: Callable[[], Exception] = ConnectionBroken,
        sleep: Callable[[float], Awaitable[None]] | None = None,
        closes: bool = False,
    ) -> None:
        self._api = api
        self._control = control
        self._broken_connection = broken_connection
        self._sleep = sleep
        self._closes = closes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = HttpRequest(
            scope["method"],
            scope["path"],
            read_query(scope.get("query_string", b"")),
            {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
            await _body(receive),
        )
        if request.path.startswith("/_sim"):
            await _respond(send, self._control.answer(request))
            return
        if not request.path.startswith(BASE_PATH):
            await _respond(send, error_response(404, 7003, "No route for the URI"))
            return
        answer = self._api.answer(request)
        if await self._is_too_late(answer.delay_seconds, receive):
            return
        if answer.response is not None:
            await _respond(send, answer.response)
        elif self._closes:
            await _start(send, HttpResponse(200, b"", {"content-type": "application/json"}), length=1_000)
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
        else:
            raise self._broken_connection()

    async def _is_too_late(self, seconds: float, receive: Receive) -> bool:
        """Let the client wait, and return whether it has disconnected meanwhile."""
        if not seconds or self._sleep is None:
            return False
        pausing = asyncio.ensure_future(self._sleep(seconds))
        leaving = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({pausing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not pausing.done():
                return True
            await pausing
            return False
        finally:
            pausing.cancel()
            leaving.cancel()
            await asyncio.gather(pausing, leaving, return_exceptions=True)


async def _body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


async def _respond(send: Send, response: HttpResponse) -> None:
    await _start(send, response, length=len(response.body))
    await send({"type": "http.response.body", "body": response.body})


async def _start(send: Send, response: HttpResponse, *, length: int) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
