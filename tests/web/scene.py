"""A web application on a real socket, with a web configuration in a folder of its own."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import bcrypt
import httpx

from exporter.alerts import Addresses, AlertsClient
from exporter.alerts.links import AlertLinks
from exporter.clock import SystemClock
from exporter.exposition import Renderer, build_web
from exporter.exposition.process import ProcessMetrics
from exporter.metrics.snapshot import Published
from exporter.runtime import listen
from exporter.web import ConnectionLimits, PolicyMiddleware, WebPolicy, make_server
from tests.exposition.snapshots import ManualClock, family, snapshot
from tests.exposition.test_server import no_books, no_usage
from tests.web.certificates import Authority

PASSWORD = "open-sesame-0123456789"
PATHS = ("/", "/metrics", "/-/healthy", "/-/ready", "/api/costs", "/api/alerts", "/runbook", "/nowhere")

TLS = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n"


def hashed(password: str = PASSWORD, form: str = "2b", cost: int = 4) -> str:
    """A bcrypt hash of a password, cheap enough for tests, and the same each time: it stands in names of tests."""
    made = bcrypt.hashpw(password.encode(), f"$2b${cost:02}${'a' * 21}u".encode()).decode()
    return made.replace("$2b$", f"${form}$", 1)


def users(**passwords: str) -> str:
    """The section of users with their passwords."""
    return "basic_auth_users:\n" + "".join(f"  {name}: {hashed(word)}\n" for name, word in passwords.items())


def policy(folder: Path, text: str) -> WebPolicy:
    """What a file with this text gives."""
    path = folder / "web.yml"
    path.write_text(text, encoding="utf-8")
    return WebPolicy(path, SystemClock())


class Site:
    """A running server; ``clock`` decides when it looks at its files again."""

    def __init__(self, folder: Path, authority: Authority, limits: ConnectionLimits, series: int) -> None:
        self.folder = folder
        self.authority = authority
        self.clock = ManualClock()
        path = folder / "web.yml"
        self.policy = WebPolicy(path if path.exists() else None, self.clock)
        self.published = Published()
        self._renderer = Renderer(self.clock, ProcessMetrics())
        pages = build_web(
            self.published,
            self._renderer,
            self.clock,
            refresh_interval=timedelta(seconds=60),
            telemetry_path="/metrics",
            ask_books=no_books,
            ask_usage=no_usage,
            alerts_client=AlertsClient(httpx.AsyncClient, SystemClock(), Addresses),
            alert_links=AlertLinks,
            external_url=lambda: None,
        )
        self.show(series)
        self._listener = listen("127.0.0.1", 0)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if self.policy.is_tls else 'http'}://127.0.0.1:{self.port}"
        self._server = make_server(PolicyMiddleware(pages, self.policy), self.policy, limits)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def show(self, series: int, commit_number: int = 7) -> None:
        """Publish a snapshot with so many series, or a small one."""
        many = family("app_many_total", "counter", *(({"number": str(number)}, number) for number in range(series)))
        shown = snapshot(many, commit_number=commit_number) if series else snapshot()
        self._renderer.renew(shown)
        self.published.snapshot = shown

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._listener]))

    def start(self) -> None:
        """Serve, from a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Serve no more."""
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._server.server_state.connections)

    def connect(self, receive_bytes: int | None = None) -> socket.socket:
        """A connection to write anything to, with TLS if that is spoken; it takes in little if that is said."""
        plain = socket.socket()
        plain.settimeout(20)
        if receive_bytes:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        plain.connect(("127.0.0.1", self.port))
        return self.trust().wrap_socket(plain, server_hostname="localhost") if self.policy.is_tls else plain

    def write(self, text: str, name: str = "web.yml") -> None:
        """Change a file, and let the time pass after which it is looked at again."""
        (self.folder / name).write_text(text, encoding="utf-8")
        self.clock.advance(2)

    def trust(self, authority: Authority | None = None, client: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        """What a client needs for TLS with this server."""
        context = ssl.create_default_context(cadata=(authority or self.authority).pem)
        if client:
            context.load_cert_chain(*client)
        return context

    def get(self, path: str = "/metrics", trust: ssl.SSLContext | None = None, **named: Any) -> httpx.Response:
        """The answer to one request on a connection of its own."""
        verify = (trust or self.trust()) if self.policy.is_tls else False
        with httpx.Client(base_url=self.url, verify=verify, trust_env=False, timeout=20) as http:
            return http.request(named.pop("method", "GET"), path, **named)

    def status(self, name: str, password: str, path: str = "/metrics") -> int:
        """The status of an answer to a user."""
        return self.get(path, auth=(name, password)).status_code


OpenSite = Callable[..., Site]


@contextmanager
def opened(folder: Path, text: str | None, limits: ConnectionLimits, series: int = 0) -> Iterator[Site]:
    """A site with this configuration, beside a certificate that an authority signed."""
    authority = Authority()
    authority.server().write(folder, "server")
    if text is not None:
        (folder / "web.yml").write_text(text, encoding="utf-8")
    site = Site(folder, authority, limits, series)
    site.start()
    try:
        yield site
    finally:
        site.stop()
