"""The middleware in front of the pages: authentication, rate limit, and the headers of every response."""

from collections.abc import Iterator

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.web.policy import WebPolicy

PIECE_BYTES = 262_144
"""The number of bytes of a response that are passed on at once.

The next piece waits until the client has taken most of the previous one, so that for a client that reads slowly, or not
at all, only this much is held instead of a copy of all metrics.
"""


class PolicyMiddleware:
    """An ASGI application that passes requests on to another, subject to a web policy."""

    def __init__(self, app: ASGIApp, policy: WebPolicy) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._policy.look()
        added = self._policy.headers

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in added.items():
                    headers[name] = value
            for piece in _pieces(message):
                await send(piece)

        refusal = await self._refuse(scope)
        await (refusal or self._app)(scope, receive, answer)

    async def _refuse(self, scope: Scope) -> Response | None:
        """Return the response to a request that is refused, or None."""
        policy, headers = self._policy, Headers(scope=scope)
        if not policy.bucket.take():
            return _refusal("Too many requests: see rate_limit in the web configuration.\n", 429)
        if policy.passwords.are_wanted:
            given = headers.get("authorization")
            if given is None or not await policy.passwords.admit(given.encode("latin-1")):
                if given is not None:
                    # The user name is not logged, as it may be a mistyped password.
                    client = (scope.get("client") or ("?",))[0]
                    policy.throttled_log.warn(
                        "wrong user or password", client, "see basic_auth_users in the web configuration"
                    )
                # A body was never read, so a connection with one cannot be used any more.
                return _refusal("Unauthorized\n", 401, _has_body(headers), {"WWW-Authenticate": "Basic"})
        if _has_body(headers):
            return _refusal("Requests with a body are not accepted.\n", 413, is_last=True)
        return None


def _pieces(message: Message) -> Iterator[Message]:
    """Yield a message as several messages whose bodies have a limited length."""
    body = message.get("body", b"")
    last = max(len(body) - 1, 0) // PIECE_BYTES * PIECE_BYTES
    for start in range(0, last, PIECE_BYTES):
        yield {**message, "body": body[start : start + PIECE_BYTES], "more_body": True}
    yield {**message, "body": body[last:]} if last else message


def _refusal(text: str, status: int, is_last: bool = False, headers: dict[str, str] | None = None) -> Response:
    closing = {"Connection": "close"} if is_last else {}
    return PlainTextResponse(text, status, {**(headers or {}), **closing})


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0").strip("0") != "" or "transfer-encoding" in headers
