"""The addresses that are listened on: one or several, of either family."""

import asyncio
import re
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from exporter.cli import main
from exporter.runtime import listen

pytestmark = pytest.mark.usefixtures("with_token")


@pytest.fixture
def with_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a token, and an API that nobody serves."""
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "a-token")
    monkeypatch.setenv("CLOUDFLARE_API_URL", "http://127.0.0.1:9/client/v4")


def has_ipv6() -> bool:
    """Whether this machine has an IPv6 loopback."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


async def status(url: str) -> int:
    """The status of an answer."""
    async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
        return (await http.get(url)).status_code


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_all_given_addresses_are_listened_on(command: str) -> None:
    """The flag may be repeated, as with other exporters; each address has its log line."""
    hosts = ["127.0.0.1", "127.0.0.2", *(["[::1]"] if has_ipv6() else [])]
    flags = [f"--web.listen-address={host}:0" for host in hosts]
    arguments = [sys.executable, "-m", "exporter", command, "--storage.path=", *flags]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            lines = (line for line in process.stderr if "listening on" in line)
            found = [re.search(r"listening on (\S+:\d+)\"", next(lines)) for _ in hosts]
            addresses = [each[1] for each in found if each]
            assert [address.rpartition(":")[0] for address in addresses] == hosts
            assert [asyncio.run(status(f"http://{address}/-/healthy")) for address in addresses] == [200] * len(hosts)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=15)
        finally:
            process.kill()
    assert process.returncode == 0


@pytest.mark.parametrize("host", ["", "::"])
def test_all_addresses_are_those_of_both_families(host: str) -> None:
    """``:9199`` and ``[::]:9199`` are the same, as for other exporters."""
    with listen(host, 0) as listener:
        port = listener.getsockname()[1]
        for address in ("127.0.0.1", *(["::1"] if has_ipv6() else [])):
            socket.create_connection((address, port), timeout=5).close()


def test_one_address_in_use_ends_all(capsys: pytest.CaptureFixture[str]) -> None:
    """The message says which of them it is, and the others are not listened on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        assert main(["--web.listen-address=127.0.0.1:0", f"--web.listen-address=127.0.0.1:{taken}"]) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"Cannot listen on 127.0.0.1:{taken} (")
    assert len(message.splitlines()) == 1


def test_an_address_twice_is_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    """The second would have nothing left to listen on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert main([f"--web.listen-address=127.0.0.1:{port}"] * 2) == 1
    assert capsys.readouterr().err.startswith(f"Cannot listen on 127.0.0.1:{port} (")


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("[2001:db8::1]:9199", "[2001:db8::1]:9199"),
        ("[fe80::1%nowhere]:9199", "[fe80::1%nowhere]:9199"),
        ("192.0.2.1:9199", "192.0.2.1:9199"),
        ("nowhere.invalid:9199", "nowhere.invalid:9199"),
        (f"{'a' * 70}.invalid:9199", f"{'a' * 70}.invalid:9199"),
    ],
)
def test_an_address_of_another_machine(address: str, named: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named as it was given, in one line."""
    assert main([f"--web.listen-address={address}"]) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"Cannot listen on {named} (")
    assert len(message.splitlines()) == 1
