"""The way to Cloudflare over real connections: through a proxy, and with a certificate authority of one's own.

``tls`` beside this file holds a self-signed certificate for the name ``cloudflare.test`` and its key, made for these
tests alone (openssl req -x509 -newkey ec -days 36500 -addext subjectAltName=DNS:cloudflare.test).
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn

from exporter.app import build_exporter
from exporter.config import Config
from exporter.logs import configure_logging
from exporter.simulator import ManualClock, Simulator
from tests.clock import START, CoupledClock
from tests.conftest import clear_network_variables
from tests.documents import shared_documents
from tests.exactness.harness import TOKEN
from tests.poller.scene import listed_world, samples, told

TLS = Path(__file__).parent / "tls"
CERTIFICATE, KEY = TLS / "cloudflare.test.pem", TLS / "cloudflare.test.key"


@dataclass
class Proxy:
    """An HTTP proxy that takes every CONNECT to the one server there is, and notes where it was to lead."""

    upstream: int
    asked: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(request.splitlines()[0])
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pour(reader, there_writer), pour(there_reader, writer))


async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what one side says until it is silent."""
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@contextlib.asynccontextmanager
async def cloudflare_over_tls(simulator: Simulator) -> AsyncIterator[int]:
    """Serve the simulated Cloudflare with the certificate of ``cloudflare.test``; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = uvicorn.Config(
            simulator.app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            date_header=False,
            ssl_certfile=CERTIFICATE,
            ssl_keyfile=KEY,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(settings)
        server.config.load()
        server.lifespan = settings.lifespan_class(settings)
        await server.startup(sockets=[listener])
        try:
            yield listener.getsockname()[1]
        finally:
            await server.shutdown(sockets=[listener])


@contextlib.asynccontextmanager
async def proxy_to(upstream: int) -> AsyncIterator[tuple[Proxy, str]]:
    """Run a proxy; gives it and its address."""
    proxy = Proxy(upstream)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    try:
        yield proxy, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


async def refresh_through_a_proxy(
    environment: pytest.MonkeyPatch,
) -> tuple[dict[tuple[str, ...], int | float], set[str]]:
    """Refresh once; gives which accounts are up, and what the proxy was asked for."""
    clock = CoupledClock(ManualClock(START))
    simulator = Simulator(listed_world(), clock.cloudflare, documents=shared_documents())
    settings = {"api_url": "https://cloudflare.test/client/v4", "tokens": [{"token": TOKEN}]}
    config = Config.model_validate({"cloudflare": settings, "storage": {"path": ""}})
    async with cloudflare_over_tls(simulator) as port, proxy_to(port) as (proxy, address):
        environment.setenv("HTTPS_PROXY", address)
        exporter = build_exporter(config, clock)
        await exporter.poller.refresh()
        up = samples(exporter, "account_up")
        await exporter.close()
        return up, set(proxy.asked)


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what this machine's own environment says of proxies and certificates."""
    clear_network_variables(monkeypatch)


def test_cloudflare_is_asked_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """With HTTPS_PROXY every connection goes through it, and SSL_CERT_FILE says whom to trust."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    up, asked = asyncio.run(refresh_through_a_proxy(monkeypatch))
    assert up == {("Example",): 1}
    assert asked == {"CONNECT cloudflare.test:443 HTTP/1.1"}


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without SSL_CERT_FILE a self-signed server gets no token, and the log says why."""
    up, _ = asyncio.run(refresh_through_a_proxy(monkeypatch))
    assert up == {("token 1",): 0}
    (line,) = told(caplog)
    assert "CERTIFICATE_VERIFY_FAILED" in line
    assert TOKEN not in line


@pytest.mark.parametrize("api", ["https://cloudflare.test/client/v4", "http://cloudflare.test/client/v4"])
def test_a_proxys_password_is_never_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], api: str
) -> None:
    """Neither in the most talkative log nor in what is published, while the proxy cannot be reached."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://user:S3cret@127.0.0.1:1")
    configure_logging("debug", "logfmt")

    async def script() -> str:
        settings = {"api_url": api, "tokens": [{"token": TOKEN}]}
        config = Config.model_validate({"cloudflare": settings, "storage": {"path": ""}})
        exporter = build_exporter(config, CoupledClock(ManualClock(START)))
        await exporter.poller.refresh()
        snapshot = exporter.published.snapshot
        assert snapshot is not None
        await exporter.close()
        return str(snapshot.status)

    published = asyncio.run(script())
    logged = capsys.readouterr().err
    assert "no answer from" in published
    assert "no answer from" in logged
    assert not [text for text in (published, logged) if "S3cret" in text or TOKEN in text]
