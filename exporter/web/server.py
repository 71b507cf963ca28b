"""The HTTP server and what it grants its clients: so many connections, so much to ask, and so long."""

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
    """What a client is granted. Times are in seconds."""

    connections: int = 256
    """At once; who comes then is cut off."""
    head_bytes: int = 16_384
    """Of request line and headers."""
    handshake: float = 10.0
    """To agree on TLS."""
    head: float = 10.0
    """Until request line and headers are complete, from the connection or their first byte on."""
    answer: float = 60.0
    """To read an answer, which is no less than the longest patience of most scrapers."""
    idle: int = 75
    """Between two requests of a connection: longer than the usual scrape interval, so that scrapes share one."""


LIMITS = ConnectionLimits()


class _Connection(H11Protocol):
    """A connection that keeps to its limits; what its clients do not keep to ends it."""

    limits: ConnectionLimits
    policy: WebPolicy

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.idle_since: float | None = None
        """Since when it waits for the next request, on the loop's clock; None while it does not."""
        self._head_timer: asyncio.TimerHandle | None = None
        self._answer_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # As without TLS, whose transport otherwise takes eight times as much before it says that it is enough.
        transport.set_write_buffer_limits(high=HIGH_WATER_LIMIT)
        secured: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        if secured is not None and not self.policy.admits_peer(secured):
            self._refuse("a certificate without a name of client_allowed_sans", "it was cut off")
        elif len(self.connections) > self.limits.connections and not self._replace_idle():
            self._refuse("more connections than there may be", f"there are {self.limits.connections} that ask")
        else:
            self._head_timer = self.loop.call_later(self.limits.head, self._cut_off)

    def _refuse(self, what: str, advice: str) -> None:
        self.policy.throttled_log.warn(what, self.client[0] if self.client else "?", advice)
        self.transport.abort()

    def _replace_idle(self) -> bool:
        """Close the connection that has waited longest for its next request, and tell whether there is one.

        Otherwise whoever asks once and stays would keep others out.
        """
        idle = [each for each in self.connections if isinstance(each, _Connection) and each.is_idle()]
        longest = min(idle, key=lambda each: each.idle_since or 0.0, default=None)
        if longest is None:
            return False
        longest.transport.abort()
        # Its end is told a moment later; until then it must not count, nor be closed for somebody else.
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
        """Whether it waits for the next request and the answer before is on its way."""
        return self.idle_since is not None and not self.transport.get_write_buffer_size()

    def _is_busy(self) -> bool:
        """Whether a request came whole and is not answered yet."""
        return self.cycle is not None and not self.cycle.response_complete

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _cut_off(self) -> None:
        log.debug("a connection was cut off: no whole request came within %.0f s", self.limits.head)
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
        """See to it that what is not sent yet is gone in time; closing alone would wait for the client for ever."""
        if self._answer_timer is None and self.transport.get_write_buffer_size():
            self._answer_timer = self.loop.call_later(self.limits.answer, self._check_answer, self.cycle)

    def _check_answer(self, cycle: object) -> None:
        self._answer_timer = None
        if not self.transport.get_write_buffer_size():
            return
        if self.cycle is not cycle:
            self._watch_answer()
            return
        self._refuse("an answer that was not read", f"the connection was cut off after {self.limits.answer:.0f} s")

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
        """Listen with the limit of time for handshakes, which the settings of uvicorn lack."""
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
    """Return a server for the application, which is to be given its sockets; its TLS is the policy's."""
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
