"""The parts of ``make run``: ports, processes, the receiver of alerts."""

import contextlib
import json
import socket
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from stack.pages import ALERTS, alerts_page, has_interface, reload
from stack.port import LOOPBACK, any_free, is_free, next_free
from stack.process import NotStarted, Process
from stack.receiver import Alert, Receiver
from stack.run import Interfaces, Ports, has_token, introduction
from stack.tools import REPOSITORY, Tools
from stack.workspace import Workspace

INTERFACES = Interfaces("http://127.0.0.1:9091/classic/alerts", has_alertmanager=True)
SILENT = "import time; print('here', flush=True); time.sleep(60)"


def test_a_taken_port_is_passed_over() -> None:
    """Where something listens, the next free port is given."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        taken = listener.getsockname()[1]
        assert not is_free(taken)
        assert next_free(taken) > taken


def test_a_port_is_not_given_twice() -> None:
    """A port that is already promised is passed over though nothing listens there yet."""
    port = any_free()
    assert next_free(port, avoid={port}) > port


def test_a_process_that_ends_at_once_is_reported(tmp_path: Path) -> None:
    """The error carries the last lines of what the program said."""
    process = Process(
        "The example", [sys.executable, "-c", "print('no such flag'); raise SystemExit(2)"], tmp_path / "log"
    )
    with process, pytest.raises(NotStarted, match="no such flag"):
        process.start()
        process.wait_until_ready(f"http://{LOOPBACK}:{any_free()}/", seconds=20)


def test_leaving_stops_the_process(tmp_path: Path) -> None:
    """A program does not outlive its context."""
    process = Process("The example", [sys.executable, "-c", SILENT], tmp_path / "log")
    with process:
        process.start()
        assert process.is_running
    assert not process.is_running


def test_a_process_can_be_started_again_after_a_kill(tmp_path: Path) -> None:
    """After SIGKILL the program runs again and its log goes on."""
    process = Process("The example", [sys.executable, "-c", "print('here')"], tmp_path / "log")
    with process:
        process.start()
        process.kill()
        assert not process.is_running
        process.start()
    assert (tmp_path / "log").exists()


def test_alerts_arrive_at_the_receiver() -> None:
    """What Alertmanager posts is handed on alert by alert; anything else is refused."""
    arrived: list[Alert] = []
    body = {"alerts": [{"status": "firing", "labels": {"alertname": "A"}, "annotations": {"summary": "B"}}]}
    with Receiver(0, arrived.append) as receiver:
        urllib.request.urlopen(receiver.url, data=json.dumps(body).encode(), timeout=10).close()
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(receiver.url, data=b"[]", timeout=10)
        refusal.value.close()
    assert arrived == [Alert("firing", {"alertname": "A"}, {"summary": "B"})]
    assert refusal.value.code == 400


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"CLOUDFLARE_API_TOKEN": ""}, False),
        ({"CLOUDFLARE_API_TOKEN": "secret"}, True),
        ({"CLOUDFLARE_API_TOKEN_FILE": "/run/secrets/token"}, True),
    ],
)
def test_a_token_decides_between_the_real_and_the_simulated_account(
    environment: dict[str, str], expected: bool
) -> None:
    """The account is simulated exactly where no token is named."""
    assert has_token(environment) is expected


def test_the_introduction_says_loudly_that_the_account_is_simulated() -> None:
    """The simulated account is announced as such, a real one is not, and every address is there."""
    workspace = Workspace(REPOSITORY / ".run/example")
    ports = Ports(exporter=9200, prometheus=9091, alertmanager=9094, receiver=9096)
    simulated, real = (
        introduction(workspace, ports, Path("/usr/bin/amtool"), INTERFACES, is_simulated)
        for is_simulated in (True, False)
    )
    assert "SIMULATED" in simulated
    assert "SIMULATED" not in real
    for address in ("127.0.0.1:9200/metrics", "127.0.0.1:9091/classic/alerts", "127.0.0.1:9094/ ", ".run/example/log/"):
        assert address in real


def test_the_introduction_says_how_to_be_told_on_discord() -> None:
    """It names the file that a webhook's address is put into, and the page that tells of the other services."""
    ports = Ports(exporter=9200, prometheus=9091, alertmanager=9094, receiver=9096)
    text = introduction(
        Workspace(REPOSITORY / ".run/example"), ports, Path("/usr/bin/amtool"), INTERFACES, is_simulated=False
    )
    assert "put a webhook's address into alerting/secrets/discord" in text
    assert "alerting/secrets/README.md" in text


def test_an_interface_that_is_not_there_is_not_named() -> None:
    """Of an Alertmanager without one only the command is left."""
    ports = Ports(exporter=9200, prometheus=9091, alertmanager=9094, receiver=9096)
    none = Interfaces("http://127.0.0.1:9091/alerts", has_alertmanager=False)
    text = introduction(Workspace(REPOSITORY / ".run/example"), ports, Path("/usr/bin/amtool"), none, is_simulated=True)
    assert "127.0.0.1:9094/" not in text
    assert "Alertmanager  /usr/bin/amtool --alertmanager.url=http://127.0.0.1:9094 alert" in text


def test_the_pages_that_are_named_answer(tools: Tools, tmp_path: Path) -> None:
    """Of the programs at hand, whatever their packages lack; Alertmanager also takes what has no silence links."""
    workspace, (alertmanager, prometheus) = Workspace(tmp_path), (any_free(), any_free())
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/slack").write_text("http://127.0.0.1:1/services/a")
    workspace.lay_out({}, alertmanager)
    workspace.tell(tmp_path / "secrets", {"silence_links": False}, external_url="http://127.0.0.1:9199")
    started = (
        ("prometheus", workspace.prometheus_command(tools, prometheus), prometheus),
        ("alertmanager", workspace.alertmanager_command(tools, alertmanager), alertmanager),
    )
    with contextlib.ExitStack() as opened:
        for name, command, port in started:
            process = opened.enter_context(Process(name, command, tmp_path / f"{name}.log"))
            process.start()
            process.wait_until_ready(f"http://{LOOPBACK}:{port}/-/ready", seconds=60)
        page = alerts_page(f"http://{LOOPBACK}:{prometheus}")
        assert page.endswith(ALERTS)
        urllib.request.urlopen(page, timeout=10).close()
        with urllib.request.urlopen(f"http://{LOOPBACK}:{alertmanager}/", timeout=10) as answer:
            is_absent = b"The Debian package" in answer.read()
        assert has_interface(f"http://{LOOPBACK}:{alertmanager}") is not is_absent
        reload(f"http://{LOOPBACK}:{alertmanager}")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [(b"<html><script src='script.js'></script></html>", True), (b"<html>It has none.</html>", False), (None, False)],
)
def test_an_interface_is_a_program(shown: bytes | None, expected: bool) -> None:
    """A page without one only says that there is none; Prometheus without any page has its API."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if shown is None else 200)
            self.end_headers()
            self.wfile.write(shown or b"")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((LOOPBACK, 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://{LOOPBACK}:{server.server_port}"
        assert has_interface(url) is expected
        assert alerts_page(url) == (f"{url}/api/v1/alerts" if shown is None else f"{url}/alerts")
        server.shutdown()
