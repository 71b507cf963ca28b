"""The HTTP server and its limits for clients: numbers of connections, sizes of requests, and times."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.h11_impl import H11Protocol

from exporter.web.policy import WebPolicy

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The limits of clients. Times are in seconds."""

    connections: int = 256
    """Open at once; further ones are closed."""
    head_bytes: int = 16_384
    """The size of request line and headers."""
    handshake: float = 10.0
    """The time for the TLS handshake."""
    head: float = 10.0
    """The time until request line and headers are complete, from the connection or their first byte on."""
    answer: float = 60.0
    """The time to read a response, not less than the longest timeout of most scrapers."""
    idle: int = 75
    """The time between requests of a connection: longer than usual scrape intervals, so that scrapes share one."""


LIMITS = ConnectionLimits()


class _Connection(H11Protocol):
    """A connection that is closed when a limit is exceeded."""

    limits: ConnectionLimits
    policy: WebPolicy

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.idle_since: float | None = None
        """The loop time since when it has been waiting for the next request; None if it is not."""
        self._head_timer: asyncio.TimerHandle | None = None
        self._answer_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # As without TLS: a TLS transport otherwise buffers eight times as much before it pauses writing.
        transport.set_write_buffer_limits(high=HIGH_WATER_LIMIT)
        secured: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        if secured is not None and not self.policy.admits_peer(secured):
            self._refuse("certificate without a name in client_allowed_sans", "the connection was closed")
        elif len(self.connections) > self.limits.connections and not self._replace_idle():
            self._refuse("too many connections", f"{self.limits.connections} are in use")
        else:
            self._head_timer = self.loop.call_later(self.limits.head, self._cut_off)

    def _refuse(self, what: str, advice: str) -> None:
        self.policy.throttled_log.warn(what, self.client[0] if self.client else "?", advice)
        self.transport.abort()

    def _replace_idle(self) -> bool:
        """Close the connection that has been idle longest, and return whether there was one.

        Otherwise clients that stay connected would keep others out.
        """
        idle = [each for each in self.connections if isinstance(each, _Connection) and each.is_idle()]
        longest = min(idle, key=lambda each: each.idle_since or 0.0, default=None)
        if longest is None:
            return False
        longest.transport.abort()
        # Its end is reported a moment later; until then it must not count, nor be closed for another client.
        longest.idle_since = None
        self.connections.discard(longest)
        return True

    def data_received(self, data: bytes) -> None:
        self.idle_since = None
        if self._head_timer is None and not self._is_busy():
            self._head_timer = self.loop.call_later(self.limits.head, self._cut_off)
        super().data_received(data)
        if self._is_busy():
            self._stop_head_timer()

    def is_idle(self) -> bool:
        """Whether it is waiting for the next request and the previous response has been sent."""
        return self.idle_since is not None and not self.transport.get_write_buffer_size()

    def _is_busy(self) -> bool:
        """Whether a complete request has not been answered yet."""
        return self.cycle is not None and not self.cycle.response_complete

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _cut_off(self) -> None:
        log.debug("closed a connection: no complete request within %.0f s", self.limits.head)
        self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_answer()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing() and not self._is_busy():
            self.idle_since = self.loop.time()
        self._watch_answer()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._watch_answer()

    def _watch_answer(self) -> None:
        """Limit the time for sending the rest; closing alone would wait for the client forever."""
        if self._answer_timer is None and self.transport.get_write_buffer_size():
            self._answer_timer = self.loop.call_later(self.limits.answer, self._check_answer, self.cycle)

    def _check_answer(self, cycle: object) -> None:
        self._answer_timer = None
        if not self.transport.get_write_buffer_size():
            return
        if self.cycle is not cycle:
            self._watch_answer()
            return
        self._refuse("response not read in time", f"the connection was closed after {self.limits.answer:.0f} s")

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        if self._answer_timer is not None:
            self._answer_timer.cancel()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, context: ssl.SSLContext | None, limits: ConnectionLimits) -> None:
        super().__init__(config)
        self._context = context
        self._limits = limits

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to ``run_until_stopped``, which finishes the commit first."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen with a time limit for handshakes, which uvicorn has no setting for."""
        loop = asyncio.get_running_loop()

        def connect() -> asyncio.Protocol:
            made = cast(type[_Connection], self.config.http_protocol_class)
            return made(config=self.config, server_state=self.server_state, app_state={}, _loop=loop)

        patience = None if self._context is None else self._limits.handshake
        self.servers = [
            await loop.create_server(
                connect,
                sock=listener,
                ssl=self._context,
                ssl_handshake_timeout=patience,
                ssl_shutdown_timeout=patience,
                backlog=self.config.backlog,
            )
            for listener in sockets or []
        ]
        self.started = True


def make_server(app: ASGIApp, policy: WebPolicy, limits: ConnectionLimits = LIMITS) -> uvicorn.Server:
    """Return a server for the application, with the policy's TLS; its sockets are given to it later."""
    protocol = type("Connection", (_Connection,), {"limits": limits, "policy": policy})
    settings = uvicorn.Config(
        app,
        http=protocol,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_keep_alive=limits.idle,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=limits.head_bytes,
    )
    return _Server(settings, policy.context(), limits)
