"""The exporter in a process: listening socket, signals, garbage collector, orderly shutdown."""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence

from exporter.app import Exporter
from exporter.clock import Clock
from exporter.model import ExporterError
from exporter.web import make_server

COLLECTION_SECONDS = 3_600

SWITCH_SECONDS = 0.001
"""How long a thread may keep the interpreter while another waits for it; Python's own choice is five times that."""


class ListenError(ExporterError):
    """The listen address cannot be used."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; an empty host and ``::`` mean all addresses of both families. Raises ListenError."""
    is_dual = host in {"", "::"} and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if is_dual or ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, dualstack_ipv6=is_dual)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        place = f"[{host}]" if ":" in host else host or "*"
        raise ListenError(
            f"Cannot listen on {place}:{port} ({reason}). Choose another with --web.listen-address."
        ) from error
    # Accepted sockets inherit it; without it the end of a small response waits for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


@contextlib.asynccontextmanager
async def prompt_scrapes(clock: Clock) -> AsyncIterator[None]:
    """Keep scrapes prompt while the context lasts: threads hand over often, and garbage is collected once an hour.

    A scrape that arrives during a refresh waits for the refresh's thread several times, each as long as a thread may
    keep the interpreter. A full collection over a hundred thousand series stalls scrapes for half a second, and almost
    nothing is cyclic.
    """

    async def collect_hourly() -> None:
        while True:
            await clock.sleep(COLLECTION_SECONDS)
            gc.collect()

    usual_interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.disable()
    collecting = asyncio.create_task(collect_hourly())
    try:
        yield
    finally:
        collecting.cancel()
        gc.enable()
        sys.setswitchinterval(usual_interval)


async def run_until_stopped(exporter: Exporter, listeners: Sequence[socket.socket], stopping: asyncio.Event) -> None:
    """Serve and poll until ``stopping`` is set or a loop fails; finish the commit, then raise the loop's error."""
    server = make_server(exporter.web, exporter.policy)
    await exporter.start()
    serving = asyncio.create_task(server.serve(sockets=list(listeners)))
    polling = asyncio.create_task(exporter.poller.run())
    polling_sources = asyncio.create_task(exporter.sources.run())
    asked = asyncio.create_task(stopping.wait())
    ended, _ = await asyncio.wait({serving, polling, asked}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    for task in (polling, polling_sources, asked):
        task.cancel()
    await asyncio.gather(serving, polling, polling_sources, asked, return_exceptions=True)
    await exporter.close()
    for done in ended - {asked}:
        done.result()


def set_on_signals(event: asyncio.Event, *signals: signal.Signals) -> None:
    """Set an event of the running loop on any of these signals."""
    loop = asyncio.get_running_loop()
    for number in signals:
        loop.add_signal_handler(number, event.set)


def stop_on_signals(stopping: asyncio.Event) -> None:
    """Set an event of the running loop on SIGTERM and SIGINT."""
    set_on_signals(stopping, signal.SIGTERM, signal.SIGINT)
